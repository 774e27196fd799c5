"""What type a value has, as far as the code around it says so."""

from __future__ import annotations

import ast
import re
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core import module as questions
from idiomatic.core.analysis.classes import value
from idiomatic.core.analysis.scopes import bound_by
from idiomatic.core.analysis.tree import tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement


class Source(StrEnum):
    """Where a type is known from."""

    ANNOTATION = auto()
    CHECK = auto()
    """An `isinstance` test that raises."""
    CONVERSION = auto()
    DEFAULT = auto()
    DOCSTRING = auto()
    CALLS = auto()
    VALUE = auto()
    """What the constructor sets at first."""
    NOTHING = auto()


class KnownType(Struct, frozen=True):
    """A type.

    Attributes:
        text: as an annotation; empty when nothing is known.
        source: where it is known from.
        optional: whether the value may also be `None`.
    """

    text: str
    source: Source
    optional: bool = False


NOTHING: Final = KnownType("", Source.NOTHING)

_FOR_CONSTANTS: Final = {str: "str", int: "int", float: "float", bool: "bool", bytes: "bytes", complex: "complex"}


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_FOR_CALLS: Final = _set("int str float bool bytes bytearray complex list dict set tuple frozenset")


def type_of_value(node: ast.expr, code: Analysis) -> str:
    """The type of a literal, of a call of a type, or of a constant of the module; empty when it isn't known."""
    match node:
        case ast.Constant(value=constant):
            return _FOR_CONSTANTS.get(type(constant), "")
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return type_of_value(operand, code)
        case ast.BinOp(left=left, right=right):
            types = {type_of_value(left, code), type_of_value(right, code)}
            return types.pop() if len(types) == 1 else ""
        case ast.JoinedStr():
            return "str"
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Dict() | ast.DictComp():
            return "dict"
        case ast.Set() | ast.SetComp():
            return "set"
        case ast.Tuple():
            return "tuple"
        case ast.Call(func=function):
            name = code.qualified_name(function) or ""
            if name.removeprefix("builtins.") in _FOR_CALLS and name.startswith("builtins."):
                return name.removeprefix("builtins.")
            match function:
                # x.strip()
                case ast.Attribute(attr="strip" | "lstrip" | "rstrip" | "lower" | "upper" | "title" | "casefold"):
                    return "str"
                # ", ".join(names)
                case ast.Attribute(value=ast.Constant(value=str()), attr="format" | "join" | "replace"):
                    return "str"
                case ast.Name(id=constructor) if constructor[:1].isupper() and is_bound(function, code):
                    return constructor
                case _:
                    return ""
        case ast.IfExp(body=body, orelse=orelse):
            types = {type_of_value(body, code), type_of_value(orelse, code)}
            return types.pop() if len(types) == 1 else ""
        case ast.Attribute(value=ast.Name(id=name) as owner) if is_bound(owner, code):
            found = code.ask(value, name)
            return name if found is not None and found.kind == "enum" else ""
        case ast.Name(id=name) if code.local_bindings(node) is None:
            found = code.ask(value, name)
            known = found is not None and found.kind == "constant" and found.type in _FOR_CONSTANTS.values()
            return found.type if found is not None and known else ""
        case _:
            return ""


def is_bound(name: ast.Name, code: Analysis) -> bool:
    """Whether a name is a builtin, or bound at module level by the time the statement runs."""
    if code.local_bindings(name) is not None:
        return False
    if not code.ask(questions.bindings, name.id):
        return (code.qualified_name(name) or "").startswith("builtins.")
    return code.ask(_bound_before, name.id, code.statement)


@questions.about(lambda name, before: (name,))
def _bound_before(module: Module, name: str, before: Statement) -> bool:
    for statement in module.statements:
        if statement == before:
            return False
        if name in statement.text:
            parents = statement.fact(tree).parents
            for binding in bound_by(statement, name):
                if not questions.is_for_type_checkers(parents, binding.node):
                    return True
    return False


def type_of_checks(name: str, statements: Iterable[ast.stmt], code: Analysis) -> KnownType:
    """The type that statements insist on: `if not isinstance(x, int): raise`, `assert isinstance(x, int)`."""
    for test in _insisted(statements):
        parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]
        texts: list[str] = []
        for part in parts:
            match part:
                case ast.Compare(left=ast.Name(id=left), ops=[ast.Is()], comparators=[ast.Constant(value=None)]) if (
                    left == name
                ):
                    texts.append("None")
                case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=checked), given]) if checked == name:
                    texts += [_class_text(each, code) for each in _alternatives(given)]
                case _:
                    texts.append("")
        if all(texts) and set(texts) != {"None"}:
            shown = " | ".join(dict.fromkeys(text for text in texts if text != "None"))
            return KnownType(shown, Source.CHECK, "None" in texts)
    return NOTHING


def _insisted(statements: Iterable[ast.stmt]) -> Iterator[ast.expr]:
    """Conditions that hold after the statements."""
    for statement in statements:
        match statement:
            # assert isinstance(x, int) and x > 0
            case ast.Assert(test=ast.BoolOp(op=ast.And(), values=values)):
                yield from values
            case ast.Assert(test=test):
                yield test
            case ast.If(test=test, body=body, orelse=[]) if isinstance(body[-1], ast.Raise):
                yield from _opposite(test)
            case _:
                pass


def _opposite(test: ast.expr) -> Iterator[ast.expr]:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        # if x is not None and not isinstance(x, int): raise
        case ast.BoolOp(
            op=ast.And(),
            values=[
                ast.Compare(ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]) as given,
                ast.UnaryOp(op=ast.Not(), operand=operand),
            ],
        ):
            yield ast.BoolOp(ast.Or(), [ast.Compare(given.left, [ast.Is()], given.comparators), operand])
        case ast.BoolOp(op=ast.Or(), values=values):
            for each in values:
                yield from _opposite(each)
        case _:
            pass


def _alternatives(classes: ast.expr) -> Iterator[ast.expr]:
    match classes:
        case ast.Tuple(elts=elements):
            yield from elements
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _alternatives(left)
            yield from _alternatives(right)
        case _:
            yield classes


def _class_text(node: ast.expr, code: Analysis) -> str:
    match node:
        case ast.Name(id=name) if is_bound(node, code):
            return name
        case ast.Attribute():
            root: ast.expr = node
            while isinstance(root, ast.Attribute):
                root = root.value
            return ast.unparse(node) if isinstance(root, ast.Name) and is_bound(root, code) else ""
        case _:
            return ""


_GOOGLE: Final = r"^[ \t]*\*{0,2}%s[ \t]*\(([^)\n]+)\)[ \t]*:"
_NUMPY: Final = r"^[ \t]*%s[ \t]+:[ \t]*([^\n]+)$"
_SPHINX: Final = r":type[ \t]+%s:[ \t]*([^\n]+)$"
_SPHINX_SHORT: Final = r":param[ \t]+([^:\s]+)[ \t]+%s:"
_WORDS: Final = _set("int str float bool bytes list dict set tuple frozenset None complex object")
_SYNONYMS: Final = {"string": "str", "integer": "int", "boolean": "bool"}


def type_in_docstring(name: str, docstring: str) -> KnownType:
    """The type that a docstring in Google's, NumPy's or Sphinx's style gives a parameter, made of builtin types."""
    for style in (_GOOGLE, _NUMPY, _SPHINX, _SPHINX_SHORT):
        if found := re.search(style % re.escape(name), docstring, flags=re.MULTILINE):
            return _documented(found.group(1))
    return NOTHING


def _documented(text: str) -> KnownType:
    words = re.split(r",\s*(?=optional|default)|,\s*$", text.strip().strip("`"))
    plain = words[0].strip().strip("`")
    optional = False
    parts = [part.strip() for part in re.split(r"\s+or\s+|\|", plain)] if "[" not in plain else [plain]
    if "None" in parts:
        parts.remove("None")
        optional = True
    parts = [_SYNONYMS.get(part, part) for part in parts]
    for part in parts:
        try:
            parsed = ast.parse(part, mode="eval")
        except SyntaxError:
            return NOTHING
        for node in ast.walk(parsed):
            is_known = isinstance(node, ast.Name) and node.id in _WORDS
            if not is_known and not isinstance(
                node, ast.Expression | ast.Subscript | ast.Tuple | ast.BinOp | ast.BitOr | ast.Load | ast.Constant
            ):
                return NOTHING
    return KnownType(" | ".join(parts), Source.DOCSTRING, optional) if parts else NOTHING
