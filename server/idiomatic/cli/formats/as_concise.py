"""One line per finding: for editors and for `grep`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idiomatic.cli.terminal import style, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.project.scan.reports import Record


def lines(records: Sequence[Record]) -> Iterator[str]:
    """`path:line:column: rule message`."""
    return map(header, records)


def header(record: Record) -> str:
    """`path:line:column: rule message`."""
    place = f"{style(record.path, bold=True)}:{record.place}"
    return f"{place}: {style(record.rule, fg='red', bold=True)} {visible(record.message)}"
