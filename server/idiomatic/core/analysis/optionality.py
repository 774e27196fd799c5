"""What does an annotation say of `None`, and of changing what is given?"""

from __future__ import annotations

import ast
import builtins
import re
from typing import TYPE_CHECKING, Final

from idiomatic.core.facts import FunctionFact

if TYPE_CHECKING:
    from idiomatic.core.analysis.code import Analysis

ANNOTATED: Final = ("typing.Annotated", "typing_extensions.Annotated")
"""`Annotated[X, ...]` is as optional as `X`."""

_READ_ONLY: Final = (
    *("builtins.tuple", "builtins.frozenset", "typing.Tuple", "typing.FrozenSet", "typing.AbstractSet"),
    "collections.abc.Set",
    *(
        f"{module}.{name}"
        for module in ("typing", "collections.abc")
        for name in ("Sequence", "Iterable", "Collection", "Container", "Mapping", "Reversible", "Sized", "Iterator")
    ),
)
_NO_OTHERS: Final = ("Sequence", "Iterable", "Collection", "Container", "Mapping", "AbstractSet")
"""What nobody calls a type that can be changed."""
_MUTABLE: Final = (
    *(f"builtins.{name}" for name in ("list", "dict", "set", "bytearray")),
    *(f"collections.{name}" for name in ("defaultdict", "deque", "OrderedDict", "Counter")),
    *(f"typing.{name}" for name in ("List", "Dict", "Set", "DefaultDict", "Deque", "OrderedDict", "Counter")),
    *(f"{module}.Mutable{name}" for module in ("typing", "collections.abc") for name in ("Sequence", "Mapping", "Set")),
)


def is_read_only(annotation: ast.expr | None, code: Analysis) -> bool:
    """Whether the annotation promises that the function does not change what it is given."""
    match annotation:
        case ast.Constant(value=str(text)):
            return re.match(rf"(?:\w+\.)*(?:{'|'.join(_NO_OTHERS)})\b", text) is not None
        case ast.Subscript(value=head, slice=ast.Tuple(elts=[first, *_])) if code.is_name(head, *ANNOTATED):
            return is_read_only(first, code)
        case ast.Subscript(value=head, slice=inner) if code.is_name(head, "typing.Optional"):
            return is_read_only(inner, code)
        case ast.Subscript(value=head, slice=ast.Tuple(elts=members)) if code.is_name(head, "typing.Union"):
            return all(is_none(member) or is_read_only(member, code) for member in members)
        case ast.Subscript(value=head):
            return _is_read_only(head, code)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return all(is_none(member) or is_read_only(member, code) for member in (left, right))
        case _:
            return _is_read_only(annotation, code)


def _is_read_only(head: ast.expr | None, code: Analysis) -> bool:
    # A project may have its types from a module of its own, which knows where they are in each Python.
    name = code.qualified_name(head) or ""
    return name in _READ_ONLY or ("." in name and name.rpartition(".")[2] in _NO_OTHERS)


def is_none(node: ast.expr | None) -> bool:
    """Whether an expression is `None` itself."""
    return isinstance(node, ast.Constant) and node.value is None


def can_widen(annotation: ast.expr, code: Analysis) -> bool:
    """Whether `| None` can be put behind an annotation."""
    match annotation:
        case ast.Constant(value=str(text)):
            try:
                return can_widen(ast.parse(text, mode="eval").body, code)
            except (SyntaxError, ValueError):
                return False
        case ast.Constant(value=None):
            return True
        # `x: any`, `x: numpy.array`: functions, which have no `|`
        case ast.Name() | ast.Attribute():
            return not _is_function(annotation, code)
        case ast.Subscript(value=head):
            return isinstance(head, (ast.Name, ast.Attribute))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return can_widen(left, code) and can_widen(right, code)
        case _:
            return False


def _is_function(annotation: ast.expr, code: Analysis) -> bool:
    qualified = code.qualified_name(annotation) or ""
    if qualified.startswith("builtins."):
        return not isinstance(getattr(builtins, qualified.removeprefix("builtins."), None), type)
    return qualified == "numpy.array" or isinstance(code.definition(annotation), FunctionFact)


def allows_none(annotation: ast.expr, code: Analysis) -> bool:
    """Whether `None` is among the values that an annotation allows."""
    match annotation:
        case ast.Constant(value=None):
            return True
        case ast.Constant(value=str(text)):
            return (
                re.search(r"\bOptional\[|\|\s*None\b|\bNone\s*\||\bUnion\[.*\bNone\b|^(?:typing\.)?Any$", text)
                is not None
            )
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return allows_none(left, code) or allows_none(right, code)
        case ast.Subscript(value=head) if code.is_name(head, "typing.Optional"):
            return True
        case ast.Subscript(value=head, slice=ast.Tuple(elts=members)) if code.is_name(head, "typing.Union"):
            return any(allows_none(member, code) for member in members)
        case ast.Subscript(value=head, slice=ast.Tuple(elts=[first, *_])) if code.is_name(head, *ANNOTATED):
            return allows_none(first, code)
        case _:
            return code.is_name(annotation, "typing.Any", "builtins.object")


def excludes_none(annotation: ast.expr | None, code: Analysis) -> bool:
    """Whether an annotation surely does not allow `None`."""
    match annotation:
        case ast.Constant(value=str(text)):
            return re.match(r"(?:typing\.)?(?:list|dict|set|List|Dict|Set)\b(?!.*\bNone\b)", text) is not None
        case ast.Subscript(value=head):
            return code.is_name(head, *_MUTABLE)
        case _:
            return code.is_name(annotation, *_MUTABLE)
