"""For other programs: a list of objects."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.project.scan.reports import Record


def lines(records: Sequence[Record]) -> Iterator[str]:
    """A list with an object for each finding; lines and columns count from 1, columns in characters."""
    if not records:
        yield "[]"
        return
    for index, record in enumerate(records):
        text = json.dumps(_object(record))
        yield f"{' ' if index else '['}{text}{']' if index == len(records) - 1 else ','}"


def _object(record: Record) -> dict[str, object]:
    return {
        "rule": record.rule,
        "path": PurePath(record.path).as_posix(),
        **({"cell": record.cell} if record.cell else {}),
        "line": record.line,
        "column": record.column,
        "end_line": record.end_line,
        "end_column": record.end_column,
        "message": record.message,
        "severity": str(record.severity),
        "fix": record.fix and {"safety": record.fix.safety, "title": record.fix.title},
    }
