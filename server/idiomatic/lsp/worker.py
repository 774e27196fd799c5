"""Threads that do the work, so that the event loop always has time for the next message.

One does all the work on texts, because Python runs one at a time anyway, and because nothing in the engine then has to
be locked: whatever touches a module or a configuration happens there, in the order in which it was asked for. Another
one waits for what takes long to find out.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """One thread."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"idiomatic-{name}")
        self._wanted = 0
        self._unfinished = 0
        self._is_closed = False
        self._lock = threading.Lock()

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a call that is made there; a cancelled one that has not begun is not made at all.

        Raises:
            asyncio.CancelledError: the worker was closed, because nobody wants results any more.
        """
        if self._is_closed:
            raise asyncio.CancelledError

        def call() -> T:
            with self._lock:
                self._unfinished += 1
            try:
                return function(*args, **kwargs)
            finally:
                with self._lock:
                    self._unfinished -= 1

        self._wanted += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, call)
        finally:
            self._wanted -= 1

    async def soon(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a call that takes a few milliseconds: made here and now if there is nothing else to do."""
        return function(*args, **kwargs) if self.is_idle else await self.run(function, *args, **kwargs)

    @property
    def is_idle(self) -> bool:
        """Whether a call can be made at once in the thread of the event loop: nobody can come between there.

        To hand something small to another thread and back takes as long as the thing itself.
        """
        return self._wanted == 0 and self._unfinished == 0 and not self._is_closed

    @property
    def is_busy(self) -> bool:
        """Whether a call is being made right now."""
        return self._unfinished > 0

    def close(self) -> None:
        """Make no further calls."""
        self._is_closed = True
        self._executor.shutdown(wait=False, cancel_futures=True)
