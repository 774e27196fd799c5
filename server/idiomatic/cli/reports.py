"""What the commands found out about files: plain values, which go from process to process and into every format."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idiomatic.core.diff import Hunk


@dataclass(frozen=True, slots=True)
class FixRecord:
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


@dataclass(frozen=True, slots=True)
class Record:
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


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a file could not be looked at, or not all of it.

    Attributes:
        path: the file, as the user named it.
        message: what is wrong.
        line: where, from 1; 0 if the whole file is meant.
        column: likewise.
    """

    path: str
    message: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return f"{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class FileReport:
    """What `check` found in a file.

    Attributes:
        records: the findings, in order of place.
        faults: why the file, or a part of it, could not be looked at.
        warnings: what else went wrong.
    """

    records: tuple[Record, ...] = ()
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class FixReport:
    """What `fix` did to a file.

    Attributes:
        path: the file, as the user named it.
        fixed: how often each rule was applied.
        remaining: how many unsafe fixes were left alone.
        faults: why the file could not be read, parsed or written.
        warnings: what else went wrong: fixes that turned out to be impossible.
        text: the text afterwards, encoded as the file is.
        hunks: the changes.
        encoding: that of the file.
        has_failed: whether there was a result that could not be brought about; the file is as it was.
    """

    path: str
    fixed: Mapping[str, int] = field(default_factory=dict)
    remaining: int = 0
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    text: bytes = b""
    hunks: tuple[Hunk, ...] = ()
    encoding: str = "utf-8"
    has_failed: bool = False


def shown_path(path: Path) -> str:
    """A path as the user named it; one below the working directory is relative to that."""
    if path.is_absolute():
        try:
            return str(path.relative_to(Path.cwd()))
        except ValueError:
            return str(path)
    return str(path)
