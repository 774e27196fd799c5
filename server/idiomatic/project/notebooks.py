"""Notebooks as files (`.ipynb`): their Python cells, and where in them something is.

Only what is needed to read them: a notebook is changed in an editor, which knows what is running.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from idiomatic.core.cells import Cell, NotebookDocument
from idiomatic.project.files import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from idiomatic.project.files import Source

SUFFIX: Final = ".ipynb"

NOT_FIXED: Final = "is a notebook: its findings are fixed in an editor"


class Place(Struct, frozen=True):
    """A place in a cell; everything counts from 1, cells of any kind included.

    Attributes:
        cell: which cell.
        line: which of its lines.
        column: likewise, in characters.
    """

    cell: int
    line: int
    column: int


class Notebook(Struct, frozen=True):
    """A notebook that was read.

    Attributes:
        document: its Python cells.
        numbers: which of all cells these are, from 1.
    """

    document: NotebookDocument
    numbers: tuple[int, ...]

    def place(self, offset: int) -> Place:
        """Where an offset of the document is."""
        index = self.document.cell_at(offset)
        line, column = self.document.cells[index].lines.position(self.document.local(index, offset))
        return Place(self.numbers[index], line + 1, column + 1)

    def cell(self, offset: int) -> Cell:
        """The cell that an offset of the document is in."""
        return self.document.cells[self.document.cell_at(offset)]

    def faults(self) -> Iterator[tuple[str, Place]]:
        """Why cells do not parse, for each that does not."""
        for number, cell in zip(self.numbers, self.document.cells, strict=True):
            if (fault := cell.document.fault) is not None:
                yield fault.message, Place(number, fault.line + 1, fault.column + 1)


def is_notebook(path: Path) -> bool:
    """Whether a file is a notebook, by its name."""
    return path.suffix == SUFFIX


def read(source: Source) -> Notebook:
    """The notebook in a file.

    Raises:
        FileError: it is none.
    """
    try:
        content = json.loads(source.raw)
    except (ValueError, RecursionError) as error:
        raise FileError(source.path, f"is no notebook: {error}") from error
    match content:
        case {"cells": list(cells)}:
            metadata = content.get("metadata")
            is_python = _language(metadata) in {None, "python", "ipython"}
            found = [(number, text) for number, each in enumerate(cells, 1) if (text := _python(each)) is not None]
            found = found if is_python else []
            return Notebook(NotebookDocument(Cell(text) for _, text in found), tuple(number for number, _ in found))
        case _:
            raise FileError(source.path, "is no notebook: it has no cells (only nbformat 4 is known)")


def _language(metadata: Any) -> str | None:
    """The language of a notebook, in lower case, if it says which."""
    match metadata:
        case {"language_info": {"name": str(name)}} | {"kernelspec": {"language": str(name)}}:
            return name.lower()
        case _:
            return None


def _python(cell: Any) -> str | None:
    """The text of a cell, if it is code that nobody says is of another language."""
    match cell:
        case {"metadata": {"vscode": {"languageId": str(language)}}} if language != "python":
            return None
        case {"cell_type": "code", "source": str(text)}:
            return text
        case {"cell_type": "code", "source": list(lines)} if all(isinstance(line, str) for line in lines):
            return "".join(lines)
        case _:
            return None
