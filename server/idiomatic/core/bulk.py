"""Fixing in bulk: apply what can be applied until nothing changes.

One fix at a time in a top-level statement, and a new look after each round: overlapping fixes, fixes inside what
another one has moved, and imports that only all of them together make superfluous need no care of their own.
"""

from __future__ import annotations

import logging
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from idiomatic.core.draft import DraftError, Rewriting
from idiomatic.core.engine import analyse
from idiomatic.core.idiom import Safe
from idiomatic.core.imports import droppable, imported_names, plan
from idiomatic.core.module import Module, Role
from idiomatic.core.suppression import UNKNOWN
from idiomatic.core.text import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from idiomatic.core.document import Document, Statement
    from idiomatic.core.engine import Analysed, Diagnostic

logger = logging.getLogger(__name__)


def fix_all(
    analysed: Analysed,
    *,
    unsafe: bool = False,
    limit: int = 1000,
    on_failure: Callable[[Diagnostic, DraftError], None] | None = None,
    is_wanted: Callable[[Analysed, Diagnostic], bool] | None = None,
) -> Iterator[tuple[Diagnostic, Analysed]]:
    """Apply first fixes until none is left: in each round one in every top-level statement, and then a new look.

    Args:
        analysed: where to begin.
        unsafe: apply unsafe fixes too.
        limit: how many rounds at most, in case two idioms undo each other.
        on_failure: is told of each fix that turned out to be impossible.
        is_wanted: says of each finding whether it is to be fixed; default: all are.

    Yields:
        Each diagnostic that was fixed, with the findings of the document after its round.
    """
    failed: set[tuple[str, str, int]] = set()
    for _ in range(limit):
        fixed: list[Diagnostic] = []
        edits: list[Edit] = []
        for diagnostic, rewriting in _next_fixes(analysed, unsafe, failed, on_failure, is_wanted):
            if not any(_conflicts(edit, edits) for edit in rewriting.edits):
                fixed.append(diagnostic)
                for edit in rewriting.edits:
                    _add(edit, edits)
        if not fixed:
            return
        analysed = _without_idle_imports(apply(analysed, edits), analysed.module.document)
        for diagnostic in fixed:
            yield diagnostic, analysed
    logger.error("Fixes were still left after %d rounds; two rules may undo each other.", limit)


def _next_fixes(
    analysed: Analysed,
    unsafe: bool,
    failed: set[tuple[str, str, int]],
    on_failure: Callable[[Diagnostic, DraftError], None] | None,
    is_wanted: Callable[[Analysed, Diagnostic], bool] | None,
) -> Iterator[tuple[Diagnostic, Rewriting]]:
    """The first fix that can be made in each top-level statement."""
    done: set[Statement] = set()
    # A misspelt suppression is put right before what it was meant for is fixed.
    for diagnostic in sorted(analysed.diagnostics, key=lambda each: each.rule is not UNKNOWN):
        fix = diagnostic.fix
        key = (diagnostic.rule.name, diagnostic.statement.text, diagnostic.span.start)
        statement = analysed.module.document.statement_of(diagnostic.statement)
        if fix is None or statement in done or key in failed:
            continue
        if not (unsafe or isinstance(fix.verdict, Safe)):
            continue
        if is_wanted is not None and not is_wanted(analysed, diagnostic):
            continue
        try:
            rewriting = analysed.rewrite(diagnostic, fix)
        except DraftError as error:
            logger.info("%s: %s", diagnostic.rule.name, error)
            failed.add(key)
            if on_failure is not None:
                on_failure(diagnostic, error)
            continue
        if not done.isdisjoint(rewriting.elsewhere):
            continue  # in the next round
        done |= {statement, *rewriting.elsewhere}
        yield diagnostic, rewriting


def _conflicts(edit: Edit, edits: Sequence[Edit]) -> bool:
    """Whether an edit can't be made together with others, which are in order of place.

    The same edit twice is no conflict. Different insertions at one place are: two fixes may want to import from the
    same module there, which a second look after the first one turns into one import.
    """
    index = bisect_left(edits, edit.span, key=_span)
    for position in range(max(index - 1, 0), len(edits)):
        other = edits[position]
        if other.span.start > edit.span.end:
            return False
        if other != edit and (other.span == edit.span or other.span.overlaps(edit.span)):
            return True
    return False


def _add(edit: Edit, edits: list[Edit]) -> None:
    """Put an edit into its place among others, once."""
    start, end = bisect_left(edits, edit.span, key=_span), bisect_right(edits, edit.span, key=_span)
    if edit not in edits[start:end]:
        edits.insert(end, edit)


def _span(edit: Edit) -> Span:
    return edit.span


def _without_idle_imports(analysed: Analysed, before: Document) -> Analysed:
    """The findings without the imports that were used before and that nothing mentions any more.

    Each fix drops what it alone makes superfluous; here goes what only several of them together do.
    """
    if analysed.module.project.role is Role.INTERFACE:
        return analysed
    document = analysed.module.document
    names = document.fact(imported_names)
    idle = set(droppable(document, document.text, names)) - set(droppable(before, before.text, names))
    return apply(analysed, plan(document, (), idle)) if idle else analysed


def apply(analysed: Analysed, edits: Iterable[Edit]) -> Analysed:
    """The findings after edits that do not overlap; several insertions at one offset are made in the order given."""
    document = analysed.module.document.edited(edits)
    return analyse(Module(document, analysed.module.project), analysed.rules, analysed)
