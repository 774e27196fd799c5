"""Which named tuple does a call make: its fields, their types and their defaults?"""

from __future__ import annotations

import ast
import keyword
import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core import module as questions
from idiomatic.core.analysis.call_types import argument_types
from idiomatic.core.analysis.known_types import Source, type_of_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.analysis.code import Analysis

UNTYPED: Final = "collections.namedtuple"
TYPED: Final = ("typing.NamedTuple", "typing_extensions.NamedTuple")


class UnclearError(Exception):
    """What the call makes can't be seen, or not be written as a class; the message is a sentence and says why."""


class TupleField(Struct, frozen=True, eq=False):
    """A field of a named tuple.

    Attributes:
        name: of the attribute.
        node: what names it, if that names no other field.
        annotation: its type, as far as the call gives it.
        default: its default, if it has one.
    """

    name: str
    node: ast.expr | None
    annotation: ast.expr | None = None
    default: ast.expr | None = None


class NamedTupleCall(Struct, frozen=True, eq=False):
    """A call that makes a class of named tuples.

    Attributes:
        call: the call.
        typename: what the class calls itself.
        fields: in order.
        module: what is given as the name of its module.
    """

    call: ast.Call
    typename: str
    fields: tuple[TupleField, ...]
    module: ast.expr | None = None


class FieldType(Struct, frozen=True):
    """The type of a field.

    Attributes:
        text: as an annotation, without `None`; empty if nothing is known.
        optional: whether it may also be `None`.
        source: where it is known from.
    """

    text: str
    optional: bool
    source: Source


def read_named_tuple(call: ast.Call, code: Analysis) -> NamedTupleCall | None:
    """The named tuple that a call of `namedtuple` or `NamedTuple` makes; `None` if the call fails, or is none.

    Raises:
        UnclearError: it can't be seen, or not be written as a class.
    """
    is_typed = code.is_name(call.func, *TYPED)
    if not is_typed and not code.is_name(call.func, UNTYPED):
        return None
    positional = list(call.args)
    named = {each.arg: each.value for each in call.keywords}
    if any(isinstance(each, ast.Starred) for each in positional) or None in named:
        raise UnclearError("Its arguments are computed.")
    typename = positional.pop(0) if positional else named.pop("typename", None)
    match typename:
        case ast.Constant(value=str(name)) if name.isidentifier() and not keyword.iskeyword(name):
            pass
        case ast.Constant() | None:
            return None
        case _:
            raise UnclearError("Its name is computed.")
    read = _typed(call, name, positional, named) if is_typed else _untyped(call, name, positional, named)
    if read is None or len({field.name for field in read.fields}) < len(read.fields):
        return None
    if any(not field.name.isidentifier() or keyword.iskeyword(field.name) for field in read.fields):
        return None
    if any(field.name.startswith("_") for field in read.fields):
        return None
    return read


def _typed(
    call: ast.Call, name: str, positional: list[ast.expr], named: dict[str | None, ast.expr]
) -> NamedTupleCall | None:
    given = positional.pop(0) if positional else named.pop("fields", None)
    fields: list[TupleField] = []
    match given:
        # NamedTuple("Point", x=int, y=int)
        case None | ast.Constant(value=None):
            fields = [TupleField(field or "", None, annotation) for field, annotation in named.items()]
        # NamedTuple("Point", [("x", int), ("y", int)])
        case ast.List(elts=elements) | ast.Tuple(elts=elements) if not named and not positional:
            for element in elements:
                match element:
                    case ast.Tuple(elts=[ast.Constant(value=str(field)), annotation]):
                        fields.append(TupleField(field, element, annotation))
                    case _:
                        raise UnclearError("Its fields are computed.")
        case _:
            raise UnclearError("Its fields are computed.")
    return NamedTupleCall(call, name, tuple(fields))


def _untyped(
    call: ast.Call, name: str, positional: list[ast.expr], named: dict[str | None, ast.expr]
) -> NamedTupleCall | None:
    given = positional.pop(0) if positional else named.pop("field_names", None)
    if given is None or positional:
        return None
    fields = list(_names(given))
    rename = named.pop("rename", None)
    if rename is not None and not (isinstance(rename, ast.Constant) and not rename.value):
        names = [field.name for field in fields]
        if not isinstance(rename, ast.Constant) or len({*names}) < len(names) or any(map(_is_renamed, names)):
            raise UnclearError("`rename` gives fields names with an underscore, which `NamedTuple` does not allow.")
    defaults = _defaults(named.pop("defaults", None))
    module = named.pop("module", None)
    if isinstance(module, ast.Constant) and module.value is None:
        module = None
    if named:
        raise UnclearError(f"It has the argument `{next(iter(named))}`.")
    if len(defaults) > len(fields):
        return None
    without = len(fields) - len(defaults)
    made = fields[:without] + [
        TupleField(field.name, field.node, None, default)
        for field, default in zip(fields[without:], defaults, strict=True)
    ]
    return NamedTupleCall(call, name, tuple(made), module)


def _is_renamed(name: str) -> bool:
    return not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_")


def _names(given: ast.expr) -> Sequence[TupleField]:
    match given:
        # "x y", "x, y"
        case ast.Constant(value=str(text)):
            return [TupleField(name, None) for name in text.replace(",", " ").split()]
        # "x y".split()
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="split"), args=[], keywords=[]):
            return [TupleField(name, None) for name in text.split()]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            fields: list[TupleField] = []
            for element in elements:
                match element:
                    case ast.Constant(value=str(name)):
                        fields.append(TupleField(name, element))
                    case _:
                        raise UnclearError("Its fields are computed.")
            return fields
        case _:
            raise UnclearError("Its fields are computed.")


def _defaults(given: ast.expr | None) -> Sequence[ast.expr]:
    match given:
        case None | ast.Constant(value=None):
            return ()
        case ast.Tuple(elts=elements) | ast.List(elts=elements) if not any(
            isinstance(element, ast.Starred) for element in elements
        ):
            return elements
        # (None,) * 3
        case ast.BinOp(
            left=ast.Tuple(elts=[ast.Constant() as element]) | ast.List(elts=[ast.Constant() as element]),
            op=ast.Mult(),
            right=ast.Constant(value=int(number)),
        ):
            return [element] * number
        case _:
            raise UnclearError("Its defaults are computed.")


# -- types ------------------------------------------------------------------------------------------------------------


def types_of_fields(named: NamedTupleCall, class_name: str, code: Analysis) -> Sequence[FieldType]:
    """What is known of the types of the fields: given, or taken from the defaults and from the calls in the module."""
    return [
        FieldType("", optional=False, source=Source.ANNOTATION)
        if field.annotation is not None
        else _known(field, index, class_name, code)
        for index, field in enumerate(named.fields)
    ]


def _known(field: TupleField, index: int, class_name: str, code: Analysis) -> FieldType:
    is_none = isinstance(field.default, ast.Constant) and field.default.value is None
    found = [text for text in code.ask(argument_types, class_name, index, field.name) if _can_be_written(text, code)]
    source = Source.CALLS
    if field.default is not None and not is_none:
        default = type_of_value(field.default, code)
        if not default or not _can_be_written(default, code):
            # Calls give another type at most than the default that is seldom enough.
            return FieldType("", optional=False, source=Source.NOTHING)
        if not any(text.partition("[")[0] == default for text in found):
            found.insert(0, default)
        source = Source.DEFAULT
    texts = list(dict.fromkeys(text for text in found if text != "None"))
    if "float" in texts and "int" in texts:
        # For a type checker an `int` is a `float`, too.
        texts.remove("int")
    if not texts or len(texts) > _MOST:
        return FieldType("", optional=False, source=Source.NOTHING)
    return FieldType(" | ".join(texts), is_none or "None" in found, source)


_MOST: Final = 3
"""Of how many types a field may be."""


def _can_be_written(text: str, code: Analysis) -> bool:
    """Whether the words in a type are bound to what they seem to mean."""
    return all(
        not (word.islower() and code.ask(questions.bindings, word)) for word in re.findall(r"\w+", text)
    ) and not (text.islower() and code.ask(questions.has_star_import))
