"""What is kept, and what is not: a server runs for weeks."""

from __future__ import annotations

import ast
import asyncio
import gc
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from idiomatic.core.analysis.code import Analysis
from idiomatic.core.document import Document
from idiomatic.core.engine import Analysed, Diagnostic
from idiomatic.core.module import Module
from idiomatic.lsp.documents import OpenDocument
from idiomatic.lsp.findings import Findings
from idiomatic.lsp.positions import Positions
from idiomatic.lsp.server import Server
from idiomatic.templates import catalogue as templates

from tests.lsp.inside import SOURCE, opening, say
from tests.lsp.wire import Process

if TYPE_CHECKING:
    from collections.abc import Iterator


PARTS = (OpenDocument, Document, Positions, Findings, Analysed, Analysis, Module, Diagnostic, ast.stmt)


def kept() -> list[object]:
    """Every object that belongs to a document."""
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, PARTS)]


async def test_a_closed_document_leaves_nothing_behind(server: Server) -> None:
    templates.load()  # they have documents of their own
    before = kept()
    known = {id(each) for each in before}
    uri = "file:///nowhere/closed.py"
    say(server, "textDocument/didOpen", opening(uri))
    findings = await server.analyser.current(server.document(uri))
    assert len(list(findings.items)) == 2
    there = {"line": 4, "character": 15}
    say(server, "textDocument/hover", {"textDocument": {"uri": uri}, "position": there}, id=1)
    say(server, "textDocument/completion", {"textDocument": {"uri": uri}, "position": there}, id=2)
    context = {"range": {"start": there, "end": there}, "context": {"diagnostics": []}}
    say(server, "textDocument/codeAction", {"textDocument": {"uri": uri}, **context}, id=3)
    change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": SOURCE + "x = (\n"}]}
    say(server, "textDocument/didChange", change)
    await server.analyser.current(server.document(uri))
    say(server, "textDocument/didClose", {"textDocument": {"uri": uri}})
    del findings
    # One task waits for changes all the time.
    while server.protocol._answering or len(server._tasks) > 1:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)
    # The last call is in the hands of the thread that made it until there is another one.
    await server.worker.run(int)
    await server.background.run(int)
    left = {type(each).__name__ for each in kept() if id(each) not in known}
    assert left == set()
    assert not server.reports


async def test_an_edit_leaves_no_garbage(server: Server) -> None:
    uri = "file:///nowhere/edited.py"
    say(server, "textDocument/didOpen", opening(uri))
    await server.analyser.current(server.document(uri))
    known = {id(each) for each in kept()}
    gc.disable()
    try:
        for version, text in enumerate(("x", "y", "z", " = 1", "\n"), 2):
            place = {"line": 0, "character": 0}
            change = {"range": {"start": place, "end": place}, "text": text}
            say(
                server,
                "textDocument/didChange",
                {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]},
            )
            await server.analyser.current(server.document(uri))
        new = [each for each in gc.get_objects() if isinstance(each, Findings) and id(each) not in known]
    finally:
        gc.enable()
    # All but the last one went as soon as nobody had them any more.
    assert len(new) == 1


def resident(process: Process) -> int:
    """How many kilobytes of memory a process has in use."""
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def settled(process: Process) -> int:
    """How many it has when nothing is loaded in the background any more."""
    seen = [resident(process)]
    for _ in range(120):
        time.sleep(0.25)
        seen.append(resident(process))
        # It begins after a second in which nothing happens, and goes on in small steps.
        if len(seen) > 12 and seen[-12] == seen[-1]:
            break
    return seen[-1]


@pytest.fixture
def process() -> Iterator[Process]:
    process = Process()
    yield process
    process.kill()


def type_and_delete(process: Process, uri: str, first: int, edits: int) -> int:
    """Edits of a statement in the middle, each waited for; gives the number of the last version."""
    version = first
    for number in range(edits):
        version += 1
        text = "x = datetime.utcnow()\n"[number // 2 % 22]
        there, back = {"line": 8, "character": 4}, {"line": 8, "character": 5}
        place = {"start": there, "end": back if number % 2 else there}
        change = {"range": place, "text": "" if number % 2 else text}
        process.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]},
        )
        while process.notification("textDocument/publishDiagnostics").get("version") != version:
            pass
    return version


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    ("edits", "megabytes"), [(600, 2), pytest.param(10_000, 5, marks=pytest.mark.nightly)], ids=["some", "many"]
)
def test_edits_leave_nothing_behind(process: Process, edits: int, megabytes: int) -> None:
    process.initialize()
    uri = "file:///nowhere/edited.py"
    process.notify("textDocument/didOpen", opening(uri, SOURCE * 20))
    # The caches of the engine and of the interpreter fill first, and what only rewrites need is loaded.
    version = type_and_delete(process, uri, 1, 600)
    before = settled(process)
    type_and_delete(process, uri, version, edits)
    # What is garbage is collected when nothing has happened for some seconds; what is kept stays.
    grown = resident(process) - before
    for _ in range(80):
        if grown < megabytes * 1024:
            return
        time.sleep(0.25)
        grown = resident(process) - before
    pytest.fail(f"{grown} kB")
