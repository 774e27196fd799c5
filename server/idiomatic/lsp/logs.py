"""Logging: to the client's log once there is a client, to standard error until then. Never a popup."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, Final

from idiomatic.lsp import types
from idiomatic.lsp.types import MessageType

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
            params: types.LogMessageParams = {"type": _type(record.levelno), "message": self.format(record)}
            self._loop.call_soon_threadsafe(self._server.notify, types.WINDOW_LOG_MESSAGE, params)
        except Exception:
            self.handleError(record)


def _type(level: int) -> MessageType:
    if level >= logging.ERROR:
        return MessageType.ERROR
    if level >= logging.WARNING:
        return MessageType.WARNING
    if level >= logging.INFO:
        return MessageType.INFO
    # `Debug` is newer than many clients; those take an unknown type badly.
    return MessageType.LOG


def to_standard_error() -> None:
    """Log where the client may look when nothing else works."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    _use(handler)
    logging.getLogger("idiomatic").setLevel(logging.INFO)


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
    if server.protocol.trace is types.TraceValue.OFF:
        return
    params: types.LogTraceParams = {"message": message}
    if server.protocol.trace is types.TraceValue.VERBOSE:
        params["verbose"] = details
    server.notify(types.LOG_TRACE, params)


def _use(handler: logging.Handler) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
