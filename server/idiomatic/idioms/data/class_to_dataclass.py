"""Let `@dataclass` write the constructor of a class that only holds data, and what goes with it.

## Why
A constructor that copies its parameters says every name three times, and `__repr__`, `__eq__` and `__hash__` say it
again; one of them is forgotten when a field is added. A dataclass says each field once, with its type, where a reader
looks for it.

## Example
```python
class Point:
    def __init__(self, x: int, y: int = 0) -> None:
        self.x = x
        self.y = y

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(x={self.x!r}, y={self.y!r})"

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return (self.x, self.y) == (other.x, other.y)

    @property
    def is_origin(self) -> bool:
        return self.x == self.y == 0
```
becomes
```python
from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int = 0

    @property
    def is_origin(self) -> bool:
        return self.x == self.y == 0
```

## Fix safety
The first action keeps what the class does today: methods of its own stay unless they are exactly the generated ones,
and without an `__eq__` objects go on being compared by identity (`eq=False`). It is safe if the class has a `__repr__`,
all types are known and nothing below applies. Not counted as changes: the class gains what every dataclass has
(`__dataclass_fields__`, by which some serializers know it, `__match_args__`, a `__doc__`, defaults that can be read
through the class), `Point.__init__` loses its docstring (its text moves to the class, unless it only says that it
initializes), a subclass inside another class or a function shows its qualified name, and a dataclass in another file
that inherits from the class inherits its fields.

Unsafe:
- the class has no `__repr__`: it gains one that shows the fields (not those named like a password);
- `None` stood for a new list (`x if x is not None else []`): passed explicitly, it is stored now. Where it was
  `x or []`, an empty list is stored too instead of being replaced;
- checks and conversions move to `__post_init__`, and so come after all fields are stored;
- a type is only inferred, or unknown and so `Any`;
- a default can't be seen to be hashable: a dataclass refuses it then;
- the class has subclasses, or decorators, which now get to see a dataclass;
- the second action, `@dataclass`, compares by value what was compared by identity or with subclasses, and replaces
  methods that are much like the generated ones;
- the third, `@dataclass(frozen=True, slots=True)`, makes objects read-only, hashable by value and without room for
  other attributes.

Frozen is refused where this module assigns to a field, or uses `setattr`, `vars` or `__dict__`; slots where it uses
weak references, `cached_property`, or (before Python 3.14) `super()`.

Refused: a constructor that does more than store, check and convert its parameters, names an attribute differently from
its parameter, takes `*args` or positional-only parameters or calls `super().__init__()`; other base classes than
`Generic`, `ABC` and plain mixins; metaclasses; `__new__`; overloads; a method, property or class attribute with the
name of a field; mutable defaults; a field that hides a type another field needs.

## References
- [`dataclasses`](https://docs.python.org/3/library/dataclasses.html)
- [PEP 557, Data Classes](https://peps.python.org/pep-0557/)
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.constructors import (
    DoesMoreError,
    declared_parameters,
    methods,
    read_constructor,
)
from idiomatic.core.analysis.generated_methods import BOILERPLATE, ORDERING
from idiomatic.core.analysis.immutability import against_frozen, against_slots
from idiomatic.core.analysis.known_types import Source
from idiomatic.core.analysis.purpose import holds_data
from idiomatic.core.analysis.records import (
    has_other_machinery,
    has_weakref_slot,
    kind_of_default,
    obstacles,
    other_decorators,
    read_record,
)
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.text import Span
from idiomatic.core.writing.dataclass_body import as_dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.records import Field, Record
    from idiomatic.core.draft import Draft

KIND = Kind.IDIOM
SINCE = (3, 7)
TRIGGERS = ("def __init__",)
ALSO = ()


def detect(class_: ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    constructors = [method for method in methods(class_) if method.name == "__init__"]
    match constructors:
        # class C:
        #     def __init__(self, x): ...
        case [*_, ast.FunctionDef() as constructor] if not has_other_machinery(class_):
            yield from _judge(class_, constructor, code)
        case _:
            return


def _judge(class_: ast.ClassDef, function: ast.FunctionDef, code: Analysis) -> Iterator[Finding]:
    special = [method.name for method in methods(class_) if method.name in BOILERPLATE]
    try:
        parameters = declared_parameters(function)
        if not holds_data(class_, parameters, special, code):
            return
        constructor = read_constructor(function, frozenset(_constants(class_)), code)
    except DoesMoreError as error:
        if _stores(function) >= 2:
            yield _refused(class_, str(error), code)
        return
    record = read_record(class_, constructor, code)
    alike = [name for name, (_, generated) in record.methods.items() if generated is not None]
    if not holds_data(class_, constructor.parameters, alike, code):
        return
    for obstacle in obstacles(record, code):
        yield _refused(class_, obstacle, code)
        return
    yield Finding(_header(class_, code), _message(record, code), tuple(_fixes(record, code)))


def _constants(class_: ast.ClassDef) -> Iterator[str]:
    for statement in class_.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                yield name
            case _:
                pass


def _stores(function: ast.FunctionDef) -> int:
    """How many statements are `self.x = x`."""
    return sum(
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Name)
        and [target.attr for target in statement.targets if isinstance(target, ast.Attribute)] == [statement.value.id]
        for statement in function.body
    )


def _refused(class_: ast.ClassDef, reason: str, code: Analysis) -> Finding:
    fix = Fix("Convert to a dataclass", Refused(reason), code.lines(class_))
    return Finding(_header(class_, code), f"`{class_.name}` could be a dataclass", (fix,))


def _header(class_: ast.ClassDef, code: Analysis) -> Span:
    """`class Point`."""
    start = code.span(class_).start
    found = re.compile(rf"class\s+{re.escape(class_.name)}").match(code.statement.text, start)
    return Span(start, found.end() if found else start + len("class"))


def _message(record: Record, code: Analysis) -> str:
    saved = _lines_saved(record, _idiomatic(record, code), code)
    what = f"`{record.node.name}` only stores its arguments"
    return (
        f"{what}: a dataclass does it in {saved} fewer lines" if saved > 1 else f"{what}, as a dataclass does by itself"
    )


def _lines_saved(record: Record, form: Form, code: Analysis) -> int:
    constructor = record.constructor
    gone: list[ast.stmt] = [constructor.function, *form.dropped]
    old = sum((node.end_lineno or 0) - node.lineno + 1 for node in gone) + len(form.dropped)
    checks = sum((node.end_lineno or 0) - node.lineno + 1 for node in constructor.rest)
    declared = sum(field.declaration is not None for field in record.fields)
    marker = any(field.parameter.keyword_only for field in record.fields) and not record.is_keyword_only
    return old - (1 + len(record.fields) - declared + marker + (checks + 2 if checks else 0))


# -- the forms --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a form is unsafe: the sentence, and a few words for the title."""

    text: str
    short: str


@dataclass(frozen=True, slots=True)
class Form:
    """One way to make the class a dataclass.

    Attributes:
        options: the arguments of the decorator.
        dropped: what the decorator makes superfluous.
        reasons: what changes.
    """

    options: tuple[str, ...]
    dropped: tuple[ast.stmt, ...]
    reasons: tuple[Reason, ...]
    shows_fields: bool

    @property
    def decorator(self) -> str:
        """The decorator, as the user knows it."""
        return f"@dataclass({', '.join(self.options)})" if self.options else "@dataclass"

    def fix(self, record: Record, code: Analysis) -> Fix:
        """The code action for it."""
        title = f"Convert to `{self.decorator}`"
        if self.reasons:
            title += f" ({self.reasons[0].short})"
        verdict = safe_unless(reason.text for reason in self.reasons)
        return Fix(title, verdict, code.lines(record.node), partial(convert, record, self))


def _fixes(record: Record, code: Analysis) -> Iterator[Fix]:
    keeping, idiomatic = _keeping(record, code), _idiomatic(record, code)
    if record.slots is not None and "slots=True" not in keeping.options and _has_class_values(record, code):
        reason = next(against_slots(record, code), "Before Python 3.10, fields with defaults can't have slots.")
        yield Fix("Convert to a dataclass", Refused(reason), code.lines(record.node))
        return
    yield keeping.fix(record, code)
    if (idiomatic.options, idiomatic.dropped) != (keeping.options, keeping.dropped):
        yield idiomatic.fix(record, code)
    yield _frozen(record, idiomatic, code)


def _keeping(record: Record, code: Analysis) -> Form:
    """The form in which the class goes on behaving as it does."""
    return _form(record, code, lambda name: (g := _generated(record, name)) is not None and not g)


def _idiomatic(record: Record, code: Analysis) -> Form:
    """The form an expert would write."""
    return _form(record, code, lambda name: _generated(record, name) is not None, by_value=True)


def _generated(record: Record, name: str) -> tuple[str, ...] | None:
    """How a method of the class differs from the generated one; `None` if it has none, or one of its own."""
    _, generated = record.methods.get(name, (None, None))
    return None if generated is None else generated.differences


def _form(record: Record, code: Analysis, drops: Callable[[str], bool], *, by_value: bool = False) -> Form:
    special = record.methods
    dropped: list[str] = []
    options: list[str] = []
    reasons: list[Reason] = []
    if "__eq__" in special and drops("__eq__"):
        dropped.append("__eq__")
        if "__ne__" in special and drops("__ne__"):
            dropped.append("__ne__")
        if all(name in special and drops(name) for name in ORDERING):
            dropped += ORDERING
            options.append("order=True")
    elif "__eq__" in special or not by_value:
        options.append("eq=False")
    elif "__hash__" in special:
        reasons.append(Reason("Objects with equal fields are equal, not only an object with itself.", "equal by value"))
    else:
        reasons.append(
            Reason(
                "Objects with equal fields are equal, not only an object with itself, and objects can no longer be "
                "keys of a dictionary or members of a set.",
                "equal by value",
            )
        )
    shows = "__repr__" not in special
    if shows:
        reasons.append(Reason("`repr()` shows the fields, where it showed an address.", "`repr` shows the fields"))
    elif drops("__repr__"):
        dropped.append("__repr__")
    for name in dropped:
        reasons += [Reason(text, _SHORT.get(name, "ordering changes")) for text in _generated(record, name) or ()]
    if by_value and record.subclasses and "eq=False" not in options:
        shown = ", ".join(f"`{name}`" for name in record.subclasses)
        reasons.append(Reason(f"Attributes that {shown} may add are not compared.", "equal by value"))
    if record.is_keyword_only:
        options.append("kw_only=True")
    statements: list[ast.stmt] = [special[name][0] for name in dropped]
    if record.slots is not None and code.target >= (3, 10) and not any(against_slots(record, code)):
        wants_weakrefs = has_weakref_slot(record)
        if not wants_weakrefs or code.target >= (3, 11):
            options += ["slots=True", *["weakref_slot=True"] * wants_weakrefs]
            statements.append(record.slots)
    return Form(tuple(options), tuple(statements), (*reasons, *_common_reasons(record, code)), shows)


_SHORT: Final = {"__eq__": "equality changes", "__ne__": "equality changes", "__repr__": "`repr` changes"}


def _has_class_values(record: Record, code: Analysis) -> bool:
    """Whether a field has a default, which is a value of the class until `dataclass` has seen it."""
    return any(field.parameter.default is not None or field.parameter.fallback is not None for field in record.fields)


# -- what changes -----------------------------------------------------------------------------------------------------


def _common_reasons(record: Record, code: Analysis) -> Iterator[Reason]:
    constructor = record.constructor
    none = [field for field in record.fields if field.parameter.fallback is not None]
    if none:
        yield Reason(
            f"A `None` that is passed for {_list(none)} is stored, where it stood for the default.", "`None` is stored"
        )
    if falsy := [field for field in none if field.parameter.falsy]:
        yield Reason(
            f"An empty or otherwise falsy value that is passed for {_list(falsy)} is stored as it is.",
            "falsy values are stored",
        )
    if constructor.rest:
        yield Reason(
            "What the constructor checks and converts moves to `__post_init__`, which runs when all fields are stored.",
            "checks run in `__post_init__`",
        )
    if unknown := [field for field in record.fields if field.type.source is Source.NOTHING]:
        yield Reason(
            f"Nothing is known about the type of {_list(unknown)}: `Any` stands there until you write it.",
            "types to be filled in",
        )
    for source, how in _INFERRED.items():
        if inferred := [field for field in record.fields if field.type.source is source]:
            yield Reason(f"The type of {_list(inferred)} is taken from {how}.", "types are inferred")
    if doubtful := [field for field in record.fields if _is_doubtful(field, code)]:
        yield Reason(
            f"If the default of {_list(doubtful)} is not hashable, the class can't be made any more.",
            "default must be hashable",
        )
    if not constructor.in_order:
        yield Reason("`vars()` and `__dict__` list the fields in another order.", "order of attributes")
    if record.subclasses:
        shown = ", ".join(f"`{name}`" for name in record.subclasses)
        yield Reason(
            f"What makes a dataclass is inherited by {shown}, and it knows only the fields of `{record.node.name}`.",
            "has subclasses",
        )
    for decorator in other_decorators(record, code):
        yield Reason(f"The decorator `{decorator}` gets a dataclass.", "has decorators")


_INFERRED: Final = {
    Source.CHECK: "what the constructor checks",
    Source.CONVERSION: "what the constructor makes of it, and type checkers expect callers to pass that",
    Source.DEFAULT: "the default",
    Source.DOCSTRING: "the docstring",
}


def _list(fields: Sequence[Field]) -> str:
    names = [f"`{field.name}`" for field in fields]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _is_doubtful(field: Field, code: Analysis) -> bool:
    default = field.parameter.default
    return default is not None and field.parameter.fallback is None and kind_of_default(default, code) is None


# -- read-only and with slots -----------------------------------------------------------------------------------------


def _frozen(record: Record, idiomatic: Form, code: Analysis) -> Fix:
    no_slots = next(against_slots(record, code), None)
    slots = no_slots is None and code.target >= (3, 10)
    title = "Convert to `@dataclass(frozen=True, slots=True)`" if slots else "Convert to `@dataclass(frozen=True)`"
    if (reason := next(against_frozen(record, code), None)) is not None:
        return Fix(title, Refused(reason), code.lines(record.node))
    if record.slots is not None and not slots:
        return Fix(title, Refused(no_slots or "Slots need Python 3.10 here."), code.lines(record.node))
    reasons = [
        Reason("Assigning to a field raises `FrozenInstanceError`, also in other files.", "objects become read-only"),
        *idiomatic.reasons,
    ]
    options = ["frozen=True", *(["slots=True"] if slots else []), *idiomatic.options]
    dropped = [*idiomatic.dropped]
    if "eq=False" not in options:
        if (hashed := _generated(record, "__hash__")) is not None:
            dropped.append(record.methods["__hash__"][0])
            reasons += [Reason(text, "hash changes") for text in hashed]
        elif "__hash__" not in record.methods:
            unhashable = "keys of a dictionary or members of a set"
            reasons = [Reason(_EQUAL, reason.short) if unhashable in reason.text else reason for reason in reasons]
            reasons.append(
                Reason("Objects are hashed by their fields, all of which have to be hashable.", "hashed by value")
            )
    if slots:
        reasons.append(
            Reason(
                "With slots, objects have no other attributes, no weak references, no `__dict__`, and pickles of the "
                "old class can't be read.",
                "slots",
            )
        )
        if record.slots is not None and record.slots not in dropped:
            dropped.append(record.slots)
    form = Form(tuple(dict.fromkeys(options)), tuple(dropped), tuple(reasons), idiomatic.shows_fields)
    return form.fix(record, code)


_EQUAL: Final = "Objects with equal fields are equal, not only an object with itself."


# -- the rewrite ------------------------------------------------------------------------------------------------------


def convert(record: Record, form: Form, draft: Draft) -> Sequence[cst.BaseStatement]:
    class_ = draft.node(record.node, cst.ClassDef)
    return draft.replaced({class_: as_dataclass(record, form.options, form.dropped, draft, hides=form.shows_fields)})
