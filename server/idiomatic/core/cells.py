r"""The cells of a notebook, joined to one document: what one of them imports or binds, the later ones know.

Each cell is parsed by itself, as it is run: one that does not parse does not reach into the next. In the joined text it
has its own lines and then an empty one, so that the end of a cell and the beginning of the next one are two places.
Lines end with `\n` there, whatever they end with in the cell.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from idiomatic.core.document import Document
from idiomatic.core.edits import difference, trimmed
from idiomatic.core.magics import Masked, masked
from idiomatic.core.text import Edit, Lines, Span, apply_edits, newline_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from idiomatic.core.statement import Statement

_GUARD: Final = "\n\n"

_SILENT: Final = frozenset({"print", "append", "clear", "close", "extend", "release", "sort"})
"""Calls that are made for what they do: nobody misses the `None` they give."""


class Cell:
    """One version of a cell with Python.

    Attributes:
        raw: its text, as it is written in the notebook.
    """

    def __init__(self, raw: str) -> None:
        self.raw = raw

    @cached_property
    def text(self) -> str:
        r"""The text with `\n` at the end of each line."""
        return re.sub(r"\r\n?", "\n", self.raw) if "\r" in self.raw else self.raw

    @cached_property
    def lines(self) -> Lines:
        """The lines of `text`."""
        return Lines(self.text)

    @cached_property
    def newline(self) -> str:
        r"""The line ending that new lines get: the first one it uses, else `\n`."""
        return newline_of(self.raw)

    @cached_property
    def masked(self) -> Masked:
        """The text as the engine sees it."""
        return masked(self.text)

    @cached_property
    def document(self) -> Document:
        """What the engine sees of it, parsed; it ends with the line that keeps it apart from the next cell."""
        return Document.parse(self.masked.text + _GUARD)

    def edited(self, span: Span, new: str) -> Cell:
        """The cell after `new` replaced the characters of `span`, both as they are written in the notebook."""
        cell = Cell(self.raw[: span.start] + new + self.raw[span.end :])
        before, after = self.masked, cell.masked
        if "\r" in self.raw or "\r" in new or before.text is not self.text or after.text is not cell.text:
            whole = Edit(Span(0, len(before.text)), after.text)
            changed = trimmed(before.text, whole)
            span, new = changed.span, changed.text
        cell.document = self.document.edit(span, new)
        return cell

    def after(self, edits: Iterable[Edit]) -> Cell:
        r"""The cell after edits of its part of the joined text, made at once.

        What they add below the last line gets a line of its own, and takes no line ending with it.
        """
        full = f"{self.text}\n"
        end = len(full)
        inside = (Edit(Span(min(each.span.start, end), min(each.span.end, end)), each.text) for each in edits)
        new = apply_edits(full, inside).removesuffix("\n")
        change = trimmed(self.text, Edit(Span(0, len(self.text)), new))
        if "\r" in self.raw:
            return Cell(new.replace("\n", self.newline))
        return self.edited(change.span, change.text)

    @cached_property
    def shows_value(self) -> bool:
        """Whether running it shows the value of its last expression."""
        node = next((leaf.nodes[-1] for leaf in reversed(self.document.statements) if leaf.nodes), None)
        if not isinstance(node, ast.Expr) or self.text.rstrip().endswith(";"):
            return False
        match node.value:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                return name not in _SILENT
            case ast.Constant(value=None):
                return False
            case _:
                return True


class NotebookDocument(Document):
    """The Python cells of a notebook as one module.

    Attributes:
        cells: in order.
        home: the only cell that new imports may go into; `None`: where the notebook's imports are.
    """

    is_notebook = True

    def __init__(self, cells: Iterable[Cell], home: int | None = None) -> None:
        self.cells: Sequence[Cell] = tuple(cells)
        self.home = home
        super().__init__(statement for cell in self.cells for statement in cell.document.statements)

    def confined(self, home: int) -> NotebookDocument:
        """The same, for an edit that may not import anything in another cell."""
        return NotebookDocument(self.cells, home)

    # -- places -------------------------------------------------------------------------------------------------------

    @cached_property
    def starts(self) -> Sequence[int]:
        """Where the cells begin, and the end."""
        return list(accumulate((len(cell.document) for cell in self.cells), initial=0))

    def cell_at(self, offset: int) -> int:
        """The number of the cell that an offset lies in."""
        return max(0, min(bisect_right(self.starts, offset), len(self.cells)) - 1)

    def local(self, index: int, offset: int) -> int:
        """An offset as one of a cell's text: its end, if it lies behind that."""
        return max(0, min(offset - self.starts[index], len(self.cells[index].text)))

    def is_foreign(self, span: Span) -> bool:
        """Whether a span begins in what is no Python."""
        index = self.cell_at(span.start)
        local = span.start - self.starts[index]
        return any(each.start <= local <= each.end for each in self.cells[index].masked.foreign)

    def around(self, statement: Statement | None) -> tuple[Document, int]:
        """The cell that a statement is in, and where it begins."""
        index = 0 if statement is None else self.cell_at(self.offset(statement))
        return (self.cells[index].document, self.starts[index]) if self.cells else (self, 0)

    def importing(self, before: Statement | None) -> tuple[Document, int]:
        """The cell that a new import goes into, and where it begins.

        That is the first one with imports, if it is not below the statement that needs them; else the statement's own.
        """
        last = self.home if self.home is not None else len(self.cells) - 1
        if before is not None:
            last = min(last, self.cell_at(self.offset(before)))
        first = last if self.home is not None else 0
        for index in range(first, last + 1):
            cell = self.cells[index]
            if not cell.masked.is_function and _imports(cell.document):
                return cell.document, self.starts[index]
        return (self.cells[last].document, self.starts[last]) if self.cells else (self, 0)

    def may_import(self, statement: Statement) -> bool:
        """Whether a new import may join one in a statement."""
        index = self.cell_at(self.offset(statement))
        return self.home in {None, index} and not self.cells[index].masked.is_function

    # -- edits --------------------------------------------------------------------------------------------------------

    def edit(self, span: Span, text: str) -> NotebookDocument:
        """The notebook after `text` replaced the characters of `span`, in one of its cells.

        Raises:
            ValueError: the span lies outside the text, or in two cells.
        """
        return self.edited([Edit(span, text)])

    def edited(self, edits: Iterable[Edit]) -> NotebookDocument:
        """The notebook after several edits that do not overlap, each in one of its cells.

        Raises:
            ValueError: two edits overlap, or one lies outside the text or in two cells.
        """
        cells = list(self.cells)
        for index, own in self.by_cell(edits).items():
            cells[index] = cells[index].after(own)
        return NotebookDocument(cells, self.home)

    def by_cell(self, edits: Iterable[Edit]) -> Mapping[int, Sequence[Edit]]:
        """The edits by the number of their cell, in its offsets.

        Raises:
            ValueError: one lies outside the text or in two cells.
        """
        found: dict[int, list[Edit]] = {}
        for edit in edits:
            index = self.cell_at(edit.span.start)
            if not self.cells or not self.starts[index] <= edit.span.start <= edit.span.end <= self.starts[index + 1]:
                msg = f"{edit.span} does not lie in one of the cells"
                raise ValueError(msg)
            found.setdefault(index, []).append(edit.shifted(-self.starts[index]))
        return found

    def changes(self, new: NotebookDocument) -> Iterator[Edit]:
        """The smallest edits that make another version of this one, with the same cells."""
        for start, cell, other in zip(self.starts, self.cells, new.cells, strict=False):
            if cell is not other:
                yield from (edit.shifted(start) for edit in difference(cell.text, other.text))

    def obstacle(self, edits: Iterable[Edit]) -> str | None:
        """Why edits can't be made in this notebook, a sentence; `None` if they can."""
        try:
            by_cell = self.by_cell(edits)
        except ValueError:
            return "It would change two cells of the notebook in one piece."
        for index, own in by_cell.items():
            cell = self.cells[index]
            if any(_touches(edit.span, each) for edit in own for each in cell.masked.foreign):
                return "It would change a line of the cell that is no Python: a magic or a shell command."
            if cell.shows_value and not cell.after(own).shows_value:
                return "The cell would no longer show the value of its last expression."
        return None


def _imports(document: Document) -> bool:
    return any(
        isinstance(node, ast.Import | ast.ImportFrom) for statement in document.statements for node in statement.nodes
    )


def _touches(span: Span, foreign: Span) -> bool:
    if span.start == span.end:
        return foreign.start < span.start < foreign.end
    return span.start < foreign.end and foreign.start < span.end
