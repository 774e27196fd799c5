"""The same work on many files, on all cores."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager
    from multiprocessing.context import BaseContext
    from multiprocessing.synchronize import Event
    from pathlib import Path

R = TypeVar("R")

FEW: Final = 300_000
"""How many bytes of source one process reads in the time that starting more of them takes."""
LARGEST_CHUNK: Final = 16
_GROWTH: Final = 2_000_000
"""After how many more objects it is looked whether some are garbage: they take 150 MB."""


def cores() -> int:
    """How many processes can work at the same time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def unwatched(_: int) -> Iterator[Callable[[int], None]]:
    """Nobody wants to know how far it is."""
    yield lambda _: None


def each(
    work: Callable[[Path], R],
    files: Sequence[Path],
    on_crash: Callable[[Path], R],
    *,
    processes: int | None = None,
    apart: bool = False,
    watched: Callable[[int], AbstractContextManager[Callable[[int], None]]] = unwatched,
) -> Generator[tuple[Path, R], None, None]:
    """Every file with `work(file)`, as soon as it is done.

    If nobody wants more of them, because of `KeyboardInterrupt` or otherwise, what was begun is finished, and nothing
    else is touched.

    Args:
        work: can be pickled, and so can its results.
        files: where to.
        on_crash: what stands for the result of a file that took its process with it.
        processes: how many may work; one for each core if that is not said.
        apart: whether a file must not take this process with it, so that another one works even if it is the only one.
        watched: given the number of files, a context in which a function takes how many more are done.
    """
    processes = processes or cores()
    if (processes == 1 and not apart) or len(files) == 1 or _size(files) < FEW:
        garbage = Garbage()
        with without_collection(), watched(len(files)) as advance:
            for number, file in enumerate(files, 1):
                yield file, work(file)
                advance(1)
                if number % LARGEST_CHUNK == 0:
                    garbage.collect()
    else:
        yield from _on_all(processes, work, files, on_crash, watched)


def _size(files: Sequence[Path]) -> int:
    total = 0
    for file in files:
        try:
            total += file.stat().st_size
        except OSError:
            continue
        if total > FEW:
            break
    return total


@contextmanager
def without_collection() -> Iterator[None]:
    """Syntax trees are many objects of which none is garbage until a file is done: looking for it costs a fifth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Garbage:
    """What nobody can reach any more and yet holds itself: there is little, and most of what is looked through is none.

    Other files stay parsed for the next ones that ask: to look through them after every few files takes as long as
    looking at these did. So it is done when there are many more objects than there were the last time.
    """

    def __init__(self) -> None:
        self._few = sys.getallocatedblocks()

    def collect(self) -> None:
        """Take it away, if there may be much of it."""
        blocks = sys.getallocatedblocks()
        # Not all of Python's allocators count.
        if not blocks or blocks > self._few + _GROWTH:
            gc.collect()
            self._few = sys.getallocatedblocks()


def _on_all(
    processes: int,
    work: Callable[[Path], R],
    files: Sequence[Path],
    on_crash: Callable[[Path], R],
    watched: Callable[[int], AbstractContextManager[Callable[[int], None]]] = unwatched,
) -> Generator[tuple[Path, R], None, None]:
    # Nobody needs them who finds everything in the cache.
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    size = max(1, min(LARGEST_CHUNK, len(files) // (processes * 8)))
    chunks = [files[start : start + size] for start in range(0, len(files), size)]
    missing = dict.fromkeys(files)
    context = _context()
    stop = context.Event()
    with ProcessPoolExecutor(min(processes, len(chunks)), context, _start, (work, stop)) as executor:
        # All are submitted before a progress bar starts its thread: processes are forked from a single thread.
        futures = [executor.submit(_chunk, chunk) for chunk in chunks]
        try:
            with watched(len(files)) as advance:
                for future in as_completed(futures):
                    if isinstance(future.exception(), BrokenProcessPool):
                        break
                    for file, result in future.result():
                        missing.pop(file, None)
                        yield file, result
                        advance(1)
        except BaseException:
            stop.set()
            executor.shutdown(wait=True, cancel_futures=True)
            raise
    for file in missing:
        yield file, _alone(context, work, file, on_crash)


def _alone(context: BaseContext, work: Callable[[Path], R], file: Path, on_crash: Callable[[Path], R]) -> R:
    """One file in a process of its own: whose fault was it?"""
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    with ProcessPoolExecutor(1, context, _start, (work, context.Event())) as executor:
        future: Future[list[tuple[Path, R]]] = executor.submit(_chunk, [file])
        try:
            [(_, result)] = future.result()
        except BrokenProcessPool:
            return on_crash(file)
        return result


def _context() -> BaseContext:
    import multiprocessing

    # A forked process has everything loaded already; this one has no threads that forking could harm.
    return multiprocessing.get_context("fork" if sys.platform == "linux" else None)


# -- in the worker processes ------------------------------------------------------------------------------------------

_work: Callable[[Any], Any]
_stop: Event
_garbage: Garbage


def _start(work: Callable[[Any], Any], stop: Event) -> None:
    global _work, _stop, _garbage
    _work, _stop, _garbage = work, stop, Garbage()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to all processes; the first one decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.disable()
    gc.freeze()


def _end_with_parent() -> None:
    """A process that was killed stops nobody; without this, its workers would wait for work for ever."""
    from multiprocessing import connection, parent_process

    if (parent := parent_process()) is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _chunk(files: Sequence[Path]) -> list[tuple[Path, Any]]:
    found = [(file, _work(file)) for file in files if not _stop.is_set()]
    _garbage.collect()
    return found
