"""Diagnostics of all files of the folders that are open, for a client whose user wants them.

A client asks for them (pull) and asks again as soon as it has the answer: so the answer is held back until there is
something new in it. To a client that does not ask they are sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from idiomatic.core.idiom import Safe
from idiomatic.lsp import types
from idiomatic.lsp.progress import Progress
from idiomatic.lsp.protocol import RequestFailed
from idiomatic.lsp.scanner import NOTHING, Report
from idiomatic.lsp.uris import path_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.lsp.findings import Findings
    from idiomatic.lsp.server import Server

_AFTER: Final = 0.5
"""How many seconds is waited for more changes after one."""
_OFTEN: Final = 0.1
"""How often, in seconds, a part of the answer is sent at most."""
_TITLE: Final = "idiomatic: looking at all files"


def register(server: Server) -> None:
    """Answer a client that asks, and tell one that does not."""
    if server.client.pulls_diagnostics:
        server.feature(types.WORKSPACE_DIAGNOSTIC, types.WorkspaceDiagnosticParams)(pull)
    else:
        server.keep(push(server))


def _progress(ls: Server, token: types.Token | None) -> Progress:
    return Progress(ls, token, _TITLE, ls.scanner.give_up)


# -- pull -------------------------------------------------------------------------------------------------------------


async def pull(ls: Server, params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
    """What is to be shown in all files, as soon as that is something else than the client has.

    A client that takes no parts of an answer does not expect to wait, and is answered at once.
    """
    turn = ls.scanner.next_turn()
    answer = _Answer(ls, params)
    while True:
        await _fill(ls, answer, _progress(ls, params.get("workDoneToken")))
        if answer.is_news or answer.token is None:
            return answer.rest()
        await ls.scanner.changed()
        if turn.is_set():
            # The client has asked again; it has given up waiting for this one.
            return {"items": []}
        await asyncio.sleep(_AFTER)


async def _fill(ls: Server, answer: _Answer, progress: Progress) -> None:
    answer.begin()
    try:
        async with aclosing(ls.scanner.look()) as steps:
            async for step in steps:
                if isinstance(step, Report):
                    answer.tell(step)
                elif isinstance(step, float):
                    await progress.report(step)
    finally:
        progress.end()
    for report in (*ls.scanner.closed_reports(), *await open_reports(ls)):
        answer.tell(report)
    answer.tell_what_is_gone()


async def open_reports(ls: Server) -> Sequence[Report]:
    """What is found in the open texts, as they are in the client."""
    found: list[Report] = []
    known = ls.scanner.opened
    for uri, document in list(ls.documents.items()):
        # A notebook is none of the files that are scanned, and its cells are asked about one by one.
        if uri in document.parts and document.is_python and ls.scanner.is_about(document.path):
            with contextlib.suppress(RequestFailed):  # closed meanwhile
                findings = await ls.analyser.current(document)
                if uri not in known or known[uri][0] is not findings:
                    known[uri] = findings, await ls.worker.run(_report, findings)
                found.append(known[uri][1])
    for uri in known.keys() - {report.uri for report in found}:
        del known[uri]
    return found


def _report(findings: Findings) -> Report:
    safe = sum(found.fix is not None and isinstance(found.fix.verdict, Safe) for found in findings.items)
    return Report.of(findings.uri, findings.version, findings.report, safe)


class _Answer:
    """An answer in the making.

    Attributes:
        token: under which name parts of it are sent; `None`: all of it at once.
        is_news: whether there is anything in it that the client does not have.
    """

    def __init__(self, ls: Server, params: types.WorkspaceDiagnosticParams) -> None:
        self.token = params.get("partialResultToken")
        self.is_news = False
        self._ls = ls
        # Clients spell the address of a file in ways of their own.
        self._previous = {_key(each["uri"]): each for each in params["previousResultIds"]}
        self._told: dict[str, Report] = {}
        self._unchanged: dict[str, types.WorkspaceUnchangedDocumentDiagnosticReport] = {}
        self._parts: list[types.WorkspaceDocumentDiagnosticReport] = []
        self._sent = time.monotonic()

    def begin(self) -> None:
        """Begin anew, after nothing was new."""
        self._unchanged.clear()

    def tell(self, report: Report) -> None:
        """Put a report in, unless it is there."""
        key = _key(report.uri)
        if (told := self._told.get(key)) is not None and told.number == report.number:
            return
        previous = self._previous.get(key)
        if told is None and previous is not None and previous["value"] == report.number:
            self._unchanged[key] = {
                "kind": "unchanged",
                "uri": report.uri,
                "version": report.version,
                "resultId": report.number,
            }
            return
        if told is None and previous is None and not report.items:
            return
        self._unchanged.pop(key, None)
        self._told[key] = report
        self.is_news = True
        self._parts.append(
            {
                "kind": "full",
                "uri": report.uri,
                "version": report.version,
                "items": report.items,
                "resultId": report.number,
            }
        )
        if time.monotonic() - self._sent > _OFTEN:
            self._send()

    def tell_what_is_gone(self) -> None:
        """Put in that there is nothing in the files of which the client has something, and nothing was said now."""
        for key, previous in self._previous.items():
            if key not in self._told and key not in self._unchanged:
                self.tell(Report(previous["uri"], None, (), NOTHING))

    def rest(self) -> types.WorkspaceDiagnosticReport:
        """What was not sent yet."""
        self._parts += self._unchanged.values()
        self._send()
        return {"items": self._parts}

    def _send(self) -> None:
        if self.token is not None and self._parts:
            self._ls.notify(types.PROGRESS, {"token": self.token, "value": {"items": self._parts}})
            self._parts = []
            self._sent = time.monotonic()


def _key(uri: str) -> str:
    path = path_of(uri)
    return uri if path is None else str(path)


# -- push -------------------------------------------------------------------------------------------------------------


async def push(ls: Server) -> None:
    """Send what is to be shown in the files that are not open, whenever it is something new."""
    told: dict[str, str] = {}
    while True:
        async with aclosing(ls.scanner.look()) as steps:
            progress = _progress(ls, None)
            try:
                async for step in steps:
                    if isinstance(step, float):
                        await progress.report(step)
            finally:
                progress.end()
        reports = {report.uri: report for report in ls.scanner.closed_reports()}
        for uri in told.keys() - reports.keys():
            del told[uri]
            if uri not in ls.documents:
                ls.notify(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, {"uri": uri, "diagnostics": []})
        for uri, report in reports.items():
            if told.get(uri) != report.number:
                told[uri] = report.number
                ls.notify(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, {"uri": uri, "diagnostics": report.items})
        await ls.scanner.changed()
        await asyncio.sleep(_AFTER)
