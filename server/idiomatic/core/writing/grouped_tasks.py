"""Tasks that a task group starts and waits for, in the place of a list and a `gather`."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, cast

import libcst as cst

from idiomatic.core.analysis.collected_tasks import result_is_read
from idiomatic.core.analysis.tree import COMPREHENSIONS
from idiomatic.core.writing.changes import changed, lines_above, whole
from idiomatic.core.writing.comments import comment_lines
from idiomatic.core.writing.task_group import (
    comments_between,
    create_task,
    fresh_group,
    group_block,
    loop_of,
    raising_the_first,
    to_except_star,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.collected_tasks import Tasks, Wait
    from idiomatic.core.analysis.exception_groups import Handlers
    from idiomatic.core.draft import Draft
    from idiomatic.core.writing.changes import Change


def to_task_group(tasks: Tasks, wait: Wait, handlers: Handlers | None, draft: Draft) -> Sequence[cst.BaseStatement]:
    """The block; without `handlers`, in a `try` that raises the first exception itself."""
    code = draft.code
    block = code.siblings(tasks.made[0])
    region = block[block.index(tasks.first) : block.index(wait.statements[0])]
    group = fresh_group(tasks.first, draft)
    starts: dict[cst.CSTNode, Change] = {
        draft.node(each.call, cst.Call): lambda new: new.with_changes(func=create_task(group)) for each in tasks.started
    }
    is_needed = wait.is_read or not tasks.many
    if not is_needed:
        starts |= _without_list(tasks, draft)
    elif not tasks.many:
        starts |= _without_unread(tasks, wait, draft)
    body = [new for each in region for new in _rewritten(each, starts, draft)]
    after, left = _results(tasks, wait, draft)
    first = body[0]
    dropped = tasks.made[0] if tasks.filled and not is_needed and tasks.made[0] is not tasks.first else None
    lost = comment_lines(whole(dropped, draft)) if dropped is not None else []
    lines = [*lost, *lines_above(first)]
    inner = [first.with_changes(leading_lines=()), *body[1:]]
    made = group_block(group, inner, tasks.first, draft, footer=left).with_changes(leading_lines=lines)
    around: cst.BaseStatement = made
    if handlers is None:
        name = draft.fresh("group", "exception_group", within=code.function_around(tasks.first))
        around = raising_the_first(name, made)
    changes: dict[cst.CSTNode, Change] = {}
    new = cst.FlattenSentinel([around, *after])
    for each in [*region, *wait.statements]:
        changes[whole(each, draft)] = lambda _: cst.RemoveFromParent()
    changes[whole(region[0], draft)] = lambda _: new
    if dropped is not None:
        changes[whole(dropped, draft)] = lambda _: cst.RemoveFromParent()
    for converted in handlers.convert if handlers is not None else ():
        changes[draft.node(converted, cst.Try)] = to_except_star
    return changed(draft, changes)


def _rewritten(statement: ast.stmt, changes: Mapping[cst.CSTNode, Change], draft: Draft) -> Sequence[cst.BaseStatement]:
    return changed(draft, changes, [whole(statement, draft)])


def _without_list(tasks: Tasks, draft: Draft) -> dict[cst.CSTNode, Change]:
    """The changes that start tasks without collecting them."""
    code = draft.code
    changes: dict[cst.CSTNode, Change] = {}
    if tasks.filled:
        for each in tasks.started:
            append = code.parent(each.call)
            if isinstance(append, ast.Call):
                changes[draft.node(append, cst.Call)] = _only_argument
    made = tasks.made[0]
    if made is not tasks.first:
        return changes
    match made.value:
        case ast.ListComp() as comprehension if _is_free(comprehension, code):
            changes[whole(made, draft)] = _as_loop
        case ast.List() if not comment_lines(draft.node(made.value, cst.List)):
            changes[whole(made, draft)] = _as_lines
        case _:
            pass
    return changes


def _only_argument(node: cst.CSTNode) -> cst.CSTNode:
    call = cst.ensure_type(node, cst.Call)
    if any(comment_lines(each) for each in (call.whitespace_before_args, call.args[0].whitespace_after_arg)):
        return call
    return call.args[0].value


def _value(line: cst.CSTNode) -> cst.BaseExpression:
    assignment = cst.ensure_type(line, cst.SimpleStatementLine).body[0]
    assert isinstance(assignment, cst.Assign | cst.AnnAssign)
    assert assignment.value is not None
    return assignment.value


def _as_loop(node: cst.CSTNode) -> cst.CSTNode:
    line = cst.ensure_type(node, cst.SimpleStatementLine)
    comprehension = cst.ensure_type(_value(line), cst.ListComp)
    body = cst.SimpleStatementLine([cst.Expr(comprehension.elt)], trailing_whitespace=line.trailing_whitespace)
    loop = cst.ensure_type(loop_of(comprehension.for_in, body), cst.For)
    return loop.with_changes(leading_lines=[*line.leading_lines, *comments_between(comprehension)])


def _as_lines(node: cst.CSTNode) -> cst.FlattenSentinel[cst.CSTNode]:
    line = cst.ensure_type(node, cst.SimpleStatementLine)
    lines = [
        cst.SimpleStatementLine([cst.Expr(each.value)]) for each in cst.ensure_type(_value(line), cst.List).elements
    ]
    lines[0] = lines[0].with_changes(leading_lines=line.leading_lines)
    lines[-1] = lines[-1].with_changes(trailing_whitespace=line.trailing_whitespace)
    return cst.FlattenSentinel(lines)


def _as_expression(node: cst.CSTNode) -> cst.CSTNode:
    line = cst.ensure_type(node, cst.SimpleStatementLine)
    return line.with_changes(body=[cst.Expr(_value(line))])


def _is_free(comprehension: ast.ListComp, code: Analysis) -> bool:
    """Whether a comprehension can be a loop: its variables are nothing else in the function, and nothing keeps them."""
    function = code.function_around(comprehension)
    inside = set(ast.walk(comprehension))
    if function is None or any(
        isinstance(node, (ast.Lambda, ast.NamedExpr, *COMPREHENSIONS)) and node is not comprehension for node in inside
    ):
        return False
    names = set(code.scope_made_by(comprehension).bindings)
    return not any(
        (isinstance(node, ast.Name) and node.id in names) or (isinstance(node, ast.arg) and node.arg in names)
        for node in ast.walk(function)
        if node not in inside
    )


def _without_unread(tasks: Tasks, wait: Wait, draft: Draft) -> dict[cst.CSTNode, Change]:
    """The changes that start those tasks without a variable whose results nobody reads."""
    code = draft.code
    if wait.how != "one":
        return {}
    unread = {
        place.value.id for place in wait.awaits if isinstance(place.value, ast.Name) and not result_is_read(place, code)
    }
    return {
        whole(made, draft): _as_expression for made, name in zip(tasks.made, tasks.names, strict=True) if name in unread
    }


# -- the results ------------------------------------------------------------------------------------------------------


def _results(tasks: Tasks, wait: Wait, draft: Draft) -> tuple[Sequence[cst.BaseStatement], Sequence[cst.EmptyLine]]:
    """What stands below the block, and the comments of what does not any more."""
    after: list[cst.BaseStatement] = []
    left: list[cst.EmptyLine] = []
    for statement in wait.statements:
        line = whole(statement, draft)
        if _goes(statement, wait, draft.code):
            left += comment_lines(line)
            continue
        changes: dict[cst.CSTNode, Change] = {}
        for place in wait.awaits:
            if statement in draft.code.ancestors(place):
                new = _result(tasks, wait, place)
                changes[draft.node(place, cst.Await)] = partial(_replaced_by, new)
        after += _separate(tasks, wait, statement, draft) or changed(draft, changes, [line])
    return after, left


def _replaced_by(new: cst.BaseExpression, _: cst.CSTNode) -> cst.CSTNode:
    return new


def _goes(statement: ast.stmt, wait: Wait, code: Analysis) -> bool:
    """Whether a statement does nothing but wait."""
    match statement:
        case ast.Expr(value=ast.Await() as place):
            return place in wait.awaits
        case ast.Expr(value=ast.ListComp(elt=ast.Await() as place)):
            return place in wait.awaits
        case ast.For(body=[ast.Expr(value=ast.Await() as place)]):
            return place in wait.awaits
        case ast.If(body=[ast.Expr(value=ast.Await() as place)]):
            return place in wait.awaits
        case _:
            return False


def _result(tasks: Tasks, wait: Wait, place: ast.Await) -> cst.BaseExpression:
    if wait.how != "gather":
        assert isinstance(place.value, ast.Name)
        return cst.parse_expression(f"{place.value.id}.result()")
    if tasks.many:
        each = "task" if tasks.names[0] != "task" else "each"
        return cst.parse_expression(f"[{each}.result() for {each} in {tasks.names[0]}]")
    given = [cast("ast.Name", each).id for each in cast("ast.Call", place.value).args]
    return cst.parse_expression(f"[{', '.join(f'{each}.result()' for each in given)}]")


def _separate(tasks: Tasks, wait: Wait, statement: ast.stmt, draft: Draft) -> Sequence[cst.BaseStatement]:
    """`user = user_task.result()` and so on, for `user, posts = await asyncio.gather(user_task, posts_task)`."""
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=targets) | ast.List(elts=targets)], value=ast.Await() as place) if (
            wait.how == "gather" and not tasks.many and place in wait.awaits
        ):
            given = cast("ast.Call", place.value).args
        case _:
            return ()
    names = [each.id for each in targets if isinstance(each, ast.Name)]
    tasks_read = [cast("ast.Name", each).id for each in given]
    line = cst.ensure_type(whole(statement, draft), cst.SimpleStatementLine)
    is_simple = len(set(names)) == len(targets) == len(tasks_read) and not set(names) & set(tasks_read)
    if not is_simple or line.trailing_whitespace.comment is not None:
        return ()
    lines = [cst.parse_statement(f"{name} = {task}.result()") for name, task in zip(names, tasks_read, strict=True)]
    lines[0] = lines[0].with_changes(leading_lines=line.leading_lines)
    return lines
