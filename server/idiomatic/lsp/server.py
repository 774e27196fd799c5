"""The server: what it holds, and how a message reaches the feature it is for."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final, TypeVar

from idiomatic.core.unit import Unit
from idiomatic.lsp import connection, diagnostics, lifecycle, links, logs, scan, settings
from idiomatic.lsp.client import Client
from idiomatic.lsp.documents import Documents
from idiomatic.lsp.findings import Analyser
from idiomatic.lsp.links import Links
from idiomatic.lsp.protocol import Protocol, RequestFailed
from idiomatic.lsp.scanner import Scanner
from idiomatic.lsp.status import Status
from idiomatic.lsp.worker import Worker
from idiomatic.lsp.workspaces import Workspaces

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
    from pathlib import Path

    from idiomatic.lsp import types
    from idiomatic.lsp.changes import Changes
    from idiomatic.lsp.connection import Writer
    from idiomatic.lsp.documents import OpenDocument
    from idiomatic.lsp.greeting import Greeting
    from idiomatic.lsp.progress import Progress

logger = logging.getLogger(__name__)

H = TypeVar("H", bound="Callable[..., Any]")

_AFTER: Final = 0.5
"""How many seconds after an edit the other documents are looked at, which may depend on it."""


_QUIET: Final = 5.0
"""After how many seconds in which nothing happens what is no longer used is looked for: nobody waits meanwhile."""


class Server:
    """One client's server.

    Attributes:
        protocol: the messages.
        client: what the client can do.
        documents: what is open in it.
        worker: where everything happens that takes longer than passing a message on.
        background: where is waited for what takes long to find out.
        workspaces: what counts for which file.
        links: where the pages of the rules are.
        analyser: what is known about the open documents.
        scanner: what is known about the files that are not open.
        status: what the client's user is shown of all this.
        folders: what is open in the client, by URI.
        client_settings: what the client says, for each folder and (`None`) for everything else.
        reports: what a client that asks was told last about a document, with the number it was told.
        report_numbers: the next such number.
        is_refreshing: whether the client was told to ask again and has not answered yet.
        refresh_wanted: whether it has to be told once more after that.
        faulty: what the client was told is wrong with files that say something about the project.
        faults_number: which state of `workspaces.faults` that was.
        shown_progress: what the user sees being done, by the names under which the client knows it.
    """

    def __init__(self) -> None:
        self.protocol = Protocol(self)
        self.client = Client()
        self.documents = Documents(Unit.UTF16)
        self.worker = Worker("worker")
        self.background = Worker("background")
        self.workspaces = Workspaces(self.documents.by_path, self._index_changed)
        self.links = Links()
        self.analyser = Analyser(self.worker, self.background, self.workspaces, self.links, on_news=self._heard)
        self.scanner = Scanner(self)
        self.status = Status(self)
        self.client_settings: Mapping[Path | None, Mapping[str, Any]] = {}
        self.folders: dict[str, Path] = {}
        self.reports: dict[str, tuple[str, Sequence[types.Diagnostic]]] = {}
        self.report_numbers = itertools.count(1)
        self.is_refreshing = False
        self.refresh_wanted = False
        self.faulty: Mapping[Path, types.Diagnostic] = {}
        self.faults_number = 0
        self.shown_progress: dict[types.Token, Progress] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Future[int] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._looks: set[str] = set()
        self._others: asyncio.TimerHandle | None = None
        self._tidying: asyncio.TimerHandle | None = None
        lifecycle.register(self)

    # -- messages -----------------------------------------------------------------------------------------------------

    def feature(self, method: str, params: Any = Any) -> Callable[[H], H]:
        """Decorates the handler of a method, a function of the server and the parameters; see `Protocol.feature`."""
        return self.protocol.feature(method, params)

    def notify(self, method: str, params: object) -> None:
        """Tell the client something."""
        self.protocol.notify(method, params)

    async def ask(self, method: str, params: object = None) -> Any:
        """What the client answers.

        Raises:
            Refusal: it answered that it can't.
        """
        return await self.protocol.ask(method, params)

    # -- documents ----------------------------------------------------------------------------------------------------

    def opened(self, item: types.TextDocumentItem) -> None:
        """A text was opened in the client."""
        if self.links.are_gone():
            self.keep(links.write(self))
        self.touched(self.documents.open(item))

    def changed(self, made: Changes) -> None:
        """A text was edited in the client."""
        if (document := self.documents.change(made)) is not None:
            self.touched(document)

    def closed(self, uri: str) -> None:
        """A text was closed in the client."""
        if (document := self.documents.close(uri)) is not None:
            if document.is_python:
                scan.closed(self, document)
            self.analyser.forget(uri)
            self.analyser.touch(None)
            self.scanner.touch()
            if document.path is not None:
                self.keep(self.worker.run(self.workspaces.close, document.path))
                # On the disk it may be another one than when the index was made.
                self.keep(self.worker.run(self.workspaces.changed))
            self._tidy_later()
            if document.is_python:
                for part in document.parts:
                    self.withdraw(part)

    def withdraw(self, uri: str) -> None:
        """Show nothing any more in a text that was closed."""
        diagnostics.withdraw(self, uri)

    def document(self, uri: str) -> OpenDocument:
        """The open Python text of that name: a file, or a cell of a notebook.

        Raises:
            RequestFailed: there is none.
        """
        document = self.documents.text(uri)
        if document is None or not document.is_python:
            raise RequestFailed(f"{uri} is not open as a Python file")
        return document

    def python(self, uri: str) -> OpenDocument | None:
        """The open text of that name if it is Python; editors ask about configuration files, too.

        Raises:
            RequestFailed: nothing of that name is open.
        """
        document = self.documents.text(uri)
        return None if document is not None and not document.is_python else self.document(uri)

    def _tidy_later(self) -> None:
        """Collect what is left of closed documents when nothing was opened, changed or closed for a while."""
        if self._tidying is not None:
            self._tidying.cancel()
        self._tidying = asyncio.get_running_loop().call_later(_QUIET, self._tidy)

    def _tidy(self) -> None:
        self._tidying = None
        self.keep(self.worker.run(_collect))

    def touched(self, document: OpenDocument) -> None:
        """A document was opened or edited."""
        if self._tidying is not None:
            self._tidy_later()
        if document.is_python:
            self.analyser.touch(document.uri)
            self.scanner.edited(document.path)
            if not self.client.pulls_diagnostics:
                # What is found in one file may depend on another one; a client that asks, asks for all of them.
                if self._others is not None:
                    self._others.cancel()
                self._others = asyncio.get_running_loop().call_later(_AFTER, self.look_at_all)
        self.look_at(document)

    def _heard(self, document: OpenDocument) -> None:
        """There is more to say about a document than a moment ago."""
        if self.client.pulls_diagnostics:
            self.keep(diagnostics.refresh(self))
        else:
            self.look_at(document)

    def _index_changed(self) -> None:
        """More is known of what the files of a folder do; in any thread."""
        with contextlib.suppress(RuntimeError):  # the end has come
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._ask_again)

    def _ask_again(self) -> None:
        self.analyser.touch(None)
        self.keep(diagnostics.refresh(self))

    def look_at_all(self) -> None:
        """Find out about all open documents, and show it."""
        for document in list(self.documents.values()):
            self.look_at(document)

    def look_at(self, document: OpenDocument) -> None:
        """Find out about a document, and show it; a look in progress goes on until nothing is newer."""
        if not document.is_python:
            if settings.is_configuration(document.path):
                self.keep(settings.check(self, document))
        elif document.uri not in self._looks:
            self._looks.add(document.uri)
            self.keep(self._look(document))

    async def _look(self, document: OpenDocument) -> None:
        try:
            await diagnostics.publish(self, document)
        finally:
            # At once, not in a callback of the task: an edit before that would be taken for one that is looked at.
            self._looks.discard(document.uri)

    # -- tasks and the end --------------------------------------------------------------------------------------------

    def keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let something happen that nobody waits for; a failure is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("Something failed in the background", exc_info=error)

    def end(self, code: int) -> None:
        """End the process, in the order that is possible."""
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(code)

    async def serve(self, bodies: Iterable[bytes], writer: Writer, greeting: Greeting | None) -> int:
        """Serve a client; gives the exit code."""
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        writer.on_lost = lambda: self.end(1)
        self.protocol.set_writer(writer)
        if greeting is not None:
            lifecycle.begin(self, greeting)
        try:
            return await connection.pump(bodies, self.protocol.receive, self._ended)
        finally:
            logs.to_standard_error()
            self.worker.close()
            self.background.close()
            self.documents.end()
            self.workspaces.end()
            writer.close()


def _collect() -> None:
    gc.collect()


def run(bodies: Iterable[bytes], writer: Writer, greeting: Greeting | None) -> int:
    """Serve one client.

    Args:
        bodies: the bodies of its messages.
        writer: takes those to it.
        greeting: its `initialize`, if that was answered already.

    Returns:
        The exit code.
    """
    logs.to_standard_error()
    # Whoever waits for the interpreter, which the worker may be using, gets it after that time: the default of 5 ms is
    # more than most answers take.
    sys.setswitchinterval(0.001)
    # Syntax trees are many objects that live long and go when their last user does. To look through all of them after
    # every 700 new ones, as is usual, would take a fifth of the time of opening a file.
    gc.set_threshold(5_000, 5, 5)
    # What is parsed here, in several threads, are other people's programs: what is dubious there is for their linters.
    warnings.simplefilter("ignore")
    server = Server()
    code = asyncio.run(server.serve(bodies, writer, greeting))
    if server.worker.is_busy or server.background.is_busy:
        # Whatever it is doing, nobody waits for it any more; the interpreter would.
        sys.stderr.flush()
        os._exit(code)
    return code
