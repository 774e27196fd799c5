"""What happens while something else happens."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from idiomatic.lsp.connection import Writer
from idiomatic.lsp.server import Server

from tests.lsp.test_memory import SOURCE, Silent, opening, say

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URI = "file:///nowhere/busy.py"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    server.protocol.set_writer(Writer(Silent()))  # type: ignore[arg-type]
    say(server, "initialize", {"processId": None, "capabilities": {}}, id=0)
    say(server, "initialized", {})
    yield server
    server.worker.close()
    server.background.close()
    server.workspaces.end()
    logging.getLogger().handlers.clear()


def typed(version: int, text: str) -> Any:
    end = {"line": 10, "character": 0}
    change = {"range": {"start": end, "end": end}, "text": text}
    return {"textDocument": {"uri": URI, "version": version}, "contentChanges": [change]}


async def test_a_look_that_is_overtaken_is_left_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three edits while one version is looked at: only the last of them is looked at after it."""
    looked: list[int] = []
    begun, go_on = threading.Event(), threading.Event()
    analyse = server.analyser._analyse

    def slow(uri: str, path: Any, version: int, *others: Any) -> Any:
        looked.append(version)
        begun.set()
        go_on.wait(10)
        return analyse(uri, path, version, *others)

    monkeypatch.setattr(server.analyser, "_analyse", slow)
    say(server, "textDocument/didOpen", opening(URI, SOURCE))
    await server.background.run(begun.wait, 10)
    for version in (2, 3, 4):
        say(server, "textDocument/didChange", typed(version, "x = datetime.utcnow()\n"))
    go_on.set()
    findings = await server.analyser.current(server.document(URI))
    assert findings.version == 4
    assert len(list(findings.shown)) == 5
    assert looked == [1, 4]


async def test_edits_do_not_wait_for_a_look(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text is what the client has at any time, however long the last version takes."""
    go_on = threading.Event()
    analyse = server.analyser._analyse
    monkeypatch.setattr(server.analyser, "_analyse", lambda *all_: go_on.wait(10) and analyse(*all_))
    say(server, "textDocument/didOpen", opening(URI, SOURCE))
    for version in range(2, 20):
        say(server, "textDocument/didChange", typed(version, "#\n"))
        assert server.document(URI).document.text == SOURCE + "#\n" * (version - 1)
    go_on.set()
    assert (await server.analyser.current(server.document(URI))).version == 19
