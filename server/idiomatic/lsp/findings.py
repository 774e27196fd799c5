"""What is known about an open document, kept up to date.

A question about a document waits until what is known belongs to its current text; what was found out about an older one
meanwhile is never shown, but is what the next look begins with.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idiomatic.core.idiom import Severity
from idiomatic.lsp.protocol import RequestFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from idiomatic.core.engine import Analysed, Diagnostic
    from idiomatic.core.text import Span
    from idiomatic.lsp.documents import OpenDocument
    from idiomatic.lsp.positions import Positions
    from idiomatic.lsp.worker import Worker
    from idiomatic.lsp.workspaces import Workspaces
    from idiomatic.project.workspace import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What was found in one version of a document, under one configuration.

    Attributes:
        uri: which document.
        version: the client's number of that version.
        positions: that version.
        analysed: the findings.
        settings: what counted for it.
        is_enabled: whether the client wants anything for this document.
        generation: which state of the configuration `settings` come from.
    """

    uri: str
    version: int
    positions: Positions
    analysed: Analysed
    settings: Settings
    is_enabled: bool
    generation: int

    @property
    def shown(self) -> Iterator[Diagnostic]:
        """The findings that are reported, in order of place."""
        return (diagnostic for diagnostic in self.analysed.diagnostics if self.is_shown(diagnostic))

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

    def at(self, span: Span) -> Iterator[Diagnostic]:
        """All findings that touch a span, those that are not reported included."""
        return self.analysed.at(span) if self.is_enabled else iter(())


class Analyser:
    """The findings of the open documents."""

    def __init__(self, worker: Worker, workspaces: Workspaces) -> None:
        self._worker = worker
        self._workspaces = workspaces
        self._latest: dict[str, Findings] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def current(self, document: OpenDocument) -> Findings:
        """The findings of a document as it is when they are there.

        Raises:
            RequestFailed: it was closed meanwhile.
        """
        while (latest := self._latest.get(document.uri)) is None or not self.is_current(latest, document):
            if not document.is_open:
                raise RequestFailed(f"{document.uri} was closed")
            if document.uri not in self._running:
                task = asyncio.create_task(self._look(document, latest))
                self._running[document.uri] = task
                task.add_done_callback(lambda _: self._running.pop(document.uri, None))
            # Several may wait for it: one who is cancelled must not cancel it for the others.
            await asyncio.shield(self._running[document.uri])
        return latest

    def is_current(self, findings: Findings, document: OpenDocument) -> bool:
        """Whether findings are those of the document as it is now."""
        return (
            document.is_open
            and findings.positions is document.positions
            and findings.generation == self._workspaces.generation
        )

    def forget(self, uri: str) -> None:
        """Keep nothing of a closed document."""
        self._latest.pop(uri, None)

    async def _look(self, document: OpenDocument, previous: Findings | None) -> None:
        found = await self._worker.run(
            self._analyse, document.uri, document.path, document.version, document.positions, previous
        )
        if document.is_open:
            self._latest[document.uri] = found

    def _analyse(
        self, uri: str, path: Path | None, version: int, positions: Positions, previous: Findings | None
    ) -> Findings:
        from idiomatic.core.engine import analyse
        from idiomatic.core.module import Module

        started = time.perf_counter()
        generation = self._workspaces.generation
        place = self._workspaces.place(path)
        module = Module(positions.document, place.project)
        rules = place.settings.rules
        analysed = analyse(module, rules, previous.analysed if previous else None)
        # The first to ask would compute it, and that may be a request that somebody waits for.
        _ = analysed.all_diagnostics
        logger.debug("%s, version %s: %.1f ms", uri, version, (time.perf_counter() - started) * 1000)
        return Findings(uri, version, positions, analysed, place.settings, place.is_enabled, generation)
