"""Is a class a dataclass, how is it configured, and which fields does it declare and inherit?

Only the decorator of the standard library counts: pydantic's and others' of that name do other things. What is said
here is what `dataclasses` does when the class is made: which annotations are fields, which have a default, which
parameters the generated constructor has.
"""

from __future__ import annotations

import ast
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import astuple, replace

from idiomatic.core import module as questions
from idiomatic.core.analysis.origins import definition_with_origins
from idiomatic.core.facts import ClassFact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from idiomatic.core.analysis.code import Analysis

    Resolve: TypeAlias = Callable[[ast.expr], str | None]
    """What a name in the class stands for, as a full dotted name."""

DATACLASS: Final = "dataclasses.dataclass"
FIELD: Final = "dataclasses.field"

_OPTIONS: Final = {
    "init": True,
    "repr": True,
    "eq": True,
    "order": False,
    "unsafe_hash": False,
    "frozen": False,
    "match_args": True,
    "kw_only": False,
    "slots": False,
    "weakref_slot": False,
}
_PLAIN_BASES: Final = frozenset(
    {
        "abc.ABC",
        "typing.Generic",
        "typing.Protocol",
        "typing_extensions.Generic",
        "typing_extensions.Protocol",
    }
)
_DEEPEST: Final = 8
"""How many base classes of base classes are followed."""


class Default(StrEnum):
    """Whether a field has a default."""

    NONE = auto()
    VALUE = auto()
    """One object for all instances."""
    FACTORY = auto()
    UNKNOWN = auto()


class DataclassField(Struct, frozen=True, eq=False):
    """A field, or a parameter of the constructor only (`InitVar`).

    Attributes:
        name: of the attribute.
        annotation: its source.
        default: whether it has one.
        init: whether the generated constructor has a parameter for it; `None`: who knows.
        kw_only: whether that is a keyword-only parameter; likewise.
        is_init_only: whether it is an `InitVar`, and so no field.
        owner: the class that declares it.
        statement: its declaration, in the class that was asked about; it does not count in comparisons.
    """

    name: str
    annotation: str
    default: Default
    init: bool | None
    kw_only: bool | None
    is_init_only: bool
    owner: str
    statement: ast.AnnAssign | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataclassField) and astuple(self)[:-1] == astuple(other)[:-1]

    def __hash__(self) -> int:
        return hash(astuple(self)[:-1])

    @property
    def is_positional(self) -> bool:
        """Whether it surely is a parameter that can be given by position: those are in the order of the fields."""
        return self.init is True and self.kw_only is False


class Dataclass(Struct, frozen=True, eq=False):
    """A class that `dataclasses.dataclass` decorates.

    Attributes:
        name: of the class.
        options: what the decorator is given or has by default; `None`: who knows.
        own: the fields that the class itself declares, in order.
        inherited: those of its bases, in order.
        is_complete: whether there are no others: no base class is unknown, no field is declared below an `if`.
        decorator: the decorator, of the class that was asked about; it does not count in comparisons.
    """

    name: str
    options: Mapping[str, bool | None]
    own: tuple[DataclassField, ...]
    inherited: tuple[DataclassField, ...]
    is_complete: bool
    decorator: ast.expr | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataclass) and astuple(self)[:-1] == astuple(other)[:-1]

    # The options are a dictionary.
    __hash__ = None  # type: ignore[assignment]

    @property
    def fields(self) -> tuple[DataclassField, ...]:
        """All fields in the order in which the constructor has them.

        One that is declared again stays in the place it had.
        """
        return tuple(_by_name((*self.inherited, *self.own)).values())

    def is_set(self, option: str) -> bool:
        """Whether an option is surely true."""
        return self.options[option] is True


def _by_name(fields: Iterable[DataclassField]) -> dict[str, DataclassField]:
    return {each.name: each for each in fields}


# -- a class of the statement -----------------------------------------------------------------------------------------


def dataclass_decorator(node: ast.ClassDef, code: Analysis) -> ast.expr | None:
    """The decorator that makes a class a dataclass, if one does: cheap enough to be asked first."""
    for decorator in node.decorator_list:
        if code.is_name(decorator.func if isinstance(decorator, ast.Call) else decorator, DATACLASS):
            return decorator
    return None


def dataclass_of(node: ast.ClassDef, code: Analysis) -> Dataclass | None:
    """What a class is as a dataclass; `None` if it is none."""
    return _of_node(node, code, _DEEPEST)


def _of_node(node: ast.ClassDef, code: Analysis, depth: int) -> Dataclass | None:
    if (decorator := dataclass_decorator(node, code)) is None:
        return None

    def resolve(expression: ast.expr) -> str | None:
        # What stands in quotes is no part of the tree.
        is_quoted = code.parent(expression) is None
        return _in_module(expression, code) if is_quoted else code.qualified_name(expression)

    bases = [_base(base, code, depth) for base in reversed(node.bases)]
    members = [each for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]
    declared = [_Declared(each.target.id, each.annotation, each.value, each) for each in members]  # type: ignore[union-attr]
    # x: int, and below it x = 5, def x(self)...
    scope = code.scope_made_by(node)
    bound = {
        name for name, bindings in scope.bindings.items() if any(b.node not in _targets(members) for b in bindings)
    }
    nested = any(
        isinstance(each, ast.AnnAssign) for statement in node.body if statement not in members
        for each in _own_block(statement)
    )  # fmt: skip
    made = _made(node.name, decorator, declared, bound, bases, resolve)
    return replace(made, is_complete=made.is_complete and not nested, decorator=decorator)


def _targets(members: Sequence[ast.AnnAssign]) -> set[ast.AST]:
    return {each.target for each in members}


def _own_block(statement: ast.stmt) -> Iterator[ast.AST]:
    """What of a statement in a class body stands in that class's own block."""
    todo: list[ast.AST] = [statement]
    while todo:
        current = todo.pop()
        if isinstance(current, ast.If | ast.Try | ast.With | ast.For | ast.While | ast.ExceptHandler):
            todo += [each for each in ast.iter_child_nodes(current) if isinstance(each, ast.stmt | ast.ExceptHandler)]
        else:
            yield current


def _in_module(expression: ast.expr, code: Analysis) -> str | None:
    """What a name in a quoted annotation stands for in the module: `dataclasses` does not look anywhere else."""
    match expression:
        case ast.Attribute(value=value, attr=attr):
            owner = _in_module(value, code)
            return None if owner is None else f"{owner}.{attr}"
        case ast.Name(id=name):
            origins = {binding.qualified for binding in code.ask(questions.bindings, name)}
            return origins.pop() if len(origins) == 1 else None
        case _:
            return None


def own_dataclass(class_: ast.expr, code: Analysis) -> Dataclass | None:
    """What the class that an expression stands for is as a dataclass, base classes left out.

    Returns:
        `None` if it is none, or nothing is known of it.
    """
    if isinstance(class_, ast.Name) and (local := code.local_bindings(class_)) is not None and len(local) == 1:
        node = local[0].node
        return dataclass_of(node, code) if isinstance(node, ast.ClassDef) else None
    fact = _class_fact(class_, code)
    return None if fact is None else _of_class_fact(fact)


def _class_fact(class_: ast.expr, code: Analysis) -> ClassFact | None:
    """The class that an expression stands for, of this file or another."""
    fact = code.definition(class_)
    if isinstance(class_, ast.Name) and fact == code.ask(questions.definition, class_.id):
        fact = code.ask(definition_with_origins, class_.id)
    return fact if isinstance(fact, ClassFact) else None


# -- base classes -----------------------------------------------------------------------------------------------------


class _Base(Struct, frozen=True):
    """What a class gets from a base class.

    Attributes:
        fields: the fields, if it is or inherits from a dataclass.
        values: the class attributes that may be taken for defaults.
        is_complete: whether that is all.
    """

    fields: tuple[DataclassField, ...] = ()
    values: frozenset[str] = frozenset()
    is_complete: bool = True


_UNKNOWN: Final = _Base(is_complete=False)


def _base(base: ast.expr, code: Analysis, depth: int) -> _Base:
    plain = base.value if isinstance(base, ast.Subscript) else base
    qualified = code.qualified_name(plain)
    if qualified is not None and (qualified.startswith("builtins.") or qualified in _PLAIN_BASES):
        return _Base()
    if depth == 0:
        return _UNKNOWN
    if isinstance(plain, ast.Name) and (local := code.local_bindings(plain)) is not None and len(local) == 1:
        node = local[0].node
        if isinstance(node, ast.ClassDef):
            return _of_local_class(node, code, depth - 1)
    fact = _class_fact(plain, code)
    if fact is None:
        return _UNKNOWN
    # Where the class is defined its own bases can be found by name, too.
    where = "" if qualified is None else qualified.rpartition(".")[0]
    return _of_fact(fact, where, code, depth - 1)


def _of_local_class(node: ast.ClassDef, code: Analysis, depth: int) -> _Base:
    made = _of_node(node, code, depth)
    names = frozenset(name for name in code.scope_made_by(node).bindings)
    if made is None:
        return _joined([_base(base, code, depth) for base in reversed(node.bases)], (), names)
    return _Base(
        made.fields, names - {each.name for each in made.own if each.default is Default.NONE}, made.is_complete
    )


def _of_fact(fact: ClassFact, where: str, code: Analysis, depth: int) -> _Base:
    bases = [_named_base(base, where, code, depth) for base in reversed(fact.bases)]
    names = frozenset((*fact.attributes, *(method.name for method in fact.methods)))
    if (made := _of_class_fact(fact, bases)) is not None:
        values = names - {each.name for each in made.own if each.default is Default.NONE}
        # A slot takes the place of the default.
        return _Base(made.fields, frozenset() if made.is_set("slots") else values, made.is_complete)
    return _joined(bases, (), names)


def _of_class_fact(fact: ClassFact, bases: Sequence[_Base] = ()) -> Dataclass | None:
    origins = dict(fact.origins)

    def resolve(expression: ast.expr) -> str | None:
        match expression:
            case ast.Attribute(value=value, attr=attr):
                owner = resolve(value)
                return None if owner is None else f"{owner}.{attr}"
            case ast.Name(id=name):
                return origins.get(name)
            case _:
                return None

    for decorator in map(_parsed, fact.decorators):
        if resolve(decorator.func if isinstance(decorator, ast.Call) else decorator) == DATACLASS:
            declared = [
                _Declared(
                    each.name, _parsed(each.annotation), None if each.value is None else _parsed(each.value), None
                )
                for each in fact.members
            ]
            bound = (set(fact.attributes) - {each.name for each in fact.members}) | {m.name for m in fact.methods}
            return _made(fact.name, decorator, declared, bound, bases, resolve)
    return None


def _named_base(text: str, where: str, code: Analysis, depth: int) -> _Base:
    """A base class of a class that was defined elsewhere, by what its file calls it."""
    name = text.partition("[")[0]
    if name.rpartition(".")[2] in {"object", "Generic", "Protocol", "ABC"}:
        return _Base()
    if depth == 0:
        return _UNKNOWN
    if where:
        fact = code.ask(questions.imported_definition, f"{where}{'' if where.endswith('.') else '.'}{name}")
    else:
        fact = code.ask(definition_with_origins, name)
        if fact is None and (origin := _in_module(_parsed(name), code)) is not None:
            where = origin.rpartition(".")[0]
            fact = code.ask(questions.imported_definition, origin)
    return _of_fact(fact, where, code, depth - 1) if isinstance(fact, ClassFact) else _UNKNOWN


def _joined(bases: Iterable[_Base], own: Iterable[DataclassField], values: frozenset[str]) -> _Base:
    """What several bases, the last one first, and a class below them have."""
    fields: dict[str, DataclassField] = {}
    is_complete = True
    for base in bases:
        # Several bases may have one of their own in common, whose fields then come first.
        is_complete = is_complete and base.is_complete and not (set(fields) & {each.name for each in base.fields})
        fields |= _by_name(base.fields)
        values |= base.values
    return _Base(tuple((fields | _by_name(own)).values()), values, is_complete)


def _parsed(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return ast.Constant(...)


# -- what the decorator makes of it -----------------------------------------------------------------------------------


class _Declared(Struct, frozen=True, eq=False):
    """An annotated attribute of a class."""

    name: str
    annotation: ast.expr
    value: ast.expr | None
    statement: ast.AnnAssign | None


def _made(
    name: str,
    decorator: ast.expr,
    declared: Sequence[_Declared],
    bound: set[str],
    bases: Sequence[_Base],
    resolve: Resolve,
) -> Dataclass:
    options = _options(decorator)
    around = _joined(bases, (), frozenset())
    own: dict[str, DataclassField] = {}
    kw_only = options["kw_only"]
    for each in declared:
        annotation = each.annotation
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = _parsed(annotation.value)
        plain = annotation.value if isinstance(annotation, ast.Subscript) else annotation
        meaning = resolve(plain)
        if meaning in {"typing.ClassVar", "typing_extensions.ClassVar"}:
            continue
        if meaning == "dataclasses.KW_ONLY":
            kw_only = True
            continue
        read = _read(each, resolve)
        if each.name in bound:
            read = replace(read, default=Default.UNKNOWN)
        elif each.value is None and each.name in around.values:
            # `dataclass` asks the class for the attribute, and so finds that of a base class.
            read = replace(read, default=Default.UNKNOWN)
        own[each.name] = replace(
            read,
            kw_only=kw_only if read.kw_only is None and not _mentions(each.value, "kw_only") else read.kw_only,
            is_init_only=meaning == "dataclasses.InitVar",
            owner=name,
        )
    return Dataclass(name, options, tuple(own.values()), around.fields, around.is_complete)


def _options(decorator: ast.expr) -> dict[str, bool | None]:
    options: dict[str, bool | None] = dict(_OPTIONS)
    for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
        if keyword.arg is None:
            return dict.fromkeys(options)
        options[keyword.arg] = _truth(keyword.value)
    return options


def _truth(node: ast.expr) -> bool | None:
    return bool(node.value) if isinstance(node, ast.Constant) else None


def _mentions(value: ast.expr | None, option: str) -> bool:
    """Whether a call gives an option, or may."""
    return isinstance(value, ast.Call) and any(keyword.arg in {option, None} for keyword in value.keywords)


def _read(each: _Declared, resolve: Resolve) -> DataclassField:
    default, init, kw_only = Default.NONE, True, None
    match each.value:
        case None:
            pass
        # x: int = field(default=5)
        case ast.Call(func=function, keywords=keywords) if resolve(function) == FIELD:
            given = {keyword.arg: keyword.value for keyword in keywords}
            if None in given:
                return DataclassField(each.name, ast.unparse(each.annotation), Default.UNKNOWN, None, None, False, "")
            if "default_factory" in given and resolve(given["default_factory"]) != "dataclasses.MISSING":
                default = Default.FACTORY
            if "default" in given and resolve(given["default"]) != "dataclasses.MISSING":
                default = Default.VALUE
            init = _truth(given["init"]) if "init" in given else True  # type: ignore[assignment]
            kw_only = _truth(given["kw_only"]) if "kw_only" in given else None
        # x: int = settings.field(), perhaps a `field` of some kind
        case ast.Call(func=function) if not _makes_value(function, resolve):
            default = Default.UNKNOWN
        case ast.expr() as value:
            default = Default.NONE if resolve(value) == "dataclasses.MISSING" else Default.VALUE
    annotation = ast.unparse(each.annotation)
    return DataclassField(each.name, annotation, default, init, kw_only, False, "", each.statement)


def _makes_value(function: ast.expr, resolve: Resolve) -> bool:
    """Whether a call surely gives no `Field`: a call of a builtin, or of a class as it is spelled."""
    if (resolve(function) or "").startswith("builtins."):
        return True
    plain = function.value if isinstance(function, ast.Subscript) else function
    name = plain.attr if isinstance(plain, ast.Attribute) else plain.id if isinstance(plain, ast.Name) else ""
    return name.lstrip("_")[:1].isupper() and name != "Field"
