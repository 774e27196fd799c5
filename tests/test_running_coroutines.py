"""What the explanations about blocking, cancelling and closing promise, executed before and after each rewrite.

The programs and their scripts are those of `test_running_concurrency`, in simulated time where no thread is needed.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.engine import analyse
from tests.test_running_concurrency import ALL_WELL, HEAD, ONE_FAILS, Script, rewritten, run

# -- calls that block -------------------------------------------------------------------------------------------------


def executed(program: str, main: str = "main", *, cancel_after: float | None = None, **given: object) -> Any:
    """What `main` of a program gives, in real time."""

    async def everything() -> object:
        namespace: dict[str, Any] = dict(given)
        exec(compile(program, "program.py", "exec"), namespace)
        task = asyncio.ensure_future(namespace[main]())
        if cancel_after is not None:
            asyncio.get_running_loop().call_later(cancel_after, task.cancel)
        return await task

    return asyncio.run(everything())


COUNTER = """\
import time

total = 0


async def add():
    global total
    before = total
    time.sleep(0.001)
    total = before + 1


async def main():
    tasks = [asyncio.ensure_future(add()) for _ in range(5)]
    for task in tasks:
        await task
    return total
"""


def test_other_tasks_run_where_it_sleeps() -> None:
    after = rewritten(COUNTER, "blocking-call-in-async")
    assert executed(COUNTER, asyncio=asyncio) == 5
    assert executed(after, asyncio=asyncio) == 1, "what was read before the `await` has changed after it"


def test_a_cancellation_does_not_stop_the_thread() -> None:
    program = """\
import os


async def main():
    try:
        os.system("sleep 0.2; exit 3")
        return "done"
    except asyncio.CancelledError:
        return "cancelled"
"""
    after = rewritten(program, "blocking-call-in-async")
    assert executed(program, asyncio=asyncio, cancel_after=0.05) == "done", "a cancellation has to wait for it"
    assert executed(after, asyncio=asyncio, cancel_after=0.05) == "cancelled"
    assert executed(after, asyncio=asyncio) == "done"


def test_a_process_without_a_thread() -> None:
    program = """\
import subprocess
import sys


async def main():
    subprocess.run([sys.executable, "-c", "print('done', end='')"], stdout=output)
    return "over"
"""
    import tempfile

    for each in (
        program,
        rewritten(program, "blocking-call-in-async"),
        rewritten(program, "blocking-call-in-async", 2),
    ):
        with tempfile.TemporaryFile("w+") as output:
            assert executed(each, output=output) == "over"
            output.seek(0)
            assert output.read() == "done"


# -- cancellations that end in a handler ------------------------------------------------------------------------------

SWALLOWS = """\
import asyncio


async def main():
    try:
        return await play("a")
    except asyncio.CancelledError:
        log.append(("handled", "main"))
"""

SWALLOWS_ALL = """\
async def main():
    try:
        return await play("a")
    except BaseException:
        log.append(("handled", "main"))
"""

FAILS: Script = {"a": (1, ValueError("a"))}

swallowing = pytest.mark.parametrize(
    ("program", "action"),
    [
        pytest.param(SWALLOWS, 1, id="only that"),
        pytest.param(SWALLOWS_ALL, 1, id="everything"),
        pytest.param(SWALLOWS_ALL, 2, id="everything, as Exception"),
    ],
)


@swallowing
def test_without_a_cancellation_nothing_changes(program: str, action: int) -> None:
    after = rewritten(program, "swallowed-cancellation", action)
    assert run(program, ALL_WELL) == run(after, ALL_WELL)
    before, now = run(program, FAILS), run(after, FAILS)
    assert (before.errors, before.log, before.result) == (now.errors, now.log, now.result)


@swallowing
def test_a_cancellation_passes(program: str, action: int) -> None:
    before = run(program, ALL_WELL, cancel_after=0.5)
    after = run(rewritten(program, "swallowed-cancellation", action), ALL_WELL, cancel_after=0.5)
    assert (before.error, before.result) == (None, None), "as if it had come to its end"
    assert isinstance(after.error, asyncio.CancelledError)
    assert bool(after.names("handled")) is (program is SWALLOWS)


def test_a_timeout_is_noticed_again() -> None:
    program = (
        SWALLOWS.replace("main", "work")
        + """

async def main():
    async with asyncio.timeout(0.5):
        await work()
"""
    )
    after = rewritten(program, "swallowed-cancellation")
    assert run(program, ALL_WELL).error is None, "nobody learns that the time was up"
    assert isinstance(run(after, ALL_WELL).error, TimeoutError)


# -- handlers around a task group -------------------------------------------------------------------------------------

HANDLER = f"""\
{HEAD}async def main():
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(work("a"))
            tg.create_task(boom("b"))
            tg.create_task(work("c"))
    except ValueError as error:
        log.append(("handled", error.args[0]))
    log.append(("after", "main"))
"""


@pytest.mark.parametrize("action", [1, 2])
def test_the_handler_of_a_group_runs(action: int) -> None:
    rule = "except-around-task-group"
    before, after = run(HANDLER, ONE_FAILS), run(rewritten(HANDLER, rule, action), ONE_FAILS)
    assert isinstance(before.error, ExceptionGroup)
    assert not before.names("handled")
    assert (after.error, after.names("handled"), after.names("after")) == (None, {"b"}, {"main"})
    assert run(HANDLER, ALL_WELL) == run(rewritten(HANDLER, rule, action), ALL_WELL)
    cancelled = run(rewritten(HANDLER, rule, action), ALL_WELL, cancel_after=0.5)
    assert isinstance(cancelled.error, asyncio.CancelledError)
    assert not cancelled.names("handled")


def test_several_failures_of_a_group() -> None:
    both: Script = {"a": (1, ValueError("a")), "b": (1, ValueError("b")), "c": (1, OSError("c"))}
    star, first = (rewritten(HANDLER, "except-around-task-group", action) for action in (1, 2))
    assert run(star, both).names("handled") == {"a", "b"}, "once for each"
    assert run(star, both).errors == [(OSError, ("c",))], "the others are left over"
    assert run(first, both).names("handled") == {"a"}
    assert run(first, both).error is None, "the others are lost"


# -- locks ------------------------------------------------------------------------------------------------------------

LOCKED = """\
import asyncio


async def hold(lock, name):
    await lock.acquire()
    try:
        await play(name)
    finally:
        lock.release()


async def main():
    lock = asyncio.Lock()
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(hold(lock, "a"))
            tg.create_task(hold(lock, "b"))
    finally:
        log.append(("locked" if lock.locked() else "free", "lock"))
"""

LOCK_OF_A_THREAD = """\
import threading

lock = threading.Lock()


async def main():
    lock.acquire()
    try:
        return await play("a")
    except KeyError:
        log.append(("locked" if lock.locked() else "free", "handler"))
    finally:
        lock.release()


async def state():
    return lock.locked()
"""


@pytest.mark.parametrize("program", [LOCKED, LOCK_OF_A_THREAD], ids=["awaited", "of a thread"])
@pytest.mark.parametrize(
    ("script", "how"),
    [
        pytest.param(ALL_WELL, {}, id="success"),
        pytest.param({"a": (1, KeyError("a")), "b": (1, "B")}, {}, id="failure"),
        pytest.param(ALL_WELL, {"cancel_after": 0.5}, id="cancellation"),
        pytest.param(ALL_WELL, {"cancel_after": 3.5}, id="cancellation of the second"),
        pytest.param(ALL_WELL, {"timeout": 0.5}, id="timeout"),
    ],
)
def test_a_lock_is_held_as_before(program: str, script: Script, how: dict[str, float]) -> None:
    before, after = (run(each, script, **how) for each in (program, rewritten(program, "lock-without-with")))
    assert (before.errors, before.log, before.result) == (after.errors, after.log, after.result)
    assert not after.names("locked") - {"handler"}


# -- coroutines that nobody awaits ------------------------------------------------------------------------------------

DROPPED = """\
async def work():
    log.append(("work", await play("a")))


async def main():
    work()
    return "over"
"""


def test_a_coroutine_runs_when_it_is_awaited() -> None:
    with pytest.warns(RuntimeWarning, match="never awaited"):
        before = run(DROPPED, FAILS)
    awaits = rewritten(DROPPED, "unawaited-coroutine")
    assert (before.result, before.names("start")) == ("over", set())
    assert run(awaits, ALL_WELL).names("work") == {"A"}
    assert run(awaits, ALL_WELL).result == "over"
    assert run(awaits, FAILS).errors == [(ValueError, ("a",))], "its exceptions are raised here"
    assert isinstance(run(awaits, ALL_WELL, cancel_after=0.5).error, asyncio.CancelledError)


def test_a_program_runs_in_an_event_loop() -> None:
    program = "seen = []\n\n\nasync def main():\n    seen.append(1)\n\n\nmain()\n"
    namespace: dict[str, Any] = {}
    exec(rewritten(program, "unawaited-coroutine"), namespace)
    assert namespace["seen"] == [1]


# -- asynchronous context managers ------------------------------------------------------------------------------------

ENTERED = """\
import asyncio
from contextlib import asynccontextmanager, contextmanager


@asynccontextmanager
async def transaction():
    log.append(("begin", "tx"))
    try:
        yield
    finally:
        log.append(("close", "tx"))


@contextmanager
def plain():
    yield "plain"


async def main():
    with transaction(), plain() as name:
        return name, await play("a")
"""


@pytest.mark.parametrize(
    ("script", "how"),
    [
        pytest.param(ALL_WELL, {}, id="success"),
        pytest.param(FAILS, {}, id="failure"),
        pytest.param(ALL_WELL, {"cancel_after": 0.5}, id="cancellation"),
    ],
)
def test_what_failed_is_entered_and_left(script: Script, how: dict[str, float]) -> None:
    before = run(ENTERED, script, **how)
    assert isinstance(before.error, TypeError | AttributeError)
    assert not before.names("begin")
    after = run(rewritten(ENTERED, "sync-with-on-async-resource"), script, **how)
    assert after.names("begin") == after.names("close") == {"tx"}
    assert (after.result == ("plain", "A")) is (script is ALL_WELL and not how)


# -- event loops ------------------------------------------------------------------------------------------------------

BY_HAND = """\
import asyncio

seen = []


async def forgotten():
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        seen.append("cancelled")
        raise


async def work(result):
    seen.append(asyncio.ensure_future(forgotten()))
    await asyncio.sleep(0)
    if isinstance(result, Exception):
        raise result
    return result


def once(result):
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work(result))
    finally:
        loop.close()
"""

TWICE = (
    BY_HAND
    + """

def several(result):
    loop = asyncio.new_event_loop()
    kept = []
    for each in (1, result):
        kept.append(loop.run_until_complete(work(each)))
    kept.append(loop.run_until_complete(asyncio.sleep(0, asyncio.__name__)))
    loop.close()
    return kept
"""
)


def test_a_program_runs_and_cleans_up() -> None:
    program = rewritten(BY_HAND, "manual-event-loop")
    for text, left in ((BY_HAND, []), (program, ["cancelled"])):
        namespace: dict[str, Any] = {}
        exec(text, namespace)
        assert namespace["once"](3) == 3
        assert namespace["seen"][1:] == left, "only `asyncio.run` cancels what is left over"
        namespace["seen"][0].get_loop().close()
        with pytest.raises(KeyError):
            namespace["once"](KeyError())


def test_a_runner_keeps_its_loop() -> None:
    analysed = analyse(TWICE.replace("def once", "async def once"), "manual-event-loop")
    [diagnostic] = analysed.all_diagnostics
    program = analysed.rewrite(diagnostic, diagnostic.fixes[0]).apply(analysed.module.document.text)
    assert "asyncio.Runner()" in program
    for text in (TWICE, program):
        namespace: dict[str, Any] = {}
        exec(text, namespace)
        assert namespace["several"](2) == [1, 2, "asyncio"]
        first, second = (each for each in namespace["seen"] if isinstance(each, asyncio.Task))
        assert first.get_loop() is second.get_loop()


def test_the_running_loop_is_the_same() -> None:
    program = "import asyncio\n\n\nasync def main():\n    return asyncio.get_event_loop().time()\n"
    assert run(program, {}).result == run(rewritten(program, "manual-event-loop"), {}).result


# -- asynchronous generators ------------------------------------------------------------------------------------------

LEFT_EARLY = """\
async def rows():
    try:
        for name in ("a", "b"):
            yield await play(name)
    finally:
        log.append(("closed", "rows"))


async def main():
    async for row in rows():
        if row == wanted:
            break
    log.append(("after", "main"))
    return row
""".replace("wanted", '"A"')


def test_a_generator_that_is_left_early_is_closed() -> None:
    after = rewritten(LEFT_EARLY, "async-generator-cleanup")
    before, now = run(LEFT_EARLY, ALL_WELL), run(after, ALL_WELL)
    assert before.result == now.result == "A"
    assert before.log.index(("after", "main")) < before.log.index(("closed", "rows")), "some time later"
    assert now.log.index(("closed", "rows")) < now.log.index(("after", "main"))


def test_a_generator_that_runs_to_its_end_or_fails_is_as_before() -> None:
    after = rewritten(LEFT_EARLY, "async-generator-cleanup")
    scripts: tuple[Script, ...] = ({"a": (1, "B"), "b": (1, "C")}, {"a": (1, ValueError("a")), "b": (1, "C")})
    for script in scripts:
        before, now = run(LEFT_EARLY, script), run(after, script)
        assert (before.result, before.errors, before.log) == (now.result, now.errors, now.log)
    before, now = (run(each, ALL_WELL, cancel_after=0.5) for each in (LEFT_EARLY, after))
    assert type(before.error) is type(now.error) is asyncio.CancelledError
    assert before.log == now.log
