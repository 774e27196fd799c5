"""What the server says of itself and of one file, for a client that shows it (`idiomatic/status`).

No part of the protocol: a client asks about the file that its user looks at, and is told when the answer is another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NotRequired, TypedDict

from idiomatic import __version__
from idiomatic.lsp import types
from idiomatic.lsp.uris import path_of, uri_of

if TYPE_CHECKING:
    from pathlib import Path

    from idiomatic.lsp.server import Server

STATUS: Final = "idiomatic/status"


class StatusParams(TypedDict):
    """Of which file the status is wanted; without one, of the server alone."""

    textDocument: NotRequired[types.TextDocumentIdentifier]


class ServerStatus(TypedDict):
    """The status of the server and of one file.

    Attributes:
        version: of idiomatic.
        target: the oldest Python that the file has to run on, such as `3.11`.
        configuration: the address of the configuration file that counts for it.
        isScanning: whether all files of the workspace are being looked at.
    """

    version: str
    target: str | None
    configuration: str | None
    isScanning: bool


class Status:
    """Answers, and tells of changes to whoever has asked."""

    def __init__(self, ls: Server) -> None:
        self._ls = ls
        self._uri: str | None = None
        self._told: ServerStatus | None = None

    async def asked(self, uri: str | None) -> ServerStatus:
        """The status for a file; from now on the client is told when it is another."""
        self._uri = uri
        self._told = await self._now()
        return self._told

    def touch(self) -> None:
        """Something changed that the status may depend on."""
        if self._told is not None:
            self._ls.keep(self._tell())

    async def _tell(self) -> None:
        if (now := await self._now()) != self._told:
            self._told = now
            self._ls.notify(STATUS, now)

    async def _now(self) -> ServerStatus:
        target, configuration = await self._ls.worker.run(_of_file, self._ls, self._uri)
        return {
            "version": __version__,
            "target": target,
            "configuration": configuration,
            "isScanning": self._ls.scanner.is_scanning,
        }


def register(server: Server) -> None:
    """Answer a client that asks."""
    server.feature(STATUS, StatusParams)(status)


async def status(ls: Server, params: StatusParams) -> ServerStatus:
    """The status for the file that is asked about."""
    document = params.get("textDocument")
    return await ls.status.asked(document["uri"] if document else None)


def _of_file(ls: Server, uri: str | None) -> tuple[str | None, str | None]:
    """The target version of a file, and what configures it; nothing where it is neither open nor in an open folder."""
    if uri is None:
        return None, None
    path = path_of(uri)
    if uri not in ls.documents and not _is_in_folder(ls, path):
        return None, None
    settings = ls.workspaces.settings(path)
    file = settings.configuration.file
    return ".".join(map(str, settings.target)), None if file is None else uri_of(file)


def _is_in_folder(ls: Server, path: Path | None) -> bool:
    return path is not None and any(path.is_relative_to(folder) for folder in ls.folders.values())
