"""A class as a record: its fields, their types, and what its methods do with them."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis import classes
from idiomatic.core.analysis.copying_methods import copying_methods
from idiomatic.core.analysis.field_types import can_be_evaluated, type_of_extra, type_of_field
from idiomatic.core.analysis.generated_methods import BOILERPLATE, ClassShape, compared_with_generated
from idiomatic.core.analysis.known_types import KnownType, Source
from idiomatic.core.analysis.tree import walk
from idiomatic.core.lazy import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.constructors import Constructor, Extra, Parameter
    from idiomatic.core.analysis.copying_methods import Copying
    from idiomatic.core.analysis.generated_methods import Generated


class Field(Struct, frozen=True, eq=False):
    """A field of the record.

    Attributes:
        parameter: of the constructor.
        type: what is known of its type.
        annotation: an annotation to take over; `None` if there is none that could be.
        quoted: whether that annotation can't be evaluated where the class is made.
        declaration: the bare annotation in the class body that the field takes the place of.
    """

    parameter: Parameter
    type: KnownType
    annotation: ast.expr | None
    quoted: bool
    declaration: ast.AnnAssign | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.parameter.name

    @property
    def is_secret(self) -> bool:
        """Whether its name says that it should not be shown."""
        return _SECRET.search(self.name) is not None


class ExtraField(Struct, frozen=True, eq=False):
    """A field that the constructor has no parameter for.

    Attributes:
        extra: what the constructor does.
        type: what is known of its type.
        annotation: an annotation to take over; `None` if there is none.
        quoted: whether that annotation can't be evaluated where the class is made.
        declaration: the bare annotation in the class body that the field takes the place of.
    """

    extra: Extra
    type: KnownType
    annotation: ast.expr | None
    quoted: bool
    declaration: ast.AnnAssign | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.extra.name


class Record(Struct, frozen=True, eq=False):
    """A class that stores the parameters of its constructor.

    Attributes:
        node: the class.
        constructor: its `__init__`.
        fields: those that the constructor has parameters for, in order.
        extras: the others.
        methods: its special methods that a dataclass may generate, each with how it differs from that; `None` if it is
            no boilerplate.
        slots: its `__slots__`.
        subclasses: the names of its subclasses in the module.
        is_closed: whether there are no subclasses anywhere, as far as can be known.
        copies: what its methods do to give an object like `self`, except for some fields.
    """

    node: ast.ClassDef
    constructor: Constructor
    fields: tuple[Field, ...]
    extras: tuple[ExtraField, ...]
    methods: Mapping[str, tuple[ast.stmt, Generated | None]]
    slots: ast.Assign | None
    subclasses: tuple[str, ...]
    is_closed: bool
    copies: tuple[Copying, ...]

    @property
    def every(self) -> tuple[Field | ExtraField, ...]:
        """All fields."""
        return (*self.fields, *self.extras)

    @property
    def all_names(self) -> tuple[str, ...]:
        """The names of all fields."""
        return tuple(field.name for field in self.every)

    @property
    def hidden(self) -> Mapping[str, str]:
        """The private attributes that properties show, each with the name of the property and of the field."""
        return {field.parameter.attribute: field.name for field in self.fields if field.parameter.attribute}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(field.name for field in self.fields)

    @property
    def open_names(self) -> tuple[str, ...]:
        """The names of the fields that others can set: not those that a property shows."""
        return tuple(field.name for field in self.fields if field.parameter.shown_by is None)

    @property
    def is_keyword_only(self) -> bool:
        """Whether no field can be given by position."""
        return bool(self.fields) and all(field.parameter.keyword_only for field in self.fields)

    @property
    def is_declared(self) -> bool:
        """Whether the class body has all fields already, without their defaults, and in their order."""
        declared = [field.declaration for field in self.fields if field.declaration is not None]
        return (
            not self.extras
            and len(declared) == len(self.fields)
            and [each for each in self.node.body if each in declared] == declared
        )


_SECRET: Final = regex(r"password|passwd|passphrase|secret|token$|api_?key|private_?key|credential", re.IGNORECASE)
_OTHER_MACHINERY: Final = regex(
    r"(?:\w*(?:Exception|Error|Warning|Enum|Flag|Model|Schema|Widget|TestCase|Thread|Process|Serializer|Form|View|Window"
    r"|Dialog)|BaseException|NamedTuple|TypedDict|Protocol|Module|Base|DeclarativeBase|Document|Struct|Structure|Union"
    r"|Field|Frame|QObject|Q[A-Z]\w+|int|str|float|bytes|tuple|list|dict|set|frozenset|type|property|object_)$"
)
_MACHINERY_DECORATORS: Final = regex(r"(?:\w+\.)*(?:dataclass|attrs|attr\.s|s|define|frozen|mutable|struct)\b")


def has_other_machinery(node: ast.ClassDef) -> bool:
    """Whether something else than Python itself makes the class what it is: an ORM, `attrs`, an enumeration..."""
    return (
        any(_OTHER_MACHINERY.match(name) for name in classes.base_names(node))
        or any(_MACHINERY_DECORATORS.match(ast.unparse(decorator)) for decorator in node.decorator_list)
        or any(keyword.arg != "metaclass" for keyword in node.keywords)
    )


# -- reading ----------------------------------------------------------------------------------------------------------


def read_record(node: ast.ClassDef, constructor: Constructor, code: Analysis) -> Record:
    """The record that a class with such a constructor is."""
    declared = {
        statement.target.id: statement
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value is None
    }
    extras = tuple(_read_extra(extra, declared.get(extra.name), constructor, code) for extra in constructor.extras)
    docstrings = "\n".join(filter(None, (ast.get_docstring(constructor.function), ast.get_docstring(node))))
    fields = tuple(
        _read_field(parameter, declared.get(parameter.attribute or parameter.name), constructor, docstrings, code)
        for parameter in constructor.parameters
    )
    subclasses = tuple(subclass.name for subclass in code.ask(classes.subclasses, node.name))
    is_final = any(code.is_name(each, "typing.final", "typing_extensions.final") for each in node.decorator_list)
    shape = ClassShape(
        node,
        tuple(field.name for field in fields),
        {field.parameter.attribute: field.name for field in fields if field.parameter.attribute},
        tuple(field.name for field in fields if not field.parameter.keyword_only),
        has_only_fields=not {write.attribute for write in code.ask(classes.own_writes, node.name)}
        - {field.parameter.attribute or field.name for field in fields}
        and not extras,
        is_closed=is_final or (node.name.startswith("_") and not subclasses),
        is_nested=code.enclosing(node, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef) is not None,
        is_reflexive=all(_is_reflexive(field) for field in fields),
    )
    special: dict[str, tuple[ast.stmt, Generated | None]] = {}
    read = read_in_class_body(node, code)
    for member in node.body:
        match member:
            case ast.FunctionDef() if member.name in BOILERPLATE:
                is_only = member.name not in special and member.name not in read
                alike = (
                    None if not is_only or has_comments(member, code) else compared_with_generated(member, shape, code)
                )
                special[member.name] = (member, alike)
            # __str__ = __repr__
            case ast.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name) and target.id in BOILERPLATE:
                        special[target.id] = (member, None)
            case _:
                pass
    slots = [
        statement
        for statement in node.body
        if isinstance(statement, ast.Assign)
        and [target.id for target in statement.targets if isinstance(target, ast.Name)] == ["__slots__"]
    ]
    copies = tuple(copying_methods(shape, code))
    return Record(
        node, constructor, fields, extras, special, slots[0] if slots else None, subclasses, shape.is_closed, copies
    )


def has_comments(member: ast.stmt, code: Analysis) -> bool:
    """Whether there may be a comment in a statement of a class body or directly above it."""
    siblings = code.siblings(member)
    index = list(siblings).index(member)
    statement = code.statement
    first = statement.end_line(siblings[index - 1]) + 1 if index else statement.line(member)
    return any("#" in statement.lines.line(line) for line in range(first, statement.end_line(member) + 1))


def _read_field(
    parameter: Parameter, declaration: ast.AnnAssign | None, constructor: Constructor, docstrings: str, code: Analysis
) -> Field:
    known, annotation, quoted = type_of_field(parameter, declaration, constructor, docstrings, code)
    return Field(parameter, known, annotation, quoted, declaration)


_IRREFLEXIVE: Final = regex(r"\b(?:Any|object|float|complex|Decimal|\w*(?:[aA]rray|Frame|Series|Tensor)|Number|Real)\b")


def _read_extra(
    extra: Extra, declaration: ast.AnnAssign | None, constructor: Constructor, code: Analysis
) -> ExtraField:
    annotated = KnownType("", Source.ANNOTATION)
    if extra.annotation is not None:
        return ExtraField(extra, annotated, extra.annotation, not can_be_evaluated(extra.annotation, code), declaration)
    if declaration is not None:
        return ExtraField(extra, annotated, declaration.annotation, False, declaration)
    return ExtraField(extra, type_of_extra(extra, constructor, code), None, False, None)


def _is_reflexive(field: Field) -> bool:
    """Whether its values are equal to themselves, as far as its type says: not so NaN and arrays."""
    shown = ast.unparse(field.annotation) if field.annotation is not None else field.type.text
    return bool(shown) and not _IRREFLEXIVE.search(shown)


def read_in_class_body(node: ast.ClassDef, code: Analysis) -> set[str]:
    """The names that are read directly in a class body: in defaults, annotations, decorators and values."""
    return {
        each.id
        for each in walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and code.scope(each).node is node
    }


def slot_names(value: ast.expr) -> list[str] | None:
    """The names in the value of `__slots__`; `None` if it isn't made of literals."""
    match value:
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return [
                element.value if isinstance(element, ast.Constant) and isinstance(element.value, str) else ""
                for element in elements
            ]
        case ast.Constant(value=str(name)):
            return [name]
        case _:
            return None


def has_weakref_slot(record: Record) -> bool:
    """Whether its `__slots__` leave room for weak references."""
    return record.slots is not None and "__weakref__" in (slot_names(record.slots.value) or [])
