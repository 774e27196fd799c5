"""What type a field has that a constructor stores a parameter in, and how that can be written in the class body."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from idiomatic.core import module as questions
from idiomatic.core.analysis.call_types import argument_types, type_of_literal
from idiomatic.core.analysis.known_types import (
    NOTHING,
    KnownType,
    Source,
    is_bound,
    type_in_docstring,
    type_of_checks,
    type_of_value,
)

if TYPE_CHECKING:
    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.constructors import Constructor, Extra, Parameter


def type_of_field(
    parameter: Parameter, declaration: ast.AnnAssign | None, constructor: Constructor, docstrings: str, code: Analysis
) -> tuple[KnownType, ast.expr | None, bool]:
    """What is known of a field's type, an annotation to take over for it, and whether that has to be quoted."""
    annotated = KnownType("", Source.ANNOTATION)
    # self.x: int = x
    if parameter.annotation is not None:
        return annotated, parameter.annotation, not can_be_evaluated(parameter.annotation, code)
    # x: int, in the class body
    if declaration is not None:
        return annotated, declaration.annotation, False
    given = parameter.node.annotation or (parameter.shown_by.returns if parameter.shown_by is not None else None)
    is_none = isinstance(parameter.default, ast.Constant) and parameter.default.value is None
    if parameter.conversion is not None:
        known = _converted_type(parameter.conversion, given, code)
        if known is not NOTHING:
            return KnownType(known.text, known.source, known.optional or is_none), None, False
    if given is not None:
        return annotated, without_none(given) if parameter.fallback is not None else given, False
    optional = is_none and parameter.fallback is None
    known = type_of_checks(parameter.name, constructor.rest, code)
    if known is not NOTHING:
        return KnownType(known.text, known.source, known.optional or optional), None, False
    value = parameter.fallback or parameter.default
    if value is not None and (text := type_of_value(value, code)) and _means_builtin(text, code):
        return KnownType(text, Source.DEFAULT), None, False
    known = type_in_docstring(parameter.name, docstrings)
    if known is not NOTHING and all(_means_builtin(word, code) for word in re.findall(r"\w+", known.text)):
        return KnownType(known.text, known.source, known.optional or optional), None, False
    known = _type_of_calls(parameter, constructor, code)
    if known is not NOTHING:
        return KnownType(known.text, known.source, known.optional or optional), None, False
    return NOTHING, None, False


def type_of_extra(extra: Extra, constructor: Constructor, code: Analysis) -> KnownType:
    """What is known of the type of an attribute that is none of the parameters and has no annotation."""
    literal = type_of_literal(extra.value)
    text = literal or type_of_value(extra.value, code)
    if not text and extra.is_derived:
        text = _type_of_arithmetic(extra.value, constructor)
    is_bare = not literal and text in _CONTAINERS
    if text in {"", "None", "*"} or (is_bare and (extra.is_derived or _has_items(extra.value))):
        return NOTHING
    if not all(_means_builtin(word, code) for word in re.findall(r"\w+", text)):
        return NOTHING
    return KnownType(text, Source.VALUE)


def _has_items(value: ast.expr) -> bool:
    match value:
        case ast.List(elts=[]) | ast.Dict(keys=[]) | ast.Call():
            return False
        case _:
            return True


def _type_of_arithmetic(value: ast.expr, constructor: Constructor) -> str:
    """The type of `width * height`, where both are annotated as numbers."""
    match value:
        case ast.BinOp(left=left, op=operator, right=right):
            types = {_type_of_arithmetic(left, constructor), _type_of_arithmetic(right, constructor)}
            if not types <= {"int", "float"} or not isinstance(operator, ast.Add | ast.Sub | ast.Mult | ast.Div):
                return ""
            return "float" if isinstance(operator, ast.Div) or "float" in types else "int"
        case ast.Constant(value=int() | float()) if not isinstance(value.value, bool):
            return type(value.value).__name__
        case ast.Call(func=ast.Name(id="len")):
            return "int"
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(), attr=name):
            for parameter in constructor.parameters:
                if parameter.name == name and parameter.conversion is None and parameter.fallback is None:
                    given = parameter.node.annotation
                    return given.id if isinstance(given, ast.Name) and given.id in {"int", "float"} else ""
            return ""
        case _:
            return ""


def _type_of_calls(parameter: Parameter, constructor: Constructor, code: Analysis) -> KnownType:
    """The type of what this module passes: where all calls show it, and it is one type, or two."""
    class_ = code.parent(constructor.function)
    if not isinstance(class_, ast.ClassDef) or code.parent(class_) is not None:
        return NOTHING
    position = None if parameter.keyword_only else constructor.parameters.index(parameter)
    types = set(code.ask(argument_types, class_.name, position, parameter.name))
    optional = "None" in types
    types.discard("None")
    if types >= {"int", "float"}:
        types.remove("int")
    if not 1 <= len(types) <= 2 or (len(types) == 2 and not types <= {"int", "str", "bytes", "float"}):
        return NOTHING
    if any("[" in each for each in types) and code.target < (3, 9):
        return NOTHING
    text = " | ".join(sorted(types))
    if not all(_means_builtin(word, code) for word in re.findall(r"\w+", text)):
        return NOTHING
    return KnownType(text, Source.CALLS, optional)


def _converted_type(conversion: ast.expr, given: ast.expr | None, code: Analysis) -> KnownType:
    optional = False
    match conversion:
        # int(x) if x is not None else None
        case (
            ast.IfExp(body=body, orelse=ast.Constant(value=None))
            | ast.IfExp(body=ast.Constant(value=None), orelse=body)
        ):
            conversion, optional = body, True
        case _:
            pass
    text = type_of_value(conversion, code)
    if not text or not all(_means_builtin(word, code) for word in re.findall(r"\w+", text) if word.islower()):
        return NOTHING
    if text in _CONTAINERS and given is not None:
        text = _with_items(text, given, code)
    return KnownType(text, Source.CONVERSION, optional)


_CONTAINERS: Final = ("list", "tuple", "set", "frozenset", "dict")


def _with_items(container: str, given: ast.expr, code: Analysis) -> str:
    """`list[int]`, for `list` of an `Iterable[int]`."""
    given = without_none(given)
    match given:
        case ast.Subscript(slice=items):
            if code.target < (3, 9) and not code.ask(questions.has_future_annotations):
                return container
            shown = " ".join(code.source(items).split())
            count = len(items.elts) if isinstance(items, ast.Tuple) else 1
            if container == "dict":
                return f"dict[{shown}]" if count == 2 else container
            if container == "tuple":
                is_same = count > 1 or (isinstance(given.value, ast.Name) and given.value.id.lower() == "tuple")
                return f"tuple[{shown}]" if is_same else f"tuple[{shown}, ...]"
            return f"{container}[{shown}]" if count == 1 else container
        case _:
            return container


def _means_builtin(text: str, code: Analysis) -> bool:
    """Whether the name of a builtin type still means it in this module; other names do."""
    if text not in {"int", "str", "float", "bool", "bytes", "complex", "object", "bytearray", *_CONTAINERS}:
        return True
    return not code.ask(questions.bindings, text)


def without_none(annotation: ast.expr) -> ast.expr:
    """An annotation without its `None`: `list[int]` for `list[int] | None` and `Optional[list[int]]`."""
    match annotation:
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return left
        case ast.BinOp(left=ast.Constant(value=None), op=ast.BitOr(), right=right):
            return right
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=inner):
            return inner
        case ast.Subscript(
            value=ast.Name(id="Union") | ast.Attribute(attr="Union"),
            slice=ast.Tuple(elts=[inner, ast.Constant(value=None)] | [ast.Constant(value=None), inner]),
        ):
            return inner
        case _:
            return annotation


def can_be_evaluated(annotation: ast.expr, code: Analysis) -> bool:
    """Whether an annotation that was never evaluated, inside a function, surely can be in a class body."""
    if code.target >= (3, 14) or code.ask(questions.has_future_annotations) or isinstance(annotation, ast.Constant):
        return True
    for node in ast.walk(annotation):
        match node:
            case ast.Name():
                if not is_bound(node, code):
                    return False
            case ast.BinOp():
                if code.target < (3, 10):
                    return False
            case ast.Subscript(value=value):
                name = code.qualified_name(value) or ""
                if name.startswith("builtins.") and code.target < (3, 9):
                    return False
                if not name.startswith(("builtins.", "typing.", "collections.")):
                    return False
            case _:
                pass
    return True
