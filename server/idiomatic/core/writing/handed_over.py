"""A variable of the module, handed to the functions that use it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, cast

import libcst as cst

from idiomatic.core.analysis.tree import FUNCTIONS
from idiomatic.core.writing.changes import Change, changed, lines_above

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence, Set

    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.draft import Draft


def to_parameter(
    assignment: ast.stmt, name: str, of: str | None, users: Set[str], draft: Draft
) -> Sequence[cst.BaseStatement]:
    """The variable stays; functions that use it get a parameter of its name, and their calls pass it.

    Args:
        assignment: of the variable.
        name: the variable.
        of: the dotted name of its type, if that is known.
        users: the names of the functions.
        draft: of the assignment.
    """
    hand_over(name, users, draft, lambda function: _type(of, function, draft))
    return draft.body


def to_provider(
    assignment: ast.Assign | ast.AnnAssign,
    name: str,
    of: str | None,
    users: Set[str],
    routes: Set[str],
    draft: Draft,
) -> Sequence[cst.BaseStatement]:
    """A function that builds the value once takes the place of the variable; routes depend on it.

    Args:
        assignment: of the variable.
        name: the variable.
        of: the dotted name of its type, if that is known.
        users: the names of the functions that use it, and of those that call them.
        routes: which of them are routes.
        draft: of the assignment.
    """
    provider = draft.fresh(f"get_{name}")

    def annotation(function: Function) -> str:
        plain = _type(of, function, draft)
        if function.name not in routes:
            return plain
        given = plain or draft.reference("typing.Any", function)
        annotated = draft.reference("typing.Annotated", assignment)
        return f"{annotated}[{given}, {draft.reference('fastapi.Depends', assignment)}({provider})]"

    hand_over(name, users, draft, annotation)
    line = cst.ensure_type(draft.body[0], cst.SimpleStatementLine)
    written = line.body[0]
    assert isinstance(written, cst.Assign | cst.AnnAssign)
    assert written.value is not None
    returns = cst.Annotation(cst.parse_expression(_type(of, assignment, draft))) if of is not None else None
    if isinstance(written, cst.AnnAssign):
        returns = written.annotation.with_changes(
            whitespace_before_indicator=cst.SimpleWhitespace(" "), whitespace_after_indicator=cst.SimpleWhitespace(" ")
        )
    body = line.with_changes(body=[cst.Return(written.value)], leading_lines=[])
    comments = [each for each in lines_above(line) if each.comment is not None]
    function = cst.FunctionDef(
        cst.Name(provider),
        cst.Parameters(),
        cst.IndentedBlock([body], footer=_blank_lines_below(draft)),
        decorators=[cst.Decorator(draft.expression("functools.cache", assignment))],
        returns=returns,
        leading_lines=[*_blank_lines_above(draft), *comments],
    )
    return [function]


def _blank_lines_above(draft: Draft) -> Sequence[cst.EmptyLine]:
    """The blank lines that are missing above a definition, unless there is a comment about it."""
    document, statement = draft.document, draft.code.statement
    start = document.offset(statement) + statement.span(statement.nodes[0]).start
    above = document.text[:start].splitlines()
    present = next((count for count, line in enumerate(reversed(above)) if line.strip()), 2)
    has_comment = not present and above[-1].startswith("#")
    return [] if has_comment else [cst.EmptyLine(indent=False)] * max(0, 2 - present)


def _blank_lines_below(draft: Draft) -> Sequence[cst.EmptyLine]:
    """The blank lines that are missing below a definition."""
    document, statement = draft.document, draft.code.statement
    rest = document.text[document.offset(statement) + len(statement.text) :]
    blank = re.match(r"(?:[ \t\f]*(?:\r\n|\r|\n))*", rest)
    present = len(re.findall(r"\r\n|\r|\n", blank.group())) if blank else 0
    return [cst.EmptyLine(indent=False)] * max(0, 2 - present) if rest.strip() else []


def hand_over(name: str, users: Set[str], draft: Draft, annotation: Callable[[Function], str]) -> None:
    """Give functions of the file a parameter, and pass it in all their calls.

    Args:
        name: of the parameter.
        users: the names of the functions.
        draft: of another statement of the file.
        annotation: of the parameter, for each of the functions; empty for none.
    """
    for code in draft.elsewhere(*sorted(users)):
        statement = code.statement
        functions = [each for each in statement.nodes if isinstance(each, FUNCTIONS) and each.name in users]
        calls = [
            call
            for call in code.nodes(ast.Call)
            if isinstance(call.func, ast.Name)
            and call.func.id in users
            and (owner := code.scope(call).lookup(call.func.id)) is not None
            and owner.parent is None
        ]
        if not functions and not calls:
            continue
        part = draft.part(code, statement.nodes[0], statement.nodes[-1])
        changes: dict[cst.CSTNode, Change] = {}
        for function in functions:
            parameters = part.node(function, cst.FunctionDef).params
            changes[parameters] = _adding(name, annotation(function), part.indent)
        for call in calls:
            changes[part.node(call, cst.Call)] = _passing(name, part.indent)
        part.become(changed(part, changes))


def _type(of: str | None, at: ast.AST, draft: Draft) -> str:
    if of is None:
        return ""
    if "." not in of:
        return of
    return draft.reference(of, at)


def _adding(name: str, annotation: str, indent: str) -> Change:
    def add(node: cst.CSTNode) -> cst.CSTNode:
        parameters = cst.ensure_type(node, cst.Parameters)
        written = cst.Annotation(cst.parse_expression(annotation)) if annotation else None
        new = cst.Param(cst.Name(name), written)
        before = list(parameters.kwonly_params)
        star = parameters.star_arg
        last = before[-1] if before else None
        if last is None and not isinstance(star, cst.Param | cst.ParamStar):
            star = cst.ParamStar()
            # def f(
            #     a,
            # ):
            if parameters.params and isinstance(parameters.params[-1].comma, cst.Comma):
                comma = parameters.params[-1].comma
                between = _between(comma, indent)
                star = cst.ParamStar(_without_comment(between))
                new = new.with_changes(comma=_without_comment(comma))
                given = [*parameters.params[:-1], parameters.params[-1].with_changes(comma=between)]
                return parameters.with_changes(params=given, star_arg=star, kwonly_params=[new])
        elif last is not None and isinstance(last.comma, cst.Comma):
            new = new.with_changes(comma=_without_comment(last.comma))
            before[-1] = last.with_changes(comma=_between(last.comma, indent))
        return parameters.with_changes(star_arg=star, kwonly_params=[*before, new])

    return add


def _between(last: cst.Comma, indent: str) -> cst.Comma:
    """A comma between two items, from the one behind the last."""
    space = last.whitespace_after
    if isinstance(space, cst.ParenthesizedWhitespace):
        inner = cst.SimpleWhitespace(space.last_line.value + indent)
        return last.with_changes(whitespace_after=space.with_changes(last_line=inner))
    return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))


def _without_comment(comma: cst.Comma) -> cst.Comma:
    space = comma.whitespace_after
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return comma
    line = cst.TrailingWhitespace(newline=space.first_line.newline)
    return comma.with_changes(whitespace_after=space.with_changes(first_line=line, empty_lines=[]))


def _passing(name: str, indent: str) -> Change:
    def passed(node: cst.CSTNode) -> cst.CSTNode:
        call = cst.ensure_type(node, cst.Call)
        tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        new = cst.Arg(cst.Name(name), keyword=cst.Name(name), equal=tight)
        args = list(call.args)
        if args and isinstance(args[-1].comma, cst.Comma):
            new = new.with_changes(comma=_without_comment(args[-1].comma))
            args[-1] = args[-1].with_changes(comma=_between(args[-1].comma, indent))
        return call.with_changes(args=[*args, new])

    return cast("Change", passed)
