"""What was found in files: plain values, which go from process to process, into the cache and into every format."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from idiomatic.core.acts import Use
    from idiomatic.core.diff import Hunk
    from idiomatic.project.evidence import Evidence

CRASHED: Final = "ended the process that looked at it, please report it"
"""What is said of a file after which there was no worker left."""


class Detail(IntEnum):
    """How much of a finding is wanted; each has what those before it have."""

    PLACES = 0
    """Where it is, and the message."""
    FIXES = 1
    """Whether what would be done about it is possible."""
    CHANGES = 2
    """The lines it is on, and what would become of them."""


class FixRecord(Struct, frozen=True):
    """What would be done about a finding in bulk.

    Attributes:
        safety: `safe` or `unsafe`.
        title: what is done, an imperative.
        reasons: why it is unsafe, sentences.
        hunks: what it changes; empty if that was not asked for.
    """

    safety: str
    title: str
    reasons: tuple[str, ...]
    hunks: tuple[Hunk, ...] = ()


class Record(Struct, frozen=True):
    """A finding; lines and columns count from 1, columns in characters.

    Attributes:
        rule: the name of the rule.
        path: the file, as the user named it.
        line: where the finding begins.
        column: likewise.
        end_line: where it ends.
        end_column: the column behind its last character.
        message: one sentence without a full stop.
        severity: `error`, `warning`, `information` or `hint`.
        fix: what can be done in bulk.
        refusal: why nothing can be done, where something usually can.
        others: the titles of other fixes that can be chosen in an editor.
        source: the lines of the finding, the first of them at least; empty if they were not asked for.
        cell: in a notebook the number of the cell that lines are counted in, from 1; else 0.
    """

    rule: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    severity: str
    fix: FixRecord | None = None
    refusal: str | None = None
    others: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    cell: int = 0

    @property
    def place(self) -> str:
        """Where it is in its file, `line:column`."""
        return f"{_cell(self.cell)}{self.line}:{self.column}"


def _cell(number: int) -> str:
    return f"cell {number}:" if number else ""


class Fault(Struct, frozen=True):
    """Why a file could not be looked at, or not all of it.

    Attributes:
        path: the file, as the user named it.
        message: what is wrong.
        line: where, from 1; 0 if the whole file is meant.
        column: likewise.
        cell: in a notebook the number of the cell that lines are counted in, from 1; else 0.
    """

    path: str
    message: str
    line: int = 0
    column: int = 0
    cell: int = 0

    def __str__(self) -> str:
        where = f"{self.path}:{_cell(self.cell)}{self.line}:{self.column}" if self.line else self.path
        return f"{where}: {self.message}"


class FileReport(Struct, frozen=True):
    """What `check` found in a file.

    Attributes:
        records: the findings, in order of place.
        faults: why the file, or a part of it, could not be looked at.
        warnings: what else went wrong.
    """

    records: tuple[Record, ...] = ()
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


class Basis(Struct, frozen=True):
    """What a report rests on: where all of that is as it was, so is the report.

    Attributes:
        digest: of the file's content.
        evidence: what was seen of other files.
    """

    digest: str
    evidence: Evidence


class Looked(Struct, frozen=True):
    """What looking at a file led to.

    Attributes:
        report: what was found.
        basis: what that rests on; `None`: it may be something else the next time.
        uses: what the file does, as the index of the project has it; `None`: nobody knows.
        is_waiting: whether more could be said if the index were known.
    """

    report: FileReport
    basis: Basis | None = None
    uses: frozenset[Use] | None = None
    is_waiting: bool = False


def shown_path(path: Path) -> str:
    """A path as the user named it; one below the working directory is relative to that."""
    if path.is_absolute():
        try:
            return str(path.relative_to(Path.cwd()))
        except ValueError:
            return str(path)
    return str(path)
