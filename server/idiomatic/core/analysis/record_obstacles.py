"""What stands in the way of making a record a dataclass."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis import classes, project_use
from idiomatic.core.analysis.constructors import methods
from idiomatic.core.analysis.field_types import without_none
from idiomatic.core.analysis.immutability import against_frozen
from idiomatic.core.analysis.known_types import Source, type_of_value
from idiomatic.core.analysis.read_only_properties import accesses
from idiomatic.core.analysis.records import ExtraField, has_comments, read_in_class_body, slot_names
from idiomatic.core.facts import ClassFact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.records import Field, Record

_PLAIN_BASES: Final = ("builtins.object", "typing.Generic", "typing_extensions.Generic", "abc.ABC")


def obstacles(record: Record, code: Analysis) -> Iterator[str]:
    """Why the class can't be a dataclass, a sentence each."""
    yield from class_obstacles(record.node, code)
    yield from _body_obstacles(record, code)
    yield from _parameter_obstacles(record, code)
    if record.hidden:
        yield from _hiding_obstacles(record, code)


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
    names = set(record.all_names)
    for base in record.node.bases:
        fact = code.definition(base)
        if isinstance(fact, ClassFact) and names & {method.name for method in fact.methods}:
            yield f"A method of `{fact.name}` has the name of a field."
    gone = {field.parameter.shown_by for field in record.fields}
    for statement in record.node.body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                if statement.name in names and statement not in gone:
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
                elif name not in names and name not in record.hidden and value is None:
                    yield f"The annotation of `{name}` would make it a parameter of the constructor."
            case _:
                pass
    if record.slots is not None:
        slots = slot_names(record.slots.value)
        stored = {field.parameter.attribute or field.name for field in record.fields}
        stored |= {extra.name for extra in record.extras}
        if slots is None or set(slots) - {"__weakref__"} != stored:
            yield "Its `__slots__` are not exactly its fields."


def _declared_before(statement: ast.stmt, node: ast.ClassDef) -> set[str]:
    match node.body[node.body.index(statement) - 1]:
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case _:
            return set()


def _hiding_obstacles(record: Record, code: Analysis) -> Iterator[str]:
    """What stands in the way of one read-only field in the place of a private attribute and its property."""
    for field in record.fields:
        given, shown_by = field.parameter.node.annotation, field.parameter.shown_by
        if shown_by is None:
            continue
        if given is not None and shown_by.returns is not None and ast.dump(given) != ast.dump(shown_by.returns):
            fallback = field.parameter.fallback is not None and ast.dump(without_none(given))
            if fallback != ast.dump(shown_by.returns):
                yield f"The property `{field.name}` has another type than the parameter."
        if has_comments(shown_by, code):
            yield f"There are comments about the property `{field.name}`."
    if code.parent(record.node) is not None:
        yield "Who else uses its private attributes can't be seen for a class inside something else."
    if not record.is_closed and record.subclasses:
        yield f"Its subclass `{record.subclasses[0]}` may use its private attributes."
    mangled = (f"_{record.node.name.lstrip('_')}{name}" for name in record.hidden if name.startswith("__"))
    asked = code.ask(accesses, (*record.hidden, *mangled))
    elsewhere = {each.attribute for each in asked if each.owner is None or each.attribute not in record.hidden}
    for attribute in sorted(elsewhere):
        yield f"`{attribute}` is also used of objects that may be of this class, or its name is in a string."
    if record.slots is not None and code.target < (3, 10):
        yield "Slots of other names can only be made by `dataclass` since Python 3.10."
    for found in project_use.against_frozen(record.node.name, tuple(record.hidden), code):
        if found.is_certain:
            yield found.text
    for reason in against_read_only(record, code):
        yield f"Its properties are read-only, and so its fields have to be. {reason}"


def against_read_only(record: Record, code: Analysis) -> Iterator[str]:
    """Why its objects can't be read-only, as far as its module shows it, a sentence each."""
    for statement in record.constructor.rest:
        for node in ast.walk(statement):
            is_field = isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and node.id in record.names)
            if is_field and isinstance(node.ctx, ast.Store):  # type: ignore[attr-defined]
                yield "Its constructor changes fields, which a frozen object does not allow."
    for extra in record.extras:
        if not extra.extra.is_derived:
            yield f"`{extra.name}` is the same for all new objects: it is there to be changed."
    yield from against_frozen(record.node, record.open_names, code)


_NEEDED: Final = frozenset(
    {"dataclass", "field", "dataclasses", "typing", "Any", "ClassVar", "KW_ONLY", "Optional", "_"}
)


def _parameter_obstacles(record: Record, code: Analysis) -> Iterator[str]:
    constructor = record.constructor.function
    if constructor.decorator_list:
        yield "Its constructor is decorated."
    if "#" in code.source(constructor) and re.search(r"#\s*type:\s*(?!ignore)", code.source(constructor)):
        yield "Its types are in comments."
    moved = set[str]().union(*(_names_from_function(field) for field in record.every))
    for name in sorted(moved & code.scope_made_by(record.node).bindings.keys()):
        yield f"`{name}` means something else in the class body."
    read = read_in_class_body(record.node, code) | moved
    for each in record.every:
        match each.annotation:
            case ast.Constant(value=str(text)):
                read |= set(re.findall(r"[^\W\d]\w*", text))
            case _:
                pass
    if "__init__" in read:
        yield "Its body uses `__init__` once more."
    for field in record.every:
        if field.name in read:
            yield f"The field `{field.name}` would hide the `{field.name}` that other lines of the class body mean."
        elif field.name in _NEEDED or (field.name.startswith("__") and not field.name.endswith("__")):
            yield f"`{field.name}` can't be the name of a field here."
        if field.annotation is not None and re.search(
            r"\b(?:InitVar|ClassVar|Final|KW_ONLY)\b", ast.unparse(field.annotation)
        ):
            yield f"The annotation of `{field.name}` means something else in a dataclass."
    for field in record.fields:
        parameter = field.parameter
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


def _names_from_function(field: Field | ExtraField) -> set[str]:
    """The names that a field reads in the class body, where the constructor read them."""
    found = set(re.findall(r"[^\W\d]\w*", field.type.text))
    if isinstance(field, ExtraField):
        annotation, value = field.extra.annotation, None if field.extra.is_derived else field.extra.value
    else:
        annotation, value = field.parameter.annotation, field.parameter.fallback
    if annotation is not None:
        found |= {each.id for each in ast.walk(annotation) if isinstance(each, ast.Name)}
    match value:
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
