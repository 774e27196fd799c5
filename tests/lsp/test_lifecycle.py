"""What is loaded when: first what the client waits for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from idiomatic.lsp import completion, lifecycle

if TYPE_CHECKING:
    import pytest
    from idiomatic.lsp.server import Server


async def test_what_is_needed_last_waits_until_nothing_happens(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    async def load(_: object, name: str) -> None:
        loaded.append(name)

    async def prepare(_: Server) -> None:
        loaded.append("templates")

    async def edit() -> None:
        for _ in range(30):
            server.analyser.touch(None)
            await asyncio.sleep(0.01)
        assert not loaded

    monkeypatch.setattr(lifecycle, "_LATER", 0.1)
    monkeypatch.setattr(completion, "prepare", prepare)
    await server.worker.run(int)
    monkeypatch.setattr(server.background, "run", load)
    editing = asyncio.create_task(edit())
    await lifecycle._load(server, is_linked=False)
    await editing
    assert set(loaded) == {"libcst.metadata", "templates"}  # the server does that by itself, too


async def test_what_is_needed_last_is_loaded_in_the_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = asyncio.Event()

    async def prepare(_: Server) -> None:
        loaded.set()

    async def edit() -> None:
        while not loaded.is_set():
            server.analyser.touch(None)
            await asyncio.sleep(0.002)

    monkeypatch.setattr(lifecycle, "_LATER", 0.01)
    monkeypatch.setattr(completion, "prepare", prepare)
    editing = asyncio.create_task(edit())
    async with asyncio.timeout(20):
        await lifecycle._load(server, is_linked=False)
        await editing
