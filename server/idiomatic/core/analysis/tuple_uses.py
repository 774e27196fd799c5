"""Does the module use objects as tuples: unpack, index, compare or join them?"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.tree import tree, walk
from idiomatic.core.module import Module, about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis.tree import Tree
    from idiomatic.core.statement import Statement

_OWN_NAMES: Final = frozenset({"_asdict", "_replace", "_fields", "_make", "_field_defaults"})
_COMPARED: Final = (ast.Eq, ast.NotEq, ast.Lt, ast.Gt, ast.LtE, ast.GtE)
_ANYTHING: Final = frozenset(
    {"other", "item", "entry", "each", "row", "rec", "record", "result", "ret", "value", "val", "obj", "data"}
)
_PAIRS: Final = frozenset({"items", "partition", "rpartition", "split", "rsplit", "groups"})
_MAKERS: Final = frozenset({"enumerate", "zip", "divmod", "product", "combinations", "permutations", "pairwise"})


class Use(Struct, frozen=True):
    """Something that is done to an object as to a tuple.

    Attributes:
        what: a few words.
        lengths: how long a tuple may be for that; `None`: as long as it wants.
        of: the variable or attribute it is done to, if it can be one of anything; empty: whatever it is called.
    """

    what: str
    lengths: range | None = None
    of: str = ""


def _uses(statement: Statement) -> tuple[Use, ...]:
    return tuple(dict.fromkeys(_found(statement)))


def _found(statement: Statement) -> Iterator[Use]:
    index = statement.fact(tree)
    for attribute in index.of(ast.Attribute):
        if attribute.attr in _OWN_NAMES:
            yield Use(f"uses `{attribute.attr}`")
    for assignment in index.of(ast.Assign):
        for target in assignment.targets:
            yield from _unpacked(target, assignment.value)
    loops: list[ast.For | ast.AsyncFor | ast.comprehension] = [*index.of(ast.For), *index.of(ast.AsyncFor)]
    for loop in (*loops, *index.of(ast.comprehension)):
        yield from _unpacked(loop.target, loop.iter)
    for subscript in index.of(ast.Subscript):
        yield from _indexed(subscript, index)
    for starred in index.of(ast.Starred):
        if isinstance(starred.ctx, ast.Load) and (name := _name(starred.value, index)) not in {"", "args", "kwargs"}:
            yield Use(f"spreads `*{ast.unparse(starred.value)}`", of=name)
    for call in index.of(ast.Call):
        match call:
            case ast.Call(func=ast.Name(id="isinstance"), args=[given, classes]):
                if any(isinstance(each, ast.Name) and each.id == "tuple" for each in walk(classes)):
                    yield Use(f"asks whether `{ast.unparse(given)}` is a `tuple`", of=_name(given, index))
            case ast.Call(func=ast.Name(id="tuple" | "list" | "len" | "sorted" | "min" | "max"), args=[given, *_]):
                if name := _name(given, index):
                    yield Use(f"calls `{ast.unparse(call.func)}({ast.unparse(given)})`", of=name)
            case _:
                pass
    for compare in index.of(ast.Compare):
        sides = (compare.left, *compare.comparators)
        if isinstance(compare.ops[0], _COMPARED) and any(isinstance(each, ast.Tuple) for each in sides):
            other = next((name for each in sides if (name := _name(each, index))), "")
            yield Use("compares with a tuple", of=other)
        elif isinstance(compare.ops[0], ast.Lt | ast.Gt | ast.LtE | ast.GtE) and (other := _name(compare.left, index)):
            yield Use(f"compares `{ast.unparse(compare.left)}` by order", of=other)
    for pattern in index.of(ast.MatchSequence):
        yield Use("matches sequences", range(len(pattern.patterns), len(pattern.patterns) + 1))


@about(lambda class_name, length: ("",), of=_uses)
def tuple_uses(module: Module, class_name: str, length: int) -> tuple[str, ...]:
    """Question: what the module does somewhere that only tuples of a length can, a few words each.

    What it is done to can't be seen: it may be something else altogether. Indices, slices and lengths, which lists and
    strings have too, count for variables that are called like the class or like anything.

    Args:
        module: the module.
        class_name: the class that is asked about.
        length: the number of its fields.
    """
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", class_name) if len(word) > 2}
    found = (use for statement in module.statements for part in statement.parts for use in part.fact(_uses))
    return tuple(
        dict.fromkeys(
            use.what
            for use in found
            if (use.lengths is None or length in use.lengths) and (not use.of or _may_be(use.of, words))
        )
    )


def _may_be(name: str, words: set[str]) -> bool:
    name = name.lower()
    return len(name) <= 2 or name.strip("_") in _ANYTHING or any(word in name for word in words)


def _name(node: ast.expr, index: Tree) -> str:
    """What a variable, an attribute or the function that gives a value is called; the class for `self`."""
    match node:
        case ast.Name(id="self"):
            around = (each.name for each in index.ancestors(node) if isinstance(each, ast.ClassDef))
            return next(around, "self")
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=inner) | ast.Subscript(value=inner) | ast.Await(value=inner):
            return _name(inner, index)
        case _:
            return ""


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[Use]:
    match target, value:
        case ((ast.Tuple() | ast.List()), (ast.Tuple() | ast.List())):
            return
        case _, ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _PAIRS | _MAKERS:
            return
        case ((ast.Tuple(elts=elements) | ast.List(elts=elements)), _):
            number = len(elements)
            has_star = any(isinstance(element, ast.Starred) for element in elements)
            lengths = range(number - 1, 100) if has_star else range(number, number + 1)
            yield Use(f"unpacks into `{ast.unparse(target)}`", lengths)
        case _:
            return


def _indexed(subscript: ast.Subscript, index: Tree) -> Iterator[Use]:
    if not isinstance(subscript.ctx, ast.Load):
        return
    match subscript.slice:
        case ast.Constant(value=int(number)):
            yield Use(
                f"reads `{ast.unparse(subscript)}`", range(number + 1, 100), _name(subscript.value, index) or "item"
            )
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            yield Use(f"reads `{ast.unparse(subscript)}`", range(number, 100), _name(subscript.value, index) or "item")
        case ast.Slice() if name := _name(subscript.value, index):
            yield Use(f"reads `{ast.unparse(subscript)}`", of=name)
        case _:
            return
