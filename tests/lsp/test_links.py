"""Links of diagnostics: to pages on this machine that are there when somebody can follow them."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

from lsprotocol import types

from tests.lsp.editor import TIMEOUT, Editor, capabilities

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

from idiomatic.lsp.uris import path_of

SOURCE = "from datetime import datetime\n\nstamp = datetime.utcnow()\n"


def page(diagnostic: types.Diagnostic) -> Path | None:
    """The page that a diagnostic leads to."""
    if diagnostic.code_description is None:
        return None
    found = path_of(diagnostic.code_description.href)
    assert found is not None
    assert "<h1>naive-utcnow</h1>" in found.read_text("utf-8")
    return found


async def test_written_once_and_then_there_from_the_start(
    start: Callable[..., Awaitable[Editor]], tmp_path: Path
) -> None:
    cache = {"IDIOMATIC_CACHE_DIR": str(tmp_path / "ünusual cache")}
    editor = await start(capabilities(links=True), env=cache)
    uri = editor.open(SOURCE)
    [first] = await editor.found(uri)
    # They are written behind everything else; then the editor is told to ask again.
    await editor.until(lambda: editor.refreshed)
    [second] = await editor.found(uri)
    assert (page(first), second.range, second.data) == (None, first.range, first.data)
    there = page(second)
    assert there is not None
    assert there.is_relative_to(tmp_path / "ünusual cache")
    await editor.stop()

    editor = await start(capabilities(links=True, pull=False), env=cache)
    uri = editor.open(SOURCE)
    [sent] = await editor.sent(uri, 1)
    assert page(sent) == there
    # Somebody cleans up: they are written again when the next file is opened.
    before = len(editor.published[uri])
    shutil.rmtree(there.parent)
    editor.open("x = 1\n", "other.py")
    await editor.until(lambda: any(page(each.diagnostics[0]) == there for each in editor.published[uri][before:]))
    await editor.stop()

    # A client that has no use for them.
    editor = await start(capabilities(), env=cache)
    [found] = await editor.found(editor.open(SOURCE))
    assert found.code_description is None
    await editor.stop()

    # One on another machine: the process it names is not here.
    elsewhere = await start(capabilities(links=True), env=cache, process=2**22 + 1)
    [found] = await elsewhere.found(elsewhere.open(SOURCE))
    assert found.code_description is None


async def test_a_home_that_can_not_be_written_to_is_no_error(
    start: Callable[..., Awaitable[Editor]], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    editor = await start(capabilities(links=True), env={"IDIOMATIC_CACHE_DIR": str(tmp_path / "file" / "cache")})
    uri = editor.open(SOURCE)
    async with asyncio.timeout(TIMEOUT):
        while not any("were not written" in each.message for each in editor.client.log_messages):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    [found] = await editor.found(uri)
    assert found.code_description is None
    assert all(each.type is not types.MessageType.Error for each in editor.client.log_messages)
    assert not editor.refreshed
