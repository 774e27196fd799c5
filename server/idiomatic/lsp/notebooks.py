"""The notebooks that are open in the client, kept as it tells of them (`notebookDocument/...`).

A notebook is looked at as one module, made of its Python cells in their order: to the rest of the server it is one
document. What a client asks about is a cell, of which the answer is its part of what is known of that.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from idiomatic.core.cells import Cell
from idiomatic.lsp import changes, types
from idiomatic.lsp.cells import NotebookPositions, changed
from idiomatic.lsp.changes import ChangeError
from idiomatic.lsp.documents import LARGE, OpenDocument
from idiomatic.lsp.positions import PositionError
from idiomatic.lsp.protocol import RequestFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    from idiomatic.core.unit import Unit
    from idiomatic.lsp.cells import CellPositions
    from idiomatic.lsp.server import Server

logger = logging.getLogger(__name__)


def register(server: Server) -> None:
    """Take note of what is opened, changed and closed."""
    opened, closed = types.DidOpenNotebookDocumentParams, types.DidCloseNotebookDocumentParams
    server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN, opened)(_opened)
    server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE, types.DidChangeNotebookDocumentParams)(_changed)
    server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE, closed)(_closed)


def _opened(ls: Server, params: types.DidOpenNotebookDocumentParams) -> None:
    documents = ls.documents
    notebook = OpenNotebook(params["notebookDocument"], params["cellTextDocuments"], documents.unit, documents.parser)
    documents.add(notebook)
    ls.touched(notebook)


def _changed(ls: Server, params: types.DidChangeNotebookDocumentParams) -> None:
    uri = params["notebookDocument"]["uri"]
    notebook = ls.documents.get(uri)
    if not isinstance(notebook, OpenNotebook):
        logger.warning("A change of the notebook %s, which is not open, was left out", uri)
        return
    before = set(notebook.parts)
    try:
        notebook.change(params)
    except (ChangeError, PositionError, LookupError) as error:
        logger.warning("A change of the notebook %s was left out: %s", uri, error)
        return
    ls.documents.add(notebook)
    for gone in before - set(notebook.parts):
        ls.withdraw(gone)
    ls.touched(notebook)


def _closed(ls: Server, params: types.DidCloseNotebookDocumentParams) -> None:
    ls.closed(params["notebookDocument"]["uri"])


class Text(Struct, frozen=True):
    """The text of a cell, whatever is in it.

    Attributes:
        language: what the client takes it for.
        version: the client's number of this version.
        cell: the text, parsed when somebody wants to know.
    """

    language: str
    version: int
    cell: Cell


class OpenNotebook(OpenDocument):
    """A notebook that is open in the client.

    Attributes:
        shown: what a client that does not ask was told last about each, with the version.
        edited: the cell that was edited last.
    """

    def __init__(
        self,
        item: types.NotebookDocument,
        texts: Sequence[types.TextDocumentItem],
        unit: Unit,
        parser: ThreadPoolExecutor,
    ) -> None:
        self._unit = unit
        self._cells = list(item["cells"])
        self._texts = {each["uri"]: _text(each) for each in texts}
        self._parts: Mapping[str, OpenCell] = {}
        self.shown: dict[str, tuple[int, Sequence[types.Diagnostic]]] = {}
        self.edited: str | None = None
        join = self._join()
        is_small = sum(len(each["text"]) for each in texts) < LARGE
        super().__init__(item["uri"], "python", item["version"], join() if is_small else parser.submit(join))

    @property
    def parts(self) -> Mapping[str, OpenDocument]:
        """Its cells that are Python code, by URI, in order."""
        return self._parts

    @property
    def cells(self) -> Mapping[str, CellPositions]:
        """The Python cells of this version, by URI."""
        positions = self.positions
        assert isinstance(positions, NotebookPositions)
        return positions.cells

    def _join(self) -> Callable[[], NotebookPositions]:
        """What joins the cells as they are now; `parts` says already which they are."""
        wanted = [each["document"] for each in self._cells if self._is_python(each)]
        cells = [(uri, self._texts[uri].version, self._texts[uri].cell) for uri in wanted]
        self._parts = {uri: self._parts.get(uri) or OpenCell(uri, self) for uri in wanted}
        unit = self._unit
        return lambda: NotebookPositions(cells, unit)

    def _is_python(self, cell: types.NotebookCell) -> bool:
        text = self._texts.get(cell["document"])
        return text is not None and cell["kind"] == types.CODE_CELL and text.language == "python"

    def change(self, params: types.DidChangeNotebookDocumentParams) -> None:
        """Take over everything that changed, or nothing of it.

        Raises:
            ChangeError: a change of a text is none.
            PositionError: a change of a text can't be meant.
            LookupError: a cell is meant that there is not.
        """
        # Whoever is parsing reads them.
        _ = self.positions
        made = params["change"].get("cells") or {}
        cells, texts = list(self._cells), dict(self._texts)
        if (structure := made.get("structure")) is not None:
            array = structure["array"]
            start, count = array["start"], array["deleteCount"]
            if start + count > len(cells):
                raise IndexError(f"there are no {count} cells at {start} of {len(cells)}")
            cells[start : start + count] = array.get("cells") or []
            for closed in structure.get("didClose") or ():
                texts.pop(closed["uri"], None)
            texts |= {each["uri"]: _text(each) for each in structure.get("didOpen") or ()}
        for new in made.get("data") or ():
            cells[_index(cells, new["document"])] = new
        edited = None
        for content in made.get("textContent") or ():
            uri, version = content["document"]["uri"], content["document"]["version"]
            if uri not in texts:
                raise KeyError(f"{uri} is not open")
            if version <= texts[uri].version:
                raise ChangeError(f"version {version} of {uri} came after version {texts[uri].version}")
            cell = changed(texts[uri].cell, changes.all_of(content["changes"]), self._unit)
            texts[uri] = replace(texts[uri], version=version, cell=cell)
            edited = uri
        self._cells, self._texts, self.edited = cells, texts, edited
        self.version = params["notebookDocument"]["version"]
        self.positions = self._join()()


def _text(item: types.TextDocumentItem) -> Text:
    return Text(item["languageId"], item["version"], Cell(item["text"]))


def _index(cells: Sequence[types.NotebookCell], uri: str) -> int:
    for index, cell in enumerate(cells):
        if cell["document"] == uri:
            return index
    raise KeyError(f"{uri} is no cell of the notebook")


class OpenCell(OpenDocument):
    """A cell with Python of a notebook that is open in the client."""

    def __init__(self, uri: str, notebook: OpenNotebook) -> None:
        # Its version and its text are those of the notebook.
        self.uri = uri
        self.language = "python"
        self.notebook = notebook

    @property
    def whole(self) -> OpenDocument:
        """The notebook."""
        return self.notebook

    @property
    def is_open(self) -> bool:  # type: ignore[override]
        """Whether it is still a cell of an open notebook."""
        return self.notebook.is_open and self.uri in self.notebook.parts

    @property  # type: ignore[misc]
    def positions(self) -> CellPositions:  # type: ignore[override]
        """The cell in this version of the notebook.

        Raises:
            RequestFailed: it has gone.
        """
        if self.uri not in self.notebook.cells:
            raise RequestFailed(f"{self.uri} was closed")
        return self.notebook.cells[self.uri]

    @property
    def version(self) -> int:  # type: ignore[override]
        """The client's number of this version of the cell."""
        return self.positions.version

    async def parsed(self) -> None:
        """Wait until the notebook was parsed that was opened."""
        await self.notebook.parsed()

    @property
    def path(self) -> Path | None:
        """The file of the notebook."""
        return self.notebook.path
