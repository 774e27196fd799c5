"""The text store: positions in every encoding, and texts that stay what the client has."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from idiomatic.core.document import Document
from idiomatic.core.text import Span
from idiomatic.core.unit import Unit
from idiomatic.lsp import changes
from idiomatic.lsp.documents import Documents
from idiomatic.lsp.positions import PositionError, Positions
from idiomatic.lsp.uris import path_of, uri_of
from pygls import uris

from tests.engine import rules
from tests.lsp.editor import Editor, capabilities, of_client, place, position

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TEXTS = [
    "",
    "x",
    "x\n",
    "\n\n",
    "\ufeffx = 1\r\ny = '\U0001f600'\r\n",
    "a = 1\rb = 2\r\rc",
    "a\n\r\nb\r\n\rc\n",
    "x = '\u2028 \x0c \x85 \x1e \v'\nnext = 1\n",
    "def f():\n    pass\n\n\nclass C:\n    '''\n    \u00e9\U0001d4d0\n    '''\n",
    "def (:\n  '''broken \U0001f600\n\nx = 1\n",
    "if x:\n\ty = 1\n\x0c\nz = (1,\n2)\n",
]
PIECES = ["", "\n", "\r", "\r\n", "\x0c", "\u2028", "\ufeff", "\U0001f600", "\u00e9", "'", '"""', "(", ")", ":", "#"]
PIECES += [
    "x = 1\n",
    "def f():\n    return datetime.utcnow()\n",
    "from datetime import datetime\n",
    "@",
    "else:\n",
    "  ",
]


def reference(text: str, line: int, column: int, unit: Unit) -> int:
    """The offset of a position, worked out the slow way."""
    encoding, size = {Unit.UTF8: ("utf-8", 1), Unit.UTF16: ("utf-16-le", 2), Unit.UTF32: ("utf-32-le", 4)}[unit]
    offset = 0
    for _ in range(line):
        while text[offset] not in "\r\n":
            offset += 1
        offset += 2 if text[offset : offset + 2] == "\r\n" else 1
    end = offset
    while end < len(text) and text[end] not in "\r\n":
        end += 1
    return offset + len(text[offset:end].encode(encoding)[: column * size].decode(encoding, "ignore"))


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("text", TEXTS)
def test_every_offset_has_a_position_and_back(text: str, unit: Unit) -> None:
    positions = Positions(Document.parse(text), unit)
    for offset in range(len(text) + 1):
        found = positions.position(offset)
        inside_a_line_ending = text[offset - 1 : offset + 1] == "\r\n"
        if not inside_a_line_ending:
            assert positions.offset(found) == offset
            assert reference(text, found["line"], found["character"], unit) == offset


def test_positions_that_are_too_far() -> None:
    positions = Positions(Document.parse("a\nbc\n"), Unit.UTF16)
    assert positions.offset(position(0, 99)) == 1
    assert positions.offset(position(2, 99)) == 5
    assert positions.offset(position(99, 0)) == 5
    # As some editors say that everything is replaced.
    assert positions.span(place(0, 0, 99, 0)) == Span(0, 5)
    with pytest.raises(PositionError):
        positions.span(place(3, 0, 3, 0))
    with pytest.raises(PositionError):
        positions.span(place(1, 1, 0, 1))


def test_a_position_in_the_middle_of_a_character_is_before_it() -> None:
    assert Positions(Document.parse("\U0001f600x"), Unit.UTF16).offset(position(0, 1)) == 0
    assert Positions(Document.parse("\U0001f600x"), Unit.UTF8).offset(position(0, 3)) == 0


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("seed", range(12))
def test_random_changes(seed: int, unit: Unit) -> None:
    chance = random.Random(seed)
    documents = Documents(unit)
    uri = "file:///x.py"
    expected = chance.choice(TEXTS)
    documents.open({"uri": uri, "languageId": "python", "version": 0, "text": expected})
    for version in range(1, 40):
        made: list[Any] = []
        for _ in range(chance.randint(1, 3)):
            # The client counts in its own way, on its own text.
            start, end = sorted(chance.randint(0, len(expected)) for _ in range(2))
            end = min(end, start + chance.randint(0, 8))
            if any(expected[edge - 1 : edge + 1] == "\r\n" for edge in (start, end)):
                continue
            client = Positions(Document.parse(expected), unit)
            text = chance.choice(PIECES)
            made.append({"range": client.range(Span(start, end)), "text": text})
            expected = expected[:start] + text + expected[end:]
        if chance.random() < 0.05:
            expected = chance.choice(TEXTS)
            made.append({"text": expected})
        params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": made}
        documents.change(changes.read(params))
        assert documents[uri].document.text == expected
        assert documents[uri].version == version


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_the_server_keeps_up_with_any_edit(start: Callable[..., Awaitable[Editor]], encoding: str) -> None:
    """After every edit the server finds what a fresh look at the text of the editor finds."""
    editor = await start(capabilities(encodings=[encoding]), options={"select": ["naive-utcnow"]})
    unit = Unit(encoding)
    chance = random.Random(encoding)
    text = (
        "from datetime import datetime\n\n\ndef f():\n    x = '\U0001f600', datetime.utcnow()\n\n\nf(datetime.utcnow)\n"
    )
    uri = editor.open(text)
    for _ in range(60):
        for _ in range(chance.randint(1, 4)):
            start_, end = sorted(chance.randint(0, len(text)) for _ in range(2))
            end = min(end, start_ + chance.choice([0, 0, 1, 5]))
            if any(text[edge - 1 : edge + 1] == "\r\n" for edge in (start_, end)):
                continue
            piece = chance.choice(PIECES)
            editor.edit(uri, of_client(Positions(Document.parse(text), unit).range(Span(start_, end))), piece)
            text = text[:start_] + piece + text[end:]
        document = Document.parse(text)
        shown = [found.range for found in await editor.found(uri)]
        positions = Positions(document, unit)
        lines = len(document.lines)
        assert all(each.end.line < lines for each in shown)
        if document.fault is None:
            assert shown == [of_client(positions.range(span)) for span in _found(document)]
        if chance.random() < 0.2:
            text = "from datetime import datetime\nnow = datetime.utcnow()\n"
            editor.edit(uri, None, text)


def _found(document: Document) -> list[Span]:
    from idiomatic.core.engine import analyse
    from idiomatic.core.module import Module

    analysed = analyse(Module(document), rules("naive-utcnow"))
    return [analysed.place(found) for found in analysed.diagnostics if found.rule.name == "naive-utcnow"]


def test_paths() -> None:
    assert str(path_of("file:///a/b%20c/%C3%A9.py")) == "/a/b c/é.py"
    assert str(path_of("file:///c%3A/x.py")) == "c:/x.py"
    assert path_of("untitled:Untitled-1") is None
    assert path_of("vscode-notebook-cell:/a/b.ipynb#W0") is None
    assert path_of("file://[") is None
    assert path_of("") is None


@pytest.mark.parametrize(
    "path", ["/a/b c/é.py", "/a/100%/#1?.py", "/a/(b)[c];d=e&f.py", "/C:/x y.py", "//host/share/x.py"]
)
def test_uris(path: str) -> None:
    """As another library has them, and back."""
    uri = uri_of(Path(path))
    assert uri == uris.from_fs_path(path)
    assert str(path_of(uri)) == uris.to_fs_path(uri)


@pytest.mark.parametrize(
    ("uri", "language", "is_python"),
    [
        ("file:///a.py", "python", True),
        ("file:///a", "python", True),
        ("untitled:x", "python", True),
        ("file:///a.pyi", "", True),
        ("file:///a.txt", "plaintext", False),
        ("file:///a.py", "jinja", False),
        ("file:///pyproject.toml", "toml", False),
    ],
)
def test_what_is_looked_at(uri: str, language: str, is_python: bool) -> None:
    opened = Documents(Unit.UTF16).open({"uri": uri, "languageId": language, "version": 1, "text": ""})
    assert opened.is_python is is_python


def test_closed_documents_leave_nothing_behind() -> None:
    documents = Documents(Unit.UTF16)
    opened = documents.open({"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "x"})
    assert list(documents.by_path.values()) == [opened.document]
    documents.close("file:///a.py")
    assert not opened.is_open
    assert not documents
    assert not documents.by_path
