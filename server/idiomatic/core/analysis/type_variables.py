"""Which type variables does the module define, above a statement?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.module import about, bindings

if TYPE_CHECKING:
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement

_KINDS: Final = frozenset(("TypeVar", "ParamSpec", "TypeVarTuple"))


class TypeVariable(Struct, frozen=True):
    """A type variable at module level.

    Attributes:
        name: the variable.
        kind: `TypeVar`, `ParamSpec` or `TypeVarTuple`.
        is_plain: whether it has no bound, constraints or variance.
    """

    name: str
    kind: str
    is_plain: bool


@about(lambda before=None: ("TypeVar", "ParamSpec"))
def type_variables(module: Module, before: Statement | None = None) -> tuple[TypeVariable, ...]:
    """Question: the type variables that are assigned at the top of the module, once; only those above a statement."""
    found: list[TypeVariable] = []
    for statement in module.statements:
        if statement == before:
            break
        if not statement.mentions("TypeVar") and not statement.mentions("ParamSpec"):
            continue
        for node in statement.nodes:
            match node:
                # R = TypeVar("R")
                case ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=ast.Call(func=ast.Name(id=kind) | ast.Attribute(attr=kind), args=args, keywords=keywords),
                ) if kind in _KINDS and len(module.ask(bindings, name)) == 1:
                    found.append(TypeVariable(name, kind, len(args) == 1 and not keywords))
                case _:
                    pass
    return tuple(found)
