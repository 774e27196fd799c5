"""Edits shown as a unified diff."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from idiomatic.core.diff import compare, hunks
from idiomatic.core.document import Document, Statement
from idiomatic.core.text import Edit, Span, apply_edits

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c = 1\r\n", "\n", "é\r", "x\u2028\f\n"]), max_size=30)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = "".join(draw(LINES)) + draw(st.sampled_from(["", "end"]))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8, unique=True)))
    replacements = st.sampled_from(["", "q", "new\n", "\n\nz\n"])
    return text, [Edit(Span(start, end), draw(replacements)) for start, end in zip(cuts[::2], cuts[1::2], strict=False)]


@given(edited(), st.integers(0, 3))
def test_applied_it_gives_the_new_text(change: tuple[str, list[Edit]], context: int) -> None:
    import re

    text, edits = change
    old = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)
    new: list[str] = []
    at = 0
    for hunk in hunks(Document([Statement(text)]), edits, context):
        before = [line[1:] for line in hunk.lines if line[0] != "+"]
        start = hunk.old_start - 1
        new += old[at:start]
        assert len(new) == hunk.new_start - 1
        assert old[start : start + len(before)] == before
        new += [line[1:] for line in hunk.lines if line[0] != "-"]
        at = start + len(before)
    assert "".join([*new, *old[at:]]) == apply_edits(text, edits)


def test_headers() -> None:
    assert [hunk.header for hunk in compare("a\nb\n", "a\nc\nb\n")] == ["@@ -1,2 +1,3 @@"]
    assert [hunk.header for hunk in compare("", "a\n")] == ["@@ -0,0 +1 @@"]
    assert [hunk.header for hunk in compare("a\n", "")] == ["@@ -1 +0,0 @@"]
    assert list(compare("a\n", "a\n")) == []


def test_only_what_is_near_is_shown() -> None:
    text = "".join(f"{number}\n" for number in range(1000))
    edits = [Edit(Span(0, 1), "x"), Edit(Span(len(text) - 1, len(text)), "")]
    first, second = hunks(Document([Statement(text)]), edits, context=1)
    assert first.lines == ("-0\n", "+x\n", " 1\n")
    assert (second.old_start, second.lines) == (999, (" 998\n", "-999\n", "+999"))
