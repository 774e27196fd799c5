"""Logging: to the client's log once there is a client, to standard error until then. Never a popup."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, Final

from lsprotocol import types

if TYPE_CHECKING:
    from idiomatic.lsp.server import Server

_LEVELS: Final = {
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}


class ClientHandler(logging.Handler):
    """Sends records as `window/logMessage`, from whatever thread they come."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._server = server
        self._loop = loop

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        try:
            params = types.LogMessageParams(_type(record.levelno), self.format(record))
            self._loop.call_soon_threadsafe(self._server.window_log_message, params)
        except Exception:
            self.handleError(record)


def _type(level: int) -> types.MessageType:
    if level >= logging.ERROR:
        return types.MessageType.Error
    if level >= logging.WARNING:
        return types.MessageType.Warning
    if level >= logging.INFO:
        return types.MessageType.Info
    # `Debug` is newer than many clients; those take an unknown type badly.
    return types.MessageType.Log


def to_standard_error() -> None:
    """Log where the client may look when nothing else works."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _use(handler)
    logging.getLogger("idiomatic").setLevel(logging.INFO)
    # pygls writes every message at level INFO, texts included.
    logging.getLogger("pygls").setLevel(logging.WARNING)


def to_client(server: Server) -> None:
    """Log where the user of the client looks."""
    handler = ClientHandler(server, asyncio.get_running_loop())
    handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    _use(handler)


def set_level(name: object) -> None:
    """Log what is at least as important as `name` (error, warning, info, debug)."""
    if isinstance(name, str) and name in _LEVELS:
        logging.getLogger("idiomatic").setLevel(_LEVELS[name])


def trace(server: Server, message: str, details: str) -> None:
    """Tell a client that wants to know what the server does (`$/setTrace`)."""
    if server.protocol.trace is not types.TraceValue.Off:
        is_verbose = server.protocol.trace is types.TraceValue.Verbose
        server.log_trace(types.LogTraceParams(message, details if is_verbose else None))


def _use(handler: logging.Handler) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
