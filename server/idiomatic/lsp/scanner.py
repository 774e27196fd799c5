"""What is found in the files that are not open, kept up to date by a process of its own.

Nothing of it happens in this process but reading the answers, so that no edit has to wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import subprocess
import sys
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from idiomatic.lsp import types
from idiomatic.lsp.greeting import SOURCE
from idiomatic.lsp.types import DiagnosticSeverity
from idiomatic.lsp.uris import uri_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from idiomatic.lsp.findings import Findings
    from idiomatic.lsp.links import Links
    from idiomatic.lsp.server import Server
    from idiomatic.project.scan.process import Folder, Place, Task

logger = logging.getLogger(__name__)

SETTING: Final = "workspaceDiagnostics"

_LONGEST_LINE: Final = 1 << 28
_PATIENCE: Final = 5.0
"""How many seconds a process that is told to end may take, to write down what it has found."""

_SEVERITIES: Final = {
    "error": DiagnosticSeverity.ERROR,
    "warning": DiagnosticSeverity.WARNING,
    "information": DiagnosticSeverity.INFORMATION,
    "hint": DiagnosticSeverity.HINT,
}


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be underlined in a text.

    Attributes:
        uri: which one.
        version: the client's number of it, if it is open.
        items: what.
        number: another one for other items.
    """

    uri: str
    version: int | None
    items: Sequence[types.Diagnostic]
    number: str

    @classmethod
    def of(cls, uri: str, version: int | None, items: Sequence[types.Diagnostic]) -> Report:
        """A report with its number, which is the same after a restart, too."""
        number = hashlib.blake2b(json.dumps(items).encode(), digest_size=8).hexdigest()
        return cls(uri, version, items, number)


NOTHING: Final = Report.of("", None, ()).number
"""The number of a report of nothing."""


class Scanner:
    """What is found in the files that are not open.

    Attributes:
        reports: by file, those with findings only.
        opened: by URI, those of the open texts, with the findings they were made of.
        tokens: the names under which is told how far it is.
    """

    def __init__(self, ls: Server) -> None:
        self.reports: dict[Path, Report] = {}
        self.opened: dict[str, tuple[Findings, Report]] = {}
        self.tokens: set[types.Token | None] = set()
        self._ls = ls
        self._is_current = False
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
        """Whether a file is in a folder for which the client wants it."""
        around = [each for each in self._folders() if path is not None and path.is_relative_to(each["root"])]
        return bool(around) and max(around, key=lambda each: len(each["root"]))["is_wanted"]

    def _folders(self) -> list[Folder]:
        settings = self._ls.client_settings
        found: list[Folder] = []
        for path in self._ls.folders.values():
            own = settings.get(path, settings.get(None, {}))
            is_wanted = own.get(SETTING) is True and own.get("enable") is not False
            found.append({"root": str(path), "settings": dict(own), "is_wanted": is_wanted})
        return found

    async def look(self) -> AsyncGenerator[Report | float, None]:
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
                async with aclosing(self._scan()) as steps:
                    async for step in steps:
                        yield step
                        if self._was_given_up():
                            self._is_current = False
                            return
            except BaseException:
                self._is_current = False
                raise

    async def _scan(self) -> AsyncGenerator[Report | float]:
        if self._ending is not None:
            # What it has found need not be found again.
            await asyncio.shield(self._ending)
        folders = self._folders()
        found: dict[Path, Report] = {}
        kept: set[Path] = set()
        asked: frozenset[str] | None = None
        total = done = 0
        if any(folder["is_wanted"] for folder in folders):
            opened = {str(path): document.text for path, document in self._ls.documents.by_path.items()}
            task: Task = {"folders": folders, "opened": opened, "unit": self._ls.client.unit}
            process = await _started(task)
            assert process.stdout is not None
            try:
                async for answer in _answers(process.stdout):
                    match answer:
                        case {"files": int(total)}:
                            pass
                        case {"done": int(done)}:
                            yield done / max(total, 1)
                        case {"path": str(name), "findings": list(places)}:
                            path = Path(name)
                            items = [_diagnostic(place, self._ls.links) for place in places]
                            found[path] = Report.of(uri_of(path), None, items)
                            yield found[path]
                        case {"fault": str(message), "root": str(root)}:
                            logger.warning("The files in %s were not looked at: %s", root, message)
                            kept.add(Path(root))
                        case {"asked": list(names)}:
                            asked = frozenset(names)
                        case _:
                            logger.error("The scan said something strange: %r", answer)
            finally:
                # Nobody has to wait for that.
                self._ending = self._ls.keep(_ended(process))
            if asked is None:
                logger.error("The scan did not come to its end")
        for path, report in self.reports.items():
            # Of what could not be looked at, what was known last still counts.
            if asked is None or any(path.is_relative_to(root) for root in kept):
                found.setdefault(path, report)
        self.reports = found
        self._asked = asked or frozenset()

    def closed_reports(self) -> list[Report]:
        """What is known of the files that are not open now."""
        opened = self._ls.documents.by_path
        return [report for path, report in self.reports.items() if path not in opened and self.is_about(path)]


async def _ended(process: asyncio.subprocess.Process) -> None:
    """See to it that a process ends: it has time to write down what it has found."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()  # that tells it
    try:
        async with asyncio.timeout(_PATIENCE):
            while await process.stdout.read(1 << 16):
                pass
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()


async def _started(task: Task) -> asyncio.subprocess.Process:
    from idiomatic.project.scan.process import command

    more: dict[str, Any] = {}
    if sys.platform == "win32":
        more["creationflags"] = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
    process = await asyncio.create_subprocess_exec(
        *command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=_LONGEST_LINE, **more
    )
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(json.dumps(task).encode() + b"\n")
        await process.stdin.drain()
    return process


async def _answers(stream: asyncio.StreamReader) -> AsyncGenerator[Any, None]:
    while line := await stream.readline():
        yield json.loads(line)


def _diagnostic(place: Place, links: Links) -> types.Diagnostic:
    """A finding as the client shows it; the same that is shown when the file is open."""
    (line, character), (end_line, end_character) = place["start"], place["end"]
    shown: types.Diagnostic = {
        "range": {
            "start": {"line": line, "character": character},
            "end": {"line": end_line, "character": end_character},
        },
        "message": place["message"],
        "severity": _SEVERITIES.get(place["severity"], DiagnosticSeverity.HINT),
        "code": place["rule"],
        "source": SOURCE,
        "data": {"rule": place["rule"]},
    }
    if (link := links.to(place["rule"])) is not None:
        shown["codeDescription"] = link
    return shown
