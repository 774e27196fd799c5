"""A class as a record: its fields, their types, and what stands in the way of making it a dataclass."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idiomatic.core import module as questions
from idiomatic.core.analysis import classes
from idiomatic.core.analysis.constructors import methods
from idiomatic.core.analysis.generated_methods import BOILERPLATE, ClassShape, compared_with_generated
from idiomatic.core.analysis.known_types import (
    NOTHING,
    KnownType,
    Source,
    is_bound,
    type_in_docstring,
    type_of_checks,
    type_of_value,
)
from idiomatic.core.facts import ClassFact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.constructors import Constructor, Parameter
    from idiomatic.core.analysis.generated_methods import Generated


@dataclass(frozen=True, slots=True, eq=False)
class Field:
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


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A class that stores the parameters of its constructor.

    Attributes:
        node: the class.
        constructor: its `__init__`.
        fields: in order.
        methods: its special methods that a dataclass may generate, each with how it differs from that; `None` if it is
            no boilerplate.
        slots: its `__slots__`.
        subclasses: the names of its subclasses in the module.
    """

    node: ast.ClassDef
    constructor: Constructor
    fields: tuple[Field, ...]
    methods: Mapping[str, tuple[ast.stmt, Generated | None]]
    slots: ast.Assign | None
    subclasses: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(field.name for field in self.fields)

    @property
    def is_keyword_only(self) -> bool:
        """Whether no field can be given by position."""
        return all(field.parameter.keyword_only for field in self.fields)

    @property
    def is_declared(self) -> bool:
        """Whether the class body has all fields already, without their defaults, and in their order."""
        declared = [field.declaration for field in self.fields if field.declaration is not None]
        return len(declared) == len(self.fields) and [each for each in self.node.body if each in declared] == declared


_SECRET: Final = re.compile(r"password|passwd|passphrase|secret|token$|api_?key|private_?key|credential", re.IGNORECASE)
_OTHER_MACHINERY: Final = re.compile(
    r"(?:\w*(?:Exception|Error|Warning|Enum|Flag|Model|Schema|Widget|TestCase|Thread|Process|Serializer|Form|View|Window"
    r"|Dialog)|BaseException|NamedTuple|TypedDict|Protocol|Module|Base|DeclarativeBase|Document|Struct|Structure|Union"
    r"|Field|Frame|QObject|Q[A-Z]\w+|int|str|float|bytes|tuple|list|dict|set|frozenset|type|property|object_)$"
)
_PLAIN_BASES: Final = ("builtins.object", "typing.Generic", "typing_extensions.Generic", "abc.ABC")
_HARMLESS_DECORATORS: Final = ("functools.total_ordering", "typing.final", "typing_extensions.final")
_MACHINERY_DECORATORS: Final = re.compile(r"(?:\w+\.)*(?:dataclass|attrs|attr\.s|s|define|frozen|mutable|struct)\b")


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
    docstrings = "\n".join(filter(None, (ast.get_docstring(constructor.function), ast.get_docstring(node))))
    fields = tuple(
        _read_field(parameter, declared.get(parameter.name), constructor, docstrings, code)
        for parameter in constructor.parameters
    )
    subclasses = tuple(subclass.name for subclass in code.ask(classes.subclasses, node.name))
    is_final = any(code.is_name(each, "typing.final", "typing_extensions.final") for each in node.decorator_list)
    shape = ClassShape(
        node,
        tuple(field.name for field in fields),
        is_closed=is_final or (node.name.startswith("_") and not subclasses),
        is_nested=code.enclosing(node, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef) is not None,
        is_reflexive=all(_is_reflexive(field) for field in fields),
    )
    special: dict[str, tuple[ast.stmt, Generated | None]] = {}
    read = _read_in_class_body(node, code)
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
    return Record(node, constructor, fields, special, slots[0] if slots else None, subclasses)


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
    known, annotation, quoted = _known_type(parameter, declaration, constructor, docstrings, code)
    return Field(parameter, known, annotation, quoted, declaration)


def _known_type(
    parameter: Parameter, declaration: ast.AnnAssign | None, constructor: Constructor, docstrings: str, code: Analysis
) -> tuple[KnownType, ast.expr | None, bool]:
    annotated = KnownType("", Source.ANNOTATION)
    # self.x: int = x
    if parameter.annotation is not None:
        return annotated, parameter.annotation, not _can_be_evaluated(parameter.annotation, code)
    # x: int, in the class body
    if declaration is not None:
        return annotated, declaration.annotation, False
    given = parameter.node.annotation
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
    return NOTHING, None, False


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


def _can_be_evaluated(annotation: ast.expr, code: Analysis) -> bool:
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


_IRREFLEXIVE: Final = re.compile(
    r"\b(?:Any|object|float|complex|Decimal|\w*(?:[aA]rray|Frame|Series|Tensor)|Number|Real)\b"
)


def _is_reflexive(field: Field) -> bool:
    """Whether its values are equal to themselves, as far as its type says: not so NaN and arrays."""
    shown = ast.unparse(field.annotation) if field.annotation is not None else field.type.text
    return bool(shown) and not _IRREFLEXIVE.search(shown)


# -- obstacles --------------------------------------------------------------------------------------------------------


def obstacles(record: Record, code: Analysis) -> Iterator[str]:
    """Why the class can't be a dataclass, a sentence each."""
    yield from class_obstacles(record.node, code)
    yield from _body_obstacles(record, code)
    yield from _parameter_obstacles(record, code)


def class_obstacles(node: ast.ClassDef, code: Analysis) -> Iterator[str]:
    """What can be seen without knowing the fields."""
    if node.keywords and not all(code.is_name(keyword.value, "abc.ABCMeta") for keyword in node.keywords):
        yield "It has a metaclass."
    for base in node.bases:
        plain = base.value if isinstance(base, ast.Subscript) else base
        if not code.is_name(plain, *_PLAIN_BASES) and not _is_mixin(plain, code):
            yield f"It inherits from `{ast.unparse(base)}`, of which not enough is known."
    names = [method.name for method in methods(node)]
    if names.count("__init__") > 1:
        yield "Its constructor is overloaded."
    for name in ("__new__", "__post_init__", "__getattr__", "__getattribute__"):
        if name in names:
            yield f"It defines `{name}`."
    for statement in node.body:
        if isinstance(statement, ast.If | ast.Try | ast.For | ast.While | ast.With):
            yield "Its body does more than define things."
    if any("dataclass" in subclass.decorators for subclass in code.ask(classes.subclasses, node.name)):
        yield "One of its subclasses is a dataclass already: its own fields would come after the inherited ones."


def _is_mixin(base: ast.expr, code: Analysis) -> bool:
    """Whether it is a class without attributes, special methods and bases."""
    fact = code.definition(base)
    return (
        isinstance(fact, ClassFact)
        and not fact.keywords
        and not fact.decorators
        and not fact.attributes
        and set(fact.bases) <= {"object", "ABC", "abc.ABC"}
        and not any(method.name.startswith("__") for method in fact.methods)
    )


def _body_obstacles(record: Record, code: Analysis) -> Iterator[str]:
    names = set(record.names)
    for base in record.node.bases:
        fact = code.definition(base)
        if isinstance(fact, ClassFact) and names & {method.name for method in fact.methods}:
            yield f"A method of `{fact.name}` has the name of a field."
    for statement in record.node.body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                if statement.name in names:
                    yield f"`{statement.name}` is a field and a method or property."
            case ast.Assign(targets=targets):
                for each in {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}:
                    if each in names:
                        yield f"The class has an attribute `{each}` too, which would become the default of the field."
            case ast.Expr(value=ast.Constant(value=str())) if statement is not record.node.body[0]:
                if not record.is_declared and set(record.names) & _declared_before(statement, record.node):
                    yield "The text below an annotation describes it, and the annotation has to move."
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                marker = annotation.value if isinstance(annotation, ast.Subscript) else annotation
                if code.is_name(marker, "typing.ClassVar", "typing_extensions.ClassVar"):
                    continue
                if isinstance(annotation, ast.Constant) and "ClassVar" in str(annotation.value):
                    yield f"Whether `{name}` is a class variable is said in a string."
                elif code.is_name(marker, "typing.Final", "typing_extensions.Final"):
                    yield f"The annotated class attribute `{name}` would become a field."
                elif name in names and value is not None:
                    yield f"The class has an attribute `{name}` too, which would become the default of the field."
                elif name not in names and value is None:
                    yield f"The annotation of `{name}` would make it a parameter of the constructor."
            case _:
                pass
    if record.slots is not None:
        slots = _slot_names(record.slots.value)
        if slots is None or set(slots) - {"__weakref__"} != names:
            yield "Its `__slots__` are not exactly its fields."


def _declared_before(statement: ast.stmt, node: ast.ClassDef) -> set[str]:
    match node.body[node.body.index(statement) - 1]:
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case _:
            return set()


def _slot_names(value: ast.expr) -> list[str] | None:
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
    return record.slots is not None and "__weakref__" in (_slot_names(record.slots.value) or [])


_NEEDED: Final = frozenset(
    {"dataclass", "field", "dataclasses", "typing", "Any", "ClassVar", "KW_ONLY", "Optional", "_"}
)


def _parameter_obstacles(record: Record, code: Analysis) -> Iterator[str]:
    constructor = record.constructor.function
    if constructor.decorator_list:
        yield "Its constructor is decorated."
    if "#" in code.source(constructor) and re.search(r"#\s*type:\s*(?!ignore)", code.source(constructor)):
        yield "Its types are in comments."
    moved = set[str]().union(*(_names_from_function(field) for field in record.fields))
    for name in sorted(moved & code.scope_made_by(record.node).bindings.keys()):
        yield f"`{name}` means something else in the class body."
    read = _read_in_class_body(record.node, code) | moved
    for field in record.fields:
        match field.annotation:
            case ast.Constant(value=str(text)):
                read |= set(re.findall(r"[^\W\d]\w*", text))
            case _:
                pass
    if "__init__" in read:
        yield "Its body uses `__init__` once more."
    for field in record.fields:
        parameter = field.parameter
        if field.name in read:
            yield f"The field `{field.name}` would hide the `{field.name}` that other lines of the class body mean."
        elif field.name in _NEEDED or (field.name.startswith("__") and not field.name.endswith("__")):
            yield f"`{field.name}` can't be the name of a field here."
        if field.annotation is not None and re.search(
            r"\b(?:InitVar|ClassVar|Final|KW_ONLY)\b", ast.unparse(field.annotation)
        ):
            yield f"The annotation of `{field.name}` means something else in a dataclass."
        for value in filter(None, (parameter.default, parameter.fallback)):
            if any(isinstance(each, ast.NamedExpr | ast.Await | ast.Yield) for each in ast.walk(value)):
                yield f"The default of `{field.name}` does more than give a value."
        if (
            field.type.source is Source.CONVERSION
            and isinstance(parameter.default, ast.Constant)
            and (given := type_of_value(parameter.default, code))
            and given not in re.findall(r"\w+", field.type.text)
        ):
            yield f"The default of `{field.name}` is of another type than what is stored."
        kind = kind_of_default(parameter.default, code) if parameter.default is not None else None
        if kind is not None and kind.kind == "mutable":
            yield f"The default of `{field.name}` is mutable and shared by all objects."
    if code.target < (3, 10) and any(field.parameter.keyword_only for field in record.fields):
        yield "Keyword-only fields need Python 3.10."


def _names_from_function(field: Field) -> set[str]:
    """The names that a field reads in the class body, where the constructor read them."""
    found = set(re.findall(r"[^\W\d]\w*", field.type.text))
    if field.parameter.annotation is not None:
        found |= {each.id for each in ast.walk(field.parameter.annotation) if isinstance(each, ast.Name)}
    match field.parameter.fallback:
        case ast.List(elts=[]):
            found.add("list")
        case ast.Dict(keys=[]):
            found.add("dict")
        case ast.Tuple(elts=[]):
            found.add("tuple")
        case ast.Call(func=function, args=[], keywords=[]):
            found |= {each.id for each in ast.walk(function) if isinstance(each, ast.Name)}
        case _:
            pass
    return found


def _read_in_class_body(node: ast.ClassDef, code: Analysis) -> set[str]:
    """The names that are read directly in a class body: in defaults, annotations, decorators and values."""
    return {
        each.id
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and code.scope(each).node is node
    }


def kind_of_default(default: ast.expr, code: Analysis) -> classes.Value | None:
    """What a default value is, as far as it can be seen."""
    match default:
        case ast.Name(id=name):
            if (code.qualified_name(default) or "").startswith("builtins."):
                return classes.Value("definition")
            local = code.local_bindings(default)
            if local is None:
                return code.ask(classes.value, name)
            match code.parent(local[0].node):
                # LIMIT = 5, in the class body or in the function around
                case ast.Assign(targets=[_], value=value) | ast.AnnAssign(value=ast.expr() as value) if len(local) == 1:
                    return classes.kind_of_value(value)
                case _:
                    return None
        case ast.Attribute(value=ast.Name(id=name)):
            found = code.ask(classes.value, name)
            return classes.Value("constant") if found is not None and found.kind == "enum" else None
        case _:
            return classes.kind_of_value(default)


def other_decorators(record: Record, code: Analysis) -> Sequence[str]:
    """The decorators of the class that may look at what it is."""
    return [
        ast.unparse(decorator)
        for decorator in record.node.decorator_list
        if not code.is_name(decorator, *_HARMLESS_DECORATORS)
    ]
