"""The process that looks at all files, from this side."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

    from idiomatic.project.scan.process import Task

_LONGEST_LINE: Final = 1 << 28
_PATIENCE: Final = 5.0
"""How many seconds a process that is told to end may take, to write down what it has found."""


async def answers(task: Task, keep: Callable[[Coroutine[Any, Any, None]], object]) -> AsyncGenerator[Any, None]:
    """What a process of its own says to a task; it is ended when nobody wants more.

    Args:
        task: what there is to do.
        keep: lets its end happen, for which nobody has to wait.
    """
    process = await _started(task)
    assert process.stdout is not None
    try:
        async with aclosing(_lines(process.stdout)) as lines:
            async for line in lines:
                yield line
    finally:
        keep(_ended(process))


async def _ended(process: asyncio.subprocess.Process) -> None:
    """See to it that a process ends: it has time to write down what it has found."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()  # that tells it
    try:
        async with asyncio.timeout(_PATIENCE):
            while await process.stdout.read(1 << 16):
                pass
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()


async def _started(task: Task) -> asyncio.subprocess.Process:
    from idiomatic.project.scan.process import command

    more: dict[str, Any] = {}
    if sys.platform == "win32":
        more["creationflags"] = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
    process = await asyncio.create_subprocess_exec(
        *command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=_LONGEST_LINE, **more
    )
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(json.dumps(task).encode() + b"\n")
        await process.stdin.drain()
    return process


async def _lines(stream: asyncio.StreamReader) -> AsyncGenerator[Any, None]:
    while line := await stream.readline():
        yield json.loads(line)
