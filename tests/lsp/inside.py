"""A server in the tests' own process, for looking at it from the inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idiomatic.lsp.server import Server

SOURCE = """\
from datetime import datetime


def stamp():
    return datetime.utcnow()


def later(minutes, seen=[]):
    seen.append(minutes)
    return stamp() + minutes
"""


class Silent:
    """A client that reads everything and keeps nothing."""

    def __init__(self) -> None:
        self.last = b""

    def write(self, data: bytes) -> None:
        self.last = data

    def flush(self) -> None: ...

    def close(self) -> None: ...


def say(server: Server, method: str, params: object, **others: object) -> None:
    server.protocol.receive({"jsonrpc": "2.0", "method": method, "params": params, **others})


def opening(uri: str, text: str = SOURCE) -> Any:
    return {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": text}}
