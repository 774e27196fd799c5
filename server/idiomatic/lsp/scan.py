"""Looking at all files once, because the user asks for it: what is found is shown as that of the open ones is.

It stays until the file changes: on the disk, in the editor, or under another configuration.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing
from typing import TYPE_CHECKING, TypedDict

from idiomatic.lsp import user
from idiomatic.lsp.progress import Progress
from idiomatic.lsp.scanner import SEVERITIES, Report
from idiomatic.lsp.uris import uri_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from idiomatic.lsp import types
    from idiomatic.lsp.documents import OpenDocument
    from idiomatic.lsp.findings import Findings
    from idiomatic.lsp.server import Server
    from idiomatic.project.workspace import Settings


class Scanned(TypedDict):
    """What a scan has found.

    Attributes:
        findings: how many.
        files: in how many files.
        safe: how many of the findings have a safe fix.
        message: the same as a sentence.
    """

    findings: int
    files: int
    safe: int
    message: str


async def scan(ls: Server, token: types.Token | None, is_silent: bool | None) -> Scanned:
    """Look at all files of all folders.

    Args:
        ls: the server.
        token: the name under which the client wants to be told how far it is.
        is_silent: whether the user is not told the result: the client does that.

    Returns:
        What is found in all of them, those that are open included.
    """
    own = asyncio.current_task()
    assert own is not None
    progress = Progress(ls, token, "idiomatic: scanning the workspace", own.cancel)
    faults: list[str] = []
    try:
        async with aclosing(ls.scanner.scan()) as steps:
            async for step in steps:
                match step:
                    case float():
                        await progress.report(step)
                    case str():
                        faults.append(step)
                    case Report():
                        pass
    except asyncio.CancelledError:
        if not is_silent and not ls.protocol.is_shut_down:
            user.tell(ls, "The scan was cancelled.")
        raise
    finally:
        progress.end()
    from idiomatic.lsp.workspace_diagnostics import open_reports

    reports = [*ls.scanner.closed_reports(), *await open_reports(ls)]
    found = _summary(reports, ls.scanner.files + len(ls.documents.by_path), faults)
    if not is_silent:
        user.tell(ls, found["message"])
    return found


def _summary(reports: Sequence[Report], files: int, faults: Sequence[str]) -> Scanned:
    findings = sum(len(report.items) for report in reports)
    with_findings = sum(bool(report.items) for report in reports)
    safe = sum(report.safe for report in reports)
    if findings:
        fixes = f"{safe} with a safe fix" if safe else "none with a safe fix"
        message = f"{_count(findings, 'finding')} in {_count(with_findings, 'file')}, {fixes}."
    else:
        message = f"Nothing found in {_count(files, 'file')}."
    left_out = "".join(f" Not looked at, because of {fault}." for fault in faults)
    return {"findings": findings, "files": with_findings, "safe": safe, "message": message + left_out}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


# -- what happens afterwards ------------------------------------------------------------------------------------------


def closed(ls: Server, document: OpenDocument) -> None:
    """A text was closed: if it is on the disk as it was in the editor, so is what was found in it."""
    path, findings = document.path, ls.analyser.known(document)
    if path is not None and findings is not None and ls.scanner.is_about(path):
        before = ls.scanner.reports.get(path)
        # At once, so that nobody is told that there is nothing in it; nearly always it was saved.
        ls.scanner.take_over(path, Report.of(uri_of(path), None, findings.report))
        ls.keep(_check_saved(ls, path, findings, before))


async def _check_saved(ls: Server, path: Path, findings: Findings, before: Report | None) -> None:
    if not await ls.worker.run(_is_saved, path, findings) and path not in ls.documents.by_path:
        ls.scanner.take_over(path, before)


def _is_saved(path: Path, findings: Findings) -> bool:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return path.read_bytes().decode("utf-8-sig") == findings.positions.document.text
    return False


async def configured(ls: Server) -> None:
    """The configuration changed: what is switched off since is not shown any more."""
    if reports := ls.scanner.found_once:
        ls.scanner.say_again(await ls.worker.run(_under_settings, ls, reports))


def _under_settings(ls: Server, reports: Mapping[Path, Report]) -> Mapping[Path, Report]:
    return {path: _under(ls.workspaces.settings(path), report) for path, report in reports.items()}


def _under(settings: Settings, report: Report) -> Report:
    from idiomatic.core import catalogue

    rules = catalogue.rules()
    items: list[types.Diagnostic] = []
    for item in report.items:
        rule = rules[str(item.get("code"))]
        if settings.configuration.selects(rule.name, rule.family) and not settings.is_quiet(rule):
            items.append({**item, "severity": SEVERITIES[settings.severity(rule)]})
    return Report.of(report.uri, None, items, report.safe)
