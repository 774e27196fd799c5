"""What the explanations of the concurrency idioms promise, executed: each program runs before and after its rewrite.

A program has a coroutine function `main` and makes its work with `play(name)`. A script says for each name how long the
work takes and how it ends; the log says what happened to it.
Time is simulated: nothing is waited for, and nothing depends on how fast the machine is.
"""

from __future__ import annotations

import asyncio
import selectors
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.engine import analyse

GATHER = "gather-to-task-group"
CLEAN_UP = "cleanup-misses-cancellation"

Script = dict[str, tuple[float, object]]
"""By name: after how many seconds the work ends, and with what result or exception."""


class SimulatedTime(selectors.SelectSelector):
    """Does not wait: lets the time pass at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everything waits for something that never comes"
        self.now += timeout
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = SimulatedTime()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


@dataclass
class Outcome:
    result: object = None
    error: BaseException | None = None
    log: list[tuple[str, str]] = field(default_factory=list)

    def names(self, event: str) -> set[str]:
        return {name for what, name in self.log if what == event}

    @property
    def errors(self) -> list[tuple[type[BaseException], tuple[object, ...]]]:
        """What was raised, groups taken apart."""

        def leaves(error: BaseException) -> list[BaseException]:
            if isinstance(error, BaseExceptionGroup):
                return [leaf for each in error.exceptions for leaf in leaves(each)]
            return [error]

        return [(type(each), each.args) for each in leaves(self.error)] if self.error is not None else []


def rewritten(program: str, rule: str, action: int = 1) -> str:
    analysed = analyse(program, rule)
    [diagnostic] = analysed.all_diagnostics
    return analysed.rewrite(diagnostic, diagnostic.fixes[action - 1]).apply(program)


def run(program: str, script: Script, *, cancel_after: float | None = None, timeout: float | None = None) -> Outcome:
    """Run `main`, then wait until everything it left behind has ended too."""
    outcome = Outcome()

    async def play(name: str) -> object:
        seconds, end = script[name]
        outcome.log.append(("start", name))
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            outcome.log.append(("cancelled", name))
            raise
        if isinstance(end, BaseException):
            raise end
        outcome.log.append(("end", name))
        return end

    async def everything() -> None:
        namespace: dict[str, Any] = {"play": play, "log": outcome.log}
        exec(compile(program, "program.py", "exec"), namespace)
        task = asyncio.ensure_future(namespace["main"]())
        if cancel_after is not None:
            asyncio.get_running_loop().call_later(cancel_after, task.cancel)
        try:
            async with asyncio.timeout(timeout):
                outcome.result = await task
        except BaseException as error:  # what is raised is what is tested
            outcome.error = error
        outcome.log.append(("over", "main"))
        while rest := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(rest)
            for each in rest:
                if not each.cancelled():
                    each.exception()

    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(everything())
    return outcome


HEAD = """\
import asyncio


async def work(name):
    return await play(name)


async def boom(name):
    return await play(name)


"""

PROGRAMS = {
    "unused": """\
async def main():
    await asyncio.gather(work("a"), boom("b"), work("c"))
    return "done"
""",
    "bound": """\
async def main():
    results = await asyncio.gather(work("a"), boom("b"), work("c"))
    return results
""",
    "unpacked": """\
async def main():
    a, b, c = await asyncio.gather(work("a"), boom("b"), work("c"))
    return (a, b, c)
""",
    "returned": """\
async def main():
    return await asyncio.gather(work("a"), boom("b"), work("c"))
""",
    "comprehension": """\
async def main():
    return await asyncio.gather(*[work(name) for name in "abc"])
""",
    "generator": """\
async def main():
    return await asyncio.gather(*(work(name) for name in "abc" if name))
""",
    "map": """\
async def main():
    return await asyncio.gather(*map(work, "abc"))
""",
    "mixed": """\
async def main():
    return await asyncio.gather(work("a"), *[boom(name) for name in "b"], work("c"))
""",
    "collected": """\
async def main():
    names = []
    for name in "abc":
        names.append(work(name))
    return await asyncio.gather(*names)
""",
    "in an expression": """\
async def main():
    found = []
    found.extend(await asyncio.gather(work("a"), boom("b"), work("c")))
    return found
""",
    "in a loop": """\
async def main():
    found = []
    for each in await asyncio.gather(work("a"), boom("b"), work("c")):
        found.append(each)
    return found
""",
}

ALL_WELL: Script = {"a": (3, "A"), "b": (1, "B"), "c": (2, "C")}
ONE_FAILS: Script = {"a": (6, "A"), "b": (1, ValueError("b")), "c": (8, "C")}

gather_programs = pytest.mark.parametrize(
    "program", [pytest.param(HEAD + text, id=name) for name, text in PROGRAMS.items()]
)
actions = pytest.mark.parametrize("action", [1, 2])


@gather_programs
@actions
def test_gather_that_succeeds(program: str, action: int) -> None:
    before, after = run(program, ALL_WELL), run(rewritten(program, GATHER, action), ALL_WELL)
    assert before.error is after.error is None
    assert after.result == before.result
    assert type(after.result) is type(before.result)
    assert after.log == before.log


@gather_programs
def test_gather_of_which_one_fails(program: str) -> None:
    before, after = run(program, ONE_FAILS), run(rewritten(program, GATHER), ONE_FAILS)
    assert isinstance(before.error, ValueError)
    assert before.names("end") == {"a", "c"}, "gather lets the others run on"
    assert before.log.index(("over", "main")) < before.log.index(("end", "a"))
    assert isinstance(after.error, ExceptionGroup)
    assert after.errors == before.errors
    assert after.names("cancelled") == {"a", "c"}
    assert not after.names("end")
    assert after.log[-1] == ("over", "main"), "nothing is left behind"


@gather_programs
def test_gather_of_which_one_fails_keeping_its_exception(program: str) -> None:
    before, after = run(program, ONE_FAILS), run(rewritten(program, GATHER, 2), ONE_FAILS)
    assert type(after.error) is type(before.error) is ValueError
    assert after.errors == before.errors
    assert after.names("cancelled") == {"a", "c"}
    assert after.log[-1] == ("over", "main")
    assert after.error.__cause__ is None
    assert after.error.__suppress_context__


@gather_programs
@actions
def test_gather_of_which_two_fail_at_once(program: str, action: int) -> None:
    script: Script = {"a": (1, ValueError("a")), "b": (9, "B"), "c": (1, KeyError("c"))}
    after = run(rewritten(program, GATHER, action), script)
    if action == 1:
        assert after.errors == [(ValueError, ("a",)), (KeyError, ("c",))]
    else:
        assert after.errors == run(program, script).errors == [(ValueError, ("a",))]


@gather_programs
@actions
def test_gather_that_is_cancelled_from_outside(program: str, action: int) -> None:
    before, after = (run(each, ALL_WELL, cancel_after=0.5) for each in (program, rewritten(program, GATHER, action)))
    assert type(before.error) is type(after.error) is asyncio.CancelledError
    assert after.names("cancelled") == before.names("cancelled") == {"a", "b", "c"}


@gather_programs
@actions
def test_gather_that_times_out(program: str, action: int) -> None:
    before, after = (run(each, ALL_WELL, timeout=1.5) for each in (program, rewritten(program, GATHER, action)))
    assert type(before.error) is type(after.error) is TimeoutError
    assert after.names("cancelled") == before.names("cancelled") == {"a", "c"}


@gather_programs
@actions
def test_gather_of_which_one_cancels_itself(program: str, action: int) -> None:
    script: Script = {"a": (1, "A"), "b": (2, asyncio.CancelledError()), "c": (3, "C")}
    before, after = run(program, script), run(rewritten(program, GATHER, action), script)
    assert isinstance(before.error, asyncio.CancelledError)
    if 'return "done"' in program:
        assert (after.error, after.result) == (None, "done"), "nobody reads its result"
    else:
        assert isinstance(after.error, asyncio.CancelledError)
    assert after.names("end") == {"a", "c"}


def test_gather_and_its_handler() -> None:
    program = f"""\
{HEAD}async def main():
    try:
        a, b = await asyncio.gather(work("a"), boom("b"))
    except (ValueError, KeyError):
        a = b = "failed"
    else:
        log.append(("well", a))
    finally:
        log.append(("finally", "main"))
    return a, b
"""
    star = rewritten(program, GATHER)
    assert "except* (ValueError, KeyError):" in star
    keeping = rewritten(program, GATHER, 2)
    script: Script = {"a": (6, "A"), "b": (1, KeyError("b"))}
    assert (
        run(program, script).result == run(star, script).result == run(keeping, script).result == ("failed", "failed")
    )
    assert run(program, ALL_WELL).result == run(star, ALL_WELL).result == run(keeping, ALL_WELL).result == ("A", "B")
    other: Script = {"a": (6, "A"), "b": (1, OSError("b"))}
    assert run(program, other).errors == run(star, other).errors == run(keeping, other).errors == [(OSError, ("b",))]
    for each in (program, star, keeping):
        assert isinstance(run(each, ALL_WELL, cancel_after=0.5).error, asyncio.CancelledError)
        assert ("finally", "main") in run(each, ALL_WELL, cancel_after=0.5).log


def test_a_handler_with_a_bare_raise_raises_a_group() -> None:
    program = f"""\
{HEAD}async def main():
    try:
        await asyncio.gather(work("a"), boom("b"))
    except ValueError:
        log.append(("handled", "main"))
        raise
"""
    before, after = run(program, ONE_FAILS), run(rewritten(program, GATHER), ONE_FAILS)
    assert isinstance(before.error, ValueError)
    assert isinstance(after.error, ExceptionGroup)
    assert after.errors == before.errors
    assert ("handled", "main") in before.log
    assert ("handled", "main") in after.log


def test_a_timeout_in_between_is_still_seen() -> None:
    program = f"""\
{HEAD}async def main():
    try:
        async with asyncio.timeout(2):
            return await asyncio.gather(work("a"), boom("b"))
    except TimeoutError:
        return "too late"
"""
    after = rewritten(program, GATHER)
    script: Script = {"a": (1, "A"), "b": (9, "B")}
    assert run(program, script).result == run(after, script).result == "too late"
    raises: Script = {"a": (1, TimeoutError()), "b": (9, "B")}
    assert run(program, raises).result == "too late"
    assert isinstance(run(after, raises).error, ExceptionGroup), "one that a task raises itself is no longer seen"


def test_wait_for_around_a_gather() -> None:
    program = f"""\
{HEAD}async def main():
    return await asyncio.wait_for(asyncio.gather(work("a"), boom("b")), 4)
"""
    for action in (1, 2):
        after = rewritten(program, GATHER, action)
        assert "wait_for" not in after
        assert run(program, ALL_WELL).result == run(after, ALL_WELL).result == ["A", "B"]
        late: Script = {"a": (9, "A"), "b": (1, "B")}
        for each in (program, after):
            outcome = run(each, late)
            assert isinstance(outcome.error, TimeoutError)
            assert outcome.names("cancelled") == {"a"}
            assert isinstance(run(each, late, cancel_after=0.5).error, asyncio.CancelledError)
        failed: Script = {"a": (3, "A"), "b": (1, ValueError("b"))}
        assert run(program, failed).errors == run(after, failed).errors == [(ValueError, ("b",))]


def test_a_failing_argument_is_raised_in_a_group() -> None:
    program = f"""\
{HEAD}async def main():
    names = {{}}
    return await asyncio.gather(work("a"), boom(names["b"]))
"""
    with pytest.warns(RuntimeWarning, match="never awaited"):
        before = run(program, ALL_WELL)
    after = run(rewritten(program, GATHER), ALL_WELL)
    assert isinstance(before.error, KeyError)
    assert isinstance(after.error, ExceptionGroup)
    assert after.errors == before.errors
    assert run(rewritten(program, GATHER, 2), ALL_WELL).errors == before.errors


@pytest.mark.parametrize(
    ("statement", "result"),
    [("return await asyncio.gather(work('a'))", ["A"]), ("(x,) = await asyncio.gather(work('a')); return x", "A")],
)
def test_gather_of_a_single_coroutine(statement: str, result: object) -> None:
    lines = statement.split("; ")
    program = HEAD + "async def main():\n" + "".join(f"    {line}\n" for line in lines)
    after = rewritten(program, GATHER)
    assert "gather" not in after
    assert run(program, ALL_WELL).result == run(after, ALL_WELL).result == result
    fails: Script = {"a": (1, ValueError("a"))}
    assert run(program, fails).errors == run(after, fails).errors == [(ValueError, ("a",))]
    for each in (program, after):
        cancelled = run(each, ALL_WELL, cancel_after=0.5)
        assert isinstance(cancelled.error, asyncio.CancelledError)
        assert cancelled.names("cancelled") == {"a"}


# -- clean-up that a cancellation skips -------------------------------------------------------------------------------

AROUND_AN_AWAIT = """\
async def rollback():
    log.append(("rollback", "main"))


async def main():
    try:
        return await play("a")
    except Exception:
        await rollback()
        raise
"""

AROUND_AN_ASYNC_YIELD = """\
from contextlib import asynccontextmanager


async def rollback():
    log.append(("rollback", "main"))


@asynccontextmanager
async def transaction():
    try:
        yield "tx"
    except Exception:
        await rollback()
        raise


async def main():
    async with transaction():
        return await play("a")
"""

AROUND_A_YIELD = """\
from contextlib import contextmanager


def rollback():
    log.append(("rollback", "main"))


@contextmanager
def transaction():
    try:
        yield "tx"
    except Exception:
        rollback()
        raise


async def main():
    with transaction():
        return await play("a")
"""

clean_up_programs = pytest.mark.parametrize(
    "program",
    [
        pytest.param(AROUND_AN_AWAIT, id="around an await"),
        pytest.param(AROUND_AN_ASYNC_YIELD, id="around the yield of an asynchronous context manager"),
        pytest.param(AROUND_A_YIELD, id="around the yield of a context manager"),
    ],
)


@clean_up_programs
def test_clean_up_after_success_and_failure_is_as_before(program: str) -> None:
    after = rewritten(program, CLEAN_UP)
    assert run(program, ALL_WELL) == run(after, ALL_WELL)
    fails: Script = {"a": (1, ValueError("a"))}
    for each in (program, after):
        outcome = run(each, fails)
        assert outcome.errors == [(ValueError, ("a",))]
        assert outcome.names("rollback") == {"main"}


@clean_up_programs
@pytest.mark.parametrize(
    ("how", "error"), [({"cancel_after": 0.5}, asyncio.CancelledError), ({"timeout": 0.5}, TimeoutError)]
)
def test_clean_up_also_runs_on_cancellation(program: str, how: dict[str, float], error: type[BaseException]) -> None:
    before, after = (run(each, ALL_WELL, **how) for each in (program, rewritten(program, CLEAN_UP)))
    assert type(before.error) is type(after.error) is error, "the cancellation goes on"
    assert not before.names("rollback")
    assert after.names("rollback") == {"main"}


def test_clean_up_also_runs_when_a_generator_is_closed() -> None:
    program = """\
async def rows():
    try:
        yield 1
        yield 2
    except Exception:
        cancel("rows")
        raise


def cancel(name):
    log.append(("rollback", name))


async def main():
    generator = rows()
    await anext(generator)
    await generator.aclose()
"""
    assert not run(program, {}).names("rollback")
    closed = run(rewritten(program, CLEAN_UP), {})
    assert closed.names("rollback") == {"rows"}
    assert closed.error is None
