"""What is shown: tables for the terminal and for Markdown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table as RichTable


@dataclass(frozen=True)
class Table:
    """Rows of text.

    Attributes:
        title: what is measured.
        columns: the headings; those of numbers end in a unit or a sign and are aligned right with their column.
        rows: the cells, as many as there are columns.
        notes: what has to be known to read it, sentences.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def rich(self) -> RichTable:
        """For a terminal."""
        table = RichTable(title=self.title, title_justify="left", caption="\n".join(self.notes), caption_justify="left")
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="right" if self._is_numeric(index) else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """For a document."""
        marks = ["---:" if self._is_numeric(index) else "---" for index in range(len(self.columns))]
        lines = [f"### {self.title}", "", _line(self.columns), _line(marks), *map(_line, self.rows)]
        if self.notes:
            lines += ["", " ".join(self.notes)]
        return "\n".join(lines) + "\n"

    def _is_numeric(self, index: int) -> bool:
        cells = [row[index] for row in self.rows]
        return bool(cells) and all(cell[:1].isdigit() or cell == MISSING for cell in cells)


@dataclass(frozen=True)
class Report:
    """What a part of the benchmark found out.

    Attributes:
        tables: the numbers.
        notes: what is left out, and why: sentences.
        complaints: what is wrong with them, or with what was measured: sentences. Any makes the run fail.
    """

    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    complaints: Sequence[str] = ()


MISSING = "-"
"""What stands in the place of a number that is not there."""


MARKER = "<!-- Everything below is written by `make bench`. -->"
"""Where the tables begin in a document that has more to say."""


def replaced(document: str, tables: str) -> str:
    """A document with other tables below its marker; without a marker there is nothing else."""
    head, marker, _ = document.partition(MARKER)
    return f"{head}{marker}\n\n{tables}" if marker else tables


def number(value: float) -> str:
    """Three significant digits, as far as they are before the point or one of two behind it."""
    if math.isnan(value):
        return MISSING
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}"


def _line(cells: Sequence[str]) -> str:
    escaped = (cell.replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"
