"""Somebody types: findings elsewhere stay where they are, and no more is looked at than what was touched."""

from __future__ import annotations

import argparse
import inspect
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from idiomatic.core import engine, long_class
from idiomatic.core.document import Document
from idiomatic.core.engine import analyse
from idiomatic.core.module import Module
from idiomatic.core.text import Span

from tests.engine import rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.engine import Analysed
    from idiomatic.core.idiom import Idiom

EXAMPLES: Final = [
    path.read_text("utf-8") for path in sorted((Path(__file__).parents[2] / "examples/orders").glob("*.py"))
]
STATEMENTS: Final = ("value = compute(first, 'second', [1, 2])", '"""A docstring."""', "if x:", "@decorate", "else:")


def typed(document: Document, place: int, words: str) -> Iterator[Document]:
    """The versions of a document in which somebody types a line, and deletes it again."""
    for index, character in enumerate(words):
        document = document.edit(Span(place + index, place + index), character)
        yield document
    for index in reversed(range(len(words))):
        document = document.edit(Span(place + index, place + index + 1), "")
        yield document


def findings(analysed: Analysed, besides: Span) -> Counter[tuple[str, str]]:
    """The findings outside the lines of a span."""
    text = analysed.module.document.text
    return Counter(
        (each.rule.name, text[analysed.place(each).start : analysed.place(each).end])
        for each in analysed.diagnostics
        if analysed.place(each).end <= besides.start or besides.end <= analysed.place(each).start
    )


@pytest.mark.parametrize("length", [3, long_class.LONG])
@pytest.mark.parametrize("words", STATEMENTS)
def test_what_is_found_elsewhere_stays_while_somebody_types(
    words: str, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_class, "LONG", length)
    for text in EXAMPLES:
        begin = Document.parse(text)
        lines = text.splitlines(keepends=True)
        bodies = [
            number
            for number, line in enumerate(lines[:-1])
            if line.lstrip().startswith(("def ", "async def ")) and line.rstrip().endswith(":")
        ]
        # At the beginning of the body of some functions: wherever a finding is, it is below, above, or around.
        for number in bodies[::6]:
            place = sum(map(len, lines[: number + 1]))
            head = lines[number + 1][: len(lines[number + 1]) - len(lines[number + 1].lstrip())]
            analysed = analyse(Module(begin), known := rules())
            around = next(leaf for leaf in begin.leaves_between(Span(place, place)) if begin.offset(leaf) < place)
            start = begin.offset(around)
            before = findings(analysed, Span(start, start + len(around.text)))
            for document in typed(begin, place, f"{head}{words}\n"):
                analysed = analyse(Module(document), known, analysed)
                now = Span(start, start + len(around.text) + len(document) - len(text))
                found = findings(analysed, now)
                if document.fault is None:
                    # What a class is may depend on each of its methods.
                    before = found
                assert not before - found, (document.text[place : place + 60], before - found)


def test_an_edit_looks_at_one_method_of_a_long_class(monkeypatch: pytest.MonkeyPatch) -> None:
    text = inspect.getsource(argparse)
    document = Document.parse(text)
    analysed = analyse(Module(document), known := rules())
    examined: list[str] = []
    whole = engine._found

    def watched(idioms: frozenset[Idiom], code: Analysis) -> tuple[object, object]:
        examined.append(code.unit.text)
        return whole(idioms, code)

    monkeypatch.setattr(engine, "_found", watched)
    place = text.index("        # determine short and long option strings\n")
    for edited in typed(document, place, "        value = 1\n"):
        examined.clear()
        analysed = analyse(Module(edited), known, analysed)
        members = [each for each in examined if each.lstrip().startswith(("def ", "@")) or "    def " in each]
        assert len(members) <= 1
        assert sum(len(each) for each in examined) < len(text) / 10
