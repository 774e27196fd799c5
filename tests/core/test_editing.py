"""Somebody edits real files, in all the ways there are: what is known is always what a fresh look would find.

A few hundred edits in `make test`, some ten thousand in `make nightly`.
"""

from __future__ import annotations

import asyncio.queues
import asyncio.timeouts
import inspect
import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from idiomatic.core import long_class
from idiomatic.core.document import Document
from idiomatic.core.engine import analyse
from idiomatic.core.module import Module
from idiomatic.core.text import Span

from tests.core.test_document import check
from tests.engine import rules

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
FILES: Final = (
    *(path.read_text("utf-8") for path in sorted(EXAMPLES.rglob("*.py")) if path.stat().st_size < 8000),
    inspect.getsource(asyncio.queues),
    inspect.getsource(asyncio.timeouts),
)

# fmt: off
TYPED: Final = (
    "x", " ", "\n", "\r", "\r\n", "\t", "    ", "\f", "#", "'", '"', '"""', "'''", "(", ")", "[", "]", "{", "}", ":",
    "\\", "\\\n", ";", "@", "else:\n", "except ValueError:\n", "finally:\n", "async ", "await ", "\u2028", "\U0001f600",
    "\0", "f'{",
)
PASTED: Final = (
    "def f():\n    pass\n", "    def m(self):\n        return 1\n", "    x: int = 3\n",
    "    global q\n", "    # comment\n",
    "@property\n", "import asyncio\n", "from datetime import *\n", "datetime.datetime.utcnow()", "self.x = 1\n",
    "class Z:\n    def a(self):\n        pass\n", "        await asyncio.gather(one(), two())\n", "x = 1\n", "if a:\n",
    "        try:\n            pass\n        except ValueError:\n            raise KeyError()\n",
    "\"\"\"\nof lines\n\"\"\"\n",
)
# fmt: on
PLACES: Final = st.floats(0, 1, exclude_max=True)


class Editing(RuleBasedStateMachine):
    """An editor with one file, which is looked at after most edits: who types is quicker than the server."""

    def __init__(self) -> None:
        super().__init__()
        self.known = rules()
        self.undone: list[tuple[Span, str]] = []

    @initialize(text=st.sampled_from(FILES), newline=st.sampled_from(("\n", "\n", "\r\n")))
    def open(self, text: str, newline: str) -> None:
        self.text = text.replace("\n", newline)
        self.document = Document.parse(self.text)
        self.analysed = analyse(Module(self.document), self.known)

    def edit(self, span: Span, new: str) -> None:
        self.undone.append((Span(span.start, span.start + len(new)), self.text[span.start : span.end]))
        self.text = self.text[: span.start] + new + self.text[span.end :]
        self.document = self.document.edit(span, new)

    def offset(self, place: float) -> int:
        return round(place * len(self.text))

    def line(self, place: float) -> tuple[int, int]:
        """Where the line at a place begins, and where its first character that is no space is."""
        start = self.text.rfind("\n", 0, self.offset(place)) + 1
        return start, start + len(self.text[start:]) - len(self.text[start:].lstrip(" \t"))

    @rule(place=PLACES, new=st.sampled_from(TYPED))
    def type_somewhere(self, place: float, new: str) -> None:
        self.edit(Span(self.offset(place), self.offset(place)), new)

    @rule(place=PLACES, new=st.sampled_from((*TYPED, *PASTED)))
    def type_at_a_line(self, place: float, new: str) -> None:
        start, _ = self.line(place)
        self.edit(Span(start, start), new)

    @rule(place=PLACES, words=st.sampled_from(("x = g(1, [2])", "y = 'a b'", "if x: pass", "return {1: 2}")))
    def type_a_statement(self, place: float, words: str) -> None:
        start, content = self.line(place)
        head = self.text[start:content]
        self.edit(Span(start, start), f"{head}\n")
        for index, character in enumerate(words, len(head)):
            self.edit(Span(start + index, start + index), character)

    @rule(place=PLACES, length=st.integers(1, 5))
    def delete_some_characters(self, place: float, length: int) -> None:
        start = self.offset(place)
        self.edit(Span(start, min(len(self.text), start + length)), "")

    @rule(place=PLACES, lines=st.integers(1, 12))
    def delete_lines(self, place: float, lines: int) -> None:
        start, end = self.line(place)[0], self.line(place)[0]
        for _ in range(lines):
            end = self.text.find("\n", end) + 1 or len(self.text)
        self.edit(Span(start, end), "")

    @rule(place=PLACES, lines=st.integers(1, 15), to=PLACES)
    def copy_lines(self, place: float, lines: int, to: float) -> None:
        start, _ = self.line(place)
        copied = "".join(self.text[start:].splitlines(keepends=True)[:lines])
        target, _ = self.line(to)
        self.edit(Span(target, target), copied)

    @rule(place=PLACES, deeper=st.booleans())
    def indent_a_line(self, place: float, deeper: bool) -> None:
        start, content = self.line(place)
        if deeper:
            self.edit(Span(start, start), "    ")
        else:
            self.edit(Span(start, min(content, start + 4)), "")

    @rule(newline=st.sampled_from(("\n", "\r\n", "\r")))
    def change_the_line_endings(self, newline: str) -> None:
        self.edit(Span(0, len(self.text)), re.sub(r"\r\n|\r|\n", newline, self.text))

    @precondition(lambda self: self.undone)
    @rule(steps=st.integers(1, 30))
    def undo(self, steps: int) -> None:
        for _ in range(min(steps, len(self.undone))):
            span, old = self.undone.pop()
            self.edit(span, old)
            self.undone.pop()

    @rule()
    def look(self) -> None:
        self.analysed = analyse(Module(self.document), self.known, self.analysed)
        check(self.analysed, self.text, self.known)

    def teardown(self) -> None:
        if hasattr(self, "document"):
            self.look()


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Editing,
        settings=settings(
            deadline=None,
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("length", [3, long_class.LONG])
def test_what_is_known_after_any_edits(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_class, "LONG", length)
    run(20, 15)


@pytest.mark.nightly
@pytest.mark.parametrize("length", [3, long_class.LONG])
def test_what_is_known_after_many_edits(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_class, "LONG", length)
    run(1000, 30)
