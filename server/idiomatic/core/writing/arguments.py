"""The arguments of a call that is taken apart into statements: their comments and their indentation."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, cast

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from idiomatic.core.draft import Draft


def awaited_arguments(call: cst.Call) -> Sequence[cst.Arg]:
    """The arguments without the keywords: they correspond to the syntax tree's `args`."""
    return [each for each in call.args if each.keyword is None and each.star != "**"]


def with_comments_of_arguments(block: cst.With, call: cst.Call) -> cst.With:
    """The block with the comments that stood between the arguments of a call, each next to the same argument."""
    body = list(cst.ensure_type(block.body, cst.IndentedBlock).body)
    header: cst.Comment | None = None
    waiting: list[cst.EmptyLine] = []
    current = -1
    for space in _layout(call):
        if space is None:
            current += 1
            made = cast("cst.SimpleStatementLine | cst.For", body[current])
            body[current] = made.with_changes(leading_lines=[*waiting, *made.leading_lines])
            waiting = []
            continue
        comment = space.first_line.comment
        if comment is not None and current < 0 and header is None:
            header = comment
        elif comment is not None:
            line = body[max(current, 0)]
            if current >= 0 and isinstance(line, cst.SimpleStatementLine) and line.trailing_whitespace.comment is None:
                trailing = cst.TrailingWhitespace(cst.SimpleWhitespace("  "), comment)
                body[current] = line.with_changes(trailing_whitespace=trailing)
            else:
                waiting.append(cst.EmptyLine(comment=comment))
        waiting += [cst.EmptyLine(comment=line.comment) for line in space.empty_lines if line.comment is not None]
    head = cst.TrailingWhitespace(cst.SimpleWhitespace("  "), header) if header else cst.TrailingWhitespace()
    return block.with_changes(body=cst.IndentedBlock(body, header=head, footer=waiting))


def _layout(call: cst.Call) -> Iterator[cst.ParenthesizedWhitespace | None]:
    """The line breaks between the arguments of a call, in order, and `None` for what becomes a statement."""
    spaces: list[cst.BaseParenthesizableWhitespace | None] = [call.whitespace_before_args]
    for argument in call.args:
        spaces.append(argument.whitespace_after_star)
        if isinstance(argument.value, cst.List | cst.Tuple) and _are_plain(argument.value.elements):
            left, right = _ends(argument.value)
            spaces.append(left)
            for element in argument.value.elements:
                spaces += [None, *_around_comma(element)]
            spaces.append(right)
        elif argument.keyword is None and argument.star != "**":
            spaces.append(None)
        spaces += [argument.whitespace_after_arg, *_around_comma(argument)]
    for space in spaces:
        if space is None or isinstance(space, cst.ParenthesizedWhitespace):
            yield space


def _are_plain(elements: Sequence[cst.BaseElement]) -> bool:
    return all(isinstance(each, cst.Element) for each in elements)


def _ends(
    display: cst.List | cst.Tuple,
) -> tuple[cst.BaseParenthesizableWhitespace, cst.BaseParenthesizableWhitespace]:
    if isinstance(display, cst.List):
        return display.lbracket.whitespace_after, display.rbracket.whitespace_before
    return display.lpar[0].whitespace_after, display.rpar[-1].whitespace_before


def _around_comma(item: cst.BaseElement | cst.Arg) -> Sequence[cst.BaseParenthesizableWhitespace]:
    if isinstance(item.comma, cst.Comma):
        return item.comma.whitespace_before, item.comma.whitespace_after
    return ()


def indent_of(argument: ast.expr, place: ast.Await, draft: Draft) -> str:
    """By how much the line on which an argument starts is indented more than the statement."""
    outer = draft.code.span(draft.code.statement_of(place)).start
    return indent_between(outer, start_of(argument, draft), draft)


def indent_between(outer: int, inner: int, draft: Draft) -> str:
    """By how much the line of one offset is indented more than that of another before it."""
    lines = draft.code.statement.lines
    first, here = (lines.position(offset)[0] for offset in (outer, inner))
    if here == first:
        return ""
    base, own = (re.match(r"[ \t]*", lines.line(number)) for number in (first, here))
    assert base is not None
    assert own is not None
    return own.group().removeprefix(base.group()) if own.group().startswith(base.group()) else ""


def start_of(node: ast.AST, draft: Draft) -> int:
    """Where a node starts, with the parentheses around it."""
    start = draft.code.span(node).start
    opening = re.search(r"\((?:\s|#.*)*\Z", draft.code.statement.text[:start])
    is_bare = isinstance(node, ast.stmt) or opening is None or _is_called(node, draft)
    return start if is_bare or opening is None else opening.start()


def _is_called(node: ast.AST, draft: Draft) -> bool:
    """Whether the parenthesis before a node is that of a call."""
    text = draft.code.statement.text[: draft.code.span(node).start]
    return re.search(r"[\w\])]\s*\((?:\s|#.*)*\Z", text) is not None


def dedented(expression: cst.BaseExpression, by: str) -> cst.BaseExpression:
    """An expression whose lines after the first are indented less."""
    return reindented(expression, lambda indentation: indentation.removeprefix(by)) if by else expression


def shifted(expression: cst.BaseExpression, by: int) -> cst.BaseExpression:
    """An expression whose lines after the first are moved to the left, or to the right if the number is negative."""
    return reindented(expression, lambda indentation: indentation[by:] if by >= 0 else " " * -by + indentation)


def reindented(expression: cst.BaseExpression, new: Callable[[str], str]) -> cst.BaseExpression:
    """An expression whose lines after the first are indented otherwise.

    Args:
        expression: with line breaks in its brackets.
        new: the new indentation of a line, from the old one.
    """

    class Reindent(cst.CSTTransformer):
        def leave_ParenthesizedWhitespace(
            self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
        ) -> cst.ParenthesizedWhitespace:
            return updated_node.with_changes(last_line=cst.SimpleWhitespace(new(original_node.last_line.value)))

        def leave_EmptyLine(self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine) -> cst.EmptyLine:
            # Above a comment; a blank line has nothing to indent.
            if original_node.comment is None:
                return updated_node
            return updated_node.with_changes(whitespace=cst.SimpleWhitespace(new(original_node.whitespace.value)))

    return cast("cst.BaseExpression", expression.visit(Reindent()))


def indentation_unit(function: ast.AST | None, draft: Draft) -> str:
    """What the body of a function is indented by."""
    code = draft.code
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return "    "
    lines = code.statement.lines
    outer, inner = (
        lines.line(lines.position(code.span(node).start)[0])[: lines.position(code.span(node).start)[1]]
        for node in (function, function.body[0])
    )
    unit = inner.removeprefix(outer)
    return unit if unit and not unit.strip() else "    "
