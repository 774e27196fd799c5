"""A new class or function above a statement of the module, with the blank lines that go around it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import libcst as cst

from idiomatic.core.analysis.tree import FUNCTIONS
from idiomatic.core.writing.changes import lines_above

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.draft import Draft


def put_above(
    definition: cst.BaseStatement, statements: Sequence[cst.BaseStatement], draft: Draft
) -> Sequence[cst.BaseStatement]:
    """A definition above statements; the comments right above them stay with them.

    Args:
        definition: what is new; something is imported for it.
        statements: what becomes of the draft.
        draft: of statements of the module, from the top.
    """
    first, *others = statements
    lines = list(lines_above(first))
    own = _attached(lines)
    return [
        definition.with_changes(leading_lines=spaced(lines[:own], draft)),
        first.with_changes(leading_lines=[*blank_lines(2), *lines[own:]]),
        *others,
    ]


def spaced(lines: Sequence[cst.EmptyLine], draft: Draft) -> list[cst.EmptyLine]:
    """What stands above statements of a draft from the top, as it stands above a definition that takes their place."""
    if draft.is_first:
        # The new import has its own blank lines below it.
        is_definition = isinstance(draft.code.statement.nodes[0], (*FUNCTIONS, ast.ClassDef))
        at = _attached(lines)
        return [*lines[:at], *blank_lines(0 if is_definition else 1), *lines[at:]]
    present = next((at for at, line in enumerate(lines) if line.comment is not None), len(lines))
    rest = lines[present:]
    if [line.comment is None for line in rest[-2:]] == [False, True]:
        # A comment that stands for itself.
        rest = [*rest, *blank_lines(1)]
    return [*blank_lines(max(2, present)), *rest]


def _attached(lines: Sequence[cst.EmptyLine]) -> int:
    """Where the comments begin that stand right above a statement."""
    return next((at for at in range(len(lines), 0, -1) if lines[at - 1].comment is None), 0)


def blank_lines(number: int) -> list[cst.EmptyLine]:
    """Lines with nothing on them."""
    return [cst.EmptyLine(indent=False) for _ in range(number)]
