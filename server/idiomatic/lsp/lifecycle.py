"""The beginning and the end: what is agreed on with the client, what is loaded when, and what ends the process."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from typing import TYPE_CHECKING, Final

from lsprotocol import types

from idiomatic.core.text import Unit
from idiomatic.lsp import code_actions, completion, diagnostics, hover, logs, settings
from idiomatic.lsp.client import Client

if TYPE_CHECKING:
    from idiomatic.lsp.server import Server

logger = logging.getLogger(__name__)

_EVERY: Final = 2.0
"""How often, in seconds, is looked after the process that started this one."""


def register(server: Server) -> None:
    """Take part in what pygls does at the beginning and at the end."""
    server.feature(types.INITIALIZE)(initialize)
    server.feature(types.INITIALIZED)(initialized)


def initialize(ls: Server, params: types.InitializeParams) -> None:
    """Find out what the client can do, and offer what it can use; pygls answers."""
    encoding = types.PositionEncodingKind(ls.workspace.position_encoding or types.PositionEncodingKind.Utf16)
    ls.client = Client.of(params.capabilities, Unit(encoding.value))
    ls.documents.unit = ls.client.unit
    if params.trace is not None:
        ls.protocol.trace = params.trace
    logs.to_client(ls)
    settings.initialize(ls, params)
    for feature in (diagnostics, code_actions, hover, completion):
        feature.register(ls)
    # One that is not there already is on another machine or in another container: its number says nothing here.
    if params.process_id is not None and is_alive(params.process_id):
        ls.keep(_watch(ls, params.process_id))
    # Behind the answer, which pygls sends when this handler is done.
    asyncio.get_running_loop().call_soon(lambda: ls.keep(_load(ls)))


async def initialized(ls: Server, _: types.InitializedParams) -> None:
    """The client has read the answer: only now may it be asked for anything."""
    await settings.initialized(ls)


async def _load(ls: Server) -> None:
    """Load the engine and the idioms, which take longer than all the rest, while the client opens its documents."""
    try:
        await ls.worker.run(_load_engine)
    except Exception:
        logger.exception("The idioms could not be loaded")


def _load_engine() -> None:
    started = time.perf_counter()
    from idiomatic.core import catalogue, engine  # noqa: F401

    rules = catalogue.rules()
    logger.info("Loaded %d rules in %.0f ms", len(rules), (time.perf_counter() - started) * 1000)


async def _watch(ls: Server, process: int) -> None:
    """End when the process that started this one has ended: a client that crashes closes nothing."""
    while is_alive(process):  # noqa: ASYNC110 - no event tells of it on all systems
        await asyncio.sleep(_EVERY)
    logger.warning("Process %s, which started this one, is gone", process)
    ls.end(1)


def is_alive(process: int) -> bool:
    """Whether there is a process of that number."""
    if process <= 0:
        return False
    if sys.platform == "win32":
        import ctypes

        synchronize, timed_out = 0x00100000, 0x00000102
        handle = ctypes.windll.kernel32.OpenProcess(synchronize, False, process)
        if not handle:
            return False
        try:
            return bool(ctypes.windll.kernel32.WaitForSingleObject(handle, 0) == timed_out)
        finally:
            ctypes.windll.kernel32.CloseHandle(handle)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
