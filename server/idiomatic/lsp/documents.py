"""The texts that are open in the client: what stands there counts, whatever the disk says.

The text is the client's; every change is applied to an immutable `Document`, in the order in which they arrive. One
that can't be meant (for a document that is not open, of an older version, beyond the end) changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from idiomatic.core.document import Document
from idiomatic.core.text import Span
from idiomatic.lsp import changes, types
from idiomatic.lsp.changes import ChangeError
from idiomatic.lsp.positions import PositionError, Positions
from idiomatic.lsp.uris import path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.unit import Unit
    from idiomatic.lsp.changes import Change, Changes
    from idiomatic.lsp.server import Server

logger = logging.getLogger(__name__)

PYTHON_SUFFIXES = frozenset({".py", ".pyi", ".pyw"})

LARGE: Final = 50_000
"""How many characters are parsed in less time than anybody notices: 10 ms."""


def register(server: Server) -> None:
    """Take note of what is opened, changed and closed."""
    server.feature(types.TEXT_DOCUMENT_DID_OPEN, types.DidOpenTextDocumentParams)(_opened)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(_changed_by)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE, types.DidCloseTextDocumentParams)(_closed)


def _opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    ls.opened(params["textDocument"])


def _changed_by(ls: Server, params: object) -> None:
    try:
        ls.changed(changes.read(params))
    except ChangeError as error:
        logger.error("%s was left out: %s", types.TEXT_DOCUMENT_DID_CHANGE, error)  # noqa: TRY400 - theirs, not ours


def _closed(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    ls.closed(params["textDocument"]["uri"])


class OpenDocument:
    """A text that is open in the client.

    Attributes:
        uri: what the client calls it.
        language: what the client takes it for.
        version: the client's number of this version.
        is_open: whether it is still open.
    """

    def __init__(self, uri: str, language: str, version: int, positions: Positions | Future[Positions]) -> None:
        self.uri = uri
        self.language = language
        self.version = version
        self._positions = positions
        self.is_open = True

    @property
    def positions(self) -> Positions:
        """This version, and how the client counts in it. Immutable: to keep it is to have a snapshot.

        Whoever asks before it is parsed waits; on the event loop that is what `parsed` is for.
        """
        # The result is not kept here: two threads may wait for it, and the event loop may have a newer one by then.
        positions = self._positions
        return positions.result() if isinstance(positions, Future) else positions

    @positions.setter
    def positions(self, new: Positions) -> None:
        self._positions = new

    async def parsed(self) -> None:
        """Wait until the text was parsed that was opened."""
        if isinstance(self._positions, Future):
            await asyncio.wrap_future(self._positions)

    @property
    def document(self) -> Document:
        """The text of this version."""
        return self.positions.document

    @property
    def whole(self) -> OpenDocument:
        """What it is looked at together with: itself, but for a cell of a notebook."""
        return self

    @property
    def parts(self) -> Mapping[str, OpenDocument]:
        """What the client asks about, by URI: the cells of a notebook, else the document itself."""
        return {self.uri: self}

    @property
    def path(self) -> Path | None:
        """Its file; `None` for a text that has none, such as one that was never saved."""
        return path_of(self.uri)

    @property
    def is_python(self) -> bool:
        """Whether it is looked at at all: clients also open the configuration files here."""
        return self.language == "python" or (
            not self.language and PurePosixPath(self.uri.partition("?")[0]).suffix in PYTHON_SUFFIXES
        )


class ByPath(Mapping[Path, Document]):
    """The open Python texts by their files, as they are at any moment."""

    def __init__(self, documents: dict[Path, OpenDocument]) -> None:
        self._documents = documents

    def __getitem__(self, path: Path) -> Document:
        return self._documents[path].document

    def __iter__(self) -> Iterator[Path]:
        return iter(list(self._documents))

    def __len__(self) -> int:
        return len(self._documents)


class Documents(Mapping[str, OpenDocument]):
    """All that is open, by URI.

    Attributes:
        unit: what the client counts columns in; to be set before the first document is opened.
        parser: the thread in which what is large is parsed.
        by_path: the Python texts among them, by their files.
    """

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.parser = ThreadPoolExecutor(max_workers=1, thread_name_prefix="idiomatic-parser")
        self._open: dict[str, OpenDocument] = {}
        self._parts: dict[str, OpenDocument] = {}
        self._files: dict[Path, OpenDocument] = {}
        self.by_path = ByPath(self._files)

    def __getitem__(self, uri: str) -> OpenDocument:
        return self._open[uri]

    def __iter__(self) -> Iterator[str]:
        return iter(self._open)

    def __len__(self) -> int:
        return len(self._open)

    def text(self, uri: str) -> OpenDocument | None:
        """The open text of that name: a document, or a cell of a notebook."""
        found = self._open.get(uri)
        return found if found is not None and uri in found.parts else self._parts.get(uri)

    def add(self, notebook: OpenDocument) -> None:
        """A notebook was opened, or has other cells than before."""
        before = self._open.get(notebook.uri)
        if before is not None and before is not notebook:
            logger.warning("%s was opened twice", notebook.uri)
            before.is_open = False
        self._open[notebook.uri] = notebook
        self._parts = {uri: part for uri, part in self._parts.items() if part.whole not in {before, notebook}}
        self._parts |= notebook.parts

    def open(self, item: types.TextDocumentItem) -> OpenDocument:
        """A text was opened."""
        uri = item["uri"]
        if uri in self._open:
            logger.warning("%s was opened twice", uri)
            self._open[uri].is_open = False
        text, unit = item["text"], self.unit
        # Others are to be heard while a large file is parsed: in another thread that takes turns with this one.
        positions = _parsed(text, unit) if len(text) < LARGE else self.parser.submit(_parsed, text, unit)
        opened = OpenDocument(uri, item["languageId"], item["version"], positions)
        self._open[uri] = opened
        if opened.is_python and opened.path is not None:
            self._files[opened.path] = opened
        return opened

    def change(self, made: Changes) -> OpenDocument | None:
        """A text was changed: by all of the changes, one after the other, or by none of them.

        Returns:
            The changed document, `None` if nothing changed.
        """
        uri, version = made.document["uri"], made.document["version"]
        document = self._open.get(uri)
        if document is None:
            logger.warning("A change of %s, which is not open, was left out", uri)
            return None
        if version <= document.version:
            logger.warning(
                "A change of %s to version %s came after version %s: left out", uri, version, document.version
            )
            return None
        positions = document.positions
        try:
            for change in made.changes:
                positions = _changed(positions, change)
        except PositionError as error:
            logger.warning("A change of %s to version %s was left out: %s", uri, version, error)
            return None
        document.positions = positions
        document.version = version
        return document

    def close(self, uri: str) -> OpenDocument | None:
        """A text was closed; the disk counts again."""
        document = self._open.pop(uri, None)
        if document is None:
            logger.warning("%s was closed, which was not open", uri)
        else:
            document.is_open = False
            for part in document.parts:
                self._parts.pop(part, None)
            if document.path is not None:
                self._files.pop(document.path, None)
        return document

    def end(self) -> None:
        """Parse nothing any more."""
        self.parser.shutdown(wait=False, cancel_futures=True)


def _parsed(text: str, unit: Unit) -> Positions:
    return Positions(Document.parse(text), unit)


def _changed(positions: Positions, change: Change) -> Positions:
    document = positions.document
    span = Span(0, len(document)) if change.place is None else positions.span(change.place)
    return Positions(document.edit(span, change.text), positions.unit)
