"""A conversation with a language server about open documents."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from tools.bench.peers import Peer
from tools.bench.wire import Client, Received, ServerError

Items: TypeAlias = list[dict[str, Any]]
"""Diagnostics, as they came."""


class Mode(StrEnum):
    """How diagnostics come."""

    PULL = "pull"
    PUSH = "push"


class Session:
    """One running server.

    Args:
        peer: which.
        folder: its workspace, which is made.
        mode: how it is to give its diagnostics.

    Attributes:
        client: the wire.
        capabilities: what the server says it can do.
        started_in: how many milliseconds passed from starting it to the answer of `initialize`.
    """

    def __init__(self, peer: Peer, folder: Path, mode: Mode) -> None:
        folder.mkdir(parents=True)
        for name, text in peer.files.items():
            (folder / name).write_text(text, "utf-8")
        self.folder = folder
        self.mode = mode
        self.client = Client(peer.command, folder)
        question = self.client.question("initialize", _introduction(peer, folder, mode))
        self.client.send(question)
        received = self.client.answer(question)
        self.started_in = (received.at - self.client.started) * 1000
        self.capabilities: Mapping[str, Any] = received.message["result"]["capabilities"]
        if mode is Mode.PULL and not self.capabilities.get("diagnosticProvider"):
            raise ServerError(f"{peer.name} can't be asked for diagnostics")
        self.client.send(self.client.notification("initialized", {}))
        self._versions: dict[str, int] = {}
        self._results: dict[str, tuple[str, Items]] = {}

    def uri(self, name: str) -> str:
        """What a file of the workspace is called."""
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str) -> tuple[Items, float]:
        """Open a file, which is written too; gives the diagnostics, and how many milliseconds they took."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        uri = self.uri(name)
        self._versions[uri] = 1
        item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        return self._diagnosed(uri, self.client.notification("textDocument/didOpen", {"textDocument": item}))

    def edit(self, name: str, change: Mapping[str, Any]) -> tuple[Items, float]:
        """Change an open file; gives the diagnostics of what it is then, and how many milliseconds they took."""
        return self._diagnosed(self.uri(name), self.change(name, change))

    def change(self, name: str, change: Mapping[str, Any]) -> dict[str, Any]:
        """The message that tells of a change, to be sent by the caller."""
        uri = self.uri(name)
        self._versions[uri] += 1
        document = {"uri": uri, "version": self._versions[uri]}
        params = {"textDocument": document, "contentChanges": [change]}
        return self.client.notification("textDocument/didChange", params)

    def close(self, name: str) -> None:
        """Close a file."""
        uri = self.uri(name)
        self._results.pop(uri, None)
        params = {"textDocument": {"uri": uri}}
        self.client.send(self.client.notification("textDocument/didClose", params))

    def stop(self) -> None:
        """End the server."""
        self.client.stop()

    def _diagnosed(self, uri: str, message: dict[str, Any]) -> tuple[Items, float]:
        if self.mode is Mode.PULL:
            params: dict[str, Any] = {"textDocument": {"uri": uri}}
            if uri in self._results:
                params["previousResultId"] = self._results[uri][0]
            question = self.client.question("textDocument/diagnostic", params)
            sent = self.client.send(message, question)
            received = self.client.answer(question)
            items = self._items(uri, received.message["result"])
        else:
            sent = self.client.send(message)
            received = self._published(uri, self._versions[uri])
            items = received.message["params"]["diagnostics"]
        return items, (received.at - sent) * 1000

    def _items(self, uri: str, report: Mapping[str, Any]) -> Items:
        if report["kind"] == "unchanged":
            number, known = self._results[uri]
            if report["resultId"] != number:
                raise ServerError(f"{uri}: unchanged since {report['resultId']}, which it was not asked about")
            return known
        items: Items = report["items"]
        if report.get("resultId") is not None:
            self._results[uri] = report["resultId"], items
        return items

    def _published(self, uri: str, version: int) -> Received:
        while True:
            received = self.client.receive()
            if received.message.get("method") != "textDocument/publishDiagnostics":
                continue
            params = received.message["params"]
            if params["uri"] != uri:
                continue
            said = params.get("version")
            if said is None or said > version:
                raise ServerError(f"diagnostics of version {said} came, and {version} is the latest")
            if said == version:
                return received


def _introduction(peer: Peer, folder: Path, mode: Mode) -> dict[str, Any]:
    document: dict[str, Any] = {
        "synchronization": {"didSave": True},
        "publishDiagnostics": {"versionSupport": True, "codeDescriptionSupport": True, "dataSupport": True},
        "codeAction": {
            "codeActionLiteralSupport": {
                "codeActionKind": {"valueSet": ["", "quickfix", "refactor", "refactor.rewrite", "source.fixAll"]}
            },
            "dataSupport": True,
            "disabledSupport": True,
            "isPreferredSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        },
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "completion": {
            "completionItem": {
                "snippetSupport": True,
                "documentationFormat": ["markdown"],
                "resolveSupport": {"properties": ["documentation", "additionalTextEdits"]},
            }
        },
    }
    if mode is Mode.PULL:
        document["diagnostic"] = {"dynamicRegistration": False}
    return {
        "processId": None,
        "clientInfo": {"name": "benchmark"},
        "rootUri": folder.as_uri(),
        "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}],
        "initializationOptions": peer.options,
        "capabilities": {
            "general": {"positionEncodings": ["utf-16"]},
            "workspace": {"workspaceFolders": True, "workspaceEdit": {"documentChanges": True}},
            "textDocument": document,
            "window": {"workDoneProgress": True},
        },
    }
