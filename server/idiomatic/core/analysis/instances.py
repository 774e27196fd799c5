"""Of which type is the object that an expression gives?

Types are dotted names: `io.IOBase` for `open(...)`, `sqlalchemy.Engine` for a module variable that was assigned
`create_engine(...)`. Classes of the file itself are read, and what their `__enter__` and `__exit__` do with them.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core import module as questions
from idiomatic.core.analysis.code import Analysis
from idiomatic.core.analysis.resources import FACTORIES, MANAGERS, NOT_MANAGERS, SAME
from idiomatic.core.analysis.scopes import BindingKind, bound_by
from idiomatic.core.analysis.tree import FUNCTIONS, tree, walk_own
from idiomatic.core.facts import ClassFact
from idiomatic.core.long_class import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from idiomatic.core.analysis.resources import Calls
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement

_DEPTH: Final = 8
"""How many assignments are followed."""


class OwnProtocol(Struct, frozen=True):
    """What a class of the project does in a `with` statement.

    Attributes:
        class_name: the class.
        is_async: whether it is `async with`.
        returns_self: whether entering returns the object; `None` if that can't be seen.
        starts: the call that entering makes first, if it is nothing but one call and `return self`.
        exits: the calls that leaving is made of; `None` if it is, or may be, anything else.
        touches: the methods of its own that leaving calls, whatever else it does.
        may_swallow: whether leaving returns something, and so may swallow an exception.
        is_seen: whether its code could be read.
    """

    class_name: str
    is_async: bool
    returns_self: bool | None = None
    starts: str | None = None
    exits: Calls | None = None
    touches: frozenset[str] = frozenset()
    may_swallow: bool = False
    is_seen: bool = True


class Instance(Struct, frozen=True):
    """The object an expression gives.

    Attributes:
        of: the dotted name of its type, or the name of a class of the project.
        declared: the annotation that says so, where nothing else does.
        protocols: for a class of the project, what it does in a `with` statement; empty if it can't be in one.
        is_own: whether it is a class of the project.
        is_open: whether the class may inherit what can't be seen.
    """

    of: str
    declared: str | None = None
    protocols: tuple[OwnProtocol, ...] = ()
    is_own: bool = False
    is_open: bool = False


def instance_of(code: Analysis, expression: ast.expr, depth: int = _DEPTH) -> Instance | None:
    """What is known of the object that an expression gives; `None`: nothing."""
    if depth == 0:
        return None
    match expression:
        case ast.Await(value=ast.Call(func=function)):
            name = callee(code, function, depth - 1)
            factory = FACTORIES.get(name or "")
            return Instance(factory.makes) if factory is not None and factory.awaited else None
        case ast.Call(func=function):
            return _called(code, expression, function, depth - 1)
        # Path(...) / "x"
        case ast.BinOp(left=left, op=ast.Div()):
            found = instance_of(code, left, depth - 1)
            return found if found is not None and found.of == "pathlib.Path" else None
        case ast.Name():
            return _variable(code, expression, depth - 1)
        # self.pool
        case ast.Attribute(value=ast.Name() as receiver, attr=attr) if (
            class_ := code.class_of_self(receiver)
        ) is not None:
            return _attribute(code, class_, attr, depth - 1)
        # path.parent
        case ast.Attribute(value=value, attr="parent"):
            found = instance_of(code, value, depth - 1)
            return found if found is not None and found.of == "pathlib.Path" else None
        case _:
            return None


def callee(code: Analysis, function: ast.expr, depth: int = _DEPTH) -> str | None:
    """The dotted name of what is called, as the tables of `resources` have it.

    A method stands behind the type of its object (`sqlalchemy.Engine.connect`), an object that is itself called gets
    `.__call__`.
    """
    name = code.qualified_name(function)
    if name is not None:
        return _canonical(name)
    if isinstance(function, ast.Attribute) and (owner := instance_of(code, function.value, depth)) is not None:
        return None if owner.is_own else f"{owner.of}.{function.attr}"
    if (called := instance_of(code, function, depth)) is not None and not called.is_own:
        return f"{called.of}.__call__"
    return None


def declaration(code: Analysis, function: ast.expr) -> str | None:
    """The annotation that a call's dotted name rests on, if it rests on one."""
    for receiver in (function.value, function) if isinstance(function, ast.Attribute) else (function,):
        if (found := instance_of(code, receiver)) is not None and found.declared:
            return found.declared
    return None


def _canonical(name: str) -> str:
    if name in SAME:
        return SAME[name]
    owner, _, attr = name.rpartition(".")
    return f"{SAME[owner]}.{attr}" if owner in SAME else name


_PATHS: Final = frozenset(
    f"pathlib.Path.{name}"
    for name in (
        "joinpath", "resolve", "absolute", "expanduser", "with_name", "with_suffix", "with_stem", "cwd", "home",
        "relative_to",
    )
)  # fmt: skip

_KNOWN: Final = frozenset(
    {
        *MANAGERS,
        *NOT_MANAGERS,
        *(factory.makes for factory in FACTORIES.values()),
        *(name.rpartition(".")[0] for name in FACTORIES if name.endswith(".__call__")),
        "pathlib.Path",
        "sqlite3.Connection",
    }
)


def _called(code: Analysis, call: ast.Call, function: ast.expr, depth: int) -> Instance | None:
    name = callee(code, function, depth)
    if name is not None:
        # sessionmaker(engine, class_=AsyncSession)
        if name == "sqlalchemy.orm.sessionmaker" and any(
            keyword.arg == "class_" and code.qualified_name(keyword.value) != "sqlalchemy.orm.Session"
            for keyword in call.keywords
        ):
            is_async = any(
                _canonical(code.qualified_name(keyword.value) or "") == "sqlalchemy.ext.asyncio.AsyncSession"
                for keyword in call.keywords
            )
            return Instance("sqlalchemy.ext.asyncio.async_sessionmaker") if is_async else None
        if name in _PATHS:
            return Instance("pathlib.Path")
        factory = FACTORIES.get(name)
        if factory is not None:
            # A call that gives its object only when it is awaited; the classes among them (`asyncpg.Pool`) are not.
            return None if factory.awaited and name != factory.makes else Instance(factory.makes)
        if name in _KNOWN:
            return Instance(name)
    return own_class(code, function)


def _variable(code: Analysis, name: ast.Name, depth: int) -> Instance | None:
    local = code.local_bindings(name)
    if local is None:
        return code.ask(module_instance, name.id, depth)
    # connection = None
    values = [binding for binding in local if not _is_none(code, binding.node)]
    if len(values) != 1:
        return None
    binding = values[0]
    match binding.node:
        case ast.arg(annotation=ast.expr() as annotation) as argument:
            arguments = code.parent(argument)
            if isinstance(arguments, ast.arguments) and argument not in (arguments.vararg, arguments.kwarg):
                return declared_instance(code, annotation)
            return None
        case ast.Name() as target:
            return _assigned(code, target, depth)
        case _:
            return None


def _is_none(code: Analysis, target: ast.AST) -> bool:
    """Whether a variable is bound to `None` there."""
    match code.parent(target):
        case ast.Assign(value=ast.Constant(value=None)) | ast.AnnAssign(value=ast.Constant(value=None)):
            return True
        case _:
            return False


def _assigned(code: Analysis, target: ast.expr, depth: int) -> Instance | None:
    match code.parent(target):
        case ast.Assign(targets=[only], value=value) if only is target:
            return instance_of(code, value, depth)
        case ast.AnnAssign(value=ast.expr() as value, annotation=annotation):
            return instance_of(code, value, depth) or declared_instance(code, annotation)
        case ast.AnnAssign(annotation=annotation):
            return declared_instance(code, annotation)
        case ast.withitem(context_expr=expression, optional_vars=bound) if bound is target:
            found = instance_of(code, expression, depth)
            manager = MANAGERS.get(found.of) if found is not None else None
            if manager is not None and manager.gives is None:
                return found
            # async with aiosqlite.connect(...) as db
            if isinstance(expression, ast.Call):
                factory = FACTORIES.get(callee(code, expression.func, depth) or "")
                return Instance(factory.makes) if factory is not None and factory.awaited else None
            return None
        case _:
            return None


def _attribute(code: Analysis, class_: ast.ClassDef, attr: str, depth: int) -> Instance | None:
    """The type of `self.attr`, if it is assigned or declared in one place of its class."""
    if isinstance(code.unit, Part) and class_ is code.unit.frame.node:
        return code.ask(member_instance, code.statement, attr, depth)
    found = [
        target
        for targets in code.facts(_set_attributes)
        for target in targets.get(attr, ())
        if _belongs(target, class_, code)
    ]
    if len(found) != 1:
        return None
    instance = _assigned(code, found[0], depth)
    # Anyone may assign an attribute: what is known of it is no more than declared.
    return instance and Instance(instance.of, instance.declared or f"self.{attr}", instance.protocols, instance.is_own)


@questions.about(lambda statement, attr, depth: (attr,))
def member_instance(module: Module, statement: Statement, attr: str, depth: int) -> Instance | None:
    """Question: the type of `self.attr` in a long class."""
    if (whole := questions.version(module, statement)) is None:
        return None
    (class_,) = whole.nodes
    assert isinstance(class_, ast.ClassDef)
    return _attribute(Analysis(module, whole, (3, 11)), class_, attr, depth)


def _set_attributes(statement: Statement) -> dict[str, list[ast.expr]]:
    """Where attributes of some name are set (`x.name = ...`) or declared (`name: type`), by that name."""
    index = statement.fact(tree)
    found: dict[str, list[ast.expr]] = {}
    for node in index.of(ast.Attribute):
        if isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            found.setdefault(node.attr, []).append(node)
    for declaration in index.of(ast.AnnAssign):
        if isinstance(declaration.target, ast.Name):
            found.setdefault(declaration.target.id, []).append(declaration.target)
    return found


def _belongs(target: ast.expr, class_: ast.ClassDef, code: Analysis) -> bool:
    match target:
        case ast.Attribute(value=ast.Name() as receiver):
            return code.class_of_self(receiver) is class_
        case _:
            declaration = code.parent(target)
            return declaration is not None and code.parent(declaration) is class_


def declared_instance(code: Analysis, annotation: ast.expr) -> Instance | None:
    """The type that an annotation names: quotes, `None` and type arguments are looked through."""
    match annotation:
        case ast.Constant(value=str(text)):
            try:
                quoted = ast.parse(text, mode="eval").body
            except (SyntaxError, ValueError):
                return None
            name = _dotted(code, quoted, annotation)
            return Instance(name, text) if name is not None and name in _KNOWN else None
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return declared_instance(code, left)
        case ast.Subscript(value=value, slice=inner):
            if code.is_name(value, "typing.Optional"):
                return declared_instance(code, inner)
            return declared_instance(code, value)
        case ast.Name() | ast.Attribute():
            name = code.qualified_name(annotation)
            name = name and _canonical(name)
            return Instance(name, ast.unparse(annotation)) if name is not None and name in _KNOWN else None
        case _:
            return None


def _dotted(code: Analysis, quoted: ast.expr, at: ast.expr) -> str | None:
    """The qualified name of an expression inside a quoted annotation."""
    match quoted:
        case ast.Attribute(value=value, attr=attr):
            owner = _dotted(code, value, at)
            return owner and _canonical(f"{owner}.{attr}")
        case ast.Name(id=name):
            found = code.ask(questions.bindings, name)
            targets = {binding.qualified for binding in found}
            target = targets.pop() if len(targets) == 1 else None
            return target and _canonical(target)
        case ast.Subscript(value=value):
            return _dotted(code, value, at)
        case _:
            return None


@questions.about(lambda name, depth=_DEPTH: (name,))
def module_instance(module: Module, name: str, depth: int = _DEPTH) -> Instance | None:
    """Question: the type of the object that a module variable holds, if it is bound in one place."""
    if len(module.ask(questions.bindings, name)) != 1:
        return None
    for statement in module.statements:
        if not statement.mentions(name):
            continue
        bound = bound_by(statement, name)
        if bound and bound[0].kind is BindingKind.VARIABLE and isinstance(bound[0].node, ast.Name):
            return _assigned(Analysis(module, statement, (3, 11)), bound[0].node, depth)
    return None


# -- the project's own classes --------------------------------------------------------------------------------------


def own_class(code: Analysis, function: ast.expr) -> Instance | None:
    """The class of the project that is called, if one is."""
    if isinstance(function, ast.Name):
        local = code.local_bindings(function)
        if local is not None:
            node = local[0].node if len(local) == 1 else None
            return _read(node, lambda _: None) if isinstance(node, ast.ClassDef) else None
        if (found := code.ask(module_class, function.id)) is not None:
            return found
    match code.definition(function):
        case ClassFact() as fact:
            names = {method.name for method in fact.methods}
            protocols = [
                OwnProtocol(fact.name, is_async, is_seen=False)
                for is_async, pair in ((False, {"__enter__", "__exit__"}), (True, {"__aenter__", "__aexit__"}))
                if pair <= names
            ]
            return Instance(fact.name, None, tuple(protocols), is_own=True, is_open=bool(fact.bases))
        case _:
            return None


@questions.about(lambda name: (name,))
def module_class(module: Module, name: str) -> Instance | None:
    """Question: the class of that name in this file, with its bases as far as they are in this file too."""

    def find(wanted: str) -> ast.ClassDef | None:
        module.also_about(wanted)
        if len(module.ask(questions.bindings, wanted)) != 1:
            return None
        for statement in module.statements:
            if statement.mentions(wanted):
                for node in statement.nodes:
                    if isinstance(node, ast.ClassDef) and node.name == wanted:
                        return node
        return None

    class_ = find(name)
    return _read(class_, find) if class_ is not None else None


_INHERITED: Final = {
    "AbstractContextManager": ("__enter__",),
    "contextlib.AbstractContextManager": ("__enter__",),
    "AbstractAsyncContextManager": ("__aenter__",),
    "contextlib.AbstractAsyncContextManager": ("__aenter__",),
}
"""Bases of the standard library and those of their methods that return `self`."""

_NEUTRAL: Final = frozenset({"object", "Protocol", "Generic", "ABC", "abc.ABC", "typing.Protocol", "typing.Generic"})


def _read(class_: ast.ClassDef, find: Callable[[str], ast.ClassDef | None]) -> Instance:
    chain, is_open = _chain(class_, find)
    methods: dict[str, Function] = {}
    returning_self: set[str] = set()
    for each in chain:
        for base in each.bases:
            returning_self.update(_INHERITED.get(ast.unparse(base).partition("[")[0], ()))
        for member in each.body:
            if isinstance(member, FUNCTIONS):
                methods[member.name] = member
    unusual = bool(class_.decorator_list) or any(each.keywords or "__new__" in _own(each) for each in chain)
    # Whose method counts is only clear where one base follows the other.
    is_clear = not is_open and all(len(each.bases) <= 1 for each in chain)
    protocols = []
    for is_async, enter, leave in ((False, "__enter__", "__exit__"), (True, "__aenter__", "__aexit__")):
        if leave in methods and (enter in methods or enter in returning_self):
            entering = methods.get(enter)
            is_sure = not unusual and (is_clear or {enter, leave} <= _own(class_))
            protocols.append(
                _protocol(class_.name, is_async=is_async, enter=entering, leave=methods[leave], unusual=not is_sure)
            )
    return Instance(class_.name, None, tuple(protocols), is_own=True, is_open=is_open)


def _own(class_: ast.ClassDef) -> set[str]:
    return {member.name for member in class_.body if isinstance(member, FUNCTIONS)}


def _chain(class_: ast.ClassDef, find: Callable[[str], ast.ClassDef | None]) -> tuple[Sequence[ast.ClassDef], bool]:
    """A class below those it inherits from, and whether some of them can't be seen."""
    found, todo, is_open = [class_], list(class_.bases), False
    while todo:
        base = ast.unparse(todo.pop()).partition("[")[0]
        if base in _NEUTRAL or base in _INHERITED:
            continue
        other = find(base)
        if other is None:
            is_open = True
        elif other not in found:
            found.insert(0, other)
            todo += other.bases
    return found, is_open


def _protocol(name: str, *, is_async: bool, enter: Function | None, leave: Function, unusual: bool) -> OwnProtocol:
    returns_self, starts = (True, None) if enter is None else _entering(enter)
    exits = None if unusual or leave.decorator_list or not leave.args.args else _leaving(leave)
    returned = [node.value for node in _walk(leave) if isinstance(node, ast.Return) and node.value is not None]
    swallows = any(not (isinstance(value, ast.Constant) and not value.value) for value in returned)
    touches = {
        f"{'await ' if awaited else ''}{call.func.attr}()"
        for call, awaited in _calls(leave)
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and [call.func.value.id] == [argument.arg for argument in leave.args.args[:1]]
    }
    return OwnProtocol(
        name, is_async, None if unusual else returns_self, starts, exits, frozenset(touches), may_swallow=swallows
    )


def _calls(function: Function) -> Iterator[tuple[ast.Call, bool]]:
    awaited = {node.value for node in _walk(function) if isinstance(node, ast.Await)}
    for node in _walk(function):
        if isinstance(node, ast.Call):
            yield node, node in awaited


def _walk(function: Function) -> Iterator[ast.AST]:
    for statement in function.body:
        yield statement
        yield from walk_own(statement)


def _body(function: Function) -> Sequence[ast.stmt]:
    match function.body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
        case body:
            return body


def _entering(function: Function) -> tuple[bool | None, str | None]:
    """Whether `__enter__` returns the object, and the call it makes before."""
    if function.decorator_list or not function.args.args:
        return None, None
    own = function.args.args[0].arg
    match _body(function):
        case [ast.Return(value=ast.Name(id=name))] if name == own:
            return True, None
        case [ast.Expr(value=value), ast.Return(value=ast.Name(id=name))] if name == own:
            called = _called_on(value, own)
            return (True, called) if called is not None else (None, None)
        case _:
            pass
    returned = [node.value for node in _walk(function) if isinstance(node, ast.Return)]
    surely_other = not returned or all(value is None or isinstance(value, ast.Constant) for value in returned)
    named = all(isinstance(value, ast.Name) and value.id == own for value in returned)
    if surely_other or (not named and all(isinstance(value, ast.Attribute) for value in returned)):
        return False, None
    return None, None


def _leaving(function: Function) -> Calls | None:
    """The calls on the object that `__exit__` consists of."""
    own = function.args.args[0].arg
    calls: list[str] = []
    for statement in _body(function):
        match statement:
            case ast.Expr(value=value) if (called := _called_on(value, own)) is not None:
                calls.append(called)
            case ast.Return(value=None | ast.Constant(value=None | False)) | ast.Pass():
                pass
            case _:
                return None
    return tuple(calls)


def _called_on(value: ast.expr, own: str) -> str | None:
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr), args=[], keywords=[]) if name == own:
            return f"{attr}()"
        case ast.Await(value=ast.Call() as call):
            called = _called_on(call, own)
            return called and f"await {called}"
        case _:
            return None
