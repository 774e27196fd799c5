"""All safe fixes of some folders, as edits for an editor: nothing is written.

What the process of `project.scan.process` says when it is asked for fixes: for each file that is fixed
`{"path": ..., "edits": [...], "fixed": {...}, "digest": ...}`, and `{"path": ..., "fault": ...}` for each that is left
out although something could be fixed in it.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, TypedDict

from msgspec import Struct
from msgspec.structs import replace

from idiomatic.core.edits import difference
from idiomatic.core.text import BOM, Lines
from idiomatic.project import evidence, files
from idiomatic.project.cache_folder import default_folder
from idiomatic.project.files import Source
from idiomatic.project.scan import parallel
from idiomatic.project.scan.fix import FixAll, FixReport, crashed, fix_files

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

    from idiomatic.core.text import Edit
    from idiomatic.core.unit import Unit
    from idiomatic.project.workspace import Workspace


class Replacement(TypedDict):
    """A text in the place of another; lines and columns count from 0."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


class FixedFile(Struct, frozen=True):
    """What would be fixed in a file.

    Attributes:
        report: which findings, and what is in the way.
        edits: what would change, with positions as the client counts them.
        digest: of the file that this was found out about; `None`: of the text that is open.
        fault: why a file is left out although something could be fixed in it.
    """

    report: FixReport
    edits: tuple[Replacement, ...] = ()
    digest: str | None = None
    fault: str | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether nothing was done yet, because it is not known what other files do."""
        return self.report.is_waiting


class FixEdits(Struct, frozen=True):
    """Find out what would be fixed.

    Attributes:
        fixing: how.
        unit: what the client counts columns in.
    """

    fixing: FixAll
    unit: Unit

    def __call__(self, path: Path) -> FixedFile:
        """What would be fixed in a file; the text that is open counts instead of it."""
        opened = self.fixing.workspace.opened.get(path)
        if opened is not None:
            text = opened.text
            source = Source(path, text, "utf-8", text.encode("utf-8", "surrogatepass"))
        else:
            try:
                source = files.read(path)
            except files.FileError:
                return FixedFile(FixReport(str(path)))
        report = self.fixing(source)
        if not report.fixed:
            return FixedFile(report, fault=report.faults[0].message if report.has_failed else None)
        if source.text.encode("utf-8", "surrogatepass") != source.raw:
            # Editors do not read what a file says of its encoding.
            return FixedFile(
                report, fault=f"is in {source.encoding}: `idiomatic fix` can write that, an editor may not"
            )
        # The mark at the start of a file is no character to an editor.
        old, new = (text.removeprefix(BOM) for text in (source.text, report.text.decode("utf-8", "surrogatepass")))
        lines = Lines(old)
        edits = tuple(_replacement(edit, lines, self.unit) for edit in difference(old, new))
        return FixedFile(report, edits, None if opened is not None else evidence.digest(source.raw))


def _replacement(edit: Edit, lines: Lines, unit: Unit) -> Replacement:
    def position(offset: int) -> tuple[int, int]:
        line, column = lines.position(offset)
        return line, unit.width(lines.line(line)[:column])

    return {"start": position(edit.span.start), "end": position(edit.span.end), "text": edit.text}


def messages(
    work: Sequence[tuple[Workspace, Sequence[Path]]], unit: Unit
) -> Generator[Mapping[str, object], None, None]:
    """What is said, one after the other."""
    from idiomatic.core import catalogue

    yield {"files": sum(len(given) for _, given in work)}
    catalogue.rules()  # loaded here, worker processes have them from the start
    done = 0
    for workspace, given in work:
        fixing = FixAll(workspace, writes=False)
        found = fix_files(
            FixEdits(fixing, unit),
            FixEdits(replace(fixing, waits=True), unit),
            workspace,
            given,
            lambda file: FixedFile(crashed(file), fault=crashed(file).faults[0].message),
            folder=default_folder(),
            processes=max(1, parallel.cores() - 1),
            apart=True,
        )
        with closing(found) as reports:
            for path, fixed in reports:
                done += 1
                yield {"done": done}
                if fixed.fault is not None:
                    yield {"path": str(path), "fault": fixed.fault}
                elif fixed.edits:
                    own = {"edits": fixed.edits, "fixed": dict(fixed.report.fixed), "digest": fixed.digest}
                    yield {"path": str(path), **own}
