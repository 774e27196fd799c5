"""The beginning and the end: what is loaded when, and what ends the process."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import time
from typing import TYPE_CHECKING, Any, Final

from idiomatic.lsp import (
    code_actions,
    commands,
    completion,
    diagnostics,
    documents,
    hover,
    links,
    logs,
    notebooks,
    progress,
    settings,
    status,
    types,
    workspace_diagnostics,
)
from idiomatic.lsp.greeting import Greeting
from idiomatic.lsp.processes import is_alive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idiomatic.lsp.links import Links
    from idiomatic.lsp.server import Server

logger = logging.getLogger(__name__)

_LATER: Final = 1.0
"""How many seconds nothing may have happened before what is needed last is loaded."""
_LATEST: Final = 10
"""After how many times that it is loaded whatever happens."""
_EVERY: Final = 2.0
"""How often, in seconds, is looked after the process that started this one."""


def register(server: Server) -> None:
    """Take part in the beginning and the end."""
    server.feature(types.INITIALIZE, types.InitializeParams)(initialize)
    server.feature(types.INITIALIZED)(initialized)
    server.feature(types.SHUTDOWN)(shutdown)
    server.feature(types.EXIT)(leave)


def initialize(ls: Server, params: types.InitializeParams) -> Mapping[str, Any]:
    """Begin, for a client that did not say this first, and was not answered at once."""
    greeting = Greeting.of(params)
    begin(ls, greeting)
    return greeting.answer


def begin(ls: Server, greeting: Greeting) -> None:
    """Take note of what the client can do, and be ready for what it may say from now on."""
    params = greeting.params
    ls.protocol.is_initialized = True
    ls.client = greeting.client
    ls.documents.unit = ls.client.unit
    ls.protocol.trace = types.TraceValue(params.get("trace") or types.TraceValue.OFF)
    logs.to_client(ls)
    settings.begin(ls, params)
    texts, shown = (documents, notebooks), (diagnostics, workspace_diagnostics, code_actions, hover, completion)
    for feature in (*texts, settings, progress, *shown, commands, status):
        feature.register(ls)
    if greeting.parent is not None:
        ls.keep(_watch(ls, greeting.parent))
    # A client on another machine has no use for files of this one.
    is_linked = ls.client.links_codes and (greeting.parent is not None or params.get("processId") is None)
    asyncio.get_running_loop().call_soon(lambda: ls.keep(_load(ls, is_linked=is_linked)))


async def initialized(ls: Server, _: object) -> None:
    """The client has read the answer: only now may it be asked for anything."""
    await settings.initialized(ls)


def shutdown(ls: Server, _: object) -> None:
    """The client wants nothing any more."""
    ls.protocol.shut_down()


def leave(ls: Server, _: object) -> None:
    """The client is done with this process."""
    ls.end(0 if ls.protocol.is_shut_down else 1)


async def _load(ls: Server, *, is_linked: bool) -> None:
    """Load the engine and the idioms, which take longer than all the rest, while the client opens its documents."""
    try:
        await ls.worker.run(_load_engine, ls.links if is_linked else None)
    except Exception:
        logger.exception("The idioms could not be loaded")
    finally:
        gc.enable()
    # What only rewrites need can wait until nothing else is waited for.
    for _ in range(_LATEST):
        before = ls.analyser.changes
        await asyncio.sleep(_LATER)
        if ls.analyser.changes == before and ls.worker.is_idle:
            break
    if is_linked and ls.links.folder is None:
        ls.keep(links.write(ls))
    await ls.background.run(importlib.import_module, "libcst.metadata")
    await completion.prepare(ls)


def _load_engine(linked: Links | None) -> None:
    started = time.perf_counter()
    from idiomatic.core import catalogue, engine  # noqa: F401

    rules = catalogue.rules()
    logger.info("Loaded %d rules in %.0f ms", len(rules), (time.perf_counter() - started) * 1000)
    if linked is not None:
        # Before the first look at a document, whose diagnostics have links.
        linked.find()


async def _watch(ls: Server, process: int) -> None:
    """End when the process that started this one has ended: a client that crashes closes nothing."""
    while is_alive(process):  # noqa: ASYNC110 - no event tells of it on all systems
        await asyncio.sleep(_EVERY)
    logger.warning("Process %s, which started this one, is gone", process)
    ls.end(1)
