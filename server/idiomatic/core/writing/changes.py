"""What becomes of some nodes of a draft, where one may become several, or none."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias, cast

import libcst as cst

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from idiomatic.core.draft import Draft

Change: TypeAlias = "Callable[[cst.CSTNode], cst.CSTNode | cst.FlattenSentinel[cst.CSTNode] | cst.RemovalSentinel]"


def changed(
    draft: Draft, changes: Mapping[cst.CSTNode, Change], statements: Sequence[cst.BaseStatement] | None = None
) -> Sequence[cst.BaseStatement]:
    """The statements of a draft after changes of some of their nodes, one of which may become several, or none.

    Nodes are changed after what is below them: a change outside sees those inside.

    Args:
        draft: the draft.
        changes: what becomes of the nodes.
        statements: some statements of the draft; default: all.
    """

    class Changes(cst.CSTTransformer):
        def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
            change = changes.get(original_node)
            return updated_node if change is None else cast("cst.CSTNode", change(updated_node))

    result: list[cst.BaseStatement] = []
    for statement in draft.body if statements is None else statements:
        new = statement.visit(Changes())
        if isinstance(new, cst.FlattenSentinel):
            result += new
        elif not isinstance(new, cst.RemovalSentinel):
            result.append(new)
    return result


def whole(statement: ast.stmt, draft: Draft) -> cst.BaseStatement:
    """The libcst node of a statement, simple or compound, on lines of its own."""
    is_compound = hasattr(statement, "body") or isinstance(statement, ast.Match)
    kind = cst.BaseCompoundStatement if is_compound else cst.SimpleStatementLine
    return cast("cst.BaseStatement", draft.node(statement, cast("type[cst.SimpleStatementLine]", kind)))


def lines_above(statement: cst.CSTNode) -> Sequence[cst.EmptyLine]:
    """The blank lines and comments above a statement."""
    return cast("cst.SimpleStatementLine", statement).leading_lines
