"""Does the module use objects as tuples: unpack, index, compare or join them?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.tree import tree
from idiomatic.core.module import Module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.statement import Statement

_OWN_NAMES: Final = frozenset({"_asdict", "_replace", "_fields", "_make", "_field_defaults"})
_PAIRS: Final = frozenset({"items", "partition", "rpartition", "split", "rsplit", "groups"})
_MAKERS: Final = frozenset({"enumerate", "zip", "divmod", "product", "combinations", "permutations", "pairwise"})


def tuple_uses(module: Module, length: int) -> tuple[str, ...]:
    """Question: what the module does somewhere that only tuples of a length can, a few words each.

    What it is done to can't be seen: it may be something else altogether.
    """
    found = (use for statement in module.statements for part in statement.parts for use in part.fact(_uses))
    return tuple(dict.fromkeys(text for text, numbers in found if numbers is None or length in numbers))


def _uses(statement: Statement) -> tuple[tuple[str, range | None], ...]:
    return tuple(dict.fromkeys(_found(statement)))


def _found(statement: Statement) -> Iterator[tuple[str, range | None]]:
    index = statement.fact(tree)
    for attribute in index.of(ast.Attribute):
        if attribute.attr in _OWN_NAMES:
            yield f"uses `{attribute.attr}`", None
    for assignment in index.of(ast.Assign):
        for target in assignment.targets:
            yield from _unpacked(target, assignment.value)
    loops: list[ast.For | ast.AsyncFor | ast.comprehension] = [*index.of(ast.For), *index.of(ast.AsyncFor)]
    for loop in (*loops, *index.of(ast.comprehension)):
        yield from _unpacked(loop.target, loop.iter)
    for subscript in index.of(ast.Subscript):
        yield from _indexed(subscript)
    for starred in index.of(ast.Starred):
        match starred.value:
            case ast.Name(id=name) if name not in {"args", "kwargs"} and isinstance(starred.ctx, ast.Load):
                yield f"spreads `*{name}`", None
            case _:
                pass
    for call in index.of(ast.Call):
        match call:
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, classes]):
                if any(isinstance(each, ast.Name) and each.id == "tuple" for each in ast.walk(classes)):
                    yield "asks whether something is a `tuple`", None
            case ast.Call(func=ast.Name(id="tuple" | "list" | "len" as name), args=[ast.Name(id=given)]):
                yield f"calls `{name}({given})`", None
            case _:
                pass
    for compare in index.of(ast.Compare):
        if any(isinstance(each, ast.Tuple) for each in (compare.left, *compare.comparators)) and isinstance(
            compare.ops[0], ast.Eq | ast.NotEq | ast.Lt | ast.Gt | ast.LtE | ast.GtE
        ):
            yield "compares with a tuple", None
    for pattern in index.of(ast.MatchSequence):
        yield "matches sequences", range(len(pattern.patterns), len(pattern.patterns) + 1)


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, range | None]]:
    match target, value:
        case ((ast.Tuple() | ast.List()), (ast.Tuple() | ast.List())):
            return
        case _, ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _PAIRS | _MAKERS:
            return
        case ((ast.Tuple(elts=elements) | ast.List(elts=elements)), _):
            number = len(elements)
            has_star = any(isinstance(element, ast.Starred) for element in elements)
            yield (
                f"unpacks into `{ast.unparse(target)}`",
                range(number - 1, 100) if has_star else range(number, number + 1),
            )
        case _:
            return


def _indexed(subscript: ast.Subscript) -> Iterator[tuple[str, range | None]]:
    if not isinstance(subscript.ctx, ast.Load):
        return
    match subscript.value, subscript.slice:
        case ast.Attribute(attr="argv"), _:
            return
        # `tuple[0]` is no type
        case _, (ast.Constant(value=int(number)) | ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number)))):
            yield f"reads `{ast.unparse(subscript)}`", range(number, 100)
        case _, ast.Slice():
            yield f"reads `{ast.unparse(subscript)}`", None
        case _:
            return
