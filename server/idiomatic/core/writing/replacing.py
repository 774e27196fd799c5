"""Other expressions in the place of some, in f-strings too, and in other statements of the file."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import libcst as cst

from idiomatic.core.draft import DraftError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft


def replaced(draft: Draft, new: Mapping[ast.expr, cst.BaseExpression]) -> Sequence[cst.BaseStatement]:
    """The statements of a draft with other expressions in the place of some.

    Args:
        draft: the draft.
        new: what is replaced, in f-strings names only, by something that needs no parentheses.

    Raises:
        DraftError: two names in one f-string look the same and are not.
    """
    nodes: dict[cst.CSTNode, cst.CSTNode] = {}
    strings: dict[ast.JoinedStr, dict[str, cst.BaseExpression]] = {}
    for old, expression in new.items():
        # Before Python 3.12 the places of what stands in an f-string are not to be relied on.
        around = [each for each in draft.code.ancestors(old) if isinstance(each, ast.JoinedStr)]
        if around and isinstance(old, ast.Name):
            strings.setdefault(around[-1], {})[old.id] = expression
        else:
            node = draft.node(old, cst.BaseExpression)  # type: ignore[type-abstract]
            nodes[node] = expression.with_changes(lpar=node.lpar, rpar=node.rpar)
    for string, names in strings.items():
        inside = [node for node in ast.walk(string) if isinstance(node, ast.Name) and node.id in names]
        if not all(node in new for node in inside):
            raise DraftError("Variables of the same name in one f-string can't be told apart.")
        whole = draft.node(string, cst.BaseExpression)  # type: ignore[type-abstract]
        nodes[whole] = whole.visit(_loads_replaced(names))  # type: ignore[assignment]
    return draft.replaced(nodes)


def _loads_replaced(names: Mapping[str, cst.BaseExpression]) -> cst.CSTTransformer:
    class LoadsReplaced(cst.CSTTransformer):
        def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
            return names.get(original_node.value, updated_node)

        def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
            return updated_node.with_changes(attr=original_node.attr)

        def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
            return updated_node.with_changes(keyword=original_node.keyword)

    return LoadsReplaced()


def replace(draft: Draft, code: Analysis, new: Mapping[ast.expr, cst.BaseExpression]) -> None:
    """Put other expressions in the place of some in another statement, in parts as small as can be.

    Args:
        draft: of which the parts are.
        code: one of `draft.elsewhere`.
        new: as for `replaced`.
    """
    runs: list[tuple[ast.stmt, ast.stmt]] = []
    ends = -1
    for first, last in sorted({code.lines(name) for name in new}, key=lambda run: _extent(run, code)):
        if code.statement.end_line(last) > ends:
            runs.append((first, last))
            ends = code.statement.end_line(last)
    for first, last in runs:
        top, bottom = code.statement.first_line(first), code.statement.end_line(last)
        inside = {
            old: each for old, each in new.items() if top <= code.statement.line(code.statement_of(old)) <= bottom
        }
        part = draft.part(code, first, last)
        part.become(replaced(part, inside))


def _extent(run: tuple[ast.stmt, ast.stmt], code: Analysis) -> tuple[int, int]:
    """By what runs of statements are sorted: outer ones come before those inside."""
    first, last = run
    return code.statement.first_line(first), -code.statement.end_line(last)
