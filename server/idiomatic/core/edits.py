"""The smallest edits from one text to another."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from idiomatic.core.lazy import regex
from idiomatic.core.text import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE: Final = regex(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def difference(old: str, new: str) -> Iterator[Edit]:
    """Edits that make `new` of `old`: whole lines are compared first, then each change is cut down to its characters.

    What the edits leave alone is kept exactly, markers and cursors of an editor included.
    """
    old_lines, new_lines = _LINE.findall(old), _LINE.findall(new)
    offset = 0
    ends = [0, *(offset := offset + len(line) for line in old_lines)]
    matcher = difflib.SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        span = Span(ends[old_start], ends[old_end])
        yield trimmed(old, Edit(span, "".join(new_lines[new_start:new_end])))


def trimmed(old: str, edit: Edit) -> Edit:
    """The same edit of `old` without the characters that it does not change at its two ends."""
    before = old[edit.span.start : edit.span.end]
    head = _common(before, edit.text)
    tail = _common(before[head:][::-1], edit.text[head:][::-1])
    # Cutting between the two characters of a line ending would leave half of it in the edit.
    if head and "\r\n" in (before[head - 1 : head + 1], edit.text[head - 1 : head + 1]):
        head -= 1
    end = edit.span.end - tail
    if tail and old[end - 1 : end + 1] == "\r\n":
        tail -= 1
    return Edit(Span(edit.span.start + head, edit.span.end - tail), edit.text[head : len(edit.text) - tail])


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    # Halves are compared at once: character by character takes a millisecond for a cell of a notebook.
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
