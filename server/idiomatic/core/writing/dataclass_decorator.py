"""A dataclass decorator with other options: `@dataclass(kw_only=True)` for `@dataclass`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idiomatic.core.draft import Draft


def with_options(decorator: ast.expr, options: Mapping[str, bool], draft: Draft) -> Mapping[cst.CSTNode, cst.CSTNode]:
    """What to replace in a draft so that a decorator has some options.

    Args:
        decorator: `dataclass` or `dataclass(...)`, without its `@`.
        options: what to set; what it is given already changes in its place, the rest is added behind.
        draft: the rewrite.
    """
    if not isinstance(decorator, ast.Call):
        function = draft.node(decorator, cst.Attribute if isinstance(decorator, ast.Attribute) else cst.Name)
        return {function: cst.Call(function, [_option(name, value) for name, value in options.items()])}
    call = draft.node(decorator, cst.Call)
    left = dict(options)
    arguments: list[cst.Arg] = []
    for argument in call.args:
        name = argument.keyword.value if argument.keyword is not None else ""
        arguments.append(argument.with_changes(value=cst.Name(str(left.pop(name)))) if name in left else argument)
    added = [_option(name, value) for name, value in left.items()]
    if arguments and added:
        arguments[-1], added[-1] = _joined(arguments[-1], added[-1], call)
    return {call: call.with_changes(args=[*arguments, *added])}


def _joined(last: cst.Arg, added: cst.Arg, call: cst.Call) -> tuple[cst.Arg, cst.Arg]:
    """The last argument there was, and the last one behind it, with the line ends of the old one."""
    opening = call.whitespace_before_args
    if not isinstance(last.comma, cst.Comma):
        # Between two arguments there is what is between the others; the space before the bracket stays there.
        between = call.args[0].comma if len(call.args) > 1 else cst.MaybeSentinel.DEFAULT
        space = last.whitespace_after_arg
        return (
            last.with_changes(comma=between, whitespace_after_arg=cst.SimpleWhitespace("")),
            added.with_changes(whitespace_after_arg=space),
        )
    closing = last.comma.whitespace_after
    if not isinstance(closing, cst.ParenthesizedWhitespace) or not isinstance(opening, cst.ParenthesizedWhitespace):
        return last.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))), added.with_changes(
            comma=last.comma
        )
    # frozen=True,  # comment
    behind = opening.with_changes(first_line=closing.first_line, empty_lines=[])
    end = cst.Comma(whitespace_after=closing.with_changes(first_line=cst.TrailingWhitespace()))
    return last.with_changes(comma=last.comma.with_changes(whitespace_after=behind)), added.with_changes(comma=end)


def _option(name: str, value: bool) -> cst.Arg:
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(cst.Name(str(value)), keyword=cst.Name(name), equal=tight)
