"""A function that remembers its results in a parameter, with `functools.cache` in its place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import libcst as cst

from idiomatic.core.draft import DraftError
from idiomatic.core.writing.comments import comment_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.analysis.memos import Memo
    from idiomatic.core.draft import Draft


def to_cached(memo: Memo, draft: Draft) -> Sequence[cst.BaseStatement]:
    """The function without the parameter, the lookup and the storing, and with a decorator."""
    function = memo.default.function
    assert isinstance(function, ast.FunctionDef)
    old = draft.node(function, cst.FunctionDef)
    # Found by place: the statements are other objects once calls inside them have changed.
    before = cst.ensure_type(old.body, cst.IndentedBlock).body
    gone: int | None = None
    if memo.lookup is not None:
        lookup = draft.node(memo.lookup, cst.If if isinstance(memo.lookup, ast.If) else cst.Try)
        gone = next(index for index, each in enumerate(before) if each is lookup)
    calls = {draft.node(call, cst.Call): _position(call, passed) for call, passed in memo.own_calls}
    new = cst.ensure_type(old.visit(_without_arguments(calls)), cst.FunctionDef)
    block = cst.ensure_type(new.body, cst.IndentedBlock)
    statements = [*block.body[:-2], *_answered(block.body[-2], block.body[-1])]
    if gone is not None:
        comments = [*_comments_above(statements[gone]), *comment_lines(*statements[gone].children[1:])]
        del statements[gone]
        following = statements[gone]
        statements[gone] = following.with_changes(leading_lines=[*comments, *_leading(following)])
    decorator = draft.expression("functools.cache" if draft.code.target >= (3, 9) else "functools.lru_cache", function)
    if draft.code.target < (3, 9):
        tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        decorator = cst.Call(decorator, [cst.Arg(cst.Name("None"), keyword=cst.Name("maxsize"), equal=tight)])
    changed = new.with_changes(
        decorators=[cst.Decorator(decorator)],
        params=_without_parameter(new.params, memo.default.name),
        body=block.with_changes(body=statements),
    )
    return draft.replaced({old: changed})


def _position(call: ast.Call, passed: ast.expr | ast.keyword) -> str | None:
    """The keyword of an argument, `None` for the last positional one."""
    return passed.arg if isinstance(passed, ast.keyword) else None


def _without_arguments(calls: dict[cst.Call, str | None]) -> cst.CSTTransformer:
    class WithoutArguments(cst.CSTTransformer):
        def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
            if original_node not in calls:
                return updated_node
            name, args = calls[original_node], updated_node.args
            if name is None:
                positional = [index for index, each in enumerate(args) if each.keyword is None]
                kept = [each for index, each in enumerate(args) if index != positional[-1]]
            else:
                kept = [each for each in args if each.keyword is None or each.keyword.value != name]
            return updated_node.with_changes(args=_without_last_comma(kept, args))

    return WithoutArguments()


def _without_last_comma(kept: Sequence[cst.Arg], before: Sequence[cst.Arg]) -> Sequence[cst.Arg]:
    """The arguments, the last of them with the comma that the last one had."""
    if not kept or kept[-1] is before[-1]:
        return kept
    return [*kept[:-1], kept[-1].with_changes(comma=before[-1].comma)]


def _without_parameter(parameters: cst.Parameters, name: str) -> cst.Parameters:
    """The parameters without the last one, which is named."""
    written = [*parameters.posonly_params, *parameters.params, *parameters.kwonly_params]
    gone, rest = written[-1], written[:-1]
    assert gone.name.value == name

    def without(given: Sequence[cst.Param]) -> Sequence[cst.Param]:
        kept = [each for each in given if each is not gone]
        if kept and rest and kept[-1] is rest[-1]:
            kept[-1] = kept[-1].with_changes(comma=gone.comma)
        return kept

    keyword_only = without(parameters.kwonly_params)
    return parameters.with_changes(
        params=without(parameters.params),
        posonly_params=without(parameters.posonly_params),
        kwonly_params=keyword_only,
        star_arg=parameters.star_arg if keyword_only else cst.MaybeSentinel.DEFAULT,
    )


def _answered(store: cst.BaseStatement, answer: cst.BaseStatement) -> Sequence[cst.BaseStatement]:
    """`return value` in the place of storing it and returning what is stored."""
    last = cst.ensure_type(answer, cst.SimpleStatementLine)
    if isinstance(store, cst.If):
        block = cst.ensure_type(store.body, cst.IndentedBlock)
        head = [*store.leading_lines, *comment_lines(block.header)]
        inner = [*block.body]
        inner[0] = inner[0].with_changes(leading_lines=[*head, *_leading(inner[0])])
        tail = comment_lines(*block.footer)
    else:
        inner, tail = [store], []
    line = cst.ensure_type(inner[-1], cst.SimpleStatementLine)
    if len(line.body) != 1 or len(last.body) != 1:
        raise DraftError("Storing the result shares its line with something else.")
    value = cst.ensure_type(line.body[0], cst.Assign).value
    trailing = line.trailing_whitespace
    if last.trailing_whitespace.comment is not None:
        tail += comment_lines(trailing)
        trailing = last.trailing_whitespace
    leading = [*line.leading_lines, *tail, *_comments_above(last)]
    return [
        *inner[:-1],
        last.with_changes(body=[cst.Return(value)], leading_lines=leading, trailing_whitespace=trailing),
    ]


def _leading(statement: cst.BaseStatement) -> Sequence[cst.EmptyLine]:
    return getattr(statement, "leading_lines", ())


def _comments_above(statement: cst.BaseStatement) -> list[cst.EmptyLine]:
    return [line for line in _leading(statement) if line.comment is not None]
