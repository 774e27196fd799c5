"""The same work on many files, on all cores."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from idiomatic.cli import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from multiprocessing.context import BaseContext
    from multiprocessing.synchronize import Event
    from pathlib import Path

R = TypeVar("R")

FEW: Final = 300_000
"""How many bytes of source one process reads in the time that starting more of them takes."""
LARGEST_CHUNK: Final = 16


def each(work: Callable[[Path], R], files: Sequence[Path], on_crash: Callable[[Path], R], label: str) -> list[R]:
    """`work(file)` for every file, in the order of the files.

    Args:
        work: can be pickled, and so can its results.
        files: where to.
        on_crash: what stands for the result of a file that took its process with it.
        label: what the progress bar says.

    Raises:
        KeyboardInterrupt: what was begun is finished, and nothing else was touched.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1 or len(files) == 1 or _size(files) < FEW:
        with _without_collection():
            return [work(file) for file in files]
    return _on_all(cores, work, files, on_crash, label)


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
def _without_collection() -> Iterator[None]:
    """Syntax trees are many objects of which none is garbage until a file is done: looking for it costs a fifth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _on_all(
    cores: int, work: Callable[[Path], R], files: Sequence[Path], on_crash: Callable[[Path], R], label: str
) -> list[R]:
    size = max(1, min(LARGEST_CHUNK, len(files) // (cores * 8)))
    chunks = [range(start, min(start + size, len(files))) for start in range(0, len(files), size)]
    found: dict[int, R] = {}
    context = _context()
    stop = context.Event()
    with ProcessPoolExecutor(min(cores, len(chunks)), context, _start, (work, stop)) as executor:
        # All are submitted before the progress bar starts its thread: processes are forked from a single thread.
        futures = {executor.submit(_chunk, [(index, files[index]) for index in chunk]): chunk for chunk in chunks}
        try:
            with progress(label, len(files)) as advance:
                for future in as_completed(futures):
                    if isinstance(future.exception(), BrokenProcessPool):
                        break
                    found |= future.result()
                    advance(len(futures[future]))
        except KeyboardInterrupt:
            stop.set()
            executor.shutdown(wait=True, cancel_futures=True)
            raise
    for index in range(len(files)):
        if index not in found:
            found[index] = _alone(context, work, files[index], on_crash)
    return [found[index] for index in range(len(files))]


def _alone(context: BaseContext, work: Callable[[Path], R], file: Path, on_crash: Callable[[Path], R]) -> R:
    """One file in a process of its own: whose fault was it?"""
    with ProcessPoolExecutor(1, context, _start, (work, context.Event())) as executor:
        future: Future[dict[int, R]] = executor.submit(_chunk, [(0, file)])
        try:
            return future.result()[0]
        except BrokenProcessPool:
            return on_crash(file)


def _context() -> BaseContext:
    # A forked process has everything loaded already; this one has no threads that forking could harm.
    return multiprocessing.get_context("fork" if sys.platform == "linux" else None)


# -- in the worker processes ------------------------------------------------------------------------------------------

_work: Callable[[Any], Any]
_stop: Event


def _start(work: Callable[[Any], Any], stop: Event) -> None:
    global _work, _stop
    _work, _stop = work, stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to all processes; the first one decides
    gc.freeze()  # what is loaded stays: looking for garbage in it after each chunk takes longer than the chunk's own
    gc.disable()


def _chunk(files: Sequence[tuple[int, Path]]) -> dict[int, Any]:
    found = {index: _work(file) for index, file in files if not _stop.is_set()}
    gc.collect()
    return found


# -- what is seen of it -----------------------------------------------------------------------------------------------


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar, if somebody is watching: gives the function that moves it on."""
    if not terminal.is_terminal():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.advance(task, done)
