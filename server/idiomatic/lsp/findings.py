"""What is known about an open document, kept up to date.

A question about a document waits until what is known belongs to its current text; what was found out about an older one
meanwhile is never shown, but is what the next look begins with.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from idiomatic.core.idiom import Severity
from idiomatic.lsp.protocol import RequestFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from idiomatic.core.engine import Analysed, Diagnostic
    from idiomatic.core.text import Span
    from idiomatic.lsp import types
    from idiomatic.lsp.documents import OpenDocument
    from idiomatic.lsp.links import Links
    from idiomatic.lsp.positions import Positions
    from idiomatic.lsp.worker import Worker
    from idiomatic.lsp.workspaces import Workspaces
    from idiomatic.project.definitions import Definitions
    from idiomatic.project.workspace import Settings

logger = logging.getLogger(__name__)

_PATIENCE: Final = 0.15
"""How many seconds a look waits for what installed packages say, before it goes on without."""


class State(Struct, frozen=True):
    """Everything that findings depend on, besides the text: what is found in another state is out of date.

    Attributes:
        generation: of the configuration.
        others: of the other files.
    """

    generation: int
    others: int


class Item(Struct, frozen=True):
    """A finding as the client shows it.

    Attributes:
        row: the line on which the leaf begins that it is in.
        shown: what is underlined.
    """

    row: int
    shown: types.Diagnostic


class Findings(Struct, frozen=True, eq=False, dict=True):
    """What was found in one version of a document, under one configuration.

    Attributes:
        uri: which document.
        version: the client's number of that version.
        positions: that version.
        analysed: the findings.
        settings: what counted for it.
        project: what was known of the files around.
        links: where the pages of the rules are.
        folder: that place at the time.
        is_enabled: whether the client wants anything for this document.
        state: what else they depend on.
        took: how many milliseconds it took to find them.
        before: the items of the version before, if all that they depend on besides the text is the same.
    """

    uri: str
    version: int
    positions: Positions
    analysed: Analysed
    settings: Settings
    project: Definitions
    links: Links
    folder: Path | None
    is_enabled: bool
    state: State
    took: float
    before: Mapping[Diagnostic, Item] = {}

    @cached_property
    def report(self) -> Sequence[types.Diagnostic]:
        """What is underlined in the document."""
        return [item.shown for item in self.items.values()]

    @cached_property
    def items(self) -> Mapping[Diagnostic, Item]:
        """The findings that are reported, in order of place, each as what is underlined."""
        from idiomatic.lsp.diagnostics import item, moved

        # Most of them are on the same lines as before, or some lines further down: only these are new then.
        before, document = self.before, self.positions.document
        found: dict[Diagnostic, Item] = {}
        for each in self.analysed.diagnostics:
            if (known := before.get(each)) is not None:
                found[each] = moved(known, document.row(each.statement))
            elif self.is_shown(each) and self.has(each):
                found[each] = item(each, self)
        return found

    def has(self, diagnostic: Diagnostic) -> bool:
        """Whether a finding is in what the client asks about, which may be one cell of a notebook."""
        return self.positions.has(self.analysed.place(diagnostic))

    @property
    def parts(self) -> Mapping[str, Findings]:
        """What the client asks about, by URI: the cells of a notebook, else the document itself."""
        # What kept itself would be garbage that has to be looked for, after each edit.
        return {self.uri: self} if (cells := self._cells) is None else cells

    @cached_property
    def _cells(self) -> Mapping[str, Findings] | None:
        from idiomatic.lsp.cells import NotebookPositions

        if not isinstance(self.positions, NotebookPositions):
            return None
        cells = self.positions.cells.values()
        return {cell.uri: replace(self, uri=cell.uri, version=cell.version, positions=cell) for cell in cells}

    def is_shown(self, diagnostic: Diagnostic) -> bool:
        """Whether a finding is reported; others may still have code actions."""
        return (
            self.is_enabled
            and diagnostic.is_shown
            and self.severity(diagnostic) is not Severity.OFF
            and not self.settings.is_quiet(diagnostic.rule)
        )

    def severity(self, diagnostic: Diagnostic) -> Severity:
        """How loudly a finding is reported."""
        return self.settings.severity(diagnostic.rule)

    def items_for(self, settings: Settings, *, is_enabled: bool) -> Mapping[Diagnostic, Item]:
        """The items, if they are what they would be in a later version of the document."""
        from idiomatic.lsp.cells import NotebookPositions

        is_same = self.settings is settings and self.is_enabled is is_enabled and self.folder == self.links.folder
        return self.items if is_same and not isinstance(self.positions, NotebookPositions) else {}

    def at(self, span: Span) -> Iterator[Diagnostic]:
        """All findings that touch a span, those that are not reported included."""
        return self.analysed.at(span) if self.is_enabled else iter(())


class Analyser:
    """The findings of the open documents.

    Attributes:
        on_news: is called with a document about which more is known than when it was looked at.
    """

    def __init__(
        self,
        worker: Worker,
        background: Worker,
        workspaces: Workspaces,
        links: Links,
        on_news: Callable[[OpenDocument], None],
    ) -> None:
        self.on_news = on_news
        self._worker = worker
        self._background = background
        self._workspaces = workspaces
        self._links = links
        self._latest: dict[str, Findings] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._changes: Counter[str] = Counter()
        self._all_changes = 0
        self._asking: set[int] = set()

    async def current(self, document: OpenDocument) -> Findings:
        """The findings of a document as it is when they are there.

        Raises:
            RequestFailed: it was closed meanwhile.
        """
        if document.whole is not document:
            parts = (await self.current(document.whole)).parts
            if document.uri not in parts:
                raise RequestFailed(f"{document.uri} was closed")
            return parts[document.uri]
        await document.parsed()
        while (latest := self._latest.get(document.uri)) is None or not self.is_current(latest, document):
            if not document.is_open:
                raise RequestFailed(f"{document.uri} was closed")
            if latest is not None and document.uri not in self._running and self._find_now(document, latest):
                continue
            if document.uri not in self._running:
                self._running[document.uri] = asyncio.create_task(self._look(document, latest))
            # Several may wait for it: one who is cancelled must not cancel it for the others.
            await asyncio.shield(self._running[document.uri])
        return latest

    def is_current(self, findings: Findings, document: OpenDocument) -> bool:
        """Whether findings are those of the document as it is now."""
        return (
            document.is_open
            and findings.positions is document.positions
            and findings.state == self._state(document.uri)
        )

    def touch(self, uri: str | None) -> None:
        """A document changed, or (`None`) some file on the disk: what the others say about it may have, too."""
        self._all_changes += 1
        if uri is not None:
            self._changes[uri] += 1

    @property
    def changes(self) -> int:
        """How often that happened."""
        return self._all_changes

    def known(self, document: OpenDocument) -> Findings | None:
        """What is known of a document as it is, without a look at it."""
        latest = self._latest.get(document.uri)
        return latest if latest is not None and latest.positions is document.positions else None

    def forget(self, uri: str) -> None:
        """Keep nothing of a closed document."""
        self._latest.pop(uri, None)
        self._changes.pop(uri, None)

    def _state(self, uri: str) -> State:
        return State(self._workspaces.generation, self._all_changes - self._changes[uri])

    async def _look(self, document: OpenDocument, previous: Findings | None) -> None:
        try:
            await self._find(document, previous)
        finally:
            # Not in a callback of the task: one who asks between its end and the callback would find it finished,
            # wait for nothing, and ask again, without ever letting the callback run.
            del self._running[document.uri]

    def _find_now(self, document: OpenDocument, previous: Findings) -> bool:
        """Look at what an edit has changed, if that can be done without waiting for anything; says whether it was."""
        if not self._worker.is_idle or previous.state.generation != self._workspaces.generation:
            return False
        found = self._analyse(*self._snapshot(document), previous)
        if not found.project.is_complete and id(found.project) not in self._asking:
            return False
        self._latest[document.uri] = found
        return True

    def _snapshot(self, document: OpenDocument) -> tuple[str, Path | None, int, Positions, State]:
        return document.uri, document.path, document.version, document.positions, self._state(document.uri)

    async def _find(self, document: OpenDocument, previous: Findings | None) -> None:
        snapshot = self._snapshot(document)
        found = await self._worker.run(self._analyse, *snapshot, previous)
        if not found.project.is_complete and id(found.project) not in self._asking:
            # Usually it has been asked before, and the answer is there at once.
            answer = asyncio.create_task(self._ask(found.project))
            await asyncio.wait({answer}, timeout=_PATIENCE)
            if not answer.done():
                answer.add_done_callback(lambda answer: self._answered(document, answer))
            elif answer.result():
                found = await self._worker.run(self._analyse, *snapshot, found)
        if document.is_open:
            self._latest[document.uri] = found

    async def _ask(self, project: Definitions) -> bool:
        """Let it be found out what is open; says whether something was found."""
        self._asking.add(id(project))
        try:
            return await self._background.run(project.resolve)
        finally:
            self._asking.discard(id(project))

    def _answered(self, document: OpenDocument, answer: asyncio.Task[bool]) -> None:
        """What installed packages say came too late for the look that asked."""
        if answer.cancelled() or answer.exception() is not None or not answer.result() or not document.is_open:
            return
        # What is known is as out of date as if another file had changed.
        self._changes[document.uri] -= 1
        self.on_news(document)

    def _analyse(
        self,
        uri: str,
        path: Path | None,
        version: int,
        positions: Positions,
        state: State,
        previous: Findings | None,
    ) -> Findings:
        from idiomatic.core.engine import analyse
        from idiomatic.core.module import Module

        started = time.perf_counter()
        place = self._workspaces.place(path)
        module = Module(positions.document, place.project, (state, id(place.project), place.project.version))
        analysed = analyse(module, place.settings.rules, previous.analysed if previous else None)
        # The first to ask would compute it, and that may be a request that somebody waits for.
        _ = analysed.found
        took = (time.perf_counter() - started) * 1000
        logger.debug("%s, version %s: %.1f ms", uri, version, took)
        found = Findings(
            uri,
            version,
            positions,
            analysed,
            place.settings,
            place.project,
            self._links,
            self._links.folder,
            place.is_enabled,
            state,
            took,
            previous.items_for(place.settings, is_enabled=place.is_enabled) if previous else {},
        )
        # Here, because to go back and forth between threads for it takes longer than the thing itself.
        for part in found.parts.values():
            _ = part.report
        return found
