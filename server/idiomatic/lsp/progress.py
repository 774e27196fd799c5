"""How far something is that takes long, for the user."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any, Final

from idiomatic.lsp import types
from idiomatic.lsp.protocol import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from idiomatic.lsp.server import Server

_LONG: Final = 1.0
"""After how many seconds the user is told that something is going on, by a client that did not ask to be told."""

_NUMBERS: Final = itertools.count(1)


def register(server: Server) -> None:
    """Let the user cancel what takes long."""
    server.feature(types.WINDOW_WORK_DONE_PROGRESS_CANCEL, types.WorkDoneProgressCancelParams)(cancel)


def cancel(ls: Server, params: types.WorkDoneProgressCancelParams) -> None:
    """The user has pressed *Cancel*."""
    if (progress := ls.shown_progress.get(params["token"])) is not None:
        progress.on_cancel()


class Progress:
    """What the user sees of something.

    Args:
        ls: the server.
        token: the name under which the client wants to be told; `None`: it is asked for one if it takes long.
        title: what it is.
        on_cancel: is called when the user wants an end of it.
    """

    def __init__(self, ls: Server, token: types.Token | None, title: str, on_cancel: Callable[[], object]) -> None:
        self.on_cancel = on_cancel
        self._ls = ls
        self._token = token
        self._title = title
        self._started = time.monotonic()
        self._is_shown = False

    async def report(self, done: float) -> None:
        """So much of it is done."""
        if not self._is_shown:
            if self._token is None and not await self._create():
                return
            assert self._token is not None
            self._is_shown = True
            self._ls.shown_progress[self._token] = self
            self._send({"kind": "begin", "title": self._title, "cancellable": True})
        self._send({"kind": "report", "percentage": round(done * 100)})

    async def _create(self) -> bool:
        if not self._ls.client.shows_progress or time.monotonic() - self._started < _LONG:
            return False
        token = f"idiomatic-scan-{next(_NUMBERS)}"
        try:
            await self._ls.ask(types.WINDOW_WORK_DONE_PROGRESS_CREATE, {"token": token})
        except Refusal:
            return False
        self._token = token
        return True

    def end(self) -> None:
        """It is over."""
        if self._is_shown and self._token is not None:
            self._ls.shown_progress.pop(self._token, None)
            self._send({"kind": "end"})

    def _send(self, value: Any) -> None:
        self._ls.notify(types.PROGRESS, {"token": self._token, "value": value})
