"""What the template `graceful-shutdown` does: real processes that get real signals."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import idiomatic
import pytest
from idiomatic.templates.concurrency.graceful_shutdown import run_until_stopped, stop_signals

from tests.templates.cancelling import cancelled_at_each_await

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot be sent these signals")

PROGRAM = """
import asyncio
import sys
from idiomatic.templates.concurrency.graceful_shutdown import run_until_stopped


def none(*details):
    raise NotImplementedError


if "windows" in sys.argv:
    asyncio.SelectorEventLoop.add_signal_handler = none


async def serve():
    try:
        print("ready", flush=True)
        await asyncio.Event().wait()
    finally:
        print("cleaning up", flush=True)
        await asyncio.sleep(60 if "slow" in sys.argv else 0)
        print("cleaned up", flush=True)


asyncio.run(run_until_stopped(serve()))
print("ended", flush=True)
"""


class Process:
    """A program that is told to end."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-c", PROGRAM, *arguments]
        source = str(Path(idiomatic.__file__).parents[1])
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"PYTHONPATH": source}
        )
        # One that never says anything ends as well.
        self.limit = threading.Timer(60, self.process.kill)
        self.limit.start()

    def says(self, line: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"{line}\n", self.process.communicate()[1]

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def code(self) -> int:
        return self.process.wait()


@pytest.fixture
def started() -> Iterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for each in processes:
        each.limit.cancel()
        each.process.kill()
        each.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("system", ["posix", "windows"])
def test_a_signal_lets_the_work_clean_up(number: signal.Signals, system: str, started: list[Process]) -> None:
    started.append(process := Process(system))
    process.says("ready")
    process.tell(number)
    for line in ("cleaning up", "cleaned up", "ended"):
        process.says(line)
    assert process.code() == 0


def test_a_second_signal_ends_a_process_whose_clean_up_hangs(started: list[Process]) -> None:
    started.append(process := Process("slow"))
    process.says("ready")
    process.tell(signal.SIGTERM)
    process.says("cleaning up")
    process.tell(signal.SIGTERM)
    assert process.code() == -signal.SIGTERM


async def test_work_that_ends_by_itself_ends_it() -> None:
    done: list[int] = []

    async def work() -> None:
        await asyncio.sleep(0)
        done.append(1)

    async with asyncio.timeout(5):
        await run_until_stopped(work())
    assert done == [1]


async def test_work_that_fails_says_so() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise KeyError("gone")

    with pytest.raises(ExceptionGroup) as raised:
        await run_until_stopped(work())
    assert [type(error) for error in raised.value.exceptions] == [KeyError]


async def test_the_work_is_cancelled_with_what_runs_it() -> None:
    running = 0

    async def work() -> None:
        nonlocal running
        running += 1
        try:
            await asyncio.sleep(0)
        finally:
            running -= 1

    async for task in cancelled_at_each_await(lambda: run_until_stopped(work())):
        assert task.cancelled()
        assert running == 0


async def test_the_handlers_are_there_for_the_block() -> None:
    term = signal.getsignal(signal.SIGTERM)
    with stop_signals() as stop:
        assert not stop.is_set()
        signal.raise_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            await stop.wait()
    assert signal.getsignal(signal.SIGTERM) == term == signal.SIG_DFL
