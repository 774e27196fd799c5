"""Fixing in bulk: apply what can be applied until nothing changes.

One fix at a time in a top-level statement, and a new look after each round: overlapping fixes, fixes inside what
another one has moved, and imports that only all of them together make superfluous need no care of their own.
"""

from __future__ import annotations

import logging
import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

from idiomatic.core.draft import DraftError, Rewriting
from idiomatic.core.engine import analyse
from idiomatic.core.idiom import Safe
from idiomatic.core.imports import droppable, plan
from idiomatic.core.module import Module
from idiomatic.core.suppression import UNKNOWN
from idiomatic.core.text import Edit, Span, apply_edits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from idiomatic.core.document import Document, Statement
    from idiomatic.core.engine import Analysed, Diagnostic

logger = logging.getLogger(__name__)

_WORD: Final = re.compile(r"\b[^\W\d]\w*\b")


def fix_all(
    analysed: Analysed,
    *,
    unsafe: bool = False,
    limit: int = 1000,
    on_failure: Callable[[Diagnostic, DraftError], None] | None = None,
) -> Iterator[tuple[Diagnostic, Analysed]]:
    """Apply first fixes until none is left: in each round one in every top-level statement, and then a new look.

    Args:
        analysed: where to begin.
        unsafe: apply unsafe fixes too.
        limit: how many rounds at most, in case two idioms undo each other.
        on_failure: is told of each fix that turned out to be impossible.

    Yields:
        Each diagnostic that was fixed, with the findings of the document after its round.
    """
    failed: set[tuple[str, str, int]] = set()
    for _ in range(limit):
        fixed: list[Diagnostic] = []
        edits: list[Edit] = []
        for diagnostic, rewriting in _next_fixes(analysed, unsafe, failed, on_failure):
            if not any(_conflicts(edit, edits) for edit in rewriting.edits):
                fixed.append(diagnostic)
                for edit in rewriting.edits:
                    _add(edit, edits)
        if not fixed:
            return
        if not analysed.module.project.is_interface:
            edits = _with_imports_nobody_needs(analysed.module.document, edits)
        analysed = apply(analysed, edits)
        for diagnostic in fixed:
            yield diagnostic, analysed
    logger.error("Fixes were still left after %d rounds; two rules may undo each other.", limit)


def _next_fixes(
    analysed: Analysed,
    unsafe: bool,
    failed: set[tuple[str, str, int]],
    on_failure: Callable[[Diagnostic, DraftError], None] | None,
) -> Iterator[tuple[Diagnostic, Rewriting]]:
    """The first fix that can be made in each top-level statement."""
    done: set[Statement] = set()
    # A misspelt suppression is put right before what it was meant for is fixed.
    for diagnostic in sorted(analysed.diagnostics, key=lambda each: each.rule is not UNKNOWN):
        fix = diagnostic.fix
        key = (diagnostic.rule.name, diagnostic.statement.text, diagnostic.span.start)
        if fix is None or diagnostic.statement in done or key in failed:
            continue
        if not (unsafe or isinstance(fix.verdict, Safe)):
            continue
        try:
            rewriting = analysed.rewrite(diagnostic, fix)
        except DraftError as error:
            logger.info("%s: %s", diagnostic.rule.name, error)
            failed.add(key)
            if on_failure is not None:
                on_failure(diagnostic, error)
            continue
        done.add(diagnostic.statement)
        yield diagnostic, rewriting


def _conflicts(edit: Edit, edits: Sequence[Edit]) -> bool:
    """Whether an edit can't be made together with others, which are in order of place.

    The same edit twice is no conflict, nor are different insertions at one place.
    """
    index = bisect_left(edits, edit.span, key=_span)
    for position in range(max(index - 1, 0), len(edits)):
        other = edits[position]
        if other.span.start > edit.span.end:
            return False
        same_place = other.span == edit.span and edit.span.start != edit.span.end
        if other != edit and (same_place or other.span.overlaps(edit.span)):
            return True
    return False


def _add(edit: Edit, edits: list[Edit]) -> None:
    """Put an edit into its place among others, once."""
    start, end = bisect_left(edits, edit.span, key=_span), bisect_right(edits, edit.span, key=_span)
    if edit not in edits[start:end]:
        edits.insert(end, edit)


def _span(edit: Edit) -> Span:
    return edit.span


def _with_imports_nobody_needs(document: Document, edits: list[Edit]) -> list[Edit]:
    """The edits, and those that drop imports which only all of them together make superfluous."""
    text, after = document.text, apply_edits(document.text, edits)
    words = {word for edit in edits for word in _WORD.findall(text[edit.span.start : edit.span.end])}
    for edit in plan(document, (), droppable(document, after, words)):
        if not _conflicts(edit, edits):
            _add(edit, edits)
    return edits


def apply(analysed: Analysed, edits: Iterable[Edit]) -> Analysed:
    """The findings after edits that do not overlap; several insertions at one offset are made in the order given."""
    document = analysed.module.document.edited(edits)
    return analyse(Module(document, analysed.module.project), analysed.rules, analysed)
