"""What `fix` did: plain values, which go from process to process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idiomatic.core.diff import Hunk
    from idiomatic.project.scan.reports import Fault


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
        is_waiting: whether nothing was done yet, because it is not known what other files do.
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
    is_waiting: bool = False
