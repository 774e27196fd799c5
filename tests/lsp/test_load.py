"""What happens while something else happens."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from idiomatic.lsp import documents
from idiomatic.lsp.protocol import RequestFailed
from idiomatic.lsp.server import Server

from tests.lsp.inside import SOURCE, opening, say

if TYPE_CHECKING:
    pass

URI = "file:///nowhere/busy.py"


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
    assert len(list(findings.items)) == 5
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


async def test_a_large_file_is_parsed_elsewhere(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are heard meanwhile; what is said about the file itself comes after it, in order."""
    go_on = threading.Event()
    parsed = documents._parsed
    monkeypatch.setattr(documents, "_parsed", lambda *all_: go_on.wait(10) and parsed(*all_))
    text = SOURCE + "#" * 100_000 + "\n"
    say(server, "textDocument/didOpen", opening(URI, text))
    other = "file:///nowhere/other.py"
    monkeypatch.setattr(documents, "LARGE", 10**9)
    go_on_at_once = threading.Timer(0.2, go_on.set)
    monkeypatch.setattr(documents, "_parsed", parsed)
    say(server, "textDocument/didOpen", opening(other))
    assert len(list((await server.analyser.current(server.document(other))).items)) == 2
    assert not go_on.is_set()
    asked = asyncio.ensure_future(server.analyser.current(server.document(URI)))
    await asyncio.sleep(0.05)
    assert not asked.done()
    go_on_at_once.start()
    # An edit of it waits for the text that it edits.
    say(server, "textDocument/didChange", typed(2, "x = datetime.utcnow()\n"))
    assert server.document(URI).document.text == SOURCE + "x = datetime.utcnow()\n" + "#" * 100_000 + "\n"
    assert (await asked).version == 2
    server.documents.end()


async def test_a_large_file_may_be_closed_before_it_is_parsed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    parsed = documents._parsed
    monkeypatch.setattr(documents, "_parsed", lambda *all_: go_on.wait(10) and parsed(*all_))
    say(server, "textDocument/didOpen", opening(URI, SOURCE + "#" * 100_000))
    asked = asyncio.ensure_future(server.analyser.current(server.document(URI)))
    await asyncio.sleep(0.05)
    say(server, "textDocument/didClose", {"textDocument": {"uri": URI}})
    go_on.set()
    with pytest.raises(RequestFailed, match="closed"):
        await asked
    server.documents.end()
