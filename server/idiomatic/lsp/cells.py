"""Between the positions in the cells of a notebook and the offsets of the one document that they are joined to."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from idiomatic.core.cells import Cell, NotebookDocument
from idiomatic.core.edits import difference
from idiomatic.core.text import Lines, Span
from idiomatic.lsp.positions import PositionError, Positions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.text import Edit
    from idiomatic.core.unit import Unit
    from idiomatic.lsp import types
    from idiomatic.lsp.changes import Change


class NotebookPositions(Positions):
    """One version of a notebook. Immutable, like what it is made of.

    Attributes:
        cells: its Python cells, by URI.
    """

    document: NotebookDocument

    def __init__(self, cells: Sequence[tuple[str, int, Cell]], unit: Unit) -> None:
        """Join cells, each given by its URI, the client's number of its version, and its text."""
        super().__init__(NotebookDocument(cell for _, _, cell in cells), unit)
        self.cells: Mapping[str, CellPositions] = {
            uri: CellPositions(self, index, uri, version) for index, (uri, version, _) in enumerate(cells)
        }

    def edits(self, edits: Sequence[Edit]) -> Iterator[tuple[CellPositions, Sequence[types.TextEdit]]]:
        """Edits of the joined document as edits of cells, for the client."""
        by_cell = self.document.by_cell(edits)
        for index, cell in enumerate(self.cells.values()):
            if index in by_cell:
                new = cell.cell.after(by_cell[index])
                yield cell, [cell.edit(each.shifted(cell.start)) for each in difference(cell.cell.text, new.text)]


class CellPositions(Positions):
    """The positions in one cell of one version of a notebook.

    Attributes:
        notebook: that version.
        index: which of its Python cells it is.
        uri: what the client calls the cell.
        version: the client's number of the cell's version.
        cell: its text.
        start: where it begins in the joined document.
    """

    def __init__(self, notebook: NotebookPositions, index: int, uri: str, version: int) -> None:
        self.notebook = notebook
        self.unit = notebook.unit
        self.uri = uri
        self.version = version
        self.cell = notebook.document.cells[index]
        self.start = notebook.document.starts[index]
        self.index = index

    @cached_property
    def document(self) -> NotebookDocument:  # type: ignore[override]
        """The whole notebook, for edits that may not go into another cell."""
        return self.notebook.document.confined(self.index)

    def has(self, span: Span) -> bool:
        """Whether a span of the joined document begins in this cell."""
        return self.notebook.document.cell_at(span.start) == self.index

    def is_behind(self, offset: int) -> bool:
        """Whether an offset is on the line that the joined document has below the last one of the cell."""
        return offset - self.start > len(self.cell.text)

    def position(self, offset: int) -> types.Position:
        """The position of an offset; one behind the end of the cell is that end."""
        local = self.notebook.document.local(self.index, offset)
        line, column = self.cell.lines.position(local)
        return {"line": line, "character": self.unit.width(self.cell.text[local - column : local])}

    def offset(self, position: types.Position) -> int:
        """The offset of a position; a column past the end of its line is that end, a line past the last one the end."""
        return self.start + self.cell.lines.offset(position["line"], position["character"], self.unit)

    @property
    def _last_line(self) -> int:
        return len(self.cell.lines) - 1

    def edit(self, edit: Edit) -> types.TextEdit:
        """An edit of this cell, for the client."""
        # What goes below the last line needs a line end above it, not below.
        text = f"\n{edit.text.removesuffix(chr(10))}" if self.is_behind(edit.span.start) else edit.text
        return {"range": self.range(edit.span), "newText": text.replace("\n", self.cell.newline)}


def changed(cell: Cell, changes: Sequence[Change], unit: Unit) -> Cell:
    """A cell after changes of the client's, one after the other.

    Raises:
        PositionError: one of them can't be meant.
    """
    for change in changes:
        cell = cell.edited(_span(cell, change, unit), change.text)
    return cell


def _span(cell: Cell, change: Change, unit: Unit) -> Span:
    if change.place is None:
        return Span(0, len(cell.raw))
    lines = cell.lines if cell.text is cell.raw else Lines(cell.raw)
    start, end = change.place["start"], change.place["end"]
    if start["line"] >= len(lines):
        raise PositionError(f"line {start['line']} of a cell whose last line is {len(lines) - 1}")
    span = Span(
        lines.offset(start["line"], start["character"], unit), lines.offset(end["line"], end["character"], unit)
    )
    if span.end < span.start:
        raise PositionError(f"the range {change.place} ends before it begins")
    return span
