"""What other files do with a class decides what is said of it: not known, known, edited, written."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from tests.lsp.editor import PLAIN, TIMEOUT, Editor, at

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

NAME = """\
class Name:
    def __init__(self, text):
        self.text = text

    def __eq__(self, other):
        return isinstance(other, Name) and self.text == other.text
"""
HASHED = NAME + "\n\nseen = {Name('a')}\n"
CACHE = "from names import Name\n\nknown: dict[Name, int] = {}\n"
CHANGES = "from names import Name\n\n\ndef change(name: Name) -> None:\n    name.text = ''\n"
MAYBE = "def change(name):\n    name.text = ''\n"
RULE = "eq-without-hash"
NOT_KNOWN = "have not been looked at"


async def hover(editor: Editor, uri: str) -> str:
    found = await editor.hover(uri, 4, 9)
    assert found is not None
    assert isinstance(found.contents, types.MarkupContent)
    return found.contents.value


async def until(editor: Editor, uri: str, said: str, *, gone: bool = False) -> str:
    """What is said of the class as soon as it has, or no longer has, some words in it."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            text = await hover(editor, uri)
            if (said in text) is not gone:
                return text
            await asyncio.sleep(0.05)


def children(process: int) -> list[str]:
    found = (task / "children" for task in Path(f"/proc/{process}/task").iterdir())
    return [each for path in found for each in path.read_text().split()]


def watched(editor: Editor, path: Path) -> None:
    change = types.FileEvent(str(editor.uri(path.name)), types.FileChangeType.Changed)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([change]))


async def test_not_known_then_known(start: Callable[..., Awaitable[Editor]], tmp_path: Path) -> None:
    (tmp_path / "names.py").write_text(HASHED)
    (tmp_path / "changes.py").write_text(MAYBE)
    editor = await start()
    uri = editor.open(HASHED, "names.py")
    first = await hover(editor, uri)
    assert NOT_KNOWN in first
    assert "changes.py" not in first
    await editor.until(lambda: editor.refreshed)
    text = await until(editor, uri, NOT_KNOWN, gone=True)
    assert "`text` is set or deleted in `changes.py`, perhaps of one of its objects" in text


async def test_what_is_hashed_elsewhere(start: Callable[..., Awaitable[Editor]], tmp_path: Path) -> None:
    (tmp_path / "names.py").write_text(NAME)
    (tmp_path / "cache.py").write_text(CACHE)
    editor = await start()
    uri = editor.open(NAME, "names.py")
    assert not [each for each in await editor.found(uri) if each.code == RULE]
    await editor.until(lambda: editor.refreshed)
    [found] = [each for each in await editor.found(uri) if each.code == RULE]
    assert found.message.endswith("its objects are hashed in `cache.py`")


async def test_a_client_that_does_not_ask_is_told(start: Callable[..., Awaitable[Editor]], tmp_path: Path) -> None:
    (tmp_path / "names.py").write_text(NAME)
    (tmp_path / "cache.py").write_text(CACHE)
    editor = await start(PLAIN)
    uri = editor.open(NAME, "names.py")
    await editor.until(lambda: RULE in {found.code for each in editor.published[uri] for found in each.diagnostics})


async def test_unsaved_edits_count(start: Callable[..., Awaitable[Editor]], tmp_path: Path) -> None:
    (tmp_path / "names.py").write_text(HASHED)
    (tmp_path / "changes.py").write_text("")
    editor = await start()
    uri = editor.open(HASHED, "names.py")
    await until(editor, uri, NOT_KNOWN, gone=True)
    other = editor.open("", "changes.py")
    editor.edit(other, at(0, 0, 0, 0), CHANGES)
    text = await hover(editor, uri)
    assert "`text` is set or deleted in `changes.py`" in text
    # In the middle of typing, what it did last still counts.
    editor.edit(other, at(4, 4, 4, 4), "(")
    assert "`text` is set or deleted in `changes.py`" in await hover(editor, uri)
    editor.edit(other, None, "")
    assert "changes.py" not in await hover(editor, uri)
    # A file that is not on the disk yet.
    editor.open(MAYBE, "new.py")
    assert "`new.py`" in await hover(editor, uri)


async def test_files_on_the_disk_change(start: Callable[..., Awaitable[Editor]], tmp_path: Path) -> None:
    (tmp_path / "names.py").write_text(HASHED)
    changes = tmp_path / "changes.py"
    changes.write_text("")
    editor = await start()
    uri = editor.open(HASHED, "names.py")
    await until(editor, uri, NOT_KNOWN, gone=True)
    changes.write_text(CHANGES)
    watched(editor, changes)
    await until(editor, uri, "`text` is set or deleted in `changes.py`")
    changes.unlink()
    watched(editor, changes)
    await until(editor, uri, "changes.py", gone=True)


async def test_what_is_closed_counts_as_it_is_on_the_disk(
    start: Callable[..., Awaitable[Editor]], tmp_path: Path
) -> None:
    (tmp_path / "names.py").write_text(HASHED)
    changes = tmp_path / "changes.py"
    changes.write_text("")
    editor = await start()
    uri = editor.open(HASHED, "names.py")
    await until(editor, uri, NOT_KNOWN, gone=True)
    other = editor.open(CHANGES, "changes.py")
    assert "changes.py" in await hover(editor, uri)
    editor.close(other)
    assert "changes.py" not in await hover(editor, uri)
    other = editor.open(MAYBE, "changes.py")
    changes.write_text(MAYBE)
    editor.close(other)
    await until(editor, uri, "changes.py")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
async def test_nothing_is_started_if_nobody_asks(start: Callable[..., Awaitable[Editor]], tmp_path: Path) -> None:
    editor = await start()
    uri = editor.open("x = 1\n", "names.py")
    assert await editor.found(uri) == []
    await asyncio.sleep(0.6)
    assert editor.client._server is not None
    assert not children(editor.client._server.pid)
