"""Types of generators as the target version has them: from 3.13 what they are sent and return is `None` by default."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from idiomatic.templates.type_parameters import parsed

if TYPE_CHECKING:
    from idiomatic.templates.template import Version


def without_default_arguments(code: str, target: Version) -> str:
    """The code with `AsyncGenerator[T]` instead of `AsyncGenerator[T, None]`, if the target has it (PEP 696)."""
    if target < (3, 13) or "Generator[" not in code:
        return code
    for node in ast.walk(parsed(code)):
        match node:
            case (
                ast.Subscript(
                    value=ast.Name(id="AsyncGenerator"),
                    slice=ast.Tuple(elts=[item, ast.Constant(value=None)]),
                )
                | ast.Subscript(
                    value=ast.Name(id="Generator"),
                    slice=ast.Tuple(elts=[item, ast.Constant(value=None), ast.Constant(value=None)]),
                )
            ):
                code = code.replace(ast.unparse(node), ast.unparse(ast.Subscript(node.value, item)))
            case _:
                pass
    return code
