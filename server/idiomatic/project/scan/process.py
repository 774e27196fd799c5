"""A process that looks at all files of some folders, for a server that has something better to do.

It is told what to do in a line of JSON and answers in lines of JSON: `{"files": 12}` when it is known how many there
are, `{"done": 3}` now and then, for each file with findings `{"path": ..., "findings": [...]}`, and in the end what the
findings of these files rest on, `{"asked": [...]}`; who wants fixes gets what `project.scan.fixing` says. It ends as
soon as nobody is at the other end any more; what it has found by then is in the cache.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NotRequired, TypedDict

from idiomatic.core.text import Lines
from idiomatic.core.unit import Unit
from idiomatic.project import evidence, files
from idiomatic.project.cache_folder import default_folder
from idiomatic.project.configuration import ConfigurationError
from idiomatic.project.scan import cache, parallel
from idiomatic.project.scan.reports import Detail
from idiomatic.project.scan.run import scan
from idiomatic.project.walk import Walk
from idiomatic.project.workspace import Workspace, documents

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from idiomatic.project.scan.reports import FileReport, Record

_OFTEN: Final = 0.1
"""How often, in seconds, is said how far it is."""

START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from idiomatic.project.scan import process; process.main()"
)
"""What the interpreter is told to run, with the search path of the server as its argument."""


class Folder(TypedDict):
    """A folder to look at.

    Attributes:
        root: which one.
        settings: the client's settings for it.
        is_wanted: whether its files are looked at; else only those of folders around it are kept out of it.
    """

    root: str
    settings: Mapping[str, Any]
    is_wanted: bool


class Task(TypedDict):
    """What there is to do.

    Attributes:
        folders: the folders; a file belongs to the innermost one around it.
        opened: the texts that are open in the client, by path: they count instead of the files, which are left out.
        unit: what columns are counted in.
        fixes: whether not findings are wanted, but what all safe fixes change; in the open texts, too.
    """

    folders: Sequence[Folder]
    opened: Mapping[str, str]
    unit: str
    fixes: NotRequired[bool]


class Place(TypedDict):
    """A finding; lines and columns count from 0.

    Attributes:
        rule: the name of the rule.
        message: one sentence without a full stop.
        severity: `error`, `warning`, `information` or `hint`.
        is_safe: whether it has a safe fix.
        start: where it begins.
        end: where it ends.
    """

    rule: str
    message: str
    severity: str
    is_safe: bool
    start: tuple[int, int]
    end: tuple[int, int]


def command() -> list[str]:
    """How this process is started by one that has found all its modules."""
    flags = ["-I"] if sys.flags.isolated else ["-P"]
    if sys.flags.no_site:
        flags.append("-S")
    return [sys.executable, *flags, "-c", START, json.dumps(sys.path)]


def main() -> None:
    """Do what the first line of standard input says."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(10)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this process if it ends
    task: Task = json.loads(sys.stdin.buffer.readline())
    is_gone = _watch()
    # What a library prints must not get in between the answers.
    with open(os.dup(1), "wb", buffering=0) as out:  # noqa: PTH123
        os.dup2(2, 1)
        with closing(messages(task)) as answers, contextlib.suppress(OSError):
            for answer in answers:
                if is_gone():
                    break
                out.write(json.dumps(answer).encode() + b"\n")


def _watch() -> Callable[[], bool]:
    """Gives a function that says whether nobody is at the other end any more."""
    if sys.platform == "win32":
        gone = threading.Event()

        def wait() -> None:
            # Not through a buffer: its lock would be held while the interpreter ends.
            with contextlib.suppress(OSError):
                while os.read(0, 1024):
                    pass
            gone.set()

        threading.Thread(target=wait, daemon=True).start()
        return gone.is_set
    # Without a thread: this process is going to be forked.
    return lambda: bool(select.select([0], [], [], 0)[0]) and not os.read(0, 1024)


def messages(task: Task) -> Generator[Mapping[str, object], None, None]:
    """What is said, one after the other."""
    unit = Unit(task["unit"])
    roots = {Path(folder["root"]) for folder in task["folders"]}
    texts = {Path(path): text for path, text in task["opened"].items()}
    # What is the same on the disk needs no exception.
    changed = {path: text for path, text in texts.items() if not _is_on_disk(path, text)}
    is_fixing = task.get("fixes", False)
    work: list[tuple[Workspace, list[Path]]] = []
    for folder in task["folders"]:
        if not folder["is_wanted"]:
            continue
        root = Path(folder["root"])
        workspace = Workspace(root, folder["settings"], opened=documents(changed), waits=True)
        try:
            found = Walk(workspace, lambda *_: None).files([root])
        except ConfigurationError as error:
            # The server shows it where it is, and what was found under the last one that was right counts on.
            yield {"fault": str(error), "root": str(root)}
            continue
        inner = [each for each in roots if each != root and each.is_relative_to(root)]
        own = [path for path in found if not any(path.is_relative_to(each) for each in inner)]
        work.append((workspace, own if is_fixing else [path for path in own if path not in texts]))
    if is_fixing:
        from idiomatic.project.scan import fixing

        yield from fixing.messages(work, unit)
        return
    yield {"files": sum(len(own) for _, own in work)}
    asked: set[str] = set()
    done, said = 0, 0.0
    for workspace, own in work:
        known = cache.Cache(default_folder(), workspace, Detail.PLACES)
        processes = max(1, parallel.cores() - 1)
        with closing(scan(workspace, own, Detail.PLACES, known, processes=processes, apart=True)) as reports:
            for path, report in reports:
                done += 1
                if report.records:
                    yield {"path": str(path), "findings": _places(path, report, unit)}
                elif time.monotonic() - said > _OFTEN:
                    said = time.monotonic()
                    yield {"done": done}
        asked |= known.asked
    yield {"asked": sorted(asked)}


def _is_on_disk(path: Path, text: str) -> bool:
    return evidence.text(str(path)) == evidence.digest(text.encode("utf-8", "surrogatepass"))


def _places(path: Path, report: FileReport, unit: Unit) -> list[Place]:
    try:
        text = files.read(path).text.removeprefix("\ufeff")
    except files.FileError:
        return []  # gone meanwhile
    lines = Lines(text)
    return [_place(record, lines, unit) for record in report.records]


def _place(record: Record, lines: Lines, unit: Unit) -> Place:
    def position(line: int, column: int) -> tuple[int, int]:
        # It may have been changed since; whoever changed it tells the server, and it is looked at again.
        line = min(line - 1, len(lines) - 1)
        return line, unit.width(lines.line(line)[: column - 1])

    return {
        "rule": record.rule,
        "message": record.message,
        "severity": record.severity,
        "is_safe": record.fix is not None and record.fix.safety == "safe",
        "start": position(record.line, record.column),
        "end": position(record.end_line, record.end_column),
    }


if __name__ == "__main__":
    main()
