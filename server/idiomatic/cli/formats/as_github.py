"""For GitHub Actions: workflow commands that become annotations of a pull request."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.project.scan.reports import Record

_LEVELS: Final = {"error": "error", "warning": "warning", "information": "notice", "hint": "notice"}


def lines(records: Sequence[Record]) -> Iterator[str]:
    """`::warning file=...,line=...::message` for each finding."""
    for record in records:
        properties = {
            "title": f"idiomatic ({record.rule})",
            "file": PurePath(record.path).as_posix(),
            "line": str(record.line),
            "col": str(record.column),
            "endLine": str(record.end_line),
            "endColumn": str(record.end_column),
        }
        if record.cell:
            # Lines count in a cell, not in the file.
            for name in ("line", "col", "endLine", "endColumn"):
                del properties[name]
        elif record.end_line != record.line:
            del properties["col"], properties["endColumn"]  # columns count only within one line there
        listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        message = f"{record.path}:{record.place}: {record.rule} {record.message}"
        yield f"::{_LEVELS[record.severity]} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
