"""What a call gives when it is not awaited: a coroutine, something else, or who knows.

It matters wherever a coroutine is required: `TaskGroup.create_task` takes nothing else, where `asyncio.gather` takes
every awaitable.
"""

from __future__ import annotations

import ast
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.code import Analysis
from idiomatic.core.analysis.scopes import BindingKind, bound_by
from idiomatic.core.analysis.tree import FUNCTIONS, tree, walk_block
from idiomatic.core.facts import ClassFact, FunctionFact
from idiomatic.core.long_class import Part
from idiomatic.core.module import about, version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement


class Gives(Enum):
    """What a call gives."""

    COROUTINE = auto()
    OTHER = auto()
    """A task, a future, an asynchronous generator, an instance of a class: provably no coroutine."""
    UNKNOWN = auto()


COROUTINE_FUNCTIONS: Final = frozenset(
    f"asyncio.{name}"
    for name in (
        "create_subprocess_exec",
        "create_subprocess_shell",
        "open_connection",
        "open_unix_connection",
        "sleep",
        "start_server",
        "start_unix_server",
        "to_thread",
        "wait",
        "wait_for",
    )
)
"""Functions of the standard library that are `async def`."""

OTHER_FUNCTIONS: Final = frozenset(
    f"asyncio.{name}"
    for name in (
        "Future",
        "Task",
        "as_completed",
        "create_task",
        "ensure_future",
        "gather",
        "run_coroutine_threadsafe",
        "shield",
        "timeout",
        "timeout_at",
        "wrap_future",
    )
)
"""Functions of the standard library whose result is awaited, or passed to `gather`, and is not a coroutine."""

OTHER_METHODS: Final = frozenset({"create_future", "create_task", "ensure_future", "run_in_executor", "submit"})
"""Methods with a name that leaves no doubt: of event loops, task groups and executors."""

COROUTINE_METHODS: Final = {
    "asyncio.Barrier": frozenset({"abort", "reset", "wait"}),
    "asyncio.Condition": frozenset({"acquire", "wait", "wait_for"}),
    "asyncio.Event": frozenset({"wait"}),
    "asyncio.Lock": frozenset({"acquire"}),
    **{f"asyncio.{name}": frozenset({"acquire"}) for name in ("BoundedSemaphore", "Semaphore")},
    **{f"asyncio.{name}": frozenset({"get", "join", "put"}) for name in ("LifoQueue", "PriorityQueue", "Queue")},
}
"""The `async def` methods of classes of the standard library."""

# What they make of an `async def` is the same function, or one that behaves the same when it is called.
_TRANSPARENT: Final = frozenset(
    {
        "abc.abstractmethod",
        "abstractmethod",
        "classmethod",
        "final",
        "override",
        "staticmethod",
        "typing.final",
        "typing.override",
        "typing_extensions.final",
        "typing_extensions.override",
    }
)


def call_gives(code: Analysis, function: ast.expr) -> Gives:
    """What a call of `function` gives.

    Args:
        code: the analysis of the statement around.
        function: what is called: the `func` of a call, or the first argument of `map`.
    """
    qualified = code.qualified_name(function)
    if qualified in COROUTINE_FUNCTIONS:
        return Gives.COROUTINE
    if qualified in OTHER_FUNCTIONS:
        return Gives.OTHER
    if isinstance(function, ast.Attribute) and function.attr in OTHER_METHODS:
        return Gives.OTHER
    match definition_of(code, function):
        case FunctionFact() as fact:
            return _of_function(fact)
        case ClassFact():
            return Gives.OTHER
        case None:
            pass
    if isinstance(function, ast.Attribute):
        for maker in _makers(code, function.value):
            if function.attr in COROUTINE_METHODS.get(maker.qualified or "", ()):
                return Gives.COROUTINE
    return Gives.UNKNOWN


def _of_function(fact: FunctionFact) -> Gives:
    if not set(fact.decorators) <= _TRANSPARENT:
        return Gives.UNKNOWN
    if fact.is_async:
        return Gives.OTHER if fact.is_generator else Gives.COROUTINE
    returned = (fact.returns or "").strip("\"'").partition("[")[0].rpartition(".")[2]
    match returned:
        case "Coroutine" | "CoroutineType":
            return Gives.COROUTINE
        case "Future" | "Task":
            return Gives.OTHER
        case _:
            return Gives.UNKNOWN


def definition_of(code: Analysis, function: ast.expr) -> FunctionFact | ClassFact | None:
    """The function or class that is called, methods of variables with a known class and inherited ones included."""
    if (known := code.definition(function)) is not None:
        return known
    if not isinstance(function, ast.Attribute):
        return None
    match function.value:
        # self.load(), which a base class defines
        case ast.Name() as receiver if (around := code.class_of_self(receiver)) is not None:
            owners = [_maker(code, base) for base in around.bases]
        # super().load()
        case ast.Call(func=ast.Name(id="super"), args=[]) as call if code.is_name(call.func, "builtins.super"):
            class_ = code.enclosing(call, ast.ClassDef)
            owners = [_maker(code, base) for base in class_.bases] if class_ is not None else []
        # store = Store(); store.load()
        case value:
            owners = list(_makers(code, value))
    for owner in owners:
        if isinstance(owner.definition, ClassFact) and (method := owner.definition.method(function.attr)):
            return method
    return None


class _Maker(Struct, frozen=True):
    """What an object is made by, or annotated with.

    Attributes:
        qualified: its full dotted name.
        definition: what is known of it in this project.
    """

    qualified: str | None
    definition: FunctionFact | ClassFact | None


def _maker(code: Analysis, node: ast.expr) -> _Maker:
    return _Maker(code.qualified_name(node), code.definition(node))


def _makers(code: Analysis, receiver: ast.expr) -> Iterator[_Maker]:
    """The class that a variable or an attribute of `self` is made an instance of, or annotated with."""
    match receiver:
        case ast.Name():
            bound = code.local_bindings(receiver)
            if bound is None or len(bound) != 1:
                return
            binding = bound[0]
            if binding.kind is BindingKind.PARAMETER and isinstance(binding.node, ast.arg):
                if isinstance(binding.node.annotation, ast.Name | ast.Attribute):
                    yield _maker(code, binding.node.annotation)
                return
            match code.parent(binding.node):
                case ast.Assign(targets=[target], value=ast.Call(func=made)) if target is binding.node:
                    yield _maker(code, made)
                case ast.AnnAssign(annotation=ast.Name() | ast.Attribute() as annotation):
                    yield _maker(code, annotation)
                case _:
                    pass
        case ast.Attribute(value=ast.Name() as owner, attr=attr) if (class_ := code.class_of_self(owner)) is not None:
            if (found := _member_maker(code, class_, attr)) is not None:
                yield found
        case _:
            return


def _member_maker(code: Analysis, class_: ast.ClassDef, attr: str) -> _Maker | None:
    """What `self.attr` is made by, if it is assigned in one place of its class."""
    if isinstance(code.unit, Part) and class_ is code.unit.frame.node:
        return code.ask(member_maker, code.statement, attr)
    assignments = [each for found in code.facts(_assignments) for each in found.get(attr, ())]
    match [each.value for each in assignments if class_ in code.ancestors(each)]:
        case [ast.Call(func=made)]:
            return _maker(code, made)
        case _:
            return None


@about(lambda statement, attr: (attr,))
def member_maker(module: Module, statement: Statement, attr: str) -> _Maker | None:
    """Question: what `self.attr` is made by in a long class."""
    if (whole := version(module, statement)) is None:
        return None
    (class_,) = whole.nodes
    assert isinstance(class_, ast.ClassDef)
    return _member_maker(Analysis(module, whole, (3, 11)), class_, attr)


def _assignments(statement: Statement) -> dict[str, list[ast.Assign | ast.AnnAssign]]:
    """The assignments to attributes, by the attributes' names."""
    index = statement.fact(tree)
    found: dict[str, list[ast.Assign | ast.AnnAssign]] = {}
    nodes: list[ast.Assign | ast.AnnAssign] = [*index.of(ast.Assign), *index.of(ast.AnnAssign)]
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {each.attr for target in targets for each in ast.walk(target) if isinstance(each, ast.Attribute)}
        for name in names:
            found.setdefault(name, []).append(node)
    return found


# -- what cancelling it sets off --------------------------------------------------------------------------------------


class OnCancel(Enum):
    """What a coroutine function of this file does when it is cancelled."""

    NOTHING = auto()
    """Or it is not known."""
    CLEANS_UP = auto()
    """A `finally` runs, without awaiting anything."""
    AWAITS = auto()
    """A `finally` awaits."""
    HANDLES = auto()
    """It catches `CancelledError` and does something about it."""


def on_cancel(code: Analysis, function: ast.expr) -> OnCancel:
    """What cancelling a call of `function` sets off in its own body, if that is in this file."""
    match function:
        case ast.Name(id=name):
            local = code.local_bindings(function)
            if local is None:
                return code.ask(_on_cancel_of, name)
            definitions = [binding.node for binding in local if isinstance(binding.node, FUNCTIONS)]
            return _on_cancel(definitions[-1]) if definitions else OnCancel.NOTHING
        case ast.Attribute(value=ast.Name() as receiver, attr=attr):
            if (class_ := code.class_of_self(receiver)) is None:
                return OnCancel.NOTHING
            methods = [each for each in class_.body if isinstance(each, FUNCTIONS) and each.name == attr]
            return _on_cancel(methods[-1]) if methods else OnCancel.NOTHING
        case _:
            return OnCancel.NOTHING


@about(lambda name: (name,))
def _on_cancel_of(module: Module, name: str) -> OnCancel:
    """Question: what a function at module level does when it is cancelled."""
    for statement in module.statements:
        if statement.mentions(name):
            for binding in bound_by(statement, name):
                if isinstance(binding.node, FUNCTIONS):
                    return _on_cancel(binding.node)
    return OnCancel.NOTHING


def _on_cancel(function: Function) -> OnCancel:
    found = OnCancel.NOTHING
    for node in walk_block(function.body):
        if not isinstance(node, ast.Try | ast.TryStar):
            continue
        if any(_handles_cancellation(handler) for handler in node.handlers):
            return OnCancel.HANDLES
        if any(isinstance(below, ast.Await | ast.AsyncWith | ast.AsyncFor) for below in walk_block(node.finalbody)):
            found = OnCancel.AWAITS
        elif node.finalbody and found is OnCancel.NOTHING:
            found = OnCancel.CLEANS_UP
    return found


def _handles_cancellation(handler: ast.ExceptHandler) -> bool:
    named = (
        [below for below in ast.walk(handler.type) if isinstance(below, ast.Name | ast.Attribute)]
        if handler.type
        else []
    )
    names = {below.id if isinstance(below, ast.Name) else below.attr for below in named}
    return "CancelledError" in names and not all(isinstance(each, ast.Raise | ast.Pass) for each in handler.body)


# -- whether it can be interrupted ------------------------------------------------------------------------------------


def suspends(node: ast.AST) -> bool:
    """Whether a node, not what is below it, gives control away: to the event loop or to whoever runs a generator."""
    match node:
        case ast.Await() | ast.AsyncFor() | ast.AsyncWith() | ast.Yield() | ast.YieldFrom():
            return True
        case ast.comprehension(is_async=is_async):
            return bool(is_async)
        case _:
            return False


def cancellable_calls(nodes: Sequence[ast.AST]) -> bool:
    """Whether a block awaits something, in functions and classes defined there not counted."""
    return any(suspends(node) and not isinstance(node, ast.Yield | ast.YieldFrom) for node in walk_block(nodes))
