"""What the rest of a module does with a class and its objects: the questions that decide what the class may become."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from idiomatic.core.analysis.names import base_name
from idiomatic.core.analysis.scopes import Binding, bound_by
from idiomatic.core.analysis.tree import FUNCTIONS, Tree, tree
from idiomatic.core.long_class import Part
from idiomatic.core.module import about

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement


class Subclass(Struct, frozen=True):
    """A class of the module that names another among its bases.

    Attributes:
        name: its name.
        of: the last parts of the names of its bases.
        decorators: the last parts of the names of its decorators.
        has_constructor: whether it has an `__init__` or `__new__` of its own.
        has_hash: whether it has a `__hash__` of its own.
    """

    name: str
    of: tuple[str, ...]
    decorators: tuple[str, ...]
    has_constructor: bool
    has_hash: bool = False


class Write(Struct, frozen=True):
    """An attribute of some object that is set or deleted.

    Attributes:
        attribute: its name.
        owner: the class whose method does it to its own `self`; `None` for any other object.
        method: the name of that method.
    """

    attribute: str
    owner: str | None
    method: str | None


def _subclasses(leaf: Statement) -> tuple[tuple[Subclass, ...], frozenset[str]]:
    """The classes of a leaf; and for those of a long class which of the methods it has that are asked for."""
    long = leaf.frame.node if isinstance(leaf, Part) else None
    found = (
        Subclass(
            node.name,
            tuple(filter(None, map(base_name, node.bases))),
            tuple(filter(None, map(base_name, node.decorator_list))),
            bool(members & {"__init__", "__new__"}),
            "__hash__" in members,
        )
        for node in leaf.fact(tree).of(ast.ClassDef)
        for members in (_special(() if node is long else node.body),)
    )
    return tuple(found), _special(leaf.nodes if long is not None else ())


def _special(members: Iterable[ast.stmt]) -> frozenset[str]:
    names = frozenset(member.name for member in members if isinstance(member, FUNCTIONS))
    return names & {"__init__", "__new__", "__hash__"}


@about(lambda name: (name,), of=_subclasses)
def subclasses(module: Module, name: str) -> tuple[Subclass, ...]:
    """Question: the classes of the module, however deep inside it, that inherit from a class directly."""
    return tuple(
        _complete(subclass, statement) if isinstance(part, Part) and part.is_header else subclass
        for statement in module.statements
        if statement.mentions(name) and statement.mentions("class")
        for part in statement.parts
        for subclass in part.fact(_subclasses)[0]
        if name in subclass.of
    )


def _complete(subclass: Subclass, of: Statement) -> Subclass:
    """What a long class inherits, with the methods that it has."""
    members = frozenset[str]().union(*(part.fact(_subclasses)[1] for part in of.parts))
    return replace(subclass, has_constructor=bool(members & {"__init__", "__new__"}), has_hash="__hash__" in members)


def _writes(leaf: Statement) -> frozenset[Write]:
    return frozenset(write for write, _ in writes_of(leaf))


@about(lambda attributes: attributes, of=_writes)
def writes(module: Module, attributes: tuple[str, ...]) -> frozenset[Write]:
    """Question: where attributes of these names are set or deleted in the module, constructors included."""
    return frozenset(
        write
        for statement in module.statements
        for part in statement.parts
        if any(attribute in part.text for attribute in attributes)
        for write in part.fact(_writes)
        if write.attribute in attributes
    )


@about(lambda owner: (owner,), of=_writes)
def own_writes(module: Module, owner: str) -> frozenset[Write]:
    """Question: which attributes the methods of a class set or delete on their own `self`."""
    return frozenset(
        write
        for statement in module.mentioning(owner)
        for part in statement.parts
        for write in part.fact(_writes)
        if write.owner == owner
    )


def writes_of(statement: Statement) -> Iterator[tuple[Write, ast.Attribute]]:
    """Where a statement sets or deletes attributes."""
    index = statement.fact(tree)
    return (
        (Write(node.attr, *_owner(node.value, index)), node)
        for node in index.of(ast.Attribute)
        if not isinstance(node.ctx, ast.Load)
    )


def _owner(receiver: ast.expr, index: Tree) -> tuple[str | None, str | None]:
    if not isinstance(receiver, ast.Name):
        return None, None
    function = None
    for ancestor in index.ancestors(receiver):
        match ancestor:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                function = ancestor
            case ast.ClassDef() if function is not None:
                first = [*function.args.posonlyargs, *function.args.args][:1]
                is_own = [parameter.arg for parameter in first] == [receiver.id]
                return (ancestor.name, function.name) if is_own else (None, None)
            case _:
                pass
    return None, None


@about(lambda wanted: wanted)
def uses(module: Module, wanted: tuple[str, ...]) -> frozenset[str]:
    """Question: which of these are called, passed on, imported or read as an attribute anywhere in the module."""
    return frozenset(
        name
        for name in wanted
        for statement in module.statements
        if statement.mentions(name) and name in statement.fact(_used)
    )


def _used(statement: Statement) -> frozenset[str]:
    index = statement.fact(tree)
    found = {node.attr for node in index.of(ast.Attribute)}
    found |= {node.id for node in index.of(ast.Name) if isinstance(node.ctx, ast.Load)}
    found |= {node.module.partition(".")[0] for node in index.of(ast.ImportFrom) if node.module}
    return frozenset(found | {node.name.partition(".")[0] for node in index.of(ast.alias)})


class Value(Struct, frozen=True):
    """What a name of the module stands for.

    Attributes:
        kind: `constant` for an immutable literal, `mutable` for a list, dictionary or set, `definition` for a function
            or class, `enum` for an enumeration, `sentinel` for an `object()`.
        type: the name of its type, for a constant.
    """

    kind: str
    type: str = ""


@about(lambda name: (name,))
def value(module: Module, name: str) -> Value | None:
    """Question: what a name that is bound once at module level stands for, as far as the binding shows it."""
    found = [
        _bound_to(binding, statement.fact(tree))
        for statement in module.mentioning(name)
        for binding in bound_by(statement, name)
    ]
    return found[0] if len(found) == 1 else None


def _bound_to(binding: Binding, index: Tree) -> Value | None:
    match binding.node:
        case ast.ClassDef(bases=bases):
            is_enum = any(base_name(base).endswith(("Enum", "Flag")) for base in bases)
            return Value("enum" if is_enum else "definition")
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return Value("definition")
        case ast.Name() as target:
            match index.parents.get(target):
                case ast.Assign(targets=[single], value=assigned) if single is target:
                    return kind_of_value(assigned)
                case ast.AnnAssign(value=ast.expr() as assigned):
                    return kind_of_value(assigned)
                case _:
                    return None
        case _:
            return None


def kind_of_value(node: ast.expr) -> Value | None:
    """What a literal or a well-known call makes."""
    match node:
        case ast.Constant(value=constant):
            return Value("constant", type(constant).__name__)
        case ast.UnaryOp(operand=operand):
            return kind_of_value(operand)
        case ast.BinOp(left=left, right=right):
            kinds = [kind_of_value(left), kind_of_value(right)]
            return kinds[0] if all(kind is not None and kind.kind == "constant" for kind in kinds) else None
        case ast.JoinedStr():
            return Value("constant", "str")
        case ast.Lambda():
            return Value("definition")
        case ast.Tuple(elts=elements):
            kinds = [kind_of_value(element) for element in elements]
            hashable = all(kind is not None and kind.kind != "mutable" for kind in kinds)
            return Value("constant", "tuple") if hashable else None
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            return Value("mutable")
        case ast.Call(func=function):
            name = base_name(function)
            if name in _MUTABLE:
                return Value("mutable")
            return Value("sentinel" if name == "object" else "constant", name) if name in _IMMUTABLE else None
        case _:
            return None


_MUTABLE = frozenset({"list", "dict", "set", "bytearray", "defaultdict", "OrderedDict", "deque", "Counter", "array"})
_IMMUTABLE = frozenset(
    {"object", "frozenset", "tuple", "int", "float", "str", "bytes", "bool", "Decimal", "Fraction", "timedelta", "date"}
    | {"datetime", "Path", "PurePath", "UUID", "compile", "MappingProxyType", "TypeVar", "NewType"}
    - {"MappingProxyType"}
)


def base_names(node: ast.ClassDef) -> Iterator[str]:
    """The last parts of the names of a class's bases."""
    return (name for base in node.bases if (name := base_name(base)))
