"""Documents under edits: the text is never corrupted, and what is known of it is what a fresh look would find."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st
from idiomatic.core.document import Document
from idiomatic.core.engine import analyse
from idiomatic.core.module import Module, bindings
from idiomatic.core.text import Span

from tests.engine import rules

if TYPE_CHECKING:
    from idiomatic.core.engine import Analysed, Rules

SOURCES = [
    "",
    "\n",
    "x = 1",
    "\ufeffimport os\nx = 1\n",
    "#!/usr/bin/env python\n# coding: utf-8\n'''doc'''\nfrom datetime import datetime\n\n\nnow = datetime.utcnow()\n",
    "a = 1; b = 2  # both\n\x0c\nclass C:\n    x = '''\n    \u2028 text\n'''\n\n    def f(self): return self\n\n# end",
    "@deco\n@other(1)\ndef f(x=[]):\n    try:\n        pass\n    finally:\n        pass\nelse_ = 1\n",
    "if a:\r\n    b\r\nelse:\r\n\tc\r\nx = (1,\r\n  2)\r\nasync def g():\r\n    await h()\r\n",
    "x = 1\ry = '\U0001f600'\rif x:\r    z = y\r",
    textwrap.dedent(inspect.getsource(textwrap)),
]

# fmt: off
SNIPPETS = [
    "", "\n", "\r", "\r\n", " ", "    ", "\t", "\f", "#", "'", '"', '"""', "'''", "(", ")", "[", "]", "{", "}", ":",
    "\\", "\\\n", ";", "@", "else:\n", "except X:\n", "finally:\n", "import datetime\n", "\ufeff",
    "def f():\n    pass\n", "datetime.datetime.utcnow()", "x = 1\n", "\U0001f600", "\u2028", "case 1:\n", "async ",
    "await ", "\0",
]
# fmt: on
NOW = "datetime.datetime.utcnow()"
PIECES = st.one_of(st.sampled_from(SNIPPETS), st.text(max_size=3))
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), max_size=12)


def shape(document: Document) -> list[tuple[str, list[str]]]:
    return [
        (statement.text, [ast.dump(node, include_attributes=False) for node in statement.nodes])
        for statement in document.statements
    ]


def check(analysed: Analysed, text: str, known: Rules) -> None:
    """Everything that has to be true of a document after any edit."""
    document = analysed.module.document
    assert document.text == text
    fresh = Document.parse(text)
    assert (document.fault is None) == (fresh.fault is None)
    for diagnostic in analysed.all_diagnostics:
        found = analysed.place(diagnostic)
        assert 0 <= found.start <= found.end <= len(text)
    if fresh.fault is None:
        assert shape(document) == shape(fresh)
        expected = analyse(Module(fresh), known)
        assert [(analysed.place(d), d.message) for d in analysed.all_diagnostics] == [
            (expected.place(d), d.message) for d in expected.all_diagnostics
        ]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(SOURCES), EDITS)
@example("\ufeffimport os\nx = 1\n", [(0.0625, 1, "\n"), (0.5, 0, "\n")])
@example(SOURCES[4], [(0.375, 1, ""), (0.1875, 0, "x = 1\n"), (1.0, 0, NOW), (0.15625, 4, ""), (0.25, 7, "")])
@example("x = 1", [(1.0, 0, "\r"), (1.0, 0, "\n")])
@example("x = '''abc\ny\n", [(1.0, 0, "# '''")])
def test_edits_give_what_a_fresh_look_gives(source: str, edits: list[tuple[float, int, str]]) -> None:
    text, document = source, Document.parse(source)
    analysed = analyse(Module(document), known := rules())
    for place, length, new in edits:
        start = round(place * len(text))
        span = Span(start, min(len(text), start + length))
        text = text[: span.start] + new + text[span.end :]
        document = document.edit(span, new)
        analysed = analyse(Module(document), known, analysed)
        check(analysed, text, known)


def test_untouched_statements_are_the_same_objects() -> None:
    document = Document.parse("a = 1\nb = 2\nc = 3\n")
    edited = document.edit(Span(8, 9), "(")
    assert [old is new for old, new in zip(document.statements, edited.statements, strict=True)] == [True, False, True]
    assert edited.statements[1].fault is not None


def test_a_broken_statement_leaves_the_others_alone_in_a_fresh_document() -> None:
    document = Document.parse("import a\n\ndef f(:\n    pass\n\nx = 1\n@d\ndef g():\n    pass\n")
    assert [bool(s.fault) for s in document.statements] == [False, True, False, False]
    assert document.fault is not None
    assert document.fault.line == 2


def test_findings_stay_while_their_statement_does_not_parse() -> None:
    text = "import datetime\n\n\ndef f():\n    now = datetime.datetime.utcnow()\n    return now\n"
    before = analyse(Module(Document.parse(text)), known := rules("naive-utcnow"))
    end = text.index("return")
    after = analyse(Module(before.module.document.edit(Span(end, end), "x = (\n    ")), known, before)
    [diagnostic] = after.diagnostics
    assert after.module.document.text[slice(*vars_of(after.place(diagnostic)))] == "datetime.datetime.utcnow()"
    assert not diagnostic.fixes


def vars_of(span: Span) -> tuple[int, int]:
    return span.start, span.end


def test_text_that_nests_too_deeply_is_a_fault_and_no_crash() -> None:
    for text in (
        "(" * 500 + ")" * 500,
        "x = " + "-" * 100_000 + "1",
        "if 1:\n" + "".join(" " * i + "if 1:\n" for i in range(1, 500)),
    ):
        document = Document.parse(f"import a\n{text}\n")
        assert document.fault is not None
        assert document.statements[0].nodes


def test_findings_stay_over_versions_nobody_looked_at() -> None:
    text = "import datetime\n\n\ndef f():\n    now = datetime.datetime.utcnow()\n    return now\n"
    before = analyse(Module(document := Document.parse(text)), known := rules("naive-utcnow"), None)
    for character in "x = (\n    ":
        end = document.text.index("return")
        document = document.edit(Span(end, end), character)
    after = analyse(Module(document), known, before)
    assert [after.place(d) for d in after.diagnostics] == [before.place(d) for d in before.diagnostics]
    assert all(statement.was is None for statement in document.statements)


def test_what_only_lacks_what_follows_is_mended_with_what_is_above() -> None:
    source = '"""About orders."""\nimport one\nx = 1\n@one\nclass Order:\n    number: int\n'
    document = Document.parse(source).edit(Span(0, 1), "")
    for line in ("x = 1", "@one"):
        place = document.text.index(line)
        document = document.edit(Span(place, place), "    ")
    # Everything at once: all that is wrong, up to the decorator, is one broken statement then.
    document = document.edit(Span(0, len(document)), document.text)
    for line in ("@one", "x = 1"):
        place = document.text.index(line)
        document = document.edit(Span(place - 4, place), "")
    document = document.edit(Span(0, 0), '"')
    assert document.text == source
    assert document.fault is None


def test_an_answer_that_nobody_wanted_in_between() -> None:
    source = "import datetime\nx = 1\n"
    first = Module(Document.parse(source))
    assert first.ask(bindings, "datetime")
    end = source.index("\n")
    second = Module(first.document.edit(Span(0, end), "import datetime as time"))
    second.follow(first)
    second.settle()
    # The edit has nothing to do with the name, but there is no answer that could still hold.
    third = Module(second.document.edit(Span(len(second.document) - 2, len(second.document) - 1), "2"))
    third.follow(second)
    assert third.ask(bindings, "datetime") == ()
