"""Give a class whose objects are hashed a `__hash__` that goes with its `__eq__`.

## Why
A class that defines `__eq__` and no `__hash__` has none: Python sets it to `None`, because objects that are equal must
have the same hash and the inherited one goes by identity. Where such an object becomes a key, gets into a set or is
passed to a cached function, that is a `TypeError`, often long after the `__eq__` was added.

## Example
```python
class Color:
    def __init__(self, red: int, green: int, blue: int) -> None:
        self.red = red
        self.green = green
        self.blue = blue

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Color):
            return NotImplemented
        return (self.red, self.green, self.blue) == (other.red, other.green, other.blue)


NAMES: dict[Color, str] = {Color(255, 0, 0): "red"}
```
becomes
```python
class Color:
    def __init__(self, red: int, green: int, blue: int) -> None:
        self.red = red
        self.green = green
        self.blue = blue

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Color):
            return NotImplemented
        return (self.red, self.green, self.blue) == (other.red, other.green, other.blue)

    def __hash__(self) -> int:
        return hash((self.red, self.green, self.blue))


NAMES: dict[Color, str] = {Color(255, 0, 0): "red"}
```

## Fix safety
Reported is only a class whose objects are seen to be hashed, in its own file or in another one of the project: as a
key, in a set, by `hash`, as an argument of a cached function, or in an annotation such as `dict[Color, str]`. The hash
is made of what `__eq__` compares.

The fix is unsafe: objects that are equal become one key and one member of a set, and a hash is looked for in an object
that may change. That it may is said where another file, or this one, sets an attribute of that name on an object of an
unknown class, and as long as the other files have not been looked at.

Refused: what `__eq__` compares can't be seen, is not the same of both objects, or may have no hash, such as what a
method makes for the comparison; one of the attributes is a list,
dictionary or set; a method, or another place that is known to have such an object, changes one of them. Such objects
should not be keys.

Not reported: a class that sets `__hash__` in any way, dataclasses and classes of other libraries that make it
themselves, and classes with a subclass in the same file that has a `__hash__`.

## References
- [`object.__hash__`](https://docs.python.org/3/reference/datamodel.html#object.__hash__)
- [The glossary on *hashable*](https://docs.python.org/3/glossary.html#term-hashable)
"""

from __future__ import annotations

import ast
import re
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis import classes
from idiomatic.core.analysis.classes import kind_of_value
from idiomatic.core.analysis.constructors import methods
from idiomatic.core.analysis.generated_methods import compared_by
from idiomatic.core.analysis.project_use import NOT_KNOWN_YET, elsewhere, here, in_files, is_known
from idiomatic.core.analysis.records import has_other_machinery
from idiomatic.core.analysis.tree import COMPREHENSIONS, FUNCTIONS
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.text import Span
from idiomatic.core.usage import Act

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 0)
TRIGGERS = ("__eq__",)
ALSO = ("PLW1641",)

_MERGES: Final = "Objects that are equal become one key of a dictionary and one member of a set."
_MUTABLE: Final = frozenset(
    {"list", "dict", "set", "bytearray", "List", "Dict", "Set", "deque", "Deque", "defaultdict", "DefaultDict"}
    | {"MutableSequence", "MutableMapping", "MutableSet", "OrderedDict", "Counter"}
)
_AT_START: Final = frozenset({"__init__", "__new__", "__setstate__"})


def detect(class_: ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    own = [method for method in methods(class_) if method.name == "__eq__"]
    match own:
        # class C:
        #     def __eq__(self, other): ...
        case [ast.FunctionDef() as equals] if not (_may_have_hash(class_) or has_other_machinery(class_)):
            if (where := _hashed_in(class_, code)) is not None:
                message = f"`{class_.name}` has an `__eq__` and no `__hash__`, but its objects are hashed {where}"
                yield Finding(_header(equals, code), message, (_fix(class_, equals, code),), about=class_)
        case _:
            return


def _may_have_hash(class_: ast.ClassDef) -> bool:
    """Whether something in the class, or what made it, may give it a hash."""
    if any(keyword.arg == "metaclass" for keyword in class_.keywords) or any(
        ast.unparse(decorator).rpartition(".")[2] not in _HARMLESS for decorator in class_.decorator_list
    ):
        return True
    return any(
        (isinstance(node, (*FUNCTIONS, ast.ClassDef)) and node.name == "__hash__")
        or (isinstance(node, ast.Name) and node.id == "__hash__")
        for statement in class_.body
        for node in (ast.walk(statement) if not isinstance(statement, FUNCTIONS) else [statement])
    )


_HARMLESS: Final = frozenset({"total_ordering", "final", "runtime_checkable"})


def _hashed_in(class_: ast.ClassDef, code: Analysis) -> str | None:
    """Where its objects are hashed, as the end of a sentence; `None` if that is not known to happen."""
    name = class_.name
    if code.ask(classes.writes, ("__hash__",)) or any(each.has_hash for each in code.ask(classes.subclasses, name)):
        return None
    if code.ask(here, Act.HASHES, name):
        return "in this file"
    found = code.ask(elsewhere, Act.HASHES, name) if code.parent(class_) is None else None
    return f"in {in_files(found.certain)}" if found is not None and found.certain else None


def _header(equals: ast.FunctionDef, code: Analysis) -> Span:
    """`def __eq__`."""
    start = code.span(equals).start
    found = re.compile(r"def\s+__eq__").match(code.statement.text, start)
    return Span(start, found.end() if found else start + len("def"))


def _fix(class_: ast.ClassDef, equals: ast.FunctionDef, code: Analysis) -> Fix:
    where = code.lines(equals)
    compared = compared_by(equals, class_, code)
    attributes = tuple(dict.fromkeys(_attributes(compared or (), equals)))
    refusal = None
    if not compared or "__dict__" in attributes:
        refusal = "What `__eq__` compares is not simply the same of both objects."
    elif not all(map(_may_be_hashed, compared)):
        refusal = "What `__eq__` compares may have no hash."
    refusal = refusal or next(_changes(class_, attributes, code), None)
    if refusal is not None:
        return Fix("Add a `__hash__`", Refused(refusal), where)
    shown = ", ".join(f"`{attribute}`" for attribute in attributes)
    title = f"Add a `__hash__` of {shown} (equal objects become one key)"
    reasons = (_MERGES, *_may_change(class_, attributes, code))
    return Fix(title, Unsafe(reasons), where, partial(with_hash, equals, tuple(compared or ()), code))


def _attributes(compared: Sequence[ast.expr], equals: ast.FunctionDef) -> Iterator[str]:
    """The attributes of the object that are compared."""
    receiver = [*equals.args.posonlyargs, *equals.args.args][0].arg
    for expression in compared:
        for node in ast.walk(expression):
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == receiver:
                    yield attr
                case _:
                    pass


def _may_be_hashed(compared: ast.expr) -> bool:
    """Whether nothing is made anew to be compared that may be a list or a dictionary."""
    return all(
        (isinstance(node.func, ast.Name) and node.func.id in _HASHABLE)
        or (isinstance(node.func, ast.Attribute) and node.func.attr in _GIVES_TEXT)
        for node in ast.walk(compared)
        if isinstance(node, ast.Call)
    ) and not any(
        isinstance(node, (*COMPREHENSIONS, ast.List, ast.Dict, ast.Set, ast.Slice)) for node in ast.walk(compared)
    )


_HASHABLE: Final = frozenset(
    {
        "abs",
        "bool",
        "bytes",
        "complex",
        "float",
        "frozenset",
        "id",
        "int",
        "len",
        "repr",
        "round",
        "str",
        "tuple",
        "type",
    }
)
_GIVES_TEXT: Final = frozenset({"as_posix", "casefold", "decode", "encode", "isoformat", "lower", "strip", "upper"})


def _changes(class_: ast.ClassDef, attributes: tuple[str, ...], code: Analysis) -> Iterator[str]:
    """Why its objects can't be hashed by what is compared, a sentence each."""
    for attribute in attributes:
        if kind := _mutable_kind(class_, attribute):
            yield f"`{attribute}` is a {kind}, which has no hash."
    for write in sorted(code.ask(classes.own_writes, class_.name), key=str):
        if write.attribute in attributes and write.method not in _AT_START:
            yield (
                f"Its method `{write.method}` sets or deletes `{write.attribute}`: an object that changes "
                "while it is a key is not found again."
            )
    if code.parent(class_) is None:
        for attribute in attributes:
            found = code.ask(elsewhere, Act.SETS, class_.name, attribute)
            if found is not None and found.certain:
                yield (
                    f"`{attribute}` is set or deleted in {in_files(found.certain)}: an object that changes "
                    "while it is a key is not found again."
                )


def _may_change(class_: ast.ClassDef, attributes: tuple[str, ...], code: Analysis) -> Iterator[str]:
    """Where its objects may be changed, a sentence each."""
    for write in sorted(code.ask(classes.writes, attributes), key=str):
        if write.owner is None:
            yield f"This module sets or deletes an attribute `{write.attribute}`, perhaps of one of its objects."
    if code.parent(class_) is not None:
        return
    if not is_known(code):
        yield NOT_KNOWN_YET
    for attribute in attributes:
        found = code.ask(elsewhere, Act.SETS, class_.name, attribute)
        if found is not None and found.possible:
            yield (
                f"An attribute `{attribute}` is set or deleted in {in_files(found.possible)}, "
                "perhaps of one of its objects."
            )


def _mutable_kind(class_: ast.ClassDef, attribute: str) -> str | None:
    """The kind of collection that an attribute is seen to hold."""
    for statement in class_.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if name == attribute:
                return _collection(annotation)
            case ast.FunctionDef(name="__init__", args=arguments, body=body) if arguments.args:
                receiver = arguments.args[0].arg
                annotations = {
                    each.arg: each.annotation
                    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
                }
                for node in (node for each in body for node in ast.walk(each)):
                    match node:
                        case ast.AnnAssign(
                            target=ast.Attribute(value=ast.Name(id=owner), attr=attr), annotation=annotation
                        ) if (owner, attr) == (receiver, attribute):
                            return _collection(annotation)
                        case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr=attr)], value=value) if (
                            owner,
                            attr,
                        ) == (receiver, attribute):
                            if isinstance(value, ast.Name) and value.id in annotations:
                                return _collection(annotations[value.id])
                            kind = kind_of_value(value)
                            return _kind_of(value) if kind is not None and kind.kind == "mutable" else None
                        case _:
                            pass
            case _:
                pass
    return None


def _collection(annotation: ast.expr | None) -> str | None:
    plain = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    match plain:
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in _MUTABLE:
            return name
        case _:
            return None


def _kind_of(value: ast.expr) -> str:
    match value:
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Dict() | ast.DictComp():
            return "dictionary"
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name
        case _:
            return "set"


# -- the rewrite ------------------------------------------------------------------------------------------------------


def with_hash(
    equals: ast.FunctionDef, compared: tuple[ast.expr, ...], code: Analysis, draft: Draft
) -> Sequence[cst.BaseStatement]:
    """`__eq__`, and below it a `__hash__` of the same."""
    receiver = [*equals.args.posonlyargs, *equals.args.args][0].arg
    parts = [_source(expression, code) for expression in compared]
    value = parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
    returns = " -> int" if equals.returns is not None else ""
    made = cst.parse_statement(f"def __hash__({receiver}){returns}:\n    return hash({value})\n")
    new = cst.ensure_type(made, cst.FunctionDef).with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    return [*draft.body, new]


def _source(expression: ast.expr, code: Analysis) -> str:
    text = code.source(expression)
    return ast.unparse(expression) if len(text.splitlines()) > 1 else text
