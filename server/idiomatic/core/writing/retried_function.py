"""A loop that tries something again, as a function with a decorator."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import libcst as cst

from idiomatic.core.analysis.defaults import has_docstring
from idiomatic.core.writing.changes import lines_above, whole
from idiomatic.core.writing.signatures import on_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.analysis.retries import Amount, Retry
    from idiomatic.core.draft import Draft


def to_retried(
    found: Retry, decorator: str, starred: Sequence[ast.expr], is_whole: bool, draft: Draft
) -> Sequence[cst.BaseStatement]:
    """What is tried, in a function that is tried again.

    Args:
        found: the loop.
        decorator: the name of the decorator.
        starred: those of the exceptions that are tuples of exceptions.
        is_whole: whether the function around is decorated; otherwise what is tried becomes a function of its own.
        draft: of the function around, or of the loop and what belongs to it.
    """
    above = cst.Decorator(cst.parse_expression(_call(found, decorator, starred, draft)))
    if is_whole:
        old = draft.node(found.function, cst.FunctionDef)
        comments = _lost_comments(found, draft)
        body = cst.ensure_type(old.body, cst.IndentedBlock)
        kept = list(body.body[:1]) if has_docstring(found.function) else []
        tried = _tried(found, draft)
        first = tried[0].with_changes(leading_lines=[*comments, *_comments_above(tried[0])])
        new = old.with_changes(
            decorators=[*old.decorators, above], body=body.with_changes(body=[*kept, first, *tried[1:]])
        )
        return draft.replaced({old: new})
    used = {each.id for part in (*found.work, *found.kept) for each in ast.walk(part) if isinstance(each, ast.Name)}
    wanted = "try_once" if "attempt" in used else "attempt"
    name = draft.fresh(wanted, within=found.function, apart=(found.loop, *found.gone))
    inner = cst.FunctionDef(
        cst.Name(name),
        cst.Parameters(),
        cst.IndentedBlock(_tried(found, draft)),
        decorators=[above],
        returns=_returns(found, draft),
        asynchronous=cst.Asynchronous() if found.is_async else None,
    )
    first_line = lines_above(draft.body[0])
    blank = [line for line in first_line if line.comment is None]
    if not blank and draft.code.siblings(found.loop)[0] not in (found.loop, *found.gone):
        blank = [cst.EmptyLine(indent=False)]
    comments = [*blank, *_lost_comments(found, draft)]
    called: cst.BaseExpression = cst.Call(cst.Name(name))
    if found.is_async:
        called = cst.Await(called)
    match found.ending:
        case ast.Return(value=None):
            after: Sequence[cst.BaseSmallStatement] = [cst.Expr(called)]
            following = [cst.SimpleStatementLine([cst.Return()])]
        case ast.Return():
            after, following = [cst.Return(called)], []
        case _ if found.result is not None:
            after, following = [cst.Assign([cst.AssignTarget(cst.Name(found.result))], called)], []
        case _:
            after, following = [cst.Expr(called)], []
    call: cst.BaseStatement = cst.SimpleStatementLine(after)
    if found.raises is not None:
        call = cst.Try(cst.IndentedBlock([call]), [_raising(found, found.raises, draft)])
    result = [
        inner.with_changes(leading_lines=comments),
        call.with_changes(leading_lines=[cst.EmptyLine(indent=False)]),
        *following,
    ]
    # What stands between the statements that go away stays.
    gone = {id(whole(each, draft)) for each in found.gone}
    loop = whole(found.loop, draft)
    statements: list[cst.BaseStatement] = []
    for each in draft.body:
        if each is loop:
            statements += result
        elif id(each) not in gone:
            statements.append(each)
    return statements


def _raising(found: Retry, raises: ast.Raise, draft: Draft) -> cst.ExceptHandler:
    """The handler that raises another error in the end."""
    handler = draft.node(found.handler, cst.ExceptHandler)
    line = cst.ensure_type(whole(raises, draft), cst.SimpleStatementLine)
    if any(each is raises for each in ast.walk(found.handler)):
        return handler.with_changes(body=cst.IndentedBlock([line]), leading_lines=[])
    # It was raised outside of the handler, where there was no error that it could come from.
    name = found.handler.name or draft.fresh("error", within=found.function)
    caught = handler.with_changes(name=cst.AsName(cst.Name(name)), leading_lines=[])
    if raises.cause is None:
        statement = cst.ensure_type(line.body[0], cst.Raise)
        line = line.with_changes(body=[statement.with_changes(cause=cst.From(cst.Name(name)))])
    return caught.with_changes(body=cst.IndentedBlock([line]))


def _call(found: Retry, decorator: str, starred: Sequence[ast.expr], draft: Draft) -> str:
    code, handler = draft.code, found.handler.type
    assert handler is not None
    assert found.delay is not None
    exceptions = handler.elts if isinstance(handler, ast.Tuple) else [handler]
    given = [f"{'*' if each in starred else ''}{code.source(each)}" for each in exceptions]
    given.append(f"attempts={_amount(found.attempts, draft)}")
    delay = _written(found.delay, draft)
    given.append(f"base_delay={delay}")
    if found.is_constant:
        given.append(f"max_delay={delay}")
    elif found.limit is not None:
        given.append(f"max_delay={_written(found.limit, draft)}")
    return f"{decorator}({', '.join(given)})"


def _written(node: ast.expr, draft: Draft) -> str:
    # The one second that `2**attempt` begins with stands nowhere in the text.
    return repr(node.value) if isinstance(node, ast.Constant) else on_one_line(node, draft.code)


def _amount(amount: Amount, draft: Draft) -> str:
    if amount.of is None:
        return str(amount.plus)
    written = on_one_line(amount.of, draft.code)
    if not isinstance(amount.of, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
        written = f"({written})"
    if not amount.plus:
        return written
    return f"{written} {'+' if amount.plus > 0 else '-'} {abs(amount.plus)}"


def _tried(found: Retry, draft: Draft) -> list[cst.BaseStatement]:
    """What is tried, with what it returns, and with what is done for each failure."""
    work: list[cst.BaseStatement] = [whole(each, draft) for each in found.work]
    if isinstance(found.ending, ast.Return):
        ending = whole(found.ending, draft)
        if found.ending.value is not None or not work:
            work.append(ending)
    elif found.result is not None:
        line = cst.ensure_type(work[-1], cst.SimpleStatementLine)
        assignment = cst.ensure_type(line.body[0], cst.Assign)
        work[-1] = line.with_changes(body=[cst.Return(assignment.value)])
    if not found.kept:
        return work
    handler = draft.node(found.handler, cst.ExceptHandler)
    done = [whole(each, draft) for each in found.kept]
    again = cst.SimpleStatementLine([cst.Raise()])
    caught = handler.with_changes(body=cst.IndentedBlock([*done, again]), leading_lines=[])
    return [cst.Try(cst.IndentedBlock(work), [caught])]


def _returns(found: Retry, draft: Draft) -> cst.Annotation | None:
    """The annotation of the new function, if that around has one."""
    function, code = found.function, draft.code
    if function.returns is None:
        return None
    if isinstance(found.ending, ast.Return) and found.ending.value is not None:
        written = on_one_line(function.returns, code)
    elif found.result is not None:
        written = draft.reference("typing.Any", found.loop)
    else:
        written = "None"
    return cst.Annotation(cst.parse_expression(written))


def _comments_above(statement: cst.CSTNode) -> Sequence[cst.EmptyLine]:
    return [line for line in lines_above(statement) if line.comment is not None]


def _lost_comments(found: Retry, draft: Draft) -> Sequence[cst.EmptyLine]:
    """The comments of all that goes away: what is tried, and what is done besides, keeps its own."""
    kept = {id(whole(each, draft)) for each in (*found.work, *found.kept)}
    if isinstance(found.ending, ast.Return):
        kept.add(id(whole(found.ending, draft)))
    if found.raises is not None:
        kept.add(id(whole(found.raises, draft)))
    lines: list[cst.EmptyLine] = []

    class Comments(cst.CSTVisitor):
        def on_visit(self, node: cst.CSTNode) -> bool:
            if isinstance(node, cst.Comment):
                lines.append(cst.EmptyLine(comment=node))
            return id(node) not in kept

    for each in (*found.gone, found.loop):
        whole(each, draft).visit(Comments())
    return lines
