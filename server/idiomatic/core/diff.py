"""What edits change, as people read it: a unified diff of the lines around them."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.cells import NotebookDocument
from idiomatic.core.lazy import regex
from idiomatic.core.text import Edit, Span, apply_edits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from idiomatic.core.document import Document

_LINE: Final = regex(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


class Hunk(Struct, frozen=True):
    """Some neighbouring lines, before and after.

    Attributes:
        old_start: the number of the first line before, from 1.
        new_start: the number of the first line after.
        lines: each with a blank, `-` or `+` before it, and with its line ending.
    """

    old_start: int
    new_start: int
    lines: tuple[str, ...]

    @property
    def header(self) -> str:
        """`@@ -1,2 +1,3 @@`."""
        old = _range(self.old_start, sum(line[0] != "+" for line in self.lines))
        new = _range(self.new_start, sum(line[0] != "-" for line in self.lines))
        return f"@@ -{old} +{new} @@"


def _range(start: int, length: int) -> str:
    # As `diff` and `patch` have it: an empty range is named by the line before it.
    return f"{start}" if length == 1 else f"{start if length else start - 1},{length}"


def hunks(document: Document, edits: Iterable[Edit], context: int = 3) -> Iterator[Hunk]:
    """The changes that edits make, with some lines around each.

    Only the lines around the edits are compared: the diff of one rewrite of a long file costs what a short one does.
    """
    if isinstance(document, NotebookDocument):
        yield from _in_cells(document, edits, context)
        return
    lines = document.lines
    growth = 0
    for first, last, group in _groups(document, sorted(edits, key=lambda edit: edit.span), context):
        span = Span(lines.starts[first], lines.line_span(last).end)
        old = document.text[span.start : span.end]
        new = apply_edits(old, [edit.shifted(-span.start) for edit in group])
        for hunk in compare(old, new, context):
            yield Hunk(hunk.old_start + first, hunk.new_start + first + growth, hunk.lines)
        growth += len(_LINE.findall(new)) - len(_LINE.findall(old))


def _in_cells(document: NotebookDocument, edits: Iterable[Edit], context: int) -> Iterator[Hunk]:
    """The changes in each cell, as it is written there; lines are counted from its beginning."""
    for index, own in sorted(document.by_cell(edits).items()):
        cell = document.cells[index]
        yield from compare(f"{cell.text}\n", f"{cell.after(own).text}\n", context)


def _groups(document: Document, edits: Sequence[Edit], context: int) -> Iterator[tuple[int, int, list[Edit]]]:
    """Edits whose surroundings touch, with the first and the last line to be shown for them."""
    lines = document.lines
    group: list[Edit] = []
    first = last = 0
    for edit in edits:
        start = max(lines.position(edit.span.start)[0] - context, 0)
        end = min(lines.position(edit.span.end)[0] + context, len(lines) - 1)
        if group and start <= last + 1:
            group.append(edit)
            last = max(last, end)
            continue
        if group:
            yield first, last, group
        first, last, group = start, end, [edit]
    if group:
        yield first, last, group


def compare(old: str, new: str, context: int = 3) -> Iterator[Hunk]:
    """The changes from one text to another."""
    old_lines, new_lines = _LINE.findall(old), _LINE.findall(new)
    matcher = difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    for group in matcher.get_grouped_opcodes(context):
        shown: list[str] = []
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                shown += (f" {line}" for line in old_lines[old_start:old_end])
            else:
                shown += (f"-{line}" for line in old_lines[old_start:old_end])
                shown += (f"+{line}" for line in new_lines[new_start:new_end])
        yield Hunk(group[0][1] + 1, group[0][3] + 1, tuple(shown))
