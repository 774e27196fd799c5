"""As which dataclass can a record be written, and what changes with each?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis import project_use
from idiomatic.core.analysis.field_types import without_none
from idiomatic.core.analysis.generated_methods import ORDERING
from idiomatic.core.analysis.immutability import against_slots, other_decorators, the_first_of
from idiomatic.core.analysis.known_types import Source
from idiomatic.core.analysis.record_obstacles import against_read_only, kind_of_default
from idiomatic.core.analysis.records import has_weakref_slot
from idiomatic.core.usage import Act

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.copying_methods import Copying
    from idiomatic.core.analysis.records import ExtraField, Field, Record


class Reason(Struct, frozen=True):
    """Why a form is unsafe: the sentence, and a few words for the title."""

    text: str
    short: str


class Form(Struct, frozen=True):
    """One way to make the class a dataclass.

    Attributes:
        options: the arguments of the decorator.
        dropped: what the decorator makes superfluous.
        copies: the copies that `dataclasses.replace` makes instead.
        reasons: what changes.
        shows_fields: whether the class gets a `__repr__`.
        compares_fields: whether it gets an `__eq__`.
        is_exact: whether what it gets takes the place of methods that know only the fields of the constructor: of its
            `__repr__`, of its `__eq__`.
    """

    options: tuple[str, ...]
    dropped: tuple[ast.stmt, ...]
    copies: tuple[Copying, ...]
    reasons: tuple[Reason, ...]
    shows_fields: bool
    compares_fields: bool
    is_exact: tuple[bool, bool]

    @property
    def decorator(self) -> str:
        """The decorator, as the user knows it."""
        return f"@dataclass({', '.join(self.options)})" if self.options else "@dataclass"


class NoForm(Struct, frozen=True):
    """A form that the class can't have.

    Attributes:
        decorator: what it would be.
        reason: why, a sentence.
    """

    decorator: str
    reason: str


def forms(record: Record, code: Analysis) -> Iterator[Form | NoForm]:
    """The forms, in the order in which they are offered.

    The one that keeps what the class does, the one an expert would write, and the read-only one. A class whose fields
    can only be read through properties is read-only in all of them.
    """
    slots = _can_have_slots(record, code)
    if record.slots is not None and slots and (record.hidden or _has_class_values(record)):
        yield NoForm("dataclass", slots)
        return
    frozen = bool(record.hidden)
    keeping = _form(record, code, lambda name: _differences(record, name) == (), by_value=False, frozen=frozen)
    idiomatic = _form(record, code, lambda name: _differences(record, name) is not None, by_value=True, frozen=frozen)
    yield keeping
    if _essence(idiomatic) != _essence(keeping):
        if _loses_hash(record, idiomatic) and (where := _hashed_in(record, code)):
            yield NoForm(idiomatic.decorator, f"Its objects are hashed in {where}, and could not be any more.")
        else:
            yield idiomatic
    read_only = _read_only(record, code)
    if isinstance(read_only, NoForm) or _essence(read_only) not in {_essence(keeping), _essence(idiomatic)}:
        yield read_only


def _loses_hash(record: Record, form: Form) -> bool:
    """Whether objects that could be hashed by their identity can't be any more."""
    is_by_identity = not {"__eq__", "__hash__"} & record.methods.keys()
    return is_by_identity and form.compares_fields and "frozen=True" not in form.options


def _essence(form: Form) -> tuple[object, ...]:
    return frozenset(form.options), frozenset(form.dropped), form.copies


def _read_only(record: Record, code: Analysis) -> Form | NoForm:
    no_slots = next(_against_slots(record, code), None) or _certain(project_use.against_slots(record.node.name, code))
    slots = no_slots is None and code.target >= (3, 10)
    decorator = "@dataclass(frozen=True, slots=True)" if slots else "@dataclass(frozen=True)"
    elsewhere = project_use.against_frozen(record.node.name, record.open_names, code)
    if (reason := next(against_read_only(record, code), None) or _certain(elsewhere)) is not None:
        return NoForm(decorator, reason)
    if record.slots is not None and not slots:
        return NoForm(decorator, no_slots or "Slots need Python 3.10 here.")
    return _form(
        record, code, lambda name: _differences(record, name) is not None, by_value=True, frozen=True, slots=slots
    )


def _certain(reasons: Iterable[project_use.Reason]) -> str | None:
    return next((reason.text for reason in reasons if reason.is_certain), None)


def _possible(record: Record, code: Analysis, *, slots: bool) -> Iterator[Reason]:
    """What may be done elsewhere with objects that become read-only and perhaps get slots."""
    name = record.node.name
    found = [*project_use.against_frozen(name, record.open_names, code)]
    if slots:
        found += project_use.against_slots(name, code)
    yield from (Reason(text, "used in other files") for text in the_first_of(found))


def _hashed_in(record: Record, code: Analysis) -> str:
    """Where its objects are keys of dictionaries or members of sets, as far as that is certain."""
    if code.ask(project_use.here, Act.HASHES, record.node.name):
        return "this file"
    found = code.ask(project_use.elsewhere, Act.HASHES, record.node.name)
    return project_use.in_files(found.certain) if found is not None and found.certain else ""


def _against_slots(record: Record, code: Analysis) -> Iterator[str]:
    return against_slots(record.node, record.all_names, code, has_slots=record.slots is not None)


def _can_have_slots(record: Record, code: Analysis) -> str:
    """Why `dataclass` can't make the slots that the class has now; empty if it can."""
    if code.target < (3, 10):
        return "Before Python 3.10, fields with defaults can't have slots."
    if has_weakref_slot(record) and code.target < (3, 11):
        return "Before Python 3.11, `dataclass` can't make room for weak references."
    return next(_against_slots(record, code), "")


def _differences(record: Record, name: str) -> tuple[str, ...] | None:
    """How a method of the class differs from the generated one; `None` if it has none, or one of its own."""
    _, generated = record.methods.get(name, (None, None))
    return None if generated is None else generated.differences


def _has_class_values(record: Record) -> bool:
    """Whether a field has a default, which is a value of the class until `dataclass` has seen it."""
    return bool(record.extras) or any(
        field.parameter.default is not None or field.parameter.fallback is not None for field in record.fields
    )


# -- one form ---------------------------------------------------------------------------------------------------------


def _form(
    record: Record,
    code: Analysis,
    drops: Callable[[str], bool],
    *,
    by_value: bool,
    frozen: bool = False,
    slots: bool = False,
) -> Form:
    special = record.methods
    dropped: list[str] = []
    options: list[str] = []
    reasons = list(_reasons_of_hiding(record))
    if frozen:
        options.append("frozen=True")
        if record.open_names:
            reasons.append(Reason(_FROZEN, "objects become read-only"))
        elif record.slots is None:
            reasons.append(Reason("Objects can no longer be given other attributes.", "no other attributes"))
    wants_weakrefs = has_weakref_slot(record)
    slots = slots or (record.slots is not None and not _can_have_slots(record, code))
    is_hashable = "__hash__" in special or (frozen and by_value)
    if "__eq__" in special and drops("__eq__"):
        dropped.append("__eq__")
        if "__ne__" in special and drops("__ne__"):
            dropped.append("__ne__")
        if all(name in special and drops(name) for name in ORDERING):
            dropped += ORDERING
            options.append("order=True")
    elif "__eq__" in special or not by_value:
        options.append("eq=False")
    else:
        reasons.append(Reason(_EQUAL if is_hashable else f"{_EQUAL[:-1]}{_UNHASHABLE}", "equal by value"))
    shows = "__repr__" not in special
    if shows:
        reasons.append(Reason("`repr()` shows the fields, where it showed an address.", "`repr` shows the fields"))
    elif drops("__repr__"):
        dropped.append("__repr__")
    for name in dropped:
        reasons += [Reason(text, _SHORT.get(name, "ordering changes")) for text in _differences(record, name) or ()]
    if frozen and "eq=False" not in options:
        # A read-only object that is compared by value is hashed by value too, unless it has a `__hash__` of its own.
        if "__hash__" not in special:
            reasons.append(Reason(_HASHED, "hashed by value"))
        elif drops("__hash__"):
            dropped.append("__hash__")
            reasons += [Reason(text, "hash changes") for text in _differences(record, "__hash__") or ()]
    if by_value and record.subclasses and "eq=False" not in options:
        shown = ", ".join(f"`{name}`" for name in record.subclasses)
        reasons.append(Reason(f"Attributes that {shown} may add are not compared.", "equal by value"))
    if record.is_keyword_only:
        options.append("kw_only=True")
    statements: list[ast.stmt] = [special[name][0] for name in dropped]
    statements += [field.parameter.shown_by for field in record.fields if field.parameter.shown_by is not None]
    if frozen:
        reasons += _possible(record, code, slots=slots and record.slots is None)
    if slots:
        at = 1 if frozen else len(options)
        options[at:at] = ["slots=True", *["weakref_slot=True"] * wants_weakrefs]
        if record.slots is None:
            reasons.append(Reason(_SLOTS, "slots"))
        else:
            statements.append(record.slots)
            if frozen:
                reasons.append(Reason("Pickles of the old class can't be read.", "pickles"))
    copies = [copy for copy in record.copies if by_value or not copy.differences]
    reasons += [Reason(text, "copies of subclasses") for copy in copies for text in copy.differences]
    return Form(
        tuple(options),
        tuple(statements),
        tuple(copies),
        (*reasons, *_common_reasons(record, code)),
        shows,
        "eq=False" not in options,
        ("__repr__" in dropped, "__eq__" in dropped),
    )


_SHORT: Final = {"__eq__": "equality changes", "__ne__": "equality changes", "__repr__": "`repr` changes"}
_EQUAL: Final = "Objects with equal fields are equal, not only an object with itself."
_UNHASHABLE: Final = ", and objects can no longer be keys of a dictionary or members of a set."
_HASHED: Final = "Objects are hashed by their fields, all of which have to be hashable."
_FROZEN: Final = "Assigning to a field raises `FrozenInstanceError`, also in other files."
_SLOTS: Final = (
    "With slots, objects have no other attributes, no weak references, no `__dict__`, and pickles of the old class "
    "can't be read."
)


# -- what changes -----------------------------------------------------------------------------------------------------


def _reasons_of_hiding(record: Record) -> Iterator[Reason]:
    for attribute, name in list(record.hidden.items())[:1]:
        others = len(record.hidden) - 1
        rest = f" (and so on for {others} more)" if others else ""
        yield Reason(
            f"The attribute is called `{name}` and no longer `{attribute}`{rest}: pickles of the old class and "
            "subclasses in other files may know the old name.",
            f"`{attribute}` is gone",
        )


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
    if unknown := [field for field in record.every if field.type.source is Source.NOTHING]:
        yield Reason(
            f"Nothing is known about the type of {_list(unknown)}: `Any` stands there until you write it.",
            "types to be filled in",
        )
    for source, how in _INFERRED.items():
        if inferred := [field for field in record.every if field.type.source is source]:
            yield Reason(f"The type of {_list(inferred)} is taken from {how}.", "types are inferred")
    if widened := [field for field in record.fields if _is_wider(field)]:
        yield Reason(
            f"Type checkers take {_list(widened)} for all that can be passed, not for what is made of it.",
            "wider types",
        )
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
    for decorator in other_decorators(record.node, code):
        yield Reason(f"The decorator `{decorator}` gets a dataclass.", "has decorators")


_INFERRED: Final = {
    Source.CHECK: "what the constructor checks",
    Source.CONVERSION: "what the constructor makes of it, and type checkers expect callers to pass that",
    Source.DEFAULT: "the default",
    Source.DOCSTRING: "the docstring",
    Source.VALUE: "the first value",
    Source.CALLS: "the calls in this module",
}


def _list(fields: Sequence[Field | ExtraField]) -> str:
    names = [f"`{field.name}`" for field in fields]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _is_wider(field: Field) -> bool:
    """Whether the constructor stores only one of the types that can be passed, and the field has all of them."""
    conversion, annotation = field.parameter.conversion, field.annotation
    match conversion:
        # int(x) if x is not None else None
        case None | ast.IfExp(orelse=ast.Constant(value=None)) | ast.IfExp(body=ast.Constant(value=None)):
            return False
        case _:
            pass
    is_union = isinstance(annotation, ast.BinOp) or (
        annotation is not None and without_none(annotation) is not annotation
    )
    return field.type.optional or is_union


def _is_doubtful(field: Field, code: Analysis) -> bool:
    default = field.parameter.default
    return default is not None and field.parameter.fallback is None and kind_of_default(default, code) is None
