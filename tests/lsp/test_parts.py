"""Parts that need no server."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import subprocess
import sys

import pytest
from idiomatic.core import catalogue
from idiomatic.core.document import Document
from idiomatic.core.ruff_names import RUFF_NAMES
from idiomatic.core.text import apply_edits
from idiomatic.lsp import changes
from idiomatic.lsp.code_actions import changes as edits_between
from idiomatic.lsp.connection import Writer, frames
from idiomatic.lsp.processes import is_alive
from idiomatic.lsp.server import Server


def test_frames() -> None:
    stream = io.BytesIO(
        b"Content-Length: 2\r\n\r\n{}"
        b"Content-Type: x\r\ncontent-length:3\r\n\r\nabc"
        b"Nonsense\r\n\r\n"
        b"Content-Length: 0\r\n\r\n"
        b"Content-Length: 9\r\n\r\nshort"
    )
    assert list(frames(stream)) == [b"{}", b"abc", b""]


def test_a_client_that_is_gone_is_told_of_once() -> None:
    class Gone(io.BytesIO):
        def flush(self) -> None:
            raise BrokenPipeError

    lost: list[int] = []
    writer = Writer(Gone(), lambda: lost.append(1))
    writer.write(b"x")
    writer.write(b"y")
    assert lost == [1]


async def test_notifications_leave_nothing_behind() -> None:
    server = Server()
    sent = io.BytesIO()
    server.protocol.set_writer(Writer(sent, lambda: None))
    uri = "file:///nowhere/x.py"

    def notify(method: str, params: object) -> None:
        server.protocol.receive({"jsonrpc": "2.0", "method": method, "params": params})

    parameters: dict[str, object] = {"processId": None, "rootUri": None, "capabilities": {}}
    server.protocol.receive({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": parameters})
    notify("initialized", {})
    item = {"uri": uri, "languageId": "python", "version": 1, "text": "x = 1\n"}
    notify("textDocument/didOpen", {"textDocument": item})
    for version in range(2, 30):
        change = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": "x\n" * version}]}
        notify("textDocument/didChange", change)
        notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        await asyncio.sleep(0)
    while f'"version":{version}'.encode() not in sent.getvalue():  # noqa: ASYNC110 - a stream tells nobody
        await asyncio.sleep(0.01)
    notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    await asyncio.sleep(0.01)
    protocol = server.protocol
    assert not [*protocol._answering, *protocol._going_on, *protocol._asked]
    assert not server.documents
    server.worker.close()
    server.background.close()
    logging.getLogger().handlers.clear()


def test_the_names_that_ruff_has_for_codes() -> None:
    known = {code for rule in catalogue.load().values() for code in rule.also}
    found: dict[str, str] = {}
    for code in sorted(known):
        answer = subprocess.run(
            [sys.executable, "-m", "ruff", "rule", code, "--output-format", "json"], capture_output=True, check=False
        )
        if answer.returncode == 0:
            found[code] = json.loads(answer.stdout)["name"]
    assert found == RUFF_NAMES


def test_processes() -> None:
    assert is_alive(os.getpid())
    assert not is_alive(0)
    assert not is_alive(-5)
    assert not is_alive(2**22 + 12345)


@pytest.mark.parametrize(
    "params",
    [
        None,
        {},
        {"textDocument": {"uri": "x", "version": "1"}, "contentChanges": []},
        {"textDocument": {"uri": "x", "version": 1}, "contentChanges": [None]},
        {"textDocument": {"uri": "x", "version": 1}, "contentChanges": [{"text": None}]},
        {"textDocument": {"uri": "x", "version": 1}, "contentChanges": [{"range": 5, "text": ""}]},
        {
            "textDocument": {"uri": "x", "version": 1},
            "contentChanges": [
                {"range": {"start": {"line": -1, "character": 0}, "end": {"line": 0, "character": 0}}, "text": ""}
            ],
        },
    ],
)
def test_changes_that_are_none(params: object) -> None:
    with pytest.raises(changes.ChangeError):
        changes.read(params)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", "x\n"),
        ("x\n", ""),
        ("a = 1\nb = 2\nc = 3\n", "a = 1\nc = 3\n"),
        ("a = 1\nb = 2\nc = 3\n", "import x\na = 1\nb = 20\nc = 3\nd = 4\n"),
        ("a = 1\r\nb = 2\r\n", "a = 1\r\nb = 3\r\n"),
        ("def f(:\n", "def f():\n    pass\n"),
    ],
)
def test_the_edits_between_two_versions(old: str, new: str) -> None:
    before, after = Document.parse(old), Document.parse(new)
    assert apply_edits(old, edits_between(before, after)) == new
