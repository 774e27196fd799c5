"""What the explanations of the idioms about tasks promise, executed: each program runs before and after its rewrite."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import Any

import pytest

from tests.test_running_concurrency import Script, rewritten, run

DANGLING = "dangling-task"
COLLECTED_RULE = "task-list-to-task-group"
WAIT_FOR = "wait-for-to-timeout"
SEQUENTIAL = "sequential-awaits"
FAN_OUT = "unbounded-fan-out"

HEAD = """\
import asyncio


async def work(name):
    return await play(name)


"""

# -- tasks that nothing refers to -------------------------------------------------------------------------------------

ON_AN_OBJECT = f"""\
{HEAD}class Service:
    def start(self, name):
        asyncio.create_task(self.work(name))

    async def work(self, name):
        await work(name)


async def main():
    service = Service()
    service.start("a")
    return await play("m")
"""

IN_A_FUNCTION = f"""\
{HEAD}def start(name):
    asyncio.get_running_loop().create_task(work(name))


async def main():
    start("a")
    return await play("m")
"""

IN_MAIN = f"""\
{HEAD}async def main():
    asyncio.create_task(work("a"))
    return await play("m")
"""

kept_in_a_set = pytest.mark.parametrize(
    ("program", "action"),
    [
        pytest.param(ON_AN_OBJECT, 1, id="set of the object"),
        pytest.param(ON_AN_OBJECT, 2, id="set of the module"),
        pytest.param(IN_A_FUNCTION, 1, id="set of the module, from a function"),
        pytest.param(IN_MAIN, 2, id="set of the module, from a coroutine"),
    ],
)


@kept_in_a_set
@pytest.mark.parametrize("end", ["A", ValueError("a"), asyncio.CancelledError()], ids=["well", "fails", "cancelled"])
@pytest.mark.parametrize("limits", [{}, {"cancel_after": 0.5}, {"timeout": 0.5}], ids=["", "cancelled", "timeout"])
def test_a_task_in_a_set_runs_as_it_did(program: str, action: int, end: object, limits: dict[str, float]) -> None:
    script: Script = {"a": (3, end), "m": (1, "M")}
    before, after = run(program, script, **limits), run(rewritten(program, DANGLING, action), script, **limits)
    assert after.log == before.log
    assert after.result == before.result
    assert type(after.error) is type(before.error)


@kept_in_a_set
def test_a_task_in_a_set_is_not_collected(program: str, action: int) -> None:
    program = program.replace("return await play(name)", "return await never(name)")
    assert vanished(program) == ["a"]
    assert vanished(rewritten(program, DANGLING, action)) == []


def vanished(program: str) -> list[str]:
    """Whose task was collected as garbage while the program ran."""
    found: list[str] = []
    over = False

    async def never(name: str) -> None:
        try:
            # Nobody else knows of this future, as of a request that only its own connection knows of.
            await asyncio.get_running_loop().create_future()
        finally:
            if not over:
                found.append(name)

    async def play(_: str) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gc.collect()

    async def everything() -> None:
        nonlocal over
        namespace: dict[str, Any] = {"play": play, "never": never}
        exec(compile(program, "program.py", "exec"), namespace)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await namespace["main"]()
        over = True

    asyncio.run(everything())
    return found


def test_sets_are_empty_when_the_tasks_have_ended() -> None:
    program = rewritten(IN_A_FUNCTION, DANGLING).replace(
        'return await play("m")', 'await play("m")\n    return len(background_tasks)'
    )
    assert run(program, {"a": (3, "A"), "m": (1, "M")}).result == 1
    assert run(program, {"a": (1, "A"), "m": (3, "M")}).result == 0


def test_a_group_waits_for_the_task() -> None:
    script: Script = {"a": (3, "A"), "m": (1, "M")}
    before, after = run(IN_MAIN, script), run(rewritten(IN_MAIN, DANGLING), script)
    assert after.result == before.result == "M"
    assert before.log.index(("over", "main")) < before.log.index(("end", "a"))
    assert after.log.index(("end", "a")) < after.log.index(("over", "main"))


def test_a_group_raises_what_the_task_raises() -> None:
    script: Script = {"a": (1, ValueError("a")), "m": (3, "M")}
    before, after = run(IN_MAIN, script), run(rewritten(IN_MAIN, DANGLING), script)
    assert before.error is None
    assert isinstance(after.error, ExceptionGroup)
    assert after.errors == [(ValueError, ("a",))]
    assert after.names("cancelled") == {"m"}, "what the block waited for"
    assert not after.names("end")


def test_a_group_cancels_the_task_when_the_block_fails_or_is_cancelled() -> None:
    program = rewritten(IN_MAIN, DANGLING)
    failed = run(program, {"a": (3, "A"), "m": (1, OSError("m"))})
    assert failed.errors == [(OSError, ("m",))]
    assert failed.names("cancelled") == {"a"}
    for limits, error in (({"cancel_after": 0.5}, asyncio.CancelledError), ({"timeout": 0.5}, TimeoutError)):
        stopped = run(program, {"a": (3, "A"), "m": (1, "M")}, **limits)
        assert type(stopped.error) is error
        assert stopped.names("cancelled") == {"a", "m"}


# -- tasks that are collected first -----------------------------------------------------------------------------------

COLLECTED = {
    "appended": """\
async def main():
    tasks = []
    for name in "abc":
        tasks.append(asyncio.create_task(work(name)))
    return await asyncio.gather(*tasks)
""",
    "unread": """\
async def main():
    tasks = [asyncio.create_task(work(name)) for name in "abc"]
    await asyncio.gather(*tasks)
""",
    "in a loop": """\
async def main():
    tasks = [asyncio.create_task(work(name)) for name in "abc"]
    found = []
    for task in tasks:
        found.append(await task)
    return found
""",
    "in a comprehension": """\
async def main():
    tasks = [asyncio.create_task(work("a")), asyncio.create_task(work("b")), asyncio.create_task(work("c"))]
    return [await task for task in tasks]
""",
    "by name": """\
async def main():
    a = asyncio.create_task(work("a"))
    b = asyncio.create_task(work("b"))
    c = asyncio.create_task(work("c"))
    log.append(("started", "main"))
    x, y, z = await asyncio.gather(a, b, c)
    return x, y, z
""",
    "one by one": """\
async def main():
    a = asyncio.create_task(work("a"))
    b = asyncio.create_task(work("b"))
    c = asyncio.create_task(work("c"))
    x = await a
    await b
    return x, await c
""",
    "waited": """\
async def main():
    tasks = [asyncio.create_task(work(name)) for name in "abc"]
    await asyncio.wait(tasks)
""",
}
ALL_WELL: Script = {"a": (3, "A"), "b": (1, "B"), "c": (2, "C")}
ONE_FAILS: Script = {"a": (6, "A"), "b": (1, ValueError("b")), "c": (8, "C")}

collected = pytest.mark.parametrize("name", COLLECTED)


def both_actions(name: str) -> list[str]:
    actions = (1,) if name == "waited" else (1, 2)
    return [rewritten(HEAD + COLLECTED[name], COLLECTED_RULE, action) for action in actions]


@collected
def test_collected_tasks_that_succeed(name: str) -> None:
    before = run(HEAD + COLLECTED[name], ALL_WELL)
    for program in both_actions(name):
        after = run(program, ALL_WELL)
        assert before.error is after.error is None
        assert (after.result, type(after.result)) == (before.result, type(before.result))
        assert after.log == before.log


@collected
def test_collected_tasks_of_which_one_fails(name: str) -> None:
    before = run(HEAD + COLLECTED[name], ONE_FAILS)
    assert before.names("end") == {"a", "c"}, "the others run on"
    assert isinstance(before.error, ValueError) or name == "waited"
    first, *second = both_actions(name)
    after = run(first, ONE_FAILS)
    assert isinstance(after.error, ExceptionGroup)
    assert after.errors == [(ValueError, ("b",))]
    for program in second:
        kept = run(program, ONE_FAILS)
        assert type(kept.error) is ValueError
        assert kept.errors == before.errors
    for program in (first, *second):
        outcome = run(program, ONE_FAILS)
        assert outcome.names("cancelled") == {"a", "c"}
        assert outcome.log[-1] == ("over", "main"), "nothing is left behind"


@collected
@pytest.mark.parametrize(
    ("limits", "error"), [({"cancel_after": 0.5}, asyncio.CancelledError), ({"timeout": 0.5}, TimeoutError)]
)
def test_collected_tasks_that_are_cancelled(name: str, limits: dict[str, float], error: type[BaseException]) -> None:
    before = run(HEAD + COLLECTED[name], ALL_WELL, **limits)
    assert type(before.error) is error
    for program in both_actions(name):
        after = run(program, ALL_WELL, **limits)
        assert type(after.error) is error
        assert after.names("cancelled") == {"a", "b", "c"} >= before.names("cancelled")


def test_what_fails_in_between_cancels_collected_tasks() -> None:
    program = HEAD + COLLECTED["by name"].replace('log.append(("started", "main"))', 'await play("m")')
    script: Script = {**ALL_WELL, "m": (0.5, OSError("m"))}
    before = run(program, script)
    assert isinstance(before.error, OSError)
    assert before.names("end") == {"a", "b", "c"}
    after = run(rewritten(program, COLLECTED_RULE), script)
    assert isinstance(after.error, ExceptionGroup)
    assert after.errors == before.errors
    assert after.names("cancelled") == {"a", "b", "c"}
    assert type(run(rewritten(program, COLLECTED_RULE, 2), script).error) is OSError


# -- timeouts ---------------------------------------------------------------------------------------------------------

TIMED = {
    "unused": """\
async def main():
    await asyncio.wait_for(work("a"), 2)
    return "done"
""",
    "bound": """\
async def main():
    x = await asyncio.wait_for(work("a"), timeout=2)
    return x
""",
    "returned": """\
async def main():
    return await asyncio.wait_for(work("a"), 2)
""",
    "a task": """\
async def main():
    return await asyncio.wait_for(asyncio.ensure_future(work("a")), 2)
""",
    "in a condition": """\
async def main():
    if await asyncio.wait_for(work("a"), 2) == "A":
        return "equal"
""",
    "yielded": """\
async def results():
    yield await asyncio.wait_for(work("a"), 2)
    await play("m")


async def main():
    return [x async for x in results()]
""",
    "handled": """\
async def main():
    try:
        return await asyncio.wait_for(work("a"), 2)
    except TimeoutError:
        log.append(("late", "main"))
        raise
""",
}

timed = pytest.mark.parametrize("name", TIMED)


@timed
@pytest.mark.parametrize(
    "end", [(1, "A"), (1, ValueError("a")), (1, TimeoutError()), (1, asyncio.CancelledError()), (3, "late")], ids=repr
)
@pytest.mark.parametrize("limits", [{}, {"cancel_after": 0.5}, {"timeout": 0.5}], ids=["", "cancelled", "timeout"])
def test_a_block_with_a_timeout_is_the_same(name: str, end: tuple[float, object], limits: dict[str, float]) -> None:
    script: Script = {"a": end, "m": (1, "M")}
    before = run(HEAD + TIMED[name], script, **limits)
    after = run(rewritten(HEAD + TIMED[name], WAIT_FOR), script, **limits)
    assert after.log == before.log
    assert after.result == before.result
    assert type(after.error) is type(before.error)


def test_a_limit_of_zero_gives_up_before_it_begins() -> None:
    program = """\
import asyncio


async def at_once():
    return "done"


async def main():
    return await asyncio.wait_for(at_once(), 0)
"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # up to Python 3.11 it is not even started
        before = run(program, {})
    assert isinstance(before.error, TimeoutError)
    assert run(rewritten(program, WAIT_FOR), {}).result == "done"


# -- one after the other ----------------------------------------------------------------------------------------------

IN_ORDER = {
    "bound": """\
async def main():
    a = await work("a")
    b = await work("b")
    c = await work("c")
    return a, b, c
""",
    "unread": """\
async def main():
    await work("a")
    await work("b")
    await work("c")
    return "done"
""",
}

in_order = pytest.mark.parametrize("name", IN_ORDER)
both = pytest.mark.parametrize("action", [1, 2])


@in_order
@both
def test_awaits_at_the_same_time_that_succeed(name: str, action: int) -> None:
    before = run(HEAD + IN_ORDER[name], ALL_WELL)
    after = run(rewritten(HEAD + IN_ORDER[name], SEQUENTIAL, action), ALL_WELL)
    assert before.error is after.error is None
    assert (after.result, type(after.result)) == (before.result, type(before.result))
    assert before.log[:3] == [("start", "a"), ("end", "a"), ("start", "b")]
    assert after.log[:3] == [("start", "a"), ("start", "b"), ("start", "c")]


@in_order
@both
def test_awaits_at_the_same_time_of_which_one_fails(name: str, action: int) -> None:
    before = run(HEAD + IN_ORDER[name], ONE_FAILS)
    assert before.names("start") == {"a", "b"}
    after = run(rewritten(HEAD + IN_ORDER[name], SEQUENTIAL, action), ONE_FAILS)
    assert after.names("start") == {"a", "b", "c"}, "all are started"
    assert after.names("cancelled") == {"a", "c"}
    assert type(after.error) is (ExceptionGroup if action == 1 else ValueError)
    assert after.errors == before.errors == [(ValueError, ("b",))]
    assert after.log[-1] == ("over", "main")


@in_order
@both
@pytest.mark.parametrize(
    ("limits", "error"), [({"cancel_after": 0.5}, asyncio.CancelledError), ({"timeout": 0.5}, TimeoutError)]
)
def test_awaits_at_the_same_time_that_are_cancelled(
    name: str, action: int, limits: dict[str, float], error: type[BaseException]
) -> None:
    before = run(HEAD + IN_ORDER[name], ALL_WELL, **limits)
    after = run(rewritten(HEAD + IN_ORDER[name], SEQUENTIAL, action), ALL_WELL, **limits)
    assert type(before.error) is type(after.error) is error
    assert before.names("cancelled") == {"a"}
    assert after.names("cancelled") == {"a", "b", "c"}


# -- all at the same time ---------------------------------------------------------------------------------------------

FANS = {
    "gather": """\
async def everything(names):
    return await asyncio.gather(*[work(name) for name in names])
""",
    "gather that returns exceptions": """\
async def everything(names):
    return await asyncio.gather(*(work(name) for name in names), return_exceptions=True)
""",
    "map": """\
async def everything(names):
    return await asyncio.gather(*map(work, names))
""",
    "loop in a group": """\
async def everything(names):
    async with asyncio.TaskGroup() as tg:
        for each in names:
            name = each.lower()
            tg.create_task(work(name))
""",
    "comprehension in a group": """\
async def everything(names):
    async with asyncio.TaskGroup() as tg:
        tasks = [tg.create_task(work(name)) for name in names]
    return [task.result() for task in tasks]
""",
}
CALL = """

async def main():
    return await everything("abc")
"""

fans = pytest.mark.parametrize("name", FANS)


def fan(name: str) -> str:
    return HEAD + FANS[name] + CALL


def limited(name: str, action: int, limit: int) -> str:
    program = rewritten(fan(name), FAN_OUT, action)
    assert program.count("10") == 1
    return program.replace("10", str(limit))


def most_at_once(log: list[tuple[str, str]]) -> int:
    running = most = 0
    for what, _ in log:
        running += {"start": 1, "end": -1, "cancelled": -1}.get(what, 0)
        most = max(most, running)
    return most


@fans
@both
def test_a_limit_that_is_not_reached_changes_nothing(name: str, action: int) -> None:
    for script in (ALL_WELL, ONE_FAILS):
        for limits in ({}, {"cancel_after": 0.5}, {"timeout": 0.5}):
            before, after = run(fan(name), script, **limits), run(limited(name, action, 10), script, **limits)
            # A group cancels its tasks in no particular order.
            assert sorted(after.log) == sorted(before.log)
            assert type(after.error) is type(before.error)
            assert after.errors == before.errors
            assert str(after.result) == str(before.result)


@fans
@both
def test_a_limit_is_kept(name: str, action: int) -> None:
    before, after = run(fan(name), ALL_WELL), run(limited(name, action, 2), ALL_WELL)
    assert most_at_once(before.log) == 3
    assert most_at_once(after.log) == 2
    assert after.result == before.result
    assert after.names("end") == {"a", "b", "c"}
    cancelled = run(limited(name, action, 2), ALL_WELL, cancel_after=0.5)
    assert isinstance(cancelled.error, asyncio.CancelledError)
    assert cancelled.names("start") == cancelled.names("cancelled") == {"a", "b"}


@fans
@both
def test_a_failure_inside_the_limit(name: str, action: int) -> None:
    before, after = run(fan(name), ONE_FAILS), run(limited(name, action, 2), ONE_FAILS)
    assert type(after.error) is type(before.error)
    assert after.errors == before.errors
    assert most_at_once(after.log) <= 2 + 1, "the one that fails has no end in the log"
