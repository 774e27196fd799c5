"""Keep a reference to every task you start, or wait for it.

## Why
The event loop itself holds only a weak reference to a task. A task that nothing else refers to can be collected as
garbage in the middle of its work: it just stops, at a moment nobody can foresee. A set holds on to the tasks until
they have ended; a task group does that too, and also waits for them and raises what they raise.

## Example
In a class, the object holds its tasks:
```python
import asyncio


class Cache:
    def __init__(self, source):
        self.source = source

    def get(self, key):
        asyncio.create_task(self.refresh(key))
        return self.source[key]

    async def refresh(self, key): ...
```
becomes
```python
import asyncio


class Cache:
    def __init__(self, source):
        self.source = source
        self._background_tasks = set()

    def get(self, key):
        refresh_task = asyncio.create_task(self.refresh(key))
        self._background_tasks.add(refresh_task)
        refresh_task.add_done_callback(self._background_tasks.discard)
        return self.source[key]

    async def refresh(self, key): ...
```

A function that goes on waiting for other things can wait for its tasks as well:
```python
import asyncio


async def load_page(path):
    asyncio.create_task(count_visit(path))
    return await read_page(path)


async def count_visit(path): ...
```
becomes
```python
import asyncio


async def load_page(path):
    async with asyncio.TaskGroup() as tg:
        tg.create_task(count_visit(path))
        return await read_page(path)


async def count_visit(path): ...
```

Elsewhere, the module holds the tasks:
```python
import asyncio


def on_message(message):
    asyncio.ensure_future(store(message))


async def store(message): ...
```
becomes
```python
import asyncio

background_tasks = set()


def on_message(message):
    store_task = asyncio.ensure_future(store(message))
    background_tasks.add(store_task)
    store_task.add_done_callback(background_tasks.discard)


async def store(message): ...
```

## Fix safety
A set is safe: the tasks run as before, they only can't vanish any more. Their exceptions are still not seen by anybody
but the event loop's handler, which logs them. A set that is there already is used again. The set of a module is shared
by all event loops that run in it, one after the other or in threads.

An object holds its tasks as long as something holds the object, which is why `__del__` leaves them to the module. The
set is made in the class's own `__init__`; a class that inherits from nothing gets one if it has none and is not
a class of tests. It is unsafe if the class inherits from what can't be seen, which may use the same name, if a subclass
in this file does not call the `__init__` of its base class, or if objects of the class are pickled or copied.

The task group is unsafe: the block waits for the task, cancels it when something else in it fails, and raises failures
as an `ExceptionGroup`. It is refused where it can't wait, in a function that is not `async` or yields, and for a task
with an endless loop or of another event loop; in a `while` or `async for` loop, in a loop that is left early, and in a
`try` whose handlers would get a group.

Nothing is reported if the result is used in any way, for a task of a task group, or for what only looks like a task.

## References
- [`asyncio.create_task`](https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task)
- [Task groups](https://docs.python.org/3/library/asyncio-task.html#task-groups)
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import libcst as cst

from idiomatic.core.analysis.coroutines import Gives, call_gives, suspends
from idiomatic.core.analysis.exceptions import builtin_is_visible, finally_around, tries_around
from idiomatic.core.analysis.flow import can_raise
from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.tasks import is_visible, runs_forever, started
from idiomatic.core.analysis.tree import FUNCTIONS, walk_block
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Safe, Unsafe, safe_unless
from idiomatic.core.module import bindings, has_star_import
from idiomatic.core.writing.changes import changed, lines_above, whole
from idiomatic.core.writing.names import name_of_task
from idiomatic.core.writing.task_group import create_task, fresh_group, group_block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.tasks import Started
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement
    from idiomatic.core.writing.changes import Change

KIND = Kind.PROBLEM
SINCE = (3, 8)
TRIGGERS = ("create_task", "ensure_future")
ALSO = ("RUF006",)

MESSAGE: Final = "Nothing refers to this task: it can be collected as garbage before it has ended"
IN_CLASS_TITLE: Final = "Keep the task in `self.{}` until it has ended"
IN_MODULE_TITLE: Final = "Keep the task in a set of the module, `{}`, until it has ended"
GROUP_TITLE: Final = "Wait for it in a `TaskGroup` (the block waits; raises ExceptionGroup)"
GROUP_SINCE: Final = (3, 11)

SET: Final = "background_tasks"


def detect(statement: ast.Expr | ast.Assign | ast.Lambda, code: Analysis) -> Iterator[Finding]:
    match statement:
        # loop.add_signal_handler(SIGTERM, lambda: asyncio.create_task(stop()))
        case ast.Lambda(body=ast.Call() as call) if (task := started(code, call)) and _is_callback(statement, code):
            if _is_task(task, code):
                reason = Refused("A `lambda` has no room for the statements that keep the task.")
                yield Finding(call, MESSAGE, (Fix(IN_MODULE_TITLE.format(SET), reason, code.lines(statement)),))
            return
        # asyncio.create_task(work()).add_done_callback(report)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call() as call, attr="add_done_callback"))) if (
            task := started(code, call)
        ):
            pass
        # asyncio.create_task(work())
        case ast.Expr(value=ast.Call() as call) if (task := started(code, call)) is not None:
            pass
        # task = asyncio.create_task(work()), and the function is done
        case ast.Assign(targets=[ast.Name() as target], value=ast.Call() as call) if (
            task := started(code, call)
        ) is not None and _is_forgotten(statement, target, code):
            pass
        case _:
            return
    if _is_task(task, code):
        yield Finding(call, MESSAGE, tuple(_fixes(statement, task, code)))


_CALLBACKS: Final = frozenset(
    {
        "add_done_callback", "add_reader", "add_signal_handler", "add_writer", "call_at", "call_later", "call_soon",
        "call_soon_threadsafe",
    }
)  # fmt: skip


def _is_callback(function: ast.Lambda, code: Analysis) -> bool:
    """Whether the event loop calls a `lambda` and drops what it gives."""
    match code.parent(function):
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _CALLBACKS
        case _:
            return False


def _is_task(task: Started, code: Analysis) -> bool:
    """Whether a task is made: `ensure_future` gives a future back as it is, and whoever made it may hold it."""
    if task.by != "ensure_future":
        return True
    match task.coroutine:
        case ast.Call(func=function):
            return call_gives(code, function) is not Gives.OTHER
        case _:
            return False


def _is_forgotten(statement: ast.Assign, target: ast.Name, code: Analysis) -> bool:
    """Whether nothing reads the variable, and its function does not wait for anything that would keep it alive."""
    function = code.function_around(statement)
    local = code.local_bindings(target)
    if not isinstance(function, FUNCTIONS) or local is None:
        return False
    owner = code.scope(target).lookup(target.id)
    if owner is None or owner.node is not function:
        return False
    if any(not isinstance(use.ctx, ast.Store) for use in code.uses(target.id, function, owner)):
        return False
    if isinstance(function, ast.FunctionDef):
        return not any(
            isinstance(node, ast.Yield | ast.YieldFrom) or _blocks(node) for node in walk_block(function.body)
        )
    later = set(_after(statement, code))
    return not any(suspends(node) for each in later for node in (each, *walk_block([each])))


def _blocks(node: ast.AST) -> bool:
    """Whether a loop is run inside a function: the variable lives on until that ends."""
    return isinstance(node, ast.Attribute) and node.attr in {"run_until_complete", "run_forever"}


def _after(statement: ast.stmt, code: Analysis) -> Iterator[ast.AST]:
    """What may run after a statement in its function: what follows, and all of a loop around."""
    child: ast.AST = statement
    for parent in code.ancestors(statement):
        if isinstance(parent, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            block = parent.body if isinstance(parent.body, list) else []
            yield from block[block.index(child) + 1 :] if child in block else ()
            return
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While | ast.AsyncWith):
            yield parent
        elif isinstance(child, ast.stmt):
            block = list(code.siblings(child))
            yield from block[block.index(child) + 1 :]
        if isinstance(parent, ast.Try | ast.TryStar):
            yield from [*parent.handlers, *parent.orelse, *parent.finalbody]
        child = parent


# -- what is offered --------------------------------------------------------------------------------------------------


def _fixes(statement: ast.Expr | ast.Assign, task: Started, code: Analysis) -> Iterator[Fix]:
    """The ways to hold on to the task, the best first: the object, the function that waits, the module."""
    if not code.has_own_lines(statement):
        yield Fix(
            IN_MODULE_TITLE.format(SET),
            Refused("Its statement has no lines of its own, so no others can be put below it."),
            code.lines(statement),
        )
        return
    in_class = _in_class(statement, task, code)
    group = _in_group(statement, task, code) if code.target >= GROUP_SINCE else None
    in_module = _in_module(statement, task, code)
    waits = group is not None and not isinstance(group.verdict, Refused) and _goes_on_waiting(statement, code)
    order = [in_class, group, in_module] if waits else [in_class, in_module, group]
    yield from (fix for fix in order if fix is not None)


def _goes_on_waiting(statement: ast.stmt, code: Analysis) -> bool:
    """Whether the function awaits something after it has started the task."""
    _, region = _region(statement, code)
    return any(suspends(node) for each in region for node in walk_block([each]))


# -- a set of the class -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Home:
    """Where an object holds its tasks.

    Attributes:
        receiver: the name of `self` in the method.
        attribute: of the set.
        exists: whether it is there already.
        init: the `__init__` that makes it; `None` if there is none yet.
    """

    class_: ast.ClassDef
    receiver: str
    attribute: str
    exists: bool
    init: ast.FunctionDef | None


def _in_class(statement: ast.Expr | ast.Assign, task: Started, code: Analysis) -> Fix | None:
    home = _home(statement, code)
    if home is None:
        return None
    method = next(
        each
        for each in (statement, *code.ancestors(statement))
        if isinstance(each, ast.stmt) and each in home.class_.body
    )
    where: tuple[ast.stmt, ast.stmt]
    if home.exists:
        where = (statement, statement)
    elif home.init is not None:
        body = home.class_.body
        first, last = sorted((home.init, method), key=body.index)
        where = (first, last)
    else:
        where = (home.class_, home.class_)
    if not home.exists and not all(code.has_own_lines(each) for each in where):
        return None
    verdict = Safe() if home.exists else safe_unless(_class_reasons(home, code))
    return Fix(IN_CLASS_TITLE.format(home.attribute), verdict, where, partial(to_set_of_object, statement, task, home))


def _home(statement: ast.stmt, code: Analysis) -> _Home | None:
    method = next((each for each in code.ancestors(statement) if _is_method(each, code)), None)
    if not isinstance(method, FUNCTIONS):
        return None
    class_ = code.parent(method)
    arguments = [*method.args.posonlyargs, *method.args.args]
    assert isinstance(class_, ast.ClassDef)
    if not arguments or _has_other_self(method, arguments[0].arg, statement, code):
        return None
    receiver = arguments[0].arg
    inits = [each for each in class_.body if isinstance(each, FUNCTIONS) and each.name == "__init__"]
    init = inits[0] if len(inits) == 1 and isinstance(inits[0], ast.FunctionDef) else None
    if init is not None and (known := _known_set(class_, init)) is not None:
        return _Home(class_, receiver, known, exists=True, init=init)
    if not _may_get_attributes(class_, code) or (inits and init is None):
        return None
    if init is not None and (init.decorator_list or not [*init.args.posonlyargs, *init.args.args]):
        return None
    if init is None and (class_.bases or class_.keywords or _is_for_tests(class_)):
        return None
    return _Home(class_, receiver, _free_attribute(class_, code), exists=False, init=init)


def _is_method(node: ast.AST, code: Analysis) -> bool:
    return isinstance(node, FUNCTIONS) and isinstance(code.parent(node), ast.ClassDef)


def _has_other_self(method: Function, receiver: str, statement: ast.stmt, code: Analysis) -> bool:
    """Whether the first parameter is no object, or no longer, at a statement."""
    for decorator in method.decorator_list:
        if code.is_name(decorator, "builtins.staticmethod", "builtins.classmethod"):
            return True
    scope = code.scope(statement).lookup(receiver)
    return (
        scope is None
        or scope.node is not method
        or len(scope.bindings[receiver]) != 1
        or method.name in {"__new__", "__init_subclass__", "__class_getitem__", "__del__"}
    )


def _known_set(class_: ast.ClassDef, init: ast.FunctionDef) -> str | None:
    """The attribute that `__init__` makes a set and that holds tasks already."""
    for node in walk_block(init.body):
        match node:
            case (
                ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr=attr)], value=value)
                | ast.AnnAssign(target=ast.Attribute(value=ast.Name(id=owner), attr=attr), value=ast.expr() as value)
            ) if owner == init.args.args[0].arg and _is_empty_set(value):
                if _is_for_tasks(attr, node) and node in init.body:
                    return attr
            case _:
                pass
    return None


def _is_empty_set(value: ast.expr) -> bool:
    match value:
        case ast.Call(func=ast.Name(id="set"), args=[], keywords=[]):
            return True
        case _:
            return False


def _is_for_tasks(name: str, assignment: ast.stmt) -> bool:
    """Whether a set is, by its name or annotation, one of tasks."""
    match assignment:
        case ast.AnnAssign(annotation=annotation):
            return re.search(r"\b(?:Task|Future)\b", ast.unparse(annotation)) is not None
        case _:
            return re.fullmatch(r"_*(?:\w+_)?tasks", name) is not None


def _is_for_tests(class_: ast.ClassDef) -> bool:
    """Whether pytest may collect a class, which it does only without an `__init__`."""
    return class_.name.startswith("Test") or any(
        isinstance(each, FUNCTIONS) and each.name.startswith("test") for each in class_.body
    )


_RULED_ATTRIBUTES: Final = frozenset({"__slots__", "__setattr__", "__getattr__", "__getattribute__"})


def _may_get_attributes(class_: ast.ClassDef, code: Analysis) -> bool:
    """Whether a class takes new attributes as any ordinary class does."""
    for each in class_.body:
        match each:
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)) if name in _RULED_ATTRIBUTES:
                return False
            case ast.Assign(targets=targets) if any(
                isinstance(target, ast.Name) and target.id in _RULED_ATTRIBUTES for target in targets
            ):
                return False
            case _:
                pass
    return not class_.decorator_list and builtin_is_visible(code, "set", class_.body[0])


def _free_attribute(class_: ast.ClassDef, code: Analysis) -> str:
    return next(
        name
        for name in (f"_{SET}", "_running_tasks", *(f"_{SET}_{number}" for number in range(2, 100)))
        if not code.ask(mentions, name)
    )


_PLAIN_BASES: Final = ("builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol")
_COPYING: Final = ("pickle", "deepcopy", "__getstate__", "__reduce__", "__reduce_ex__", "__deepcopy__")


def _class_reasons(home: _Home, code: Analysis) -> Iterator[str]:
    for base in home.class_.bases:
        bare = base.value if isinstance(base, ast.Subscript) else base
        if code.is_name(bare, *_PLAIN_BASES):
            continue
        if not (isinstance(bare, ast.Name) and code.ask(is_plain_class, bare.id)):
            shown = ast.unparse(bare)
            yield f"What `{shown}` does with attributes can't be seen: it may have a `{home.attribute}` too."
    for name in code.ask(subclasses_without_super, home.class_.name):
        yield f"`{name}` does not call the `__init__` of its base class: its objects would lack the set."
    if any(code.ask(mentions, word) for word in _COPYING):
        yield "An object that holds a running task can't be pickled or deep-copied."


def is_plain_class(module: Module, name: str) -> bool:
    """Question: whether a class is in this file and, like its bases, takes attributes as any ordinary class does."""
    seen: set[str] = set()
    wanted = [name]
    while wanted:
        current = wanted.pop()
        if current in seen or current in {"object", "ABC", "Generic"}:
            continue
        seen.add(current)
        found = [
            fact
            for statement in module.statements
            if current in statement.text and (fact := statement.fact(_bases).get(current)) is not None
        ]
        if len(found) != 1 or found[0] is None:
            return False
        wanted += found[0]
    return True


def _bases(statement: Statement) -> dict[str, tuple[str, ...] | None]:
    """The base classes of the classes at module level, by name; `None` for one that is anything but ordinary."""
    found: dict[str, tuple[str, ...] | None] = {}
    for node in statement.nodes:
        if isinstance(node, ast.ClassDef):
            named = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
            is_plain = (
                not node.keywords and not node.decorator_list and all(isinstance(each, ast.Name) for each in named)
            )
            text = ast.unparse(node)
            ruled = any(f"def {each}(" in text or f"{each} =" in text for each in _RULED_ATTRIBUTES)
            found[node.name] = tuple(ast.unparse(each) for each in named) if is_plain and not ruled else None
    return found


def subclasses_without_super(module: Module, name: str) -> tuple[str, ...]:
    """Question: the classes of this file that inherit from one and have an `__init__` that does not call the other."""
    return tuple(
        subclass
        for statement in module.statements
        if name in statement.text and "__init__" in statement.text
        for subclass, bases in statement.fact(_without_super)
        if name in bases
    )


def _without_super(statement: Statement) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: list[tuple[str, tuple[str, ...]]] = []
    for node in statement.nodes:
        if not isinstance(node, ast.ClassDef):
            continue
        for each in node.body:
            if isinstance(each, ast.FunctionDef) and each.name == "__init__":
                calls = any(isinstance(part, ast.Attribute) and part.attr == "__init__" for part in ast.walk(each))
                if not calls:
                    found.append((node.name, tuple(ast.unparse(base) for base in node.bases)))
    return tuple(found)


def to_set_of_object(
    statement: ast.Expr | ast.Assign, task: Started, home: _Home, draft: Draft
) -> Sequence[cst.BaseStatement]:
    kept = _kept(statement, task, f"{home.receiver}.{home.attribute}", draft)
    changes: dict[cst.CSTNode, Change] = {draft.node(statement, cst.SimpleStatementLine): lambda _: _several(kept)}
    if not home.exists and home.init is not None:
        _make_in(home.init, home, kept, statement, changes, draft)
    elif not home.exists:
        _make_init(home, changes, draft)
    return changed(draft, changes)


def _several(statements: Sequence[cst.BaseStatement]) -> cst.FlattenSentinel[cst.CSTNode]:
    return cst.FlattenSentinel(statements)


def _make_in(
    init: ast.FunctionDef,
    home: _Home,
    kept: Sequence[cst.BaseStatement],
    statement: ast.stmt,
    changes: dict[cst.CSTNode, Change],
    draft: Draft,
) -> None:
    """Have `__init__` make the set, below the attributes it begins with."""
    receiver = [*init.args.posonlyargs, *init.args.args][0].arg
    made = _made(f"{receiver}.{home.attribute}", init, draft)
    begins = [index for index, each in enumerate(init.body) if index == 0 and is_docstring(each)]
    for index, each in enumerate(init.body[len(begins) :], len(begins)):
        if not _only_stores(each, receiver, home.class_) or not draft.code.has_own_lines(each):
            break
        begins.append(index)
    if begins:
        above = draft.node(init.body[begins[-1]], cst.SimpleStatementLine)
        changes[above] = lambda new: _several([cst.ensure_type(new, cst.SimpleStatementLine), made])
    elif init.body[0] is statement:
        changes[draft.node(statement, cst.SimpleStatementLine)] = lambda _: _several([made, *kept])
    else:
        changes[whole(init.body[0], draft)] = lambda new: _several([made, cast("cst.BaseStatement", new)])


def _make_init(home: _Home, changes: dict[cst.CSTNode, Change], draft: Draft) -> None:
    """Give the class an `__init__`, above its first method."""
    body = cst.ensure_type(draft.node(home.class_, cst.ClassDef).body, cst.IndentedBlock).body
    first = next(each for each in body if isinstance(each, cst.FunctionDef))
    is_annotated = any(has_annotations(each) for each in home.class_.body if isinstance(each, FUNCTIONS))
    method = next(each for each in home.class_.body if isinstance(each, FUNCTIONS))
    made = _made(f"self.{home.attribute}", method, draft, is_annotated=is_annotated)
    blank = cst.EmptyLine(indent=False)
    init = cst.FunctionDef(
        cst.Name("__init__"),
        cst.Parameters([cst.Param(cst.Name("self"))]),
        cst.IndentedBlock([made]),
        returns=cst.Annotation(cst.Name("None")) if is_annotated else None,
        leading_lines=() if first is body[0] else (blank,),
    )

    def with_init(new: cst.CSTNode) -> cst.FlattenSentinel[cst.CSTNode]:
        lines = lines_above(new)
        below = lines if lines and lines[0].comment is None else (blank, *lines)
        return _several([init, cast("cst.BaseStatement", new.with_changes(leading_lines=below))])

    changes[first] = with_init


def _only_stores(statement: ast.stmt, receiver: str, class_: ast.ClassDef) -> bool:
    """Whether a statement stores what is there already, or something empty, in an ordinary attribute."""
    match statement:
        case (
            ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr=attr)], value=value)
            | ast.AnnAssign(target=ast.Attribute(value=ast.Name(id=owner), attr=attr), value=ast.expr() as value)
        ) if owner == receiver:
            is_property = any(isinstance(each, FUNCTIONS) and each.name == attr for each in class_.body)
            is_empty = isinstance(value, ast.Call) and not value.args and isinstance(value.func, ast.Name)
            makes = is_empty and cast("ast.Call", value).func.id in {"set", "dict", "list"}  # type: ignore[attr-defined]
            return not is_property and (makes or not can_raise(ast.Expr(value)))
        case _:
            return False


# -- a set of the module ----------------------------------------------------------------------------------------------


def _in_module(statement: ast.Expr | ast.Assign, task: Started, code: Analysis) -> Fix:
    known = next((name for name in code.ask(sets_of_tasks) if _is_visible(name, statement, code)), None)
    name = known or next(
        name for name in (SET, *(f"{SET}_{number}" for number in range(2, 100))) if not code.ask(mentions, name)
    )
    title = IN_MODULE_TITLE.format(name)
    where = code.lines(statement)
    if known is None and (code.ask(bindings, "set") or code.ask(has_star_import)):
        return Fix(title, Refused("`set` may mean something else here."), where)
    return Fix(title, Safe(), where, partial(to_set_of_module, statement, task, name, is_new=known is None))


def _is_visible(name: str, at: ast.AST, code: Analysis) -> bool:
    scope = code.scope(at).lookup(name)
    return scope is not None and scope.parent is None


def sets_of_tasks(module: Module) -> tuple[str, ...]:
    """Question: the variables at module level that are assigned one empty set, of tasks by their name or annotation."""
    found: list[str] = []
    for statement in module.statements:
        for node in statement.nodes if "set(" in statement.text else ():
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ) if _is_empty_set(value) and _is_for_tasks(name, node) and len(module.ask(bindings, name)) == 1:
                    found.append(name)
                case _:
                    pass
    return tuple(found)


def to_set_of_module(
    statement: ast.Expr | ast.Assign, task: Started, name: str, draft: Draft, *, is_new: bool
) -> Sequence[cst.BaseStatement]:
    kept = _kept(statement, task, name, draft)
    if is_new:
        function = draft.code.function_around(statement)
        annotation = _annotation(statement, draft) if _may_annotate(function, draft) else None
        draft.constant(f"{name}{f': {annotation}' if annotation else ''} = set()")
    return changed(draft, {draft.node(statement, cst.SimpleStatementLine): lambda _: _several(kept)})


# -- what both have in common -----------------------------------------------------------------------------------------


def has_annotations(function: ast.AST | None) -> bool:
    """Whether a function says anything about types."""
    return isinstance(function, FUNCTIONS) and (
        function.returns is not None
        or any(each.annotation for each in ast.walk(function.args) if isinstance(each, ast.arg))
    )


def _may_annotate(function: ast.AST | None, draft: Draft) -> bool:
    """Whether a set gets an annotation at module level, where it is evaluated."""
    return has_annotations(function) and draft.code.target >= (3, 9) and draft.code.ask(imports_asyncio)


def imports_asyncio(module: Module) -> bool:
    """Question: whether `asyncio` is a name of the module, imported for the program and not only for type checkers."""
    bound = module.ask(bindings, "asyncio")
    return bool(bound) and all(each.qualified == "asyncio" and not each.type_checking for each in bound)


def _annotation(at: ast.AST, draft: Draft) -> str:
    return f"set[{draft.reference('asyncio.Task', at, as_module=True)}[object]]"


def _made(target: str, function: ast.AST, draft: Draft, *, is_annotated: bool | None = None) -> cst.BaseStatement:
    """The statement that makes the set; an attribute's annotation is never evaluated."""
    wanted = has_annotations(function) if is_annotated is None else is_annotated
    annotation = f": {_annotation(function, draft)}" if wanted and draft.code.ask(imports_asyncio) else ""
    return cst.parse_statement(f"{target}{annotation} = set()")


def _kept(statement: ast.Expr | ast.Assign, task: Started, holder: str, draft: Draft) -> Sequence[cst.BaseStatement]:
    """The statement with the task in a variable, and those that keep it in a set."""
    line = draft.node(statement, cst.SimpleStatementLine)
    callback: list[cst.BaseStatement] = []
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) if name != "_":
            first = line
        case _:
            function = draft.code.function_around(statement)
            name = draft.fresh(name_of_task(task.coroutine, draft.code), "task", within=function)
            call = draft.node(task.call, cst.Call)
            first = line.with_changes(body=[cst.Assign([cst.AssignTarget(cst.Name(name))], call)])
            if isinstance(statement, ast.Expr) and statement.value is not task.call:
                told = cst.ensure_type(draft.node(statement.value, cst.Call), cst.Call)
                func = cst.ensure_type(told.func, cst.Attribute).with_changes(value=cst.Name(name))
                callback = [cst.SimpleStatementLine([cst.Expr(told.with_changes(func=func))])]
    return [
        first,
        cst.parse_statement(f"{holder}.add({name})"),
        *callback,
        cst.parse_statement(f"{name}.add_done_callback({holder}.discard)"),
    ]


def is_docstring(statement: ast.stmt) -> bool:
    """Whether a statement is nothing but a string."""
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case _:
            return False


# -- a task group -----------------------------------------------------------------------------------------------------


def _in_group(statement: ast.Expr | ast.Assign, task: Started, code: Analysis) -> Fix | None:
    function = code.function_around(statement)
    if not isinstance(function, ast.AsyncFunctionDef):
        return None
    outer, region = _region(statement, code)
    fault = _group_fault(statement, task, outer, region, function, code)
    where = (region[0], region[-1])
    if fault is None and not all(code.has_own_lines(each) for each in where):
        fault = "Its statement has no lines of its own, so no block can stand around it."
    if fault is not None:
        return Fix(GROUP_TITLE, Refused(fault), code.lines(statement))
    reasons = tuple(_group_reasons(task, region, code))
    return Fix(GROUP_TITLE, Unsafe(reasons), where, partial(to_group, statement, task, region))


def _region(statement: ast.stmt, code: Analysis) -> tuple[ast.stmt, Sequence[ast.stmt]]:
    """What the group goes around: the statement, or the loops around it, and what follows in that block."""
    outer = statement
    for each in code.ancestors(statement):
        if isinstance(each, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            break
        if isinstance(each, ast.For | ast.AsyncFor | ast.While):
            outer = each
    block = code.siblings(outer)
    region = block[block.index(outer) :]
    if len(region) > 1 and _is_plain_return(region[-1]):
        region = region[:-1]
    return outer, region


def _is_plain_return(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return) and (statement.value is None or not can_raise(ast.Expr(statement.value)))


def _group_fault(
    statement: ast.Expr | ast.Assign,
    task: Started,
    outer: ast.stmt,
    region: Sequence[ast.stmt],
    function: ast.AsyncFunctionDef,
    code: Analysis,
) -> str | None:
    """Why the function can't wait for the task."""
    inside = set(walk_block(region))
    if runs_forever(code, task.coroutine):
        return "The task has an endless loop: the group would wait for it forever."
    if not task.is_here:
        return "It may be the task of another event loop, which a group can't wait for."
    if isinstance(statement, ast.Assign):
        return "The task is assigned to a variable."
    if statement.value is not task.call:
        return "Something is told already when the task has ended."
    if not isinstance(task.coroutine, ast.Call) or call_gives(code, task.coroutine.func) is Gives.OTHER:
        return "A task group takes coroutines only."
    if any(each.arg not in {"name", "context"} for each in task.keywords):
        return "A task group's `create_task` does not have all of these arguments."
    if any(isinstance(node, ast.Yield) for node in walk_block(function.body)):
        return "The function yields, and a task group must not be left by a generator."
    if finally_around(code, statement) is not None:
        return "It stands in a `finally`, where a failure must not keep the rest from cleaning up."
    if next(tries_around(code, statement), None) is not None or _is_in_handler(statement, code):
        return "The `try` around it would get an exception group."
    if any(
        isinstance(each, ast.While | ast.AsyncFor) for each in (outer, *code.ancestors(statement)) if each in inside
    ):
        return "It stands in a loop of unknown length: the group would end only after the loop."
    if outer is not statement and any(
        isinstance(node, ast.Return | ast.Break | ast.Continue) for node in walk_block([outer])
    ):
        return "The loop around it is left early, and would have to wait for the tasks then."
    return None


def _is_in_handler(statement: ast.stmt, code: Analysis) -> bool:
    for each in code.ancestors(statement):
        if isinstance(each, (*FUNCTIONS, ast.Lambda)):
            return False
        if isinstance(each, ast.ExceptHandler):
            return True
    return False


def _group_reasons(task: Started, region: Sequence[ast.stmt], code: Analysis) -> Iterator[str]:
    yield "The block waits until the task has ended."
    yield "A failure of the task cancels the rest of the block and is raised as an `ExceptionGroup`."
    if len(region) > 1:
        yield "What fails in the rest of the block cancels the task, and is raised in a group as well."
    assert isinstance(task.coroutine, ast.Call)
    shown = f"`{ast.unparse(task.coroutine.func)}(...)`"
    if call_gives(code, task.coroutine.func) is Gives.UNKNOWN:
        yield f"Whether {shown} gives a coroutine can't be seen; a task group takes no other awaitable."
    if not is_visible(code, task.coroutine):
        yield f"Whether {shown} ever ends can't be seen."


def to_group(
    statement: ast.stmt, task: Started, region: Sequence[ast.stmt], draft: Draft
) -> Sequence[cst.BaseStatement]:
    """The statements in an `async with` that the task belongs to."""
    name = fresh_group(statement, draft)
    old = draft.node(task.call, cst.Call)
    body = changed(draft, {old: lambda new: new.with_changes(func=create_task(name))})
    return [group_block(name, body, statement, draft)]
