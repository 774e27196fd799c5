"""The answer to `initialize`: what is agreed on with the client, and what it is offered.

A client opens no document before it has the answer, so it is given before anything else is loaded.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from idiomatic import __version__
from idiomatic.lsp import types
from idiomatic.lsp.checking import fault
from idiomatic.lsp.client import Client
from idiomatic.lsp.connection import VERSION, framed
from idiomatic.lsp.processes import is_alive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from idiomatic.lsp.connection import Writer

SOURCE: Final = "idiomatic"


class Greeting(NamedTuple):
    """What the client said first.

    Attributes:
        params: all of it.
        client: what the client can do.
        parent: the process that started this one, if it is on this machine.
    """

    params: types.InitializeParams
    client: Client
    parent: int | None

    @classmethod
    def of(cls, params: types.InitializeParams) -> Self:
        """The greeting with these parameters."""
        process = params.get("processId")
        # One that is not there already is on another machine or in another container: its number says nothing here.
        parent = process if process is not None and is_alive(process) else None
        return cls(params, Client.of(params["capabilities"]), parent)

    @property
    def answer(self) -> Mapping[str, Any]:
        """What is answered."""
        return {
            "capabilities": offered(self.client),
            "serverInfo": {"name": "idiomatic", "version": __version__},
        }


def greet(bodies: Iterator[bytes], writer: Writer) -> tuple[Iterator[bytes], Greeting | None]:
    """Answer the first message, if that is a proper `initialize`.

    Returns:
        The messages that are left, and what was answered.
    """
    try:
        first = next(bodies)
    except (StopIteration, OSError, ValueError):
        return iter(()), None
    try:
        message = json.loads(first)
    except (ValueError, RecursionError):
        message = None
    match message:
        case {"jsonrpc": "2.0", "id": int() | str() as number, "method": types.INITIALIZE, "params": params} if (
            fault(params, types.InitializeParams) is None
        ):
            greeting = Greeting.of(params)
            answer = json.dumps({"jsonrpc": VERSION, "id": number, "result": greeting.answer})
            writer.write(framed(answer.encode()))
            return bodies, greeting
        case _:
            # Whatever is wrong with it, the server can say so later.
            return itertools.chain([first], bodies), None


def offered(client: Client) -> Mapping[str, Any]:
    """What a client can use of what there is; each is handled by the file of that name."""
    capabilities: dict[str, Any] = {
        "positionEncoding": client.unit,
        "textDocumentSync": {"openClose": True, "change": types.INCREMENTAL, "save": True},
        "completionProvider": {"resolveProvider": True},
        "hoverProvider": True,
        "codeActionProvider": {"codeActionKinds": _kinds(client), "resolveProvider": True},
        "executeCommandProvider": {"commands": list(types.CommandName), "workDoneProgress": True},
        "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
    }
    if client.syncs_notebooks:
        capabilities["notebookDocumentSync"] = {"notebookSelector": [{"cells": [{"language": "python"}]}]}
    if client.pulls_diagnostics:
        capabilities["diagnosticProvider"] = {
            "identifier": SOURCE,
            "interFileDependencies": True,
            "workspaceDiagnostics": True,
        }
    return capabilities


def _kinds(client: Client) -> list[str]:
    """The kinds of code actions that the client may ask for."""
    without = set() if client.syncs_notebooks else {types.CodeActionKind.NOTEBOOK_FIX_ALL}
    return [kind for kind in types.CodeActionKind if kind not in without]
