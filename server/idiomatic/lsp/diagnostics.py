"""Diagnostics: what is underlined, asked for by the client (pull) or sent to it (push)."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from idiomatic.core.idiom import Severity
from idiomatic.core.text import Lines, Span
from idiomatic.lsp import logs, types
from idiomatic.lsp.findings import Item
from idiomatic.lsp.greeting import SOURCE
from idiomatic.lsp.notebooks import OpenNotebook
from idiomatic.lsp.protocol import Refusal, RequestFailed
from idiomatic.lsp.types import DiagnosticSeverity
from idiomatic.lsp.uris import path_of, uri_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idiomatic.core.engine import Diagnostic
    from idiomatic.core.unit import Unit
    from idiomatic.lsp.documents import OpenDocument
    from idiomatic.lsp.findings import Findings
    from idiomatic.lsp.server import Server
    from idiomatic.project.configuration import ConfigurationError

logger = logging.getLogger(__name__)

_SEVERITIES: Final = {
    Severity.ERROR: DiagnosticSeverity.ERROR,
    Severity.WARNING: DiagnosticSeverity.WARNING,
    Severity.INFORMATION: DiagnosticSeverity.INFORMATION,
    Severity.HINT: DiagnosticSeverity.HINT,
}


def register(server: Server) -> None:
    """Offer what the client can take."""
    if server.client.pulls_diagnostics:
        server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, types.DocumentDiagnosticParams)(pull)


def diagnostic(found: Diagnostic, findings: Findings) -> types.Diagnostic:
    """A finding as the client shows it."""
    shown: types.Diagnostic = {
        "range": findings.positions.range(findings.analysed.place(found)),
        "message": found.message,
        "severity": _SEVERITIES.get(findings.severity(found), DiagnosticSeverity.HINT),
        "code": found.rule.name,
        "source": SOURCE,
        "data": {"rule": found.rule.name},
    }
    if (link := findings.links.to(found.rule.name)) is not None:
        shown["codeDescription"] = link
    return shown


def item(found: Diagnostic, findings: Findings) -> Item:
    """A finding as the client shows it, with what is needed to move it."""
    return Item(findings.positions.document.row(found.statement), diagnostic(found, findings))


def moved(item: Item, row: int) -> Item:
    """What is underlined when the leaf it is in begins on another line."""
    if row == item.row:
        return item
    place = item.shown["range"]

    def lower(position: types.Position) -> types.Position:
        return {"line": position["line"] + row - item.row, "character": position["character"]}

    return Item(row, {**item.shown, "range": {"start": lower(place["start"]), "end": lower(place["end"])}})


# -- pull -------------------------------------------------------------------------------------------------------------


async def pull(ls: Server, params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
    """What is to be shown in a document, or that it is what it was at the last time."""
    document = ls.documents.text(params["textDocument"]["uri"])
    if document is None or not document.is_python:
        # Clients also ask for documents in tabs that were not opened yet, and for configuration files.
        return {"kind": "full", "items": []}
    findings = await ls.analyser.current(document)
    items = findings.report
    known = ls.reports.get(document.uri)
    if known is not None and known[1] == items:
        if params.get("previousResultId") == known[0]:
            return {"kind": "unchanged", "resultId": known[0]}
    else:
        known = ls.reports[document.uri] = str(next(ls.report_numbers)), items
    return {"kind": "full", "items": items, "resultId": known[0]}


# -- push -------------------------------------------------------------------------------------------------------------


async def publish(ls: Server, document: OpenDocument) -> None:
    """Send what is to be shown in a document, as soon as it is known; for a client that asks, only find it out."""
    with contextlib.suppress(RequestFailed):
        while True:
            findings = await ls.analyser.current(document)
            logs.trace(ls, f"Looked at {document.uri}, version {findings.version}", f"{findings.took:.1f} ms")
            if ls.workspaces.faults_number != ls.faults_number:
                await publish_faults(ls)
            if ls.client.pulls_diagnostics:
                _tell_of_other_cells(ls, document, findings)
                return
            # What was edited meanwhile will be reported, not what it was before.
            if ls.analyser.is_current(findings, document):
                break
        # A template of the team's is a Python file, and may be wrong as a template.
        faults = [item for path, item in ls.faulty.items() if path == document.path]
        shown = document.shown if isinstance(document, OpenNotebook) else {}
        for part in findings.parts.values():
            new = part.version, [*part.report, *faults]
            # A notebook has many cells, of which an edit changes one.
            if shown.get(part.uri) != new:
                shown[part.uri] = new
                _send(ls, {"uri": part.uri, "version": part.version, "diagnostics": new[1]})


def _tell_of_other_cells(ls: Server, document: OpenDocument, findings: Findings) -> None:
    """Have a client ask again about a notebook if an edit of one cell changed what is to be shown in another."""
    if not isinstance(document, OpenNotebook):
        return
    for part in findings.parts.values():
        known = ls.reports.get(part.uri)
        if part.uri != document.edited and known is not None and known[1] != part.report:
            ls.keep(refresh(ls))
            return


def withdraw(ls: Server, uri: str) -> None:
    """Show nothing any more in a document that was closed."""
    ls.reports.pop(uri, None)
    if not ls.client.pulls_diagnostics:
        _send(ls, {"uri": uri, "diagnostics": []})


def _send(ls: Server, params: types.PublishDiagnosticsParams) -> None:
    ls.notify(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)


async def refresh(ls: Server) -> None:
    """Show everything anew, because something other than a text changed."""
    if not ls.client.pulls_diagnostics:
        ls.look_at_all()
    elif ls.client.refreshes_diagnostics:
        ls.refresh_wanted = True
        if ls.is_refreshing:
            return
        # One at a time: a branch that is checked out changes a thousand files, one after the other.
        ls.is_refreshing = True
        try:
            while ls.refresh_wanted:
                ls.refresh_wanted = False
                await ls.ask(types.WORKSPACE_DIAGNOSTIC_REFRESH)
        except Refusal as error:
            logger.warning("The client did not refresh: %s", error)
        finally:
            ls.is_refreshing = False


# -- configuration files ----------------------------------------------------------------------------------------------


async def publish_faults(ls: Server) -> None:
    """Show what is wrong in configuration files; they are not among the documents that a client asks about."""
    ls.faults_number = ls.workspaces.faults_number
    faults = await ls.worker.run(_faults, ls)
    before, ls.faulty = ls.faulty, faults
    for path in before.keys() | faults.keys():
        document = ls.documents.get(_known_uri(ls, path))
        if document is not None and document.is_python and not ls.client.pulls_diagnostics:
            # What is found in it is shown with it.
            if before.get(path) != faults.get(path):
                ls.look_at(document)
        else:
            items = [faults[path]] if path in faults else []
            _send(ls, {"uri": _known_uri(ls, path), "diagnostics": items})


def _known_uri(ls: Server, path: Path) -> str:
    """The URI under which the client has opened a file, if it has: it may spell it in its own way."""
    return next((uri for uri in ls.documents if path_of(uri) == path), uri_of(path))


def _faults(ls: Server) -> Mapping[Path, types.Diagnostic]:
    faults = ls.workspaces.faults.items()
    return {origin: fault(error, origin, ls.client.unit) for origin, error in faults if isinstance(origin, Path)}


def fault(error: ConfigurationError, path: Path, unit: Unit) -> types.Diagnostic:
    """What is wrong in a configuration file."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        text = ""
    lines = Lines(text)

    def position(offset: int) -> types.Position:
        line, column = lines.position(min(offset, len(text)))
        return {"line": line, "character": unit.width(text[lines.starts[line] : lines.starts[line] + column])}

    span = error.span if error.span.end > error.span.start else Span(error.span.start, error.span.start + 1)
    return {
        "range": {"start": position(span.start), "end": position(span.end)},
        "message": f"{error.key}: {error.message}" if error.key else error.message,
        "severity": DiagnosticSeverity.ERROR,
        "source": SOURCE,
        "code": "configuration",
    }
