"""Declare the fields of a dataclass that have no default before those that have one, or make them keyword-only.

## Why
The fields are the parameters of the constructor that `dataclass` writes, and a parameter without a default can't follow
one with a default: `TypeError` is raised as soon as the class is made. Inherited fields come first, so a base class
with defaults makes it happen to every field that a subclass adds. Keyword-only parameters may stand in any order, and a
call that names them says more.

## Example
```python
from dataclasses import dataclass


@dataclass
class Event:
    name: str
    source: str = "unknown"


@dataclass
class Payment(Event):
    amount: int
```
becomes
```python
from dataclasses import dataclass


@dataclass
class Event:
    name: str
    source: str = "unknown"


@dataclass(kw_only=True)
class Payment(Event):
    amount: int
```

## Fix safety
The first action, `kw_only=True` (from Python 3.10), is safe: no program has such a class. It is unsafe where calls in
this file give the fields by position, and refused where a field says `kw_only=False` for itself, or an inherited field
remains the culprit.

The second action puts the fields without a default before the others, with their comments and docstrings. It is
unsafe: what is given by position goes to the fields in their new order. It is refused where the default is an inherited
one, where the type of a field that would move up is defined in the class body, and where fields share a line.

Nothing is reported where it can't be seen whether a field has a default (`x: int = make_field()`), and in a test that
expects the error. A base class of which nothing is known is taken to have none of these fields.

## References
- [`dataclasses`: `kw_only`](https://docs.python.org/3/library/dataclasses.html#dataclasses.dataclass)
- [`dataclasses`: inheritance](https://docs.python.org/3/library/dataclasses.html#inheritance)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from idiomatic.core.analysis.dataclass_fields import Dataclass, Default, dataclass_decorator, dataclass_of
from idiomatic.core.analysis.exceptions import is_meant_to_fail
from idiomatic.core.analysis.tree import tree
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe, safe_unless
from idiomatic.core.module import about
from idiomatic.core.writing.dataclass_decorator import with_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.dataclass_fields import DataclassField
    from idiomatic.core.draft import Draft
    from idiomatic.core.idiom import Verdict
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement

KIND = Kind.PROBLEM
SINCE = (3, 7)
TRIGGERS = ("dataclass",)
ALSO = ()


class Disorder(Struct, frozen=True):
    """A field that stands where it can't.

    Attributes:
        field: one without a default.
        before: one with a default, before it.
    """

    field: DataclassField
    before: DataclassField


def detect(class_: ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    if not class_.decorator_list or dataclass_decorator(class_, code) is None:
        return
    made = dataclass_of(class_, code)
    if made is None or not made.is_set("init") or _disorder(made.inherited) is not None:
        return
    found = _disorder(made.fields)
    if found is None or not (made.is_complete or found.before.owner == found.field.owner == class_.name):
        return
    # The one of the two that the class itself declares: an inherited one may have got a default here.
    culprit = found.field if found.field.statement is not None else found.before
    if culprit.statement is None or is_meant_to_fail(code, class_):
        return
    yield Finding(culprit.statement, _message(found), tuple(_fixes(class_, made, found, code)))


def _disorder(fields: Iterable[DataclassField]) -> Disorder | None:
    before = None
    for field in fields:
        if not field.is_positional:
            continue
        if field.default in {Default.VALUE, Default.FACTORY}:
            before = before or field
        elif field.default is Default.NONE and before is not None:
            return Disorder(field, before)
    return None


def _message(found: Disorder) -> str:
    name, before = _named(found.field), _named(found.before)
    return f"{name} has no default and follows {before}, which has one: `dataclass` raises `TypeError`"


def _named(field: DataclassField) -> str:
    return f"`{field.name}`" if field.statement is not None else f"`{field.name}` of `{field.owner}`"


# -- the fixes --------------------------------------------------------------------------------------------------------


def _fixes(class_: ast.ClassDef, made: Dataclass, found: Disorder, code: Analysis) -> Iterator[Fix]:
    where = code.lines(class_)
    if code.target >= (3, 10):
        verdict = _verdict_on_keywords(class_, made, code)
        title = "Make the fields keyword-only with `kw_only=True`"
        if isinstance(verdict, Unsafe):
            title += " (calls give them by position)"
        yield Fix(title, verdict, where, None if isinstance(verdict, Refused) else partial(to_keywords, made))
    reason = _why_not_reordered(class_, made, found, code)
    if reason is not None:
        yield Fix("Put the fields without a default first", Refused(reason), where)
        return
    yield Fix(
        "Put the fields without a default first (another order of parameters)",
        Unsafe(("The parameters have the order of the fields: what is given by position goes to other fields.",)),
        where,
        partial(to_order, class_, _units(class_, made)),
    )


def _verdict_on_keywords(class_: ast.ClassDef, made: Dataclass, code: Analysis) -> Verdict:
    own = [replace(each, kw_only=each.kw_only if _says(each, "kw_only") else True) for each in made.own]
    left = _disorder(Dataclass(made.name, made.options, tuple(own), made.inherited, made.is_complete).fields)
    if left is not None:
        says = _says(left.field, "kw_only")
        return Refused(
            f"`{left.field.name}` says `kw_only=False` for itself."
            if says
            else f"{_named(left.field)} would still follow {_named(left.before)}."
        )
    names = {each.name for each in made.own}
    positional = sum(each.is_positional and each.name not in names for each in made.inherited)
    given = code.ask(positional_arguments, class_.name)
    reason = f"Calls in this file give fields of `{class_.name}` by position, which they can no longer."
    return safe_unless([reason] if given > positional else [])


def _says(field: DataclassField, option: str) -> bool:
    """Whether a field is given an option itself."""
    value = field.statement.value if field.statement is not None else None
    return isinstance(value, ast.Call) and any(keyword.arg in {option, None} for keyword in value.keywords)


@about(lambda name: (name,))
def positional_arguments(module: Module, name: str) -> int:
    """Question: the most arguments that a call of a name passes by position; a starred one counts as many."""
    counts = (
        number
        for statement in module.mentioning(name)
        for called, number in statement.fact(_positional_arguments)
        if called == name
    )
    return max(counts, default=0)


def _positional_arguments(statement: Statement) -> tuple[tuple[str, int], ...]:
    return tuple(
        (call.func.id, 1000 if any(isinstance(each, ast.Starred) for each in call.args) else len(call.args))
        for call in statement.fact(tree).of(ast.Call)
        if isinstance(call.func, ast.Name) and call.args
    )


def _why_not_reordered(class_: ast.ClassDef, made: Dataclass, found: Disorder, code: Analysis) -> str | None:
    units = _units(class_, made)
    ordered = sorted(units, key=lambda unit: unit.field.default is not Default.NONE)
    moved = {unit.field.name: new.field for unit, new in zip(units, ordered, strict=True)}
    own = tuple(moved.get(each.name, each) for each in made.own)
    left = _disorder(Dataclass(made.name, made.options, own, made.inherited, made.is_complete).fields)
    if left is not None:
        other = left.before if left.before.statement is None else left.field
        if other.statement is None:
            return f"`{other.name}` is a field of `{other.owner}`, and inherited fields come first."
        return f"`{other.name}` is an inherited field, which stays in its place."
    if not all(code.has_own_lines(each) for unit in units for each in unit.statements):
        return "Fields share a line."
    for unit, new in zip(units, ordered, strict=True):
        statement = new.statements[0]
        if new is unit or new.field.default is not Default.NONE:
            continue
        for node in ast.walk(statement.annotation):
            if isinstance(node, ast.Name) and code.scope(node).lookup(node.id) is code.scope_made_by(class_):
                return f"The type of `{new.field.name}` is defined in the class body."
    return None


class Unit(Struct, frozen=True, eq=False):
    """A field with what belongs to it.

    Attributes:
        field: the field, one that can be given by position.
        statements: its declaration, and the docstring below it if there is one.
    """

    field: DataclassField
    statements: tuple[ast.AnnAssign, *tuple[ast.stmt, ...]]


def _units(class_: ast.ClassDef, made: Dataclass) -> Sequence[Unit]:
    units: list[Unit] = []
    body = class_.body
    for field in made.own:
        if field.is_positional and field.statement is not None:
            below = body[body.index(field.statement) + 1 :][:1]
            match below:
                case [ast.Expr(value=ast.Constant(value=str()))]:
                    units.append(Unit(field, (field.statement, *below)))
                case _:
                    units.append(Unit(field, (field.statement,)))
    return units


# -- the rewrites -----------------------------------------------------------------------------------------------------


def to_keywords(made: Dataclass, draft: Draft) -> Sequence[cst.BaseStatement]:
    assert made.decorator is not None
    return draft.replaced(with_options(made.decorator, {"kw_only": True}, draft))


def to_order(class_: ast.ClassDef, units: Sequence[Unit], draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(class_, cst.ClassDef)
    body = cst.ensure_type(old.body, cst.IndentedBlock)
    lines = [[draft.node(each, cst.SimpleStatementLine) for each in unit.statements] for unit in units]
    ordered = sorted(zip(units, lines, strict=True), key=lambda pair: pair[0].field.default is not Default.NONE)
    in_place = {id(slot[0]): _spaced_like(slot[0], new) for slot, (_, new) in zip(lines, ordered, strict=True)}
    gone = {id(line) for unit in lines for line in unit[1:]}
    statements: list[cst.BaseStatement] = []
    for statement in body.body:
        if id(statement) in in_place:
            statements += in_place[id(statement)]
        elif id(statement) not in gone:
            statements.append(statement)
    return draft.replaced({old: old.with_changes(body=body.with_changes(body=statements))})


def _spaced_like(
    slot: cst.SimpleStatementLine, new: Sequence[cst.SimpleStatementLine]
) -> Sequence[cst.SimpleStatementLine]:
    """The lines of a field with the blank lines of the place it comes to, and its own comments."""
    blank: list[cst.EmptyLine] = []
    for line in slot.leading_lines:
        if line.comment is not None:
            break
        blank.append(line)
    own = [*new[0].leading_lines]
    while own and own[0].comment is None:
        del own[0]
    return [new[0].with_changes(leading_lines=[*blank, *own]), *new[1:]]
