"""Give identifiers a type of their own with `NewType`, instead of any `int`, `str` or `UUID`.

## Why
`transfer(account_id, user_id)` with its arguments swapped is fine for every type checker if both are numbers. A
`NewType` costs nothing at run time, where its values are what they were, and from then on nobody can pass one
identifier for another, or a count for either.

## Example
```python
from uuid import UUID, uuid4


def create(name: str) -> None:
    store(uuid4(), name)


def store(user_id: UUID, name: str) -> None: ...


def load(user_id: UUID) -> str:
    return find(user_id) or "nobody"


def find(user_id: UUID | None) -> str | None: ...
```
becomes
```python
from typing import NewType
from uuid import UUID, uuid4

UserId = NewType("UserId", UUID)


def create(name: str) -> None:
    store(UserId(uuid4()), name)


def store(user_id: UserId, name: str) -> None: ...


def load(user_id: UserId) -> str:
    return find(user_id) or "nobody"


def find(user_id: UserId | None) -> str | None: ...
```

All annotations of parameters, fields and variables of that name change that have the same type. What comes in from the
functions of this file that use no such variable is marked as what it is, as in `UserId(uuid4())`.

## Fix safety
Safe: the values are the same, and `UserId(x)` gives `x` back. In other files a type checker then asks for a `UserId`
where they pass something plain. In this one it may do so too where what comes in might be `None`: that is left alone.

Unsafe where a decorator, a base class or a default such as `Query(...)` may read the annotations at run time, as web
routes, command lines and mappers do, and might not know a `NewType`; or where a method may override one that takes
any number or string.

Refused: a default from `field(default_factory=uuid4)`, which gives no `UserId`; a name that a loop or a `with` binds
where it is annotated as well.

Offered where at least two annotations change. Not offered for what is counted with (`page_id += 1`), and where the file
already uses the name of the new type.

## References
- [`typing.NewType`](https://docs.python.org/3/library/typing.html#newtype)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.names import base_name
from idiomatic.core.analysis.tree import FUNCTIONS, tree
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Safe, safe_unless
from idiomatic.core.module import about
from idiomatic.core.writing.changes import changed
from idiomatic.core.writing.names import class_case

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement
    from idiomatic.core.writing.changes import Change

KIND = Kind.REFACTOR
SINCE = (3, 6)
TRIGGERS = ("_id:",)
ALSO = ()

Annotated: TypeAlias = ast.arg | ast.AnnAssign

TYPES: Final = {"int": "builtins.int", "str": "builtins.str", "UUID": "uuid.UUID"}
HARMLESS: Final = frozenset(
    {
        "abstractmethod", "asynccontextmanager", "cache", "classmethod", "contextmanager", "dataclass", "final",
        "fixture", "lru_cache", "overload", "override", "property", "runtime_checkable", "setter", "staticmethod",
        "total_ordering",
    }
)  # fmt: skip
KNOWN_BASES: Final = frozenset({"ABC", "Exception", "Generic", "NamedTuple", "Protocol", "TypedDict", "object"})
READ: Final = "`{}` may read the annotations when the program runs, and might not know a `NewType`."
OVERRIDES: Final = "`{}` inherits from what can't be seen here: its methods may override some that take any `{}`."
MADE: Final = "Its default comes from a call of `{}`, which gives no `{}`."
BOUND: Final = "A loop or another statement binds `{}` where it is annotated."


def detect(node: ast.arg | ast.AnnAssign, code: Analysis) -> Iterator[Finding]:
    name, primitive = _name(node), _primitive(node.annotation)
    if (
        name is None
        or primitive is None
        or _is_many(node, code.parent(node))
        or len(name) < len("ab_id")
        or not name.endswith("_id")
    ):
        return
    kind = primitive.id if isinstance(primitive, ast.Name) else primitive.attr
    if not code.is_name(primitive, TYPES[kind]):
        return
    new = class_case(name)
    uses = code.ask(uses_of, name)
    if len([each for each in uses if each.kind == kind]) < 2 or any(each.is_counted for each in uses):
        return
    if code.ask(mentions, new):
        return
    message = f"`{name}` could be any `{kind}`: with a type of its own nothing else can be passed for it"
    title = f"Make `{new}` a `NewType` and annotate with it"
    outermost = next((each for each in code.ancestors(node) if code.parent(each) is None), node)
    where = code.lines(outermost)
    reasons = tuple(dict.fromkeys(reason for each in uses for reason in each.reasons))
    if refusal := next((each.refusal for each in uses if each.refusal), None):
        yield Finding(node, message, (Fix(title, Refused(refusal), where),))
        return
    verdict = safe_unless(reasons)
    consequence = "" if isinstance(verdict, Safe) else " (annotations may be read at run time)"
    yield Finding(node, message, (Fix(title + consequence, verdict, where, partial(to_new_type, name, kind)),))


def _name(node: Annotated) -> str | None:
    match node:
        case ast.arg(arg=name) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        # self.user_id: UUID = user_id
        case ast.AnnAssign(target=ast.Attribute(value=ast.Name(), attr=name)):
            return name
        case _:
            return None


def _is_many(node: Annotated, arguments: ast.AST | None) -> bool:
    """Whether it is `*user_id: int`."""
    return isinstance(arguments, ast.arguments) and node in (arguments.vararg, arguments.kwarg)


def _primitive(annotation: ast.expr | None) -> ast.Name | ast.Attribute | None:
    """The `UUID` in `UUID`, `uuid.UUID`, `UUID | None` and `Optional[UUID]`."""
    match annotation:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(), attr=name) if name in TYPES:
            return annotation
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return _primitive(left)
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=inner):
            return _primitive(inner)
        case _:
            return None


# -- what the file does with the name -----------------------------------------------------------------------------


class Use(Struct, frozen=True):
    """An annotation of a name, or what else is done with it.

    Attributes:
        name: which name.
        kind: the type, for an annotation; else empty.
        is_counted: whether it is added to.
        reasons: why another annotation might be noticed.
        refusal: why there can't be another one.
    """

    name: str
    kind: str
    is_counted: bool = False
    reasons: tuple[str, ...] = ()
    refusal: str | None = None


@about(lambda name: (name,))
def uses_of(module: Module, name: str) -> tuple[Use, ...]:
    """Question: the annotations of an identifier, and what stands in the way of others."""
    return tuple(use for statement in module.mentioning(name) for use in statement.fact(_uses) if use.name == name)


def _uses(statement: Statement) -> tuple[Use, ...]:
    return tuple(_found(statement))


def _found(statement: Statement) -> Iterator[Use]:
    index = statement.fact(tree)
    annotated: list[Annotated] = [*index.of(ast.arg), *index.of(ast.AnnAssign)]
    for node in annotated:
        name, primitive = _name(node), _primitive(node.annotation)
        if name is None or primitive is None or not name.endswith("_id") or _is_many(node, index.parents.get(node)):
            continue
        kind = primitive.id if isinstance(primitive, ast.Name) else primitive.attr
        around = [each for each in index.ancestors(node) if isinstance(each, (*FUNCTIONS, ast.ClassDef))]
        reasons = [*_read_by(around[:2]), *_overridden(node, kind, around)]
        maker = _maker(_default(node, index.parents.get(node)))
        refusal = None
        if maker is not None:
            called = ast.unparse(maker.func)
            if {keyword.arg for keyword in maker.keywords} & {"default", "default_factory", "factory"}:
                refusal = MADE.format(called, class_case(name))
            elif called.rpartition(".")[2] != "field":
                reasons.append(READ.format(called))
        elif isinstance(node, ast.arg) and _is_bound_again(name, around[0]):
            refusal = BOUND.format(name)
        yield Use(name, kind, reasons=tuple(reasons), refusal=refusal)
    for addition in index.of(ast.AugAssign):
        match addition.target:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield Use(name, "", is_counted=True)
            case _:
                pass


def _read_by(around: Sequence[ast.AST]) -> Iterator[str]:
    """What may read the annotations of a function, of a class."""
    for definition in around:
        assert isinstance(definition, (*FUNCTIONS, ast.ClassDef))
        for decorator in definition.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if base_name(called) not in HARMLESS:
                yield READ.format(f"@{ast.unparse(called)}")
        if isinstance(definition, ast.ClassDef) and definition is around[0]:
            for base in definition.bases:
                if base_name(base) not in KNOWN_BASES:
                    yield READ.format(ast.unparse(base))


def _overridden(node: Annotated, kind: str, around: Sequence[ast.AST]) -> Iterator[str]:
    match around:
        case [ast.FunctionDef() | ast.AsyncFunctionDef() as function, ast.ClassDef() as class_, *_]:
            is_own = function.name == "__init__" or (
                function.name.startswith("__") and not function.name.endswith("__")
            )
            if (
                isinstance(node, ast.arg)
                and not is_own
                and any(base_name(base) not in KNOWN_BASES for base in class_.bases)
            ):
                yield OVERRIDES.format(class_.name, kind)
        case _:
            pass


def _default(node: Annotated, arguments: ast.AST | None) -> ast.expr | None:
    """The default of a parameter, the value of a field or variable."""
    if isinstance(node, ast.AnnAssign):
        return node.value
    assert isinstance(arguments, ast.arguments)
    positional = [*arguments.posonlyargs, *arguments.args]
    if node in positional:
        at = positional.index(node) - len(positional)
        return arguments.defaults[at] if -at <= len(arguments.defaults) else None
    return arguments.kw_defaults[arguments.kwonlyargs.index(node)] if node in arguments.kwonlyargs else None


def _maker(default: ast.expr | None) -> ast.Call | None:
    """A call that describes a default instead of being one: `field()`, `Query()`, `mapped_column()`."""
    makers = {"attrib", "field", "ib", "mapped_column", "relationship"}
    match default:
        case ast.Call(func=function) if base_name(function) in makers or (
            base_name(function)[:1].isupper() and base_name(function) not in TYPES
        ):
            return default
        case _:
            return None


def _is_bound_again(name: str, function: ast.AST) -> bool:
    """Whether something else than an assignment binds a parameter."""
    assigned = {
        target
        for node in ast.walk(function)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store) and node not in assigned
        for node in ast.walk(function)
    )


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_new_type(name: str, kind: str, draft: Draft) -> Sequence[cst.BaseStatement]:
    new = class_case(name)
    everywhere = [draft.code, *draft.elsewhere(name)]
    annotated = {code: list(_annotated(name, kind, code)) for code in everywhere}
    takers = {taker: place for code in everywhere for taker, place in _takers(name, annotated[code], code)}
    # What calls them need not mention the name.
    everywhere += [code for code in draft.elsewhere(*takers) if code.statement not in [e.statement for e in everywhere]]
    fields = any(isinstance(node, ast.AnnAssign) for nodes in annotated.values() for node in nodes)
    host = draft
    result: Sequence[cst.BaseStatement] = draft.body
    for code in everywhere:
        nodes = annotated.get(code, [])
        plain = list(dict.fromkeys(_plain_values(name, nodes, takers, code, has_field=fields)))
        if not nodes and not plain:
            continue
        part = draft if code is draft.code else draft.part(code, *code.lines(code.statement.nodes[0]))
        changes: dict[cst.CSTNode, Change] = {}
        for node in nodes:
            primitive = _primitive(node.annotation)
            assert primitive is not None
            node_kind = cst.Name if isinstance(primitive, ast.Name) else cst.Attribute
            changes[part.node(primitive, node_kind)] = lambda _: cst.Name(new)
        for value in plain:
            changes[_expression(value, part)] = partial(_marked, new)
        if part is draft:
            result = changed(part, changes)
        else:
            part.become(changed(part, changes))
            host = part if draft.is_below(code) and host is draft else host
    at = host.code.statement.nodes[0]
    base = kind if kind != "UUID" else host.reference("uuid.UUID", at)
    draft.constant(f'{new} = {host.reference("typing.NewType", at)}("{new}", {base})')
    return result


def _expression(node: ast.expr, draft: Draft) -> cst.BaseExpression:
    return draft.node(node, cst.BaseExpression)  # type: ignore[type-abstract]


def _marked(new: str, value: cst.CSTNode) -> cst.BaseExpression:
    """`UserId(value)`."""
    return cst.Call(cst.Name(new), [cst.Arg(cast("cst.BaseExpression", value))])


def _annotated(name: str, kind: str, code: Analysis) -> Iterator[Annotated]:
    """The annotations that change."""
    nodes: list[Annotated] = [*code.nodes(ast.arg), *code.nodes(ast.AnnAssign)]
    for node in nodes:
        primitive = _primitive(node.annotation)
        if _is_many(node, code.parent(node)):
            continue
        if _name(node) == name and primitive is not None and code.is_name(primitive, TYPES[kind]):
            yield node


_Place: TypeAlias = tuple[int | None, bool]
"""The position of an argument, and whether it may be `None`."""


def _takers(name: str, annotated: Sequence[Annotated], code: Analysis) -> Iterator[tuple[str, _Place]]:
    """The functions and classes that take an identifier, by the name they are called by."""
    for node in annotated:
        may_be_none = not isinstance(node.annotation, ast.Name | ast.Attribute)
        definition = code.enclosing(node, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
        match definition:
            case ast.FunctionDef() | ast.AsyncFunctionDef() if isinstance(node, ast.arg):
                owner = code.parent(definition)
                is_maker = isinstance(owner, ast.ClassDef) and definition.name in {"__init__", "__new__"}
                called = owner.name if isinstance(owner, ast.ClassDef) and is_maker else definition.name
                yield called, (_position(node, definition, owner), may_be_none)
            case ast.ClassDef() if any(base_name(each) == "dataclass" for each in definition.decorator_list):
                fields = [each for each in definition.body if isinstance(each, ast.AnnAssign)]
                yield (
                    definition.name,
                    (fields.index(node) if node in fields and not definition.bases else None, may_be_none),
                )
            case _:
                pass


def _position(node: ast.arg, function: Function, owner: ast.AST | None) -> int | None:
    positional = [*function.args.posonlyargs, *function.args.args]
    if node not in positional:
        return None
    is_static = any(base_name(each) == "staticmethod" for each in function.decorator_list)
    return positional.index(node) - (isinstance(owner, ast.ClassDef) and not is_static)


def _plain_values(
    name: str, annotated: Sequence[Annotated], takers: Mapping[str, _Place], code: Analysis, *, has_field: bool
) -> Iterator[ast.expr]:
    """The expressions whose values become an identifier and do not have the new type by themselves."""

    def is_plain(value: ast.expr, *, may_be_none: bool) -> bool:
        if isinstance(value, ast.Constant):
            return value.value is not None and value.value is not ...
        if may_be_none and not _is_never_none(value, code):
            return False
        return not _has_new_type(value, name, annotated, code, has_field=has_field)

    for node in annotated:
        may_be_none = not isinstance(node.annotation, ast.Name | ast.Attribute)
        value = _default(node, code.parent(node))
        if value is not None and _maker(value) is None and is_plain(value, may_be_none=may_be_none):
            yield value
    for assignment in code.nodes(ast.Assign):
        match assignment:
            # user_id = user_id.strip()
            case ast.Assign(targets=[ast.Name(id=target) as variable], value=value) if target == name:
                bound = code.local_bindings(variable) or ()
                declared = [each for each in annotated if any(_binds(binding.node, each) for binding in bound)]
                if declared and is_plain(value, may_be_none=not isinstance(declared[0].annotation, ast.Name)):
                    yield value
            case _:
                pass
    for call in code.nodes(ast.Call):
        place = takers.get(base_name(call.func))
        if place is None or (isinstance(call.func, ast.Name) and code.local_bindings(call.func) is not None):
            continue
        position, may_be_none = place
        if code.enclosing(call, ast.JoinedStr) is not None:
            continue
        given = [keyword.value for keyword in call.keywords if keyword.arg == name]
        if position is not None and len(call.args) > position:
            before = call.args[: position + 1]
            # Base.load(self, 1), *arguments
            is_moved = any(isinstance(each, ast.Starred) or _is_receiver(each) for each in before)
            given += [] if is_moved else before[-1:]
        yield from (value for value in given if is_plain(value, may_be_none=may_be_none))


def _is_receiver(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Name) and argument.id in {"self", "cls"}


def _is_never_none(value: ast.expr, code: Analysis) -> bool:
    """Whether an expression surely gives a value: `int(text)`, `uuid4()`, an f-string."""
    makers = ("builtins.int", "builtins.str", "uuid.UUID", "uuid.uuid4")
    return isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Call) and code.is_name(value.func, *makers))


def _binds(node: ast.AST, annotated: Annotated) -> bool:
    return node is annotated or (isinstance(annotated, ast.AnnAssign) and node is annotated.target)


def _has_new_type(
    value: ast.expr, name: str, annotated: Sequence[Annotated], code: Analysis, *, has_field: bool
) -> bool:
    """Whether an expression is a variable or field whose annotation changes."""
    match value:
        case ast.Name(id=variable) if variable == name:
            bound = code.local_bindings(value) or ()
            return any(_binds(binding.node, each) for binding in bound for each in annotated)
        case ast.Attribute(attr=attr):
            return attr == name and has_field
        case _:
            return False
