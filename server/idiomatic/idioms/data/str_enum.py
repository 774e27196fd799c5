"""Inherit from `StrEnum` instead of `str` and `Enum`.

## Why
The members of an enumeration that is also a `str` compare like their values, but since Python 3.11 they no longer print
like them: `f"{Color.RED}"` gives `Color.RED`, in a log line as well as in a URL. `StrEnum` says in one word what was
meant, and its members are their values wherever a string is wanted.

## Example
```python
from enum import Enum


class Color(str, Enum):
    RED = "red"
    DARK_BLUE = "dark-blue"
```
becomes
```python
from enum import StrEnum, auto


class Color(StrEnum):
    RED = auto()
    DARK_BLUE = "dark-blue"
```

A `__str__` that returns the value has nothing left to do:
```python
import enum


class Color(str, enum.Enum):
    RED = "#f00"

    def __str__(self) -> str:
        return self.value
```
becomes
```python
import enum


class Color(enum.StrEnum):
    RED = "#f00"
```

## Fix safety
Safe if `__str__` is defined and returns the value, and all values are seen to be strings. A second action leaves the
values as they are written.

Unsafe else: `str()`, `format()`, f-strings and `%s` give the value, where they gave `Color.RED`; with a `__str__` that
returns something else, `format()` and f-strings no longer call it. It is also unsafe with a `__new__` or another base
class of unknown methods, and where it can't be seen that a value is a string, because `StrEnum` raises `TypeError` for
all others.

Refused: a member whose value is no string; `auto()` without a `_generate_next_value_`, which gives `"1"` here and would
give `"red"`; a base class between `str` and `Enum`, whose methods would come before those of `str`; arguments for the
metaclass; a class without members, because those of the classes that inherit from it decide.

## References
- [`enum.StrEnum`](https://docs.python.org/3/library/enum.html#enum.StrEnum)
- [`Enum.__format__` in Python 3.11](https://docs.python.org/3/whatsnew/3.11.html#enum)
"""

from __future__ import annotations

import ast
import re
from functools import partial
from itertools import dropwhile
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.known_types import type_of_value
from idiomatic.core.analysis.tree import walk_block
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Safe, safe_unless
from idiomatic.core.text import Span
from idiomatic.core.writing.changes import changed, lines_above, whole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.writing.changes import Change

KIND = Kind.IDIOM
SINCE = (3, 11)
# The second one for `from enum import Enum as E`.
TRIGGERS = ("Enum", "(str, ")
ALSO = ("UP042",)

PRINTS: Final = "{} of a member give its value, where they gave `{}.{}`."
NOT_STRINGS: Final = frozenset(
    {"bool", "bytes", "bytearray", "complex", "dict", "float", "int", "list", "set", "tuple"}
)


def detect(class_: ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    match class_.bases:
        # class Color(str, Enum), class Color(Labelled, str, Enum)
        case [*_, last] if len(class_.bases) > 1 and code.is_name(last, "enum.Enum"):
            strings = [base for base in class_.bases if code.is_name(base, "builtins.str")]
        case _:
            return
    if not strings or class_.name == "StrEnum":
        # What calls itself so is there for Pythons that have none.
        return
    place = Span(code.span(class_.bases[0]).start, code.span(last).end)
    message = f"`{class_.name}` is a string and an enumeration, which is what `StrEnum` is for"
    enum = _read(class_)
    if (reason := next(_refusals(enum, strings[0], code), None)) is not None:
        yield Finding(place, message, (Fix("Use `StrEnum`", Refused(reason), code.lines(class_)),), about=class_)
    else:
        yield Finding(place, message, tuple(_fixes(enum, code)), about=class_)


def _fixes(enum: _Enum, code: Analysis) -> Iterator[Fix]:
    verdict = safe_unless(_reasons(enum, code))
    consequence = "" if isinstance(verdict, Safe) else " (`str()` and f-strings change)"
    implied = _implied(enum, code)
    where = code.lines(enum.node)
    if implied:
        yield Fix(f"Use `StrEnum` and `auto()`{consequence}", verdict, where, partial(to_str_enum, enum, implied))
        yield Fix(f"Use `StrEnum` and keep the values{consequence}", verdict, where, partial(to_str_enum, enum, ()))
    else:
        yield Fix(f"Use `StrEnum`{consequence}", verdict, where, partial(to_str_enum, enum, ()))


# -- what the class is ------------------------------------------------------------------------------------------------


class _Enum(Struct, frozen=True, eq=False):
    """The class, taken apart.

    Attributes:
        members: by name, with their values.
        methods: what its body defines, by name.
        text: the definition of `__str__`, if it is there and returns the value.
        next_value: the definition of `_generate_next_value_`, if it is there and does what `StrEnum` does.
    """

    node: ast.ClassDef
    members: Sequence[tuple[str, ast.expr]]
    methods: Collection[str]
    text: ast.stmt | None
    next_value: ast.stmt | None


def _read(class_: ast.ClassDef) -> _Enum:
    members: list[tuple[str, ast.expr]] = []
    methods: dict[str, ast.stmt] = {}
    for statement in class_.body:
        match statement:
            case ast.Assign(targets=targets, value=value):
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                names = [name]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                methods[name] = statement
                continue
            case _:
                continue
        members += [(name, value) for name in names if not _is_reserved(name)]
        methods |= {name: statement for name in names if _is_reserved(name)}
    text, next_value = methods.get("__str__"), methods.get("_generate_next_value_")
    return _Enum(
        class_,
        members,
        methods.keys(),
        text if text is not None and _gives_value(text) else None,
        next_value if next_value is not None and _lowers(next_value) else None,
    )


def _is_reserved(name: str) -> bool:
    """Whether a name in an enumeration's body is no member: `_ignore_`, `__slots__`, `__private`."""
    return name.startswith("__") or (name.startswith("_") and name.endswith("_"))


def _gives_value(definition: ast.stmt) -> bool:
    """Whether a `__str__` returns the value."""
    match definition:
        # __str__ = str.__str__
        case ast.Assign(value=value):
            return ast.unparse(value) == "str.__str__"
        case ast.FunctionDef(decorator_list=[], args=ast.arguments(args=[ast.arg(arg=itself)])):
            same = {
                "{}.value",
                "{}._value_",
                "str({}.value)",
                "str.__str__({})",
                "f'{{{}.value}}'",
                "super().__str__()",
            }
            return _returned(definition) in {each.format(itself) for each in same}
        case _:
            return False


def _lowers(definition: ast.stmt) -> bool:
    """Whether a `_generate_next_value_` returns the name in lower case."""
    match definition:
        case ast.FunctionDef(args=ast.arguments(args=[ast.arg(arg=name), *_])):
            return _returned(definition) == f"{name}.lower()"
        case _:
            return False


def _returned(function: ast.FunctionDef) -> str:
    """What a function returns that does nothing else."""
    body = function.body
    if len(body) == 2 and ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    match body:
        case [ast.Return(value=ast.expr() as value)]:
            return ast.unparse(value)
        case _:
            return ""


# -- the verdict ------------------------------------------------------------------------------------------------------


def _refusals(enum: _Enum, string: ast.expr, code: Analysis) -> Iterator[str]:
    if enum.node.keywords:
        yield "It has arguments for its metaclass, which `StrEnum` may not take."
    if string is not enum.node.bases[-2]:
        yield "The methods of the base class between `str` and `Enum` would come before those of `str`."
    if not enum.members:
        yield "It has no members: those of the classes that inherit from it decide."
    for name, value in enum.members:
        if isinstance(value, ast.Call) and code.is_name(value.func, "enum.auto"):
            if not _generates_strings(enum):
                yield f"`auto()` gives `{name}` a number as its value here, and the name in lower case in a `StrEnum`."
        elif "__new__" not in enum.methods and _is_no_string(value, code):
            yield f"The value of `{name}` is no string, and `StrEnum` takes only strings."


def _is_no_string(value: ast.expr, code: Analysis) -> bool:
    if isinstance(value, ast.Constant):
        return not isinstance(value.value, str)
    return type_of_value(value, code) in NOT_STRINGS


def _generates_strings(enum: _Enum) -> bool:
    """Whether the class's own `_generate_next_value_` makes a string of the name."""
    function = next(
        (
            each
            for each in enum.node.body
            if isinstance(each, ast.FunctionDef) and each.name == "_generate_next_value_" and each.args.args
        ),
        None,
    )
    if function is None:
        return False
    name = function.args.args[0].arg
    returned = [node.value for node in walk_block(function.body) if isinstance(node, ast.Return)]
    return bool(returned) and all(_is_made_of(name, value) for value in returned)


def _is_made_of(name: str, value: ast.expr | None) -> bool:
    match value:
        case ast.Name(id=used):
            return used == name
        # name.lower().replace("_", "-")
        case ast.Call(func=ast.Attribute(value=text, attr=attr)):
            return attr in {"capitalize", "casefold", "lower", "replace", "strip", "title", "upper"} and _is_made_of(
                name, text
            )
        case ast.JoinedStr() | ast.Constant(value=str()):
            return True
        case _:
            return False


def _reasons(enum: _Enum, code: Analysis) -> Iterator[str]:
    has_text, has_format = "__str__" in enum.methods, "__format__" in enum.methods
    is_value = enum.text is not None
    if not has_text:
        how = "`str()` and `%s`" if has_format else "`str()`, `format()`, f-strings and `%s`"
        yield PRINTS.format(how, enum.node.name, enum.members[0][0])
    elif not is_value and not has_format:
        yield "`format()` and f-strings of a member give its value, and no longer what `__str__` returns."
    if "__new__" in enum.methods:
        yield "What `__new__` makes a string of need not be the value: `format()` and f-strings give that string."
    else:
        for _, value in enum.members:
            if type_of_value(value, code) != "str" and not _is_auto(value, code):
                text = ast.unparse(value)
                yield f"`StrEnum` takes only strings, and it can't be seen here whether `{text}` is one."
                break
    if len(enum.node.bases) > 2:
        other = ast.unparse(enum.node.bases[0])
        yield f"If `{other}` defines `__str__`, `format()` and f-strings of a member no longer call it."


def _is_auto(value: ast.expr, code: Analysis) -> bool:
    return isinstance(value, ast.Call) and code.is_name(value.func, "enum.auto")


def _implied(enum: _Enum, code: Analysis) -> Sequence[ast.expr]:
    """The values that `auto()` would give as well."""
    if not {"__new__", "_generate_next_value_"}.isdisjoint(enum.methods):
        return ()
    return [
        value
        for name, value in enum.members
        # A type checker takes no `auto()` for an annotated `str`.
        if isinstance(value, ast.Constant)
        and not isinstance(code.parent(value), ast.AnnAssign)
        and value.value == name.lower()
        and _is_one_literal(value, code)
    ]


def _is_one_literal(value: ast.Constant, code: Analysis) -> bool:
    return re.fullmatch(r"(['\"])\w*\1", code.source(value)) is not None


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_str_enum(enum: _Enum, implied: Sequence[ast.expr], draft: Draft) -> Sequence[cst.BaseStatement]:
    changes: dict[cst.CSTNode, Change] = {}
    for value in implied:
        changes[draft.node(value, cst.SimpleString)] = _becomes(cst.Call(draft.expression("enum.auto", value)))
    body = enum.node.body
    for each in (enum.text, enum.next_value):
        # One with a comment stays, and does no harm.
        if each is None or "#" in draft.code_for(old := whole(each, draft)):
            continue
        changes[old] = lambda _: cst.RemoveFromParent()
        if each is body[0] and body[1:]:
            changes[whole(body[1], draft)] = _without_blank_lines
    base = draft.expression("enum.StrEnum", enum.node)
    class_ = draft.node(enum.node, cst.ClassDef)
    string, last = class_.bases[-2:]
    changes[string] = lambda _: cst.RemoveFromParent()
    changes[last] = lambda argument: cst.ensure_type(argument, cst.Arg).with_changes(value=base)
    return changed(draft, changes)


def _becomes(new: cst.CSTNode) -> Change:
    return lambda _: new


def _without_blank_lines(statement: cst.CSTNode) -> cst.CSTNode:
    """The statement without the blank lines right at its top."""
    lines = list(dropwhile(lambda line: line.comment is None, lines_above(statement)))
    return statement.with_changes(leading_lines=lines)
