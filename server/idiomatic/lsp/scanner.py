"""What is found in the files that are not open, found out by a process of its own.

Nothing of it happens in this process but reading the answers, so that no edit has to wait for it.

For a folder whose user wants that (the setting `workspaceDiagnostics`), it is kept up to date. What was found because
the user has asked once (`scan`) stays until the file changes.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from idiomatic.core.digest import blake2b
from idiomatic.lsp import types
from idiomatic.lsp.greeting import SOURCE
from idiomatic.lsp.scan_process import answers
from idiomatic.lsp.types import DiagnosticSeverity
from idiomatic.lsp.uris import uri_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Iterable, Mapping, Sequence

    from idiomatic.lsp.findings import Findings
    from idiomatic.lsp.links import Links
    from idiomatic.lsp.server import Server
    from idiomatic.project.scan.process import Folder, Place, Task

logger = logging.getLogger(__name__)

SETTING: Final = "workspaceDiagnostics"

SEVERITIES: Final = {
    "error": DiagnosticSeverity.ERROR,
    "warning": DiagnosticSeverity.WARNING,
    "information": DiagnosticSeverity.INFORMATION,
    "hint": DiagnosticSeverity.HINT,
}


class Report(Struct, frozen=True):
    """What is to be underlined in a text.

    Attributes:
        uri: which one.
        version: the client's number of it, if it is open.
        items: what.
        number: another one for other items.
        safe: how many of them have a safe fix.
    """

    uri: str
    version: int | None
    items: Sequence[types.Diagnostic]
    number: str
    safe: int = 0

    @classmethod
    def of(cls, uri: str, version: int | None, items: Sequence[types.Diagnostic], safe: int = 0) -> Report:
        """A report with its number, which is the same after a restart, too."""
        number = blake2b(json.dumps(items).encode(), digest_size=8).hexdigest()
        return cls(uri, version, items, number, safe)


NOTHING: Final = Report.of("", None, ()).number
"""The number of a report of nothing."""


class Scanner:
    """What is found in the files that are not open.

    Attributes:
        reports: by file, those with findings only.
        opened: by URI, those of the open texts, with the findings they were made of.
        files: how many were looked at the last time, those that are open not counted.
        is_scanning: whether all files are being looked at.
    """

    def __init__(self, ls: Server) -> None:
        self.reports: dict[Path, Report] = {}
        self.opened: dict[str, tuple[Findings, Report]] = {}
        self.files = 0
        self.is_scanning = False
        self._ls = ls
        self._is_current = False
        self._scanned: frozenset[Path] = frozenset()
        self._asked: frozenset[str] = frozenset()
        self._lock = asyncio.Lock()
        self._is_given_up = False
        self._ending: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._turn = asyncio.Event()

    # -- what changes -------------------------------------------------------------------------------------------------

    def touch(self) -> None:
        """Something changed that findings in any file may depend on: files on the disk, the configuration."""
        self._is_current = self._is_given_up = False
        self._news.set()

    def give_up(self) -> None:
        """The user wants an end of it: nothing is looked at until something changes."""
        self._is_given_up = True

    def _was_given_up(self) -> bool:
        return self._is_given_up

    def edited(self, path: Path | None) -> None:
        """An open text changed: its own findings did, and those of files that ask for what it defines."""
        if str(path) in self._asked:
            self._is_current = False
        self._news.set()

    def written(self, paths: Iterable[Path]) -> None:
        """Files changed on the disk: what was found in them once does not count any more."""
        for path in paths:
            if self._was_scanned(path):
                self.reports.pop(path, None)

    def take_over(self, path: Path, report: Report | None) -> None:
        """A file was closed that is on the disk as it was in the editor, and this is what was found there."""
        if self._was_scanned(path):
            self.reports.pop(path, None)
            if report is not None and report.items:
                self.reports[path] = report
            self._news.set()

    def say_again(self, reports: Mapping[Path, Report]) -> None:
        """What was found once, under a configuration that has changed since."""
        for path, report in reports.items():
            if path in self.reports and self._was_scanned(path):
                self.take_over(path, report)

    @property
    def found_once(self) -> Mapping[Path, Report]:
        """What was found because the user has asked once."""
        return {path: report for path, report in self.reports.items() if self._was_scanned(path)}

    async def changed(self) -> None:
        """Wait until something changes, or until it is someone else's turn to wait for that."""
        await self._news.wait()

    def next_turn(self) -> asyncio.Event:
        """An event that happens when the next one asks for a turn: only one request is held back."""
        self._turn.set()
        self._news.set()
        self._turn = asyncio.Event()
        return self._turn

    # -- what is found ------------------------------------------------------------------------------------------------

    @property
    def is_wanted(self) -> bool:
        """Whether the client wants it for any folder."""
        return any(folder["is_wanted"] for folder in self._folders())

    def is_about(self, path: Path | None) -> bool:
        """Whether a file is in a folder for which the client wants it, or that was looked at once."""
        folder = self._folder(path)
        return folder is not None and (folder["is_wanted"] or Path(folder["root"]) in self._scanned)

    def _was_scanned(self, path: Path) -> bool:
        """Whether it is known of a file only because the user has asked once."""
        folder = self._folder(path)
        return folder is not None and not folder["is_wanted"] and Path(folder["root"]) in self._scanned

    def _folder(self, path: Path | None) -> Folder | None:
        around = [each for each in self._folders() if path is not None and path.is_relative_to(each["root"])]
        return max(around, key=lambda each: len(each["root"])) if around else None

    def _folders(self, *, all_of_them: bool = False) -> list[Folder]:
        settings = self._ls.client_settings
        found: list[Folder] = []
        for path in self._ls.folders.values():
            own = settings.get(path, settings.get(None, {}))
            is_wanted = (all_of_them or own.get(SETTING) is True) and own.get("enable") is not False
            found.append({"root": str(path), "settings": dict(own), "is_wanted": is_wanted})
        return found

    async def look(self) -> AsyncGenerator[Report | float | str, None]:
        """Bring `reports` up to date: gives what is found on the way, and how much of it is done (0 to 1).

        Who looks and does not want the rest ends it.
        """
        self._news.clear()
        async with self._lock:
            if self._is_current or self._is_given_up:
                return
            # What changes from here on is not in it.
            self._is_current = True
            try:
                async with aclosing(self._scan(self._folders())) as steps:
                    async for step in steps:
                        yield step
                        if self._was_given_up():
                            self._is_current = False
                            return
            except BaseException:
                self._is_current = False
                raise

    async def scan(self) -> AsyncGenerator[Report | float | str, None]:
        """Look at all files of all folders, because the user asks for it now.

        Gives what is found on the way, how much of it is done (0 to 1), and why a folder was not looked at.
        """
        async with self._lock:
            folders = self._folders(all_of_them=True)
            async with aclosing(self._scan(folders)) as steps:
                async for step in steps:
                    yield step
            self._scanned = frozenset(Path(folder["root"]) for folder in folders if folder["is_wanted"])
            self._news.set()

    def task(self, *, fixes: bool = False) -> Task:
        """What a process that looks at all files of all folders has to do."""
        return self._task(self._folders(all_of_them=True), fixes=fixes)

    def _task(self, folders: Sequence[Folder], *, fixes: bool = False) -> Task:
        opened = {str(path): document.text for path, document in self._ls.documents.by_path.items()}
        return {"folders": folders, "opened": opened, "unit": self._ls.client.unit, "fixes": fixes}

    async def _scan(self, folders: Sequence[Folder]) -> AsyncGenerator[Report | float | str]:
        if self._ending is not None:
            # What it has found need not be found again.
            await asyncio.shield(self._ending)
        found: dict[Path, Report] = {}
        kept: set[Path] = set()
        asked: frozenset[str] | None = None
        total = done = 0
        if any(folder["is_wanted"] for folder in folders):
            async with aclosing(self._busy(answers(self._task(folders), self._end))) as said:
                async for answer in said:
                    match answer:
                        case {"files": int(total)}:
                            self.files = total
                        case {"done": int(done)}:
                            yield done / max(total, 1)
                        case {"path": str(name), "findings": list(places)}:
                            path = Path(name)
                            items = [_diagnostic(place, self._ls.links) for place in places]
                            found[path] = Report.of(uri_of(path), None, items, sum(each["is_safe"] for each in places))
                            yield found[path]
                        case {"fault": str(message), "root": str(root)}:
                            logger.warning("The files in %s were not looked at: %s", root, message)
                            kept.add(Path(root))
                            yield message
                        case {"asked": list(names)}:
                            asked = frozenset(names)
                        case _:
                            logger.error("The scan said something strange: %r", answer)
            if asked is None:
                logger.error("The scan did not come to its end")
        roots = {Path(folder["root"]) for folder in folders if folder["is_wanted"]}
        for path, report in self.reports.items():
            folder = self._folder(path)
            was_looked_at = folder is not None and Path(folder["root"]) in roots
            # Of what could not be looked at, what was known last still counts.
            is_kept = asked is None or any(path.is_relative_to(root) for root in kept)
            if is_kept if was_looked_at else self._was_scanned(path):
                found.setdefault(path, report)
        self.reports = found
        self._asked = asked or frozenset()

    async def _busy(self, said: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
        """What is said, with a note that somebody is at work."""
        self.is_scanning = True
        self._ls.status.touch()
        try:
            async with aclosing(said):
                async for each in said:
                    yield each
        finally:
            self.is_scanning = False
            self._ls.status.touch()

    def _end(self, end: Coroutine[Any, Any, None]) -> None:
        self._ending = self._ls.keep(end)

    def closed_reports(self) -> list[Report]:
        """What is known of the files that are not open now."""
        opened = self._ls.documents.by_path
        return [report for path, report in self.reports.items() if path not in opened and self.is_about(path)]


def _diagnostic(place: Place, links: Links) -> types.Diagnostic:
    """A finding as the client shows it; the same that is shown when the file is open."""
    (line, character), (end_line, end_character) = place["start"], place["end"]
    shown: types.Diagnostic = {
        "range": {
            "start": {"line": line, "character": character},
            "end": {"line": end_line, "character": end_character},
        },
        "message": place["message"],
        "severity": SEVERITIES.get(place["severity"], DiagnosticSeverity.HINT),
        "code": place["rule"],
        "source": SOURCE,
        "data": {"rule": place["rule"]},
    }
    if (link := links.to(place["rule"])) is not None:
        shown["codeDescription"] = link
    return shown
