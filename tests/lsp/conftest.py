from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from idiomatic.lsp.connection import Writer
from idiomatic.lsp.server import Server

from tests.lsp.editor import Editor
from tests.lsp.inside import Silent, say

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    """An editor that can do everything, for all tests of a module."""
    editor = await Editor.start(tmp_path_factory.mktemp("workspace"))
    yield editor
    await editor.stop()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A file name of the test's own."""
    return f"{request.node.name.partition('[')[0]}_{abs(hash(request.node.name))}.py"


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Editor]]]:
    """Starts editors for one test, and ends what is left of them."""
    editors: list[Editor] = []

    async def starter(*args: Any, **kwargs: Any) -> Editor:
        editor = await Editor.start(tmp_path, *args, **kwargs)
        editors.append(editor)
        return editor

    yield starter
    for editor in editors:
        if editor.is_running:
            await editor.stop()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server in this process, initialised by a client that only reads."""
    server = Server()
    server.protocol.set_writer(Writer(Silent()))  # type: ignore[arg-type]
    say(server, "initialize", {"processId": None, "capabilities": {}}, id=0)
    say(server, "initialized", {})
    yield server
    server.worker.close()
    server.background.close()
    server.workspaces.end()
    logging.getLogger().handlers.clear()
