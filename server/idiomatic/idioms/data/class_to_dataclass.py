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
(`__dataclass_fields__`, `__match_args__`, a `__doc__`, defaults that can be read through the class), `Point.__init__`
loses its docstring (its text moves to the class, unless it only says that it initializes), a subclass inside another
class or a function shows its qualified name, and a dataclass in another file that inherits from the class inherits
its fields.

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
from typing import TYPE_CHECKING, Final, cast

import libcst as cst

from idiomatic.core import module as questions
from idiomatic.core.analysis import classes
from idiomatic.core.analysis.constructors import (
    DoesMoreError,
    declared_parameters,
    methods,
    read_constructor,
)
from idiomatic.core.analysis.generated_methods import BOILERPLATE, ORDERING
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
from idiomatic.core.draft import DraftError
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.text import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

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
        f"{what}: a dataclass does it in {saved} lines less" if saved > 1 else f"{what}, as a dataclass does by itself"
    )


def _lines_saved(record: Record, form: Form, code: Analysis) -> int:
    constructor = record.constructor
    gone: list[ast.stmt] = [constructor.function, *form.dropped]
    old = sum((node.end_lineno or 0) - node.lineno + 1 for node in gone) + len(form.dropped)
    checks = sum((node.end_lineno or 0) - node.lineno + 1 for node in constructor.rest)
    declared = sum(field.declaration is not None for field in record.fields)
    marker = any(field.parameter.keyword_only for field in record.fields) and not _all_keyword_only(record)
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
        reason = next(_against_slots(record, code), "Before Python 3.10, fields with defaults can't have slots.")
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
    if _all_keyword_only(record):
        options.append("kw_only=True")
    statements: list[ast.stmt] = [special[name][0] for name in dropped]
    if record.slots is not None and code.target >= (3, 10) and not any(_against_slots(record, code)):
        wants_weakrefs = has_weakref_slot(record)
        if not wants_weakrefs or code.target >= (3, 11):
            options += ["slots=True", *["weakref_slot=True"] * wants_weakrefs]
            statements.append(record.slots)
    return Form(tuple(options), tuple(statements), (*reasons, *_common_reasons(record, code)), shows)


_SHORT: Final = {"__eq__": "equality changes", "__ne__": "equality changes", "__repr__": "`repr` changes"}


def _all_keyword_only(record: Record) -> bool:
    return all(field.parameter.keyword_only for field in record.fields)


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
    no_slots = next(_against_slots(record, code), None)
    slots = no_slots is None and code.target >= (3, 10)
    title = "Convert to `@dataclass(frozen=True, slots=True)`" if slots else "Convert to `@dataclass(frozen=True)`"
    if (reason := next(_against_frozen(record, code), None)) is not None:
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


def _against_frozen(record: Record, code: Analysis) -> Iterator[str]:
    if any(isinstance(node, ast.Attribute | ast.Name) for node in record.constructor.rest) or _assigns(record):
        yield "Its constructor changes fields, which a frozen object does not allow."
    names = {method.name for method in methods(record.node)}
    for name in ("__setattr__", "__delattr__", "__setstate__", "__getattr__", "__del__"):
        if name in names:
            yield f"It defines `{name}`."
    for write in sorted(code.ask(classes.own_writes, record.node.name), key=str):
        if write.method != "__init__":
            yield f"Its method `{write.method}` sets or deletes `{write.attribute}`."
    for write in sorted(code.ask(classes.writes, record.names), key=str):
        if write.owner is None:
            yield f"This module sets or deletes an attribute `{write.attribute}`, perhaps of one of its objects."
        elif write.owner in record.subclasses:
            yield f"Its subclass `{write.owner}` sets `{write.attribute}`."
    for word in sorted(code.ask(classes.uses, _WRITERS)):
        yield f"This module uses `{word}`, which may change its objects."
    if record.subclasses:
        yield f"`{record.subclasses[0]}` inherits from it, and could no longer be a dataclass that is not frozen."
    if other := other_decorators(record, code):
        yield f"The decorator `{other[0]}` may change its objects."


_WRITERS: Final = ("setattr", "delattr", "__dict__", "__setattr__", "vars")
_NO_SLOTS: Final = ("weakref", "WeakSet", "WeakKeyDictionary", "WeakValueDictionary", "__dict__", "vars", "__weakref__")


def _assigns(record: Record) -> bool:
    return any(
        isinstance(node, ast.Attribute | ast.Name)
        and isinstance(node.ctx, ast.Store)
        and (isinstance(node, ast.Attribute) or node.id in record.names)
        for statement in record.constructor.rest
        for node in ast.walk(statement)
    )


def _against_slots(record: Record, code: Analysis) -> Iterator[str]:
    node = record.node
    if code.target < (3, 14) and any(
        isinstance(each, ast.Name) and each.id in {"super", "__class__"} for each in ast.walk(node)
    ):
        yield "Before Python 3.14, `super()` and `__class__` mean the class as it was before it got its slots."
    if any(code.is_name(base, "abc.ABC") for base in node.bases) or node.keywords:
        yield "Its metaclass would see the class twice."
    for base in node.bases:
        plain = base.value if isinstance(base, ast.Subscript) else base
        if not code.is_name(plain, "builtins.object", "typing.Generic", "typing_extensions.Generic"):
            yield f"`{ast.unparse(base)}` has no slots."
    if any(
        code.is_name(decorator, "functools.cached_property")
        for method in methods(node)
        for decorator in method.decorator_list
    ):
        yield "`cached_property` needs a `__dict__`."
    if record.subclasses:
        yield f"`{record.subclasses[0]}` inherits from it."
    if record.slots is None:
        for write in sorted(code.ask(classes.own_writes, node.name), key=str):
            if write.attribute not in record.names:
                yield f"Its method `{write.method}` adds the attribute `{write.attribute}`."
        for word in sorted(code.ask(classes.uses, _NO_SLOTS)):
            yield f"This module uses `{word}`."


# -- the rewrite ------------------------------------------------------------------------------------------------------


def convert(record: Record, form: Form, draft: Draft) -> Sequence[cst.BaseStatement]:
    class_ = draft.node(record.node, cst.ClassDef)
    if not isinstance(class_.body, cst.IndentedBlock):
        raise DraftError("The class body stands on the line of its header.")
    decorator = draft.expression("dataclasses.dataclass", record.node)
    if form.options:
        decorator = cst.Call(decorator, [_option(option) for option in form.options])
    written = _ClassWriter(record, form, draft)
    body = written.body(class_.body)
    footer = [*written.left_over, *class_.body.footer]
    header = written.header
    new = cst.Decorator(
        decorator, trailing_whitespace=cst.TrailingWhitespace(cst.SimpleWhitespace("  " if header else ""), header)
    )
    changed = class_.with_changes(
        decorators=[*class_.decorators, new], body=class_.body.with_changes(body=body, footer=footer)
    )
    return draft.replaced({class_: changed})


def _option(text: str) -> cst.Arg:
    name, _, value = text.partition("=")
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(cst.Name(value), keyword=cst.Name(name), equal=tight)


def _pairs(
    statements: Sequence[cst.BaseStatement], nodes: Sequence[ast.stmt]
) -> Iterator[tuple[cst.BaseStatement, list[ast.stmt]]]:
    """Each line or block with the syntax trees of what stands in it."""
    rest = list(nodes)
    for statement in statements:
        count = len(statement.body) if isinstance(statement, cst.SimpleStatementLine) else 1
        yield statement, rest[:count]
        del rest[:count]


def _blank() -> cst.EmptyLine:
    return cst.EmptyLine(indent=False)


def _comments(lines: Iterable[cst.EmptyLine]) -> list[cst.EmptyLine]:
    return [cst.EmptyLine(comment=line.comment) for line in lines if line.comment is not None]


def _spaced(statement: cst.BaseStatement) -> cst.BaseStatement:
    """With a blank line above."""
    lines = statement.leading_lines  # type: ignore[attr-defined]
    if lines and lines[0].comment is None:
        return statement
    return statement.with_changes(leading_lines=[_blank(), *lines])


class _ClassWriter:
    """Writes the body of the dataclass."""

    def __init__(self, record: Record, form: Form, draft: Draft) -> None:
        self.record = record
        self.form = form
        self.draft = draft
        self.function = record.constructor.function
        self.constructor = draft.node(self.function, cst.FunctionDef)
        self.above: dict[str, list[cst.EmptyLine]] = {field.name: [] for field in record.fields}
        self.beside: dict[str, list[cst.Comment]] = {field.name: [] for field in record.fields}
        self.left_over: list[cst.EmptyLine] = []
        """Comments from the end of the constructor."""
        body = self.constructor.body
        self.header = body.header.comment if isinstance(body, cst.IndentedBlock) else None
        """The comment on the line of the `def`."""

    def body(self, block: cst.IndentedBlock) -> list[cst.BaseStatement]:
        pairs = list(_pairs(block.body, self.record.node.body))
        declarations = [field.declaration for field in self.record.fields if field.declaration is not None]
        gone = {*self.form.dropped, *declarations}
        for statement, nodes in pairs:
            self._note_declarations(statement, nodes)
            if self.record.slots is not None and self.record.slots in nodes and self.record.slots in gone:
                self._note_slots(statement)
        after = self._after_init()
        self._note_parameters()
        own_comments = _comments(self.constructor.leading_lines)
        place = self._place(pairs)
        if self.record.is_declared and after is None:
            first = self.record.names[0]
            self.above[first] = [*self.above[first], *own_comments]
        new: list[cst.BaseStatement] = []
        fresh = False
        documented = self._docstring(pairs)
        for index, (statement, nodes) in enumerate(pairs):
            if index == 0 and documented is not None:
                new.append(documented)
                if ast.get_docstring(self.record.node) is not None:
                    continue
            if self.record.is_declared and nodes[0] in declarations and len(nodes) == 1:
                lines = statement.leading_lines  # type: ignore[attr-defined]
                new += self._fields([line for line in lines if line.comment is None], nodes[0])
                fresh = True
                continue
            if index == place and not self.record.is_declared:
                lead = [_blank()] if new else []
                if own_comments and after is None:
                    lead += own_comments
                new += self._fields(lead)
                fresh = True
            if nodes == [self.function]:
                if after is not None:
                    new.append(_spaced(after.with_changes(leading_lines=[_blank(), *own_comments])))
                    fresh = True
            elif len(nodes) > 1 and gone & set(nodes):
                raise DraftError("Statements that share a line can't be separated here.")
            elif nodes[0] not in gone:
                kept = self._kept(statement, nodes)
                if fresh and isinstance(kept, cst.FunctionDef | cst.ClassDef):
                    kept = _spaced(kept)
                if fresh and self.left_over:
                    kept = kept.with_changes(leading_lines=[*self.left_over, *kept.leading_lines])  # type: ignore[attr-defined]
                    self.left_over = []
                new.append(kept)
                fresh = False
        return new

    def _place(self, pairs: Sequence[tuple[cst.BaseStatement, list[ast.stmt]]]) -> int:
        """Where the fields go: above the methods if nothing there is needed for them, else for the constructor."""
        index = place = next(index for index, (_, nodes) in enumerate(pairs) if nodes == [self.function])
        used = {node.id for node in ast.walk(self.function.args) if isinstance(node, ast.Name)}
        while index and isinstance(member := pairs[index - 1][1][0], ast.FunctionDef | ast.AsyncFunctionDef):
            if member.name in used:
                break
            index -= 1
            place = index
        return place

    def _kept(self, statement: cst.BaseStatement, nodes: Sequence[ast.stmt]) -> cst.BaseStatement:
        """A member of the class, its annotation wrapped in `ClassVar` where it would make it a field."""
        match nodes, statement:
            case [ast.AnnAssign(annotation=annotation)], cst.SimpleStatementLine(body=[cst.AnnAssign() as assignment]):
                marker = annotation.value if isinstance(annotation, ast.Subscript) else annotation
                if self.draft.code.is_name(marker, "typing.ClassVar", "typing_extensions.ClassVar"):
                    return statement
                class_var = self.draft.expression("typing.ClassVar", self.function)
                inner = assignment.annotation.annotation
                wrapped = cst.Subscript(class_var, [cst.SubscriptElement(cst.Index(inner))])
                changed = assignment.with_changes(annotation=assignment.annotation.with_changes(annotation=wrapped))
                return statement.with_changes(body=[changed])
            case _:
                return statement

    # -- fields -----------------------------------------------------------------------------------------------------

    def _fields(self, lead: list[cst.EmptyLine], only: ast.stmt | None = None) -> Iterator[cst.BaseStatement]:
        marked = _all_keyword_only(self.record)
        for field in self.record.fields:
            if only is not None and field.declaration is not only:
                marked = marked or field.parameter.keyword_only
                continue
            if field.parameter.keyword_only and not marked:
                marked = True
                marker = cst.Annotation(self.draft.expression("dataclasses.KW_ONLY", self.function))
                yield cst.SimpleStatementLine([cst.AnnAssign(cst.Name("_"), marker)], leading_lines=lead)
                lead = []
            line = cst.AnnAssign(cst.Name(field.name), cst.Annotation(self._annotation(field)), self._value(field))
            lines = [*lead, *self.above[field.name]]
            beside = self.beside[field.name]
            lines += [cst.EmptyLine(comment=comment) for comment in beside[:-1]]
            yield cst.SimpleStatementLine(
                [line],
                leading_lines=lines,
                trailing_whitespace=cst.TrailingWhitespace(
                    cst.SimpleWhitespace("  " if beside else ""), beside[-1] if beside else None
                ),
            )
            lead = []

    def _annotation(self, field: Field) -> cst.BaseExpression:
        draft = self.draft
        if field.annotation is not None:
            annotation = self._copied(field.annotation)
            if field.quoted:
                text = draft.code_for(annotation)
                return cst.SimpleString(f'"{text}"' if '"' not in text else repr(text))
            return annotation
        known = field.type
        if not known.text:
            return draft.expression("typing.Any", self.function)
        code = draft.code
        union = code.target >= (3, 10) or code.ask(questions.has_future_annotations)
        text = f"{known.text} | None" if known.optional and union else known.text
        if "|" in text and not union:
            return cst.SimpleString(f'"{text}"')
        if known.optional and not union:
            optional = draft.expression("typing.Optional", self.function)
            return cst.Subscript(optional, [cst.SubscriptElement(cst.Index(cst.parse_expression(text)))])
        return cst.parse_expression(text)

    def _value(self, field: Field) -> cst.BaseExpression | None:
        parameter = field.parameter
        secret = [_option("repr=False")] if field.is_secret and self.form.shows_fields else []
        match parameter.fallback:
            case None:
                value = None if parameter.default is None else self._copied(parameter.default)
                if not secret:
                    return value
                given = [] if value is None else [_argument("default", value)]
            case ast.Constant():
                value = self._copied(parameter.fallback)
                if not secret:
                    return value
                given = [_argument("default", value)]
            case fallback:
                given = [_argument("default_factory", self._factory(fallback))]
        return cst.Call(self.draft.expression("dataclasses.field", self.function), [*given, *secret])

    def _factory(self, fallback: ast.expr) -> cst.BaseExpression:
        match fallback:
            case ast.List(elts=[]):
                name = "list"
            case ast.Dict(keys=[]):
                name = "dict"
            case ast.Tuple(elts=[]):
                name = "tuple"
            case ast.Call(func=function, args=[], keywords=[]):
                return self._copied(function)
            case _:
                return cst.Lambda(cst.Parameters(), self._copied(fallback))
        if self.draft.code.ask(questions.bindings, name):
            return cst.Lambda(cst.Parameters(), self._copied(fallback))
        return cst.Name(name)

    def _copied(self, node: ast.expr) -> cst.BaseExpression:
        try:
            found = self.draft.node(node, cst.BaseExpression).deep_clone()  # type: ignore[type-abstract]
        except DraftError:
            found = self._parsed(node)
        if not _is_same(self.draft.code_for(found), node):
            found = self._parsed(node)
        outer = self.function
        if node.lineno != outer.lineno and node.col_offset > outer.col_offset:
            found = cast("cst.BaseExpression", found.visit(_Outdented(self._unit())))
        text = self.draft.code_for(found)
        if "\n" in text or "\r" in text:
            try:
                is_whole = len(ast.parse(f"_ = {text}").body) == 1
            except SyntaxError:
                is_whole = False
            if not is_whole:
                return found.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        return found

    def _parsed(self, node: ast.expr) -> cst.BaseExpression:
        """The same expression, for what libcst has at another place: it takes no parentheses for a part of a tuple."""
        return cst.parse_expression(_with_line_feeds(self.draft.code.source(node)))

    def _unit(self) -> str:
        """One level of indentation."""
        code = self.draft.code
        return _indentation(self.function, code).removeprefix(_indentation(self.record.node, code))

    # -- comments ---------------------------------------------------------------------------------------------------

    def _note_declarations(self, statement: cst.BaseStatement, nodes: Sequence[ast.stmt]) -> None:
        for field in self.record.fields:
            if field.declaration is not None and field.declaration in nodes:
                self._note(field.name, statement)

    def _note(self, name: str, statement: cst.BaseStatement) -> None:
        """Remember the comments of a statement that a field takes the place of."""
        match statement:
            case cst.SimpleStatementLine(leading_lines=lines, trailing_whitespace=trailing):
                self.above[name] += _comments(lines)
                if trailing.comment is not None:
                    self.beside[name].append(trailing.comment)
            case cst.If(leading_lines=lines, body=cst.IndentedBlock(header=header, body=[inner])):
                self.above[name] += _comments(lines)
                if header.comment is not None:
                    self.above[name].append(cst.EmptyLine(comment=header.comment))
                self._note(name, inner)
            case _:
                pass

    def _note_slots(self, statement: cst.BaseStatement) -> None:
        """Remember the comments between the names in `__slots__`."""
        match statement:
            case cst.SimpleStatementLine(
                leading_lines=lines,
                body=[cst.Assign(value=(cst.Tuple() | cst.List()) as value)],
                trailing_whitespace=trailing,
            ):
                pass
            case _:
                return
        names = [element.value for element in value.elements]
        first = next(iter(self.above))
        self.above[first] += _comments(lines)
        opening: cst.BaseParenthesizableWhitespace | None = None
        closing: cst.BaseParenthesizableWhitespace | None = None
        if isinstance(value, cst.List):
            opening, closing = value.lbracket.whitespace_after, value.rbracket.whitespace_before
        elif value.lpar:
            opening, closing = value.lpar[0].whitespace_after, value.rpar[0].whitespace_before
        above = [comment for comment, _ in _in_brackets(opening)]
        name = first
        for literal, element in zip(names, value.elements, strict=True):
            if isinstance(literal, cst.SimpleString) and literal.evaluated_value in self.above:
                name = str(literal.evaluated_value)
            self.above[name] += [cst.EmptyLine(comment=comment) for comment in above]
            found = _in_brackets(element.comma.whitespace_after) if isinstance(element.comma, cst.Comma) else []
            self.beside[name] += [comment for comment, is_beside in found if is_beside]
            above = [comment for comment, is_beside in found if not is_beside]
        last = _in_brackets(closing)
        self.beside[name] += [comment for comment, is_beside in last if is_beside]
        above += [comment for comment, is_beside in last if not is_beside]
        self.left_over += [cst.EmptyLine(comment=comment) for comment in above]
        if trailing.comment is not None:
            self.above[first].append(cst.EmptyLine(comment=trailing.comment))

    def _note_parameters(self) -> None:
        """Remember the comments between the parameters, each with the field it stands above or beside."""
        parameters = self.constructor.params
        listed: list[cst.Param | cst.ParamStar] = [*parameters.posonly_params, *parameters.params]
        if isinstance(parameters.star_arg, cst.ParamStar):
            listed.append(parameters.star_arg)
        listed += parameters.kwonly_params
        above: list[cst.Comment] = []
        for comment, is_beside in _in_brackets(self.constructor.whitespace_before_params):
            if is_beside and self.header is None:
                self.header = comment
            else:
                above.append(comment)
        for item in listed:
            name = item.name.value if isinstance(item, cst.Param) else ""
            found: list[tuple[cst.Comment, bool]] = []
            if isinstance(item, cst.Param):
                found += _in_brackets(item.whitespace_after_star)
                found += _in_brackets(item.whitespace_after_param)
            if isinstance(item.comma, cst.Comma):
                found += _in_brackets(item.comma.whitespace_before) + _in_brackets(item.comma.whitespace_after)
            if name in self.above:
                self.above[name][:0] = [cst.EmptyLine(comment=comment) for comment in above]
                above = []
                self.beside[name][:0] = [comment for comment, is_beside in found if is_beside]
                above += [comment for comment, is_beside in found if not is_beside]
            else:
                above += [comment for comment, _ in found]

    # -- the rest of the constructor --------------------------------------------------------------------------------

    def _after_init(self) -> cst.FunctionDef | None:
        """`__post_init__`, if there is anything left to do."""
        block, nodes = self.constructor.body, self.function.body
        if not isinstance(block, cst.IndentedBlock):
            return None if not self.record.constructor.rest else self._post_init(block, list(block.body))  # type: ignore[arg-type]
        owners: dict[ast.stmt, list[str]] = {}
        for field in self.record.fields:
            for store in field.parameter.stores:
                owners.setdefault(store, []).append(field.name)
        kept: list[cst.BaseStatement] = []
        rest = set(self.record.constructor.rest)
        for statement, inside in _pairs(block.body, nodes):
            if rest.isdisjoint(inside):
                names = [name for node in inside for name in owners.get(node, ())]
                if names:
                    self._note(names[0], statement)
                continue
            if not rest.issuperset(inside):
                raise DraftError("Statements that share a line can't be separated here.")
            moved = statement.visit(_FromObject(self.record.names, self.record.constructor.receiver))
            assert isinstance(moved, cst.BaseStatement)
            if not kept:
                lines = moved.leading_lines  # type: ignore[attr-defined]
                while lines and lines[0].comment is None:
                    lines = lines[1:]
                moved = moved.with_changes(leading_lines=lines)
            kept.append(moved)
        if not kept:
            self.left_over = _comments(block.footer)
        return self._post_init(block, kept) if kept else None

    def _post_init(self, block: cst.BaseSuite, kept: Sequence[cst.BaseStatement]) -> cst.FunctionDef:
        function = self.constructor
        returns = function.returns
        arguments = self.function.args
        if returns is None and any(
            each.annotation is not None for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        ):
            returns = cst.Annotation(cst.Name("None"))
        assert isinstance(block, cst.IndentedBlock)
        return cst.FunctionDef(
            name=cst.Name("__post_init__"),
            params=cst.Parameters([cst.Param(cst.Name(self.record.constructor.receiver))]),
            body=block.with_changes(body=kept, header=cst.TrailingWhitespace()),
            returns=returns,
        )

    # -- the docstring ----------------------------------------------------------------------------------------------

    def _docstring(self, pairs: Sequence[tuple[cst.BaseStatement, list[ast.stmt]]]) -> cst.BaseStatement | None:
        """The docstring of the class with the constructor's; `None` if there is nothing to change."""
        text = ast.get_docstring(self.function)
        if text is None or _SAYS_NOTHING.match(text):
            return None
        code = self.draft.code
        inner = self.function.body[0]
        outer = self.record.node.body[0]
        old, new = _indentation(inner, code), _indentation(self.function, code)
        made = re.sub(rf"(?<=\n){re.escape(old)}", new, _with_line_feeds(code.source(inner)))
        if ast.get_docstring(self.record.node) is not None:
            made = _merged(_with_line_feeds(code.source(outer)), made, new)
        if "\r\n" in code.statement.text:
            made = made.replace("\n", "\r\n")
        line = cst.parse_statement(made)
        if not isinstance(line, cst.SimpleStatementLine):
            raise DraftError("The docstrings of the class and of its constructor can't be joined.")
        first = pairs[0][0]
        if ast.get_docstring(self.record.node) is not None and isinstance(first, cst.SimpleStatementLine):
            return first.with_changes(body=line.body)
        return line


_SAYS_NOTHING: Final = re.compile(
    r"(?:initiali[sz]\w*|init|constructor?|constructs?|creates?|set up|instantiates?|make|build)\b[^\n]{0,60}$",
    re.IGNORECASE,
)
_TRIPLE: Final = re.compile(r"([rRuU]?)(\"\"\"|''')(.*)\2$", re.DOTALL)


def _indentation(statement: ast.stmt, code: Analysis) -> str:
    line = code.statement.lines.line(statement.lineno - code.statement.base)
    return line[: len(line) - len(line.lstrip(" \t"))]


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _merged(outer: str, inner: str, indent: str) -> str:
    """One docstring out of two."""
    first, second = _TRIPLE.match(outer), _TRIPLE.match(inner)
    if first is None or second is None or first[1].lower() != second[1].lower() or first[2] != second[2]:
        raise DraftError("The docstrings of the class and of its constructor can't be joined.")
    text = f"{first[3].rstrip()}\n\n{indent}{second[3].strip()}\n{indent}"
    return f"{first[1]}{first[2]}{text}{first[2]}"


def _is_same(text: str, node: ast.expr) -> bool:
    try:
        return ast.dump(ast.parse(f"({text})", mode="eval").body) == ast.dump(node)
    except SyntaxError:
        return False


def _argument(name: str, value: cst.BaseExpression) -> cst.Arg:
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(value, keyword=cst.Name(name), equal=tight)


def _in_brackets(space: cst.BaseParenthesizableWhitespace | str | None) -> list[tuple[cst.Comment, bool]]:
    """The comments in the white space between parameters, and whether each stands beside what comes before."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return []
    found = [(space.first_line.comment, True)] if space.first_line.comment is not None else []
    return found + [(line.comment, False) for line in space.empty_lines if line.comment is not None]


class _Outdented(cst.CSTTransformer):
    """Takes one level off the lines inside brackets."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def leave_ParenthesizedWhitespace(
        self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
    ) -> cst.ParenthesizedWhitespace:
        return updated_node.with_changes(
            last_line=self._less(updated_node.last_line),
            empty_lines=[
                line.with_changes(whitespace=self._less(line.whitespace)) for line in updated_node.empty_lines
            ],
        )

    def _less(self, space: cst.SimpleWhitespace) -> cst.SimpleWhitespace:
        return space.with_changes(value=space.value.removeprefix(self._unit))


class _FromObject(cst.CSTTransformer):
    """Reads and changes the object's attributes where parameters were read and changed."""

    def __init__(self, names: Collection[str], receiver: str) -> None:
        super().__init__()
        self._names = names
        self._receiver = receiver

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        if original_node.value not in self._names:
            return updated_node
        return cst.Attribute(
            cst.Name(self._receiver), cst.Name(original_node.value), lpar=original_node.lpar, rpar=original_node.rpar
        )

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_AnnAssign(self, original_node: cst.AnnAssign, updated_node: cst.AnnAssign) -> cst.BaseSmallStatement:
        match updated_node:
            case cst.AnnAssign(target=cst.Attribute() as target, value=cst.BaseExpression() as value):
                return cst.Assign([cst.AssignTarget(target)], value)
            case _:
                return updated_node

    def leave_FormattedStringExpression(
        self, original_node: cst.FormattedStringExpression, updated_node: cst.FormattedStringExpression
    ) -> cst.BaseFormattedStringContent:
        if original_node.equal is not None and not original_node.deep_equals(updated_node):
            raise DraftError("`{name=}` would show another name.")
        return updated_node
