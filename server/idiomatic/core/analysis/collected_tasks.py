"""Which tasks are started one after the other and collected, and how does the function wait for them?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.coroutines import suspends
from idiomatic.core.analysis.evaluation import order_fault
from idiomatic.core.analysis.group_effects import (
    gather_fault,
)
from idiomatic.core.analysis.scopes import BindingKind
from idiomatic.core.analysis.tasks import GATHER, started
from idiomatic.core.analysis.tree import walk_block

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tasks import Started


WAIT: Final = ("asyncio.wait", "asyncio.tasks.wait")


class Tasks(Struct, frozen=True):
    """Tasks that are started one after the other, and the variables that hold them.

    Attributes:
        made: the statement that makes each variable: one list, or a task each.
        names: the variables.
        started: the calls that start them.
        many: whether the variable is a list.
        filled: whether the list is empty at first.
        first: the first statement of the block that starts one.
    """

    made: Sequence[ast.Assign | ast.AnnAssign]
    names: Sequence[str]
    started: Sequence[Started]
    many: bool
    filled: bool
    first: ast.stmt


class Wait(Struct, frozen=True):
    """How tasks are waited for.

    Attributes:
        statements: the neighbouring statements that do it.
        awaits: the `await` expressions.
        how: `gather`, `wait`, `each` (a loop or a comprehension) or `one` (by name).
        is_read: whether the results are.
        fault: why no group can take its place.
    """

    statements: Sequence[ast.stmt]
    awaits: Sequence[ast.Await]
    how: str
    is_read: bool
    fault: str | None = None


def collected(assignment: ast.Assign | ast.AnnAssign, code: Analysis) -> Tasks | None:
    """The tasks that an assignment is the first to collect: in a list, or in a variable each."""
    name = _target(assignment)
    function = code.function_around(assignment)
    if name is None or assignment.value is None or not isinstance(function, ast.AsyncFunctionDef):
        return None
    match assignment.value:
        # tasks = [asyncio.create_task(load(path)) for path in paths]
        case ast.ListComp(elt=ast.Call() as call) if task := started(code, call):
            return Tasks([assignment], [name], [task], many=True, filled=False, first=assignment)
        # tasks = [asyncio.create_task(load_user()), asyncio.create_task(load_posts())]
        case ast.List(elts=[_, *_] as elements):
            all_started = [started(code, each) for each in elements]
            found = [each for each in all_started if each is not None]
            if len(found) < len(all_started):
                return None
            appended = _appended(name, assignment, code)
            more = [task for task, _ in appended or ()]
            return Tasks([assignment], [name], [*found, *more], many=True, filled=bool(more), first=assignment)
        # tasks = []; tasks.append(asyncio.create_task(load(path)))
        case ast.List(elts=[]) | ast.Call(func=ast.Name(id="list"), args=[], keywords=[]):
            appended = _appended(name, assignment, code)
            if not appended:
                return None
            first = _sibling_around(appended[0][1], assignment, code)
            if first is None:
                return None
            return Tasks([assignment], [name], [task for task, _ in appended], many=True, filled=True, first=first)
        # user = asyncio.create_task(load_user()); posts = asyncio.create_task(load_posts())
        case ast.Call() as call if started(code, call) and not _is_preceded(assignment, code):
            return _one_by_one(assignment, code)
        case _:
            return None


def _target(assignment: ast.stmt) -> str | None:
    match assignment:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name), simple=1):
            return name
        case _:
            return None


def _is_local(name: str, at: ast.stmt, code: Analysis) -> bool:
    """Whether a variable belongs to the function around and is assigned once."""
    function = code.function_around(at)
    scope = code.scope(at)
    bound = scope.bindings.get(name, ())
    return scope.node is function and len(bound) == 1 and bound[0].kind is BindingKind.VARIABLE


def _appended(name: str, assignment: ast.stmt, code: Analysis) -> Sequence[tuple[Started, ast.stmt]] | None:
    """The tasks that are appended to a list, each with its statement."""
    found: list[tuple[Started, ast.stmt]] = []
    for use in _uses(name, assignment, code):
        method = code.parent(use)
        call = method and code.parent(method)
        match call:
            case ast.Call(func=ast.Attribute(attr="append") as function, args=[element], keywords=[]) if (
                function is method
            ):
                task = started(code, element)
                if task is None or not isinstance(code.parent(call), ast.Expr):
                    return None
                found.append((task, code.statement_of(call)))
            case _:
                pass
    return found


def _uses(name: str, assignment: ast.stmt, code: Analysis) -> Sequence[ast.Name]:
    """The reads of a variable of the function, in source order."""
    function = code.function_around(assignment)
    assert function is not None
    owner = code.scope(assignment).lookup(name)
    found = [use for use in code.uses(name, function, owner) if not isinstance(use.ctx, ast.Store)]
    return sorted(found, key=lambda use: code.span(use).start)


def _sibling_around(node: ast.stmt, of: ast.stmt, code: Analysis) -> ast.stmt | None:
    """The statement in the same block as another one that contains a node."""
    block = code.siblings(of)
    return next((each for each in (node, *code.ancestors(node)) if isinstance(each, ast.stmt) and each in block), None)


def _is_single(statement: ast.stmt, code: Analysis) -> Started | None:
    match statement:
        case ast.Assign(value=value) | ast.AnnAssign(value=value) if _target(statement) is not None:
            return started(code, value)
        case _:
            return None


def _is_preceded(assignment: ast.stmt, code: Analysis) -> bool:
    """Whether the statement above starts a task as well: then it is found with that one."""
    block = code.siblings(assignment)
    index = block.index(assignment)
    return index > 0 and _is_single(block[index - 1], code) is not None


def _one_by_one(assignment: ast.Assign | ast.AnnAssign, code: Analysis) -> Tasks | None:
    block = code.siblings(assignment)
    made: list[ast.Assign | ast.AnnAssign] = []
    found: list[Started] = []
    for each in block[block.index(assignment) :]:
        task = _is_single(each, code)
        if task is None or not isinstance(each, ast.Assign | ast.AnnAssign):
            break
        made.append(each)
        found.append(task)
    names = [name for each in made if (name := _target(each)) is not None]
    if len(set(names)) < 2 or len(set(names)) < len(names):
        return None
    return Tasks(made, names, found, many=False, filled=False, first=assignment)


# -- how they are waited for ------------------------------------------------------------------------------------------


def waited_for(tasks: Tasks, code: Analysis) -> Wait | None:
    """How tasks are waited for; `None` if they are not, or it can't be seen."""
    if not all(_is_local(name, tasks.made[0], code) for name in tasks.names):
        return None
    return _list_waited_for(tasks, code) if tasks.many else _singles_waited_for(tasks, code)


def _list_waited_for(tasks: Tasks, code: Analysis) -> Wait | None:
    """How the tasks of a list are waited for; `None` if they are not, or it can't be seen."""
    others: list[ast.Name] = []
    wait: Wait | None = None
    for use in _uses(tasks.names[0], tasks.made[0], code):
        if wait is None and (wait := _consumed(use, code)) is not None:
            continue
        if not (tasks.filled and _is_append(use, code)):
            others.append(use)
    if wait is None:
        return None
    end = max(code.span(each).end for each in wait.statements)
    # `if tasks:` goes with what it is around.
    others = [use for use in others if code.parent(use) not in wait.statements or wait.how == "each"]
    early = [use for use in others if code.span(use).start < end and not _is_harmless(use, wait, code)]
    late = [use for use in others if code.span(use).start >= end]
    fault = wait.fault
    if early or (late and wait.how == "wait"):
        fault = fault or f"`{tasks.names[0]}` is used otherwise as well."
    return Wait(wait.statements, wait.awaits, wait.how, wait.is_read or bool(others), fault)


def _is_append(use: ast.Name, code: Analysis) -> bool:
    match code.parent(use):
        case ast.Attribute(attr="append"):
            return True
        case _:
            return False


def _is_harmless(use: ast.Name, wait: Wait, code: Analysis) -> bool:
    """Whether a use before the end only asks how many there are."""
    parent = code.parent(use)
    match parent:
        case ast.Call(func=ast.Name() as function) if code.is_name(function, "builtins.len"):
            return True
        case ast.If(test=test) | ast.UnaryOp(operand=test) if test is use:
            return True
        case _:
            return False


def _consumed(use: ast.Name, code: Analysis) -> Wait | None:
    """How the tasks of a list are waited for at one of its uses."""
    parent = code.parent(use)
    around = parent and code.parent(parent)
    match parent, around:
        # await asyncio.gather(*tasks)
        case ast.Starred(), ast.Call(func=function) as call if code.is_name(function, *GATHER):
            return _gathered(call, code)
        # await asyncio.wait(tasks)
        case ast.Call(func=function, args=[first, *_]) as call, _ if first is use and code.is_name(function, *WAIT):
            return _all_waited(call, code)
        case ast.Call(func=function), _ if code.is_name(function, "asyncio.as_completed", "asyncio.tasks.as_completed"):
            statement = code.statement_of(use)
            fault = "`as_completed` gives results while others are still running; a group ends when all have ended."
            return Wait([statement], [], "each", is_read=True, fault=fault)
        # for task in tasks: await task
        case ast.For(target=ast.Name(id=name), iter=iterable), _ if iterable is use:
            return _looped(parent, name, code)
        # [await task for task in tasks]
        case ast.comprehension(target=ast.Name(id=name), iter=iterable, ifs=[]), ast.ListComp(generators=[_]) if (
            iterable is use
        ):
            assert isinstance(around, ast.ListComp)
            return _comprehended(around, name, code)
        case _:
            return None


def _gathered(call: ast.Call, code: Analysis) -> Wait | None:
    place = code.parent(call)
    statement = code.statement_of(call)
    if not isinstance(place, ast.Await):
        return None
    return Wait(*_with_test(statement, place, code), "gather", result_is_read(place, code), gather_fault(call))


def _with_test(statement: ast.stmt, place: ast.Await, code: Analysis) -> tuple[Sequence[ast.stmt], Sequence[ast.Await]]:
    """The statement that waits; with the `if tasks:` around, if that is all there is in it."""
    match code.parent(statement):
        case ast.If(test=ast.Name(), body=[only], orelse=[]) as around if only is statement and not result_is_read(
            place, code
        ):
            return [around], [place]
        case _:
            return [statement], [place]


def result_is_read(place: ast.Await, code: Analysis) -> bool:
    """Whether something is done with the result of an `await`."""
    return not isinstance(code.parent(place), ast.Expr)


def _all_waited(call: ast.Call, code: Analysis) -> Wait | None:
    place = code.parent(call)
    if not isinstance(place, ast.Await):
        return None
    fault = None
    if call.keywords or len(call.args) != 1:
        fault = "`asyncio.wait` may come back before all tasks have ended; a group ends when all have ended."
    elif result_is_read(place, code):
        fault = "`asyncio.wait` gives sets of tasks, failed ones among them, which a group does not."
    return Wait(*_with_test(code.statement_of(call), place, code), "wait", result_is_read(place, code), fault)


def _looped(loop: ast.For, name: str, code: Analysis) -> Wait | None:
    awaits = [node for node in walk_block(loop.body) if isinstance(node, ast.Await) and _is_name(node.value, name)]
    if not awaits:
        return None
    fault = None
    inside = list(walk_block(loop.body))
    if any(isinstance(node, ast.Try | ast.TryStar | ast.With | ast.AsyncWith) for node in inside):
        fault = "Each task is awaited in a `try` or `with` of its own, which would see no failure any more."
    elif any(isinstance(node, ast.Return | ast.Break) for node in inside) or loop.orelse:
        fault = "The loop may end before all tasks have been waited for; a group waits for all."
    elif any(suspends(node) and node not in awaits for node in inside):
        fault = "The loop awaits other things between the tasks; a group waits for all of them first."
    is_all = len(loop.body) == 1 and isinstance(loop.body[0], ast.Expr) and loop.body[0].value in awaits
    return Wait([loop], awaits, "each", is_read=not is_all, fault=fault)


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _comprehended(comprehension: ast.ListComp, name: str, code: Analysis) -> Wait | None:
    awaits = [node for node in ast.walk(comprehension.elt) if isinstance(node, ast.Await)]
    if len(awaits) != 1 or not _is_name(awaits[0].value, name):
        return None
    statement = code.statement_of(comprehension)
    fault = order_fault(code, comprehension, statement)
    is_read = not (isinstance(statement, ast.Expr) and statement.value is comprehension)
    return Wait([statement], awaits, "each", is_read=is_read, fault=fault)


def _singles_waited_for(tasks: Tasks, code: Analysis) -> Wait | None:
    """How tasks with a variable each are waited for: all by one `gather`, or one after the other."""
    uses = {name: _uses(name, tasks.made[0], code) for name in tasks.names}
    if not all(uses.values()):
        return None
    gathers = {id(call): call for each in uses.values() for use in each if (call := _gather_of(use, code))}
    if gathers:
        return _gathered_by_name(tasks, list(gathers.values()), uses, code)
    return _awaited_by_name(tasks, uses, code)


def _gather_of(use: ast.Name, code: Analysis) -> ast.Call | None:
    match code.parent(use):
        case ast.Call(func=function, args=args) as call if use in args and code.is_name(function, *GATHER):
            return call
        case _:
            return None


def _gathered_by_name(
    tasks: Tasks, calls: Sequence[ast.Call], uses: Mapping[str, Sequence[ast.Name]], code: Analysis
) -> Wait | None:
    call = calls[0]
    place = code.parent(call)
    names = [each.id for each in call.args if isinstance(each, ast.Name)]
    if len(calls) > 1 or not isinstance(place, ast.Await) or len(names) < len(call.args) or set(names) != set(uses):
        return None
    statement = code.statement_of(place)
    end = code.span(statement).end
    fault = gather_fault(call)
    if any(use not in call.args and code.span(use).start < end for each in uses.values() for use in each):
        fault = fault or "The tasks are used otherwise as well."
    return Wait([statement], [place], "gather", result_is_read(place, code), fault)


def _awaited_by_name(tasks: Tasks, uses: Mapping[str, Sequence[ast.Name]], code: Analysis) -> Wait | None:
    """The tasks awaited in neighbouring statements, each once."""
    awaits: list[ast.Await] = []
    for each in uses.values():
        match code.parent(each[0]):
            case ast.Await() as place if len(each) == 1:
                awaits.append(place)
            case _:
                return None
    awaits.sort(key=lambda each: code.span(each).start)
    statements = list(dict.fromkeys(code.statement_of(each) for each in awaits))
    block = code.siblings(statements[0])
    if not all(each in block for each in statements):
        return None
    indices = [block.index(each) for each in statements]
    if indices != list(range(indices[0], indices[0] + len(indices))):
        return None
    for statement in statements:
        inside = [node for node in walk_block([statement]) if suspends(node)]
        is_simple = isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return)
        if not is_simple or any(node not in awaits for node in inside):
            return None
    is_read = any(result_is_read(each, code) for each in awaits)
    fault = order_fault(code, awaits[0], statements[0])
    return Wait(statements, awaits, "one", is_read, fault)
