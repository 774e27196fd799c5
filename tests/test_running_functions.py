"""What the idioms for functions and exceptions claim, by running the code before and after their fixes.

A safe fix gives the same results and exceptions in every call; an unsafe one differs where its reasons say, and there
as they say.
"""

from __future__ import annotations

import asyncio
import inspect
import pickle
import sys
import traceback
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from idiomatic.core import bulk, engine

from tests.engine import analyse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from idiomatic.core.analysis.code import Version


def fixed(rule: str, source: str, action: int = 0, target: Version = (3, 11)) -> tuple[str, str]:
    """The verdict on an action of the first finding, and the code after it."""
    analysed = analyse(source, rule, target=target)
    fix = analysed.all_diagnostics[0].fixes[action]
    return engine.verdict_name(fix), analysed.rewrite(analysed.all_diagnostics[0], fix).apply(source)


def all_fixed(rule: str, source: str) -> str:
    analysed = analyse(source, rule, target=(3, 11))
    for _, after in bulk.fix_all(analysed, unsafe=True):
        analysed = after
    return analysed.module.document.text


def module(source: str) -> ModuleType:
    made = ModuleType("made")
    exec(compile(source, "made.py", "exec", dont_inherit=True), made.__dict__)
    return made


def outcome(call: Callable[[], object]) -> object:
    """What a call gives: its result (of an iterator, its items), or the type and text of its exception."""
    try:
        result = call()
        if inspect.iscoroutine(result):
            result = asyncio.run(result)
        return list(result) if inspect.isgenerator(result) else result
    except Exception as error:
        return type(error), str(error)


# -- mutable-default --------------------------------------------------------------------------------------------------

READING = [
    "def f(a=[], b=0):\n    return sum(a) + b\n",
    "def f(a=[1, 2], b=0):\n    return [x + b for x in a], len(a), 1 in a\n",
    "def f(a={'x': 1}, b=0):\n    return a.get('x'), sorted(a.items()), {**a, 'y': b}\n",
    "def f(a={1, 2}, b=0):\n    return a | {b}, a & {1}, a.union({9})\n",
    "def f(a=[], b=0):\n    a = list(a)\n    a.append(b)\n    return a\n",
    "def f(a={}, b=0):\n    a = a or {}\n    a['b'] = b\n    return a\n",
    "def f(a={}, b=0):\n    return dict(a, b=b)\n",
    "def f(a=[n * n for n in range(3)], b=0):\n    return a[b:] + [b]\n",
    "def f(a=[], b=0):\n    yield b\n    yield from a\n",
    "async def f(a=[], b=0):\n    return [b, *a]\n",
    "def f(a=[1], b=0):\n    def g():\n        return sum(a)\n    return g() + b\n",
    "def f(a=bytearray(b'ab'), b=0):\n    return a.decode(), a[b]\n",
    "def f(a=list(), b=0):\n    for x in a:\n        b += x\n    return b\n",
    "def f(a=[], b=0): return sum(a, b)\n",
    "def f(a=[int, str], b=0):\n    return [t(b) for t in a]\n",
    "import collections\ndef f(a=collections.deque([1, 2]), b=0):\n    return [*a, b]\n",
    "import collections\ndef f(a=collections.Counter('aab'), b=0):\n    return a['a'], a['z'], a.most_common()\n",
    "def f(a=[], b=0):\n    if not a:\n        return b\n    return a[0]\n",
    "def f(a: list[int] = [], b: int = 0) -> str:\n    return f'{a} {b}'\n",
]


def reading() -> Iterator[tuple[str, int]]:
    for source in READING:
        for action, _ in enumerate(analyse(source, "mutable-default").all_diagnostics[0].fixes):
            yield source, action


@pytest.mark.parametrize(("source", "action"), list(reading()))
def test_a_safe_fix_of_a_default_changes_no_result(source: str, action: int) -> None:
    verdict, after = fixed("mutable-default", source, action)
    assert verdict == "safe"
    old, new = module(source), module(after)
    calls: list[Callable[[Any], object]] = [
        lambda f: f(),
        lambda f: f(),
        lambda f: f(b=1),
        lambda f: f([3], 2),
        lambda f: f({"x": 5}, 2),
        lambda f: f(a=(4,), b=3),
        lambda f: f({1, 7}),
        lambda f: f(3),
        lambda f: f(b="text"),
        lambda f: f(),
    ]
    for call in calls:
        before = outcome(lambda call=call: call(old.f))  # type: ignore[misc]
        assert outcome(lambda call=call: call(new.f)) == before  # type: ignore[misc]


def test_a_changed_default_starts_afresh() -> None:
    source = "def f(item, a=[]):\n    a.append(item)\n    return a\n"
    verdict, after = fixed("mutable-default", source)
    old, new = module(source), module(after)
    assert verdict == "unsafe"
    assert [list(old.f(1)), list(old.f(2))] == [[1], [1, 2]]
    assert [new.f(1), new.f(2)] == [[1], [2]]
    assert new.f(3, [0]) == old.f(3, [0])


def test_a_returned_default_is_no_longer_shared() -> None:
    source = "def f(a=[]):\n    return a\n"
    _, after = fixed("mutable-default", source)
    old, new = module(source), module(after)
    assert old.f() is old.f()
    assert new.f() is not new.f()


def test_none_means_the_default_where_it_was_a_value() -> None:
    source = "def f(a=[]):\n    return a is None\n"
    verdict, after = fixed("mutable-default", source)
    assert (verdict, module(source).f(None), module(after).f(None)) == ("unsafe", True, False)


def test_elements_that_can_be_changed_are_made_anew() -> None:
    source = "def f(a=[[1]]):\n    for x in a:\n        x.append(2)\n    return sum(len(x) for x in a)\n"
    verdict, after = fixed("mutable-default", source)
    old, new = module(source), module(after)
    assert verdict == "unsafe"
    assert ([old.f(), old.f()], [new.f(), new.f()]) == ([2, 3], [2, 2])


def test_why_a_memo_is_left_alone() -> None:
    source = "def f(n, known={}):\n    if n not in known:\n        known[n] = len(known)\n    return known[n]\n"
    old = module(source)
    assert [old.f("a"), old.f("b"), old.f("a")] == [0, 1, 0]
    fresh = module(
        source.replace("={}", "=None").replace("    if n", "    known = {} if known is None else known\n    if n")
    )
    assert [fresh.f("a"), fresh.f("b"), fresh.f("a")] == [0, 0, 0]


def test_why_names_are_not_evaluated_later() -> None:
    loop = "fs = []\nfor i in range(2):\n    def f(a=[i]):\n        return a[0]\n    fs.append(f)\n"
    later = loop.replace("=[i]", "=None").replace("return a[0]", "return i if a is None else a[0]")
    assert [[f() for f in module(source).fs] for source in (loop, later)] == [[0, 1], [1, 1]]
    # A tuple is made when the list was: it is the one that is offered.
    assert [f() for f in module(fixed("mutable-default", loop, 1)[1]).fs] == [0, 1]


def test_the_signature_that_tools_see() -> None:
    source = "def f(a: list[int] = []) -> int:\n    return sum(a)\n"
    _, after = fixed("mutable-default", source)
    assert str(inspect.signature(module(after).f)) == "(a: list[int] | None = None) -> int"


MEMOS = [
    "def f(n, memo={}):\n    if n in memo:\n        return memo[n]\n    memo[n] = n + 1\n    return memo[n]\n",
    "def f(n, memo={}):\n    if n not in memo:\n        memo[n] = f(n - 1, memo) + n if n else 0\n    return memo[n]\n",
    "def f(n, *, memo={}):\n    try:\n        return memo[n]\n    except KeyError:\n        pass\n"
    "    found = 1 // n\n    memo[n] = found\n    return found\n",
]


@pytest.mark.parametrize("source", MEMOS)
def test_a_memo_as_a_cache(source: str) -> None:
    verdict, after = fixed("mutable-default", source, action=1)
    assert verdict == "unsafe"
    assert "memo" not in after
    old, new = module(source), module(after)
    given: tuple[object, ...] = (3, 0, 3, 7, [])
    for n in given:
        assert outcome(partial(old.f, n)) == outcome(partial(new.f, n))
    assert new.f.cache_info().hits


@pytest.mark.parametrize(
    "source",
    [
        # The key is not all there is, is counted with what is there already, or the memo does more.
        "def f(n, other, memo={}):\n    if n not in memo:\n        memo[n] = n * other\n    return memo[n]\n",
        "def f(n, memo={0: 0}):\n    if n not in memo:\n        memo[n] = f(n - 1)\n    return memo[n]\n",
        "def f(n, memo={}):\n    print(len(memo))\n    if n not in memo:\n        memo[n] = n\n    return memo[n]\n",
        "def f(n, memo={}):\n    n += 1\n    if n not in memo:\n        memo[n] = n\n    return memo[n]\n",
        "def f(n, memo={}):\n    if n not in memo:\n        memo[n] = f(n - 1, {})\n    return memo[n]\n",
        "class C:\n  def f(self, m={}):\n    if self not in m:\n      m[self] = 0\n    return m[self]\n",
        "async def f(n, memo={}):\n    if n not in memo:\n        memo[n] = n\n    return memo[n]\n",
    ],
)
def test_what_is_more_than_a_memo(source: str) -> None:
    (finding,) = analyse(source, "mutable-default").all_diagnostics
    assert [engine.verdict_name(fix) for fix in finding.fixes] == ["refused"]


# -- raise-without-from -----------------------------------------------------------------------------------------------

RAISING = [
    "def f(x):\n    try:\n        return 1 // x\n    except ArithmeticError:\n        raise ValueError('no')\n",
    "def f(x):\n    try:\n        return 1 // x\n    except ArithmeticError as e:\n        raise ValueError(str(e))\n",
    "def f(x):\n    try:\n        return 1 // x\n    except (TypeError, ArithmeticError):\n        raise ValueError\n",
    "def f(x):\n    error = 'kept'\n    try:\n        return 1 // x\n    except ArithmeticError:\n"
    "        raise ValueError(error)\n    finally:\n        assert error == 'kept'\n",
    "def f(x):\n    try:\n        return 1 // x\n    except ZeroDivisionError as e:\n        e2 = ValueError(e)\n"
    "        e2.code = 3\n        raise e2\n",
    "def f(x):\n    try:\n        return 1 // x\n    except ZeroDivisionError as e:\n        raise type(e)('again')\n",
    "def f(x):\n    try:\n        return 1 // x\n    except ZeroDivisionError:\n        try:\n            [][x]\n"
    "        except IndexError:\n            raise ValueError('inner')\n",
]


def raised(function: Callable[[int], object], argument: int) -> Exception | None:
    try:
        function(argument)
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("source", RAISING)
def test_a_cause_changes_nothing_but_the_traceback(source: str) -> None:
    verdict, after = fixed("raise-without-from", source)
    assert verdict == "safe"
    old, new = module(source).f, module(after).f
    assert old(1) == new(1) == 1
    before, now = raised(old, 0), raised(new, 0)
    assert before is not None
    assert now is not None
    assert (type(now), str(now), vars(now)) == (type(before), str(before), vars(before))
    assert repr(now.__context__) == repr(before.__context__)
    assert before.__cause__ is None
    assert now.__cause__ is now.__context__
    assert "direct cause" in "".join(traceback.format_exception(now))
    assert "During handling" in "".join(traceback.format_exception(before))


@pytest.mark.parametrize("source", RAISING)
def test_from_none_hides_the_caught_exception_only(source: str) -> None:
    verdict, after = fixed("raise-without-from", source, action=1)
    assert verdict == "unsafe"
    before, now = raised(module(source).f, 0), raised(module(after).f, 0)
    assert before is not None
    assert now is not None
    assert (type(now), str(now), repr(now.__context__)) == (type(before), str(before), repr(before.__context__))
    text = "".join(traceback.format_exception(now))
    assert "During handling" not in text
    assert "direct cause" not in text


def test_a_cause_in_a_group() -> None:
    source = (
        "def f(x):\n    try:\n        raise ExceptionGroup('g', [ValueError(1), KeyError(2)])\n"
        "    except* ValueError:\n        raise RuntimeError('new')\n"
    )
    _, after = fixed("raise-without-from", source)
    before, now = raised(module(source).f, 0), raised(module(after).f, 0)
    assert repr(before) == repr(now)
    assert isinstance(now, ExceptionGroup)
    cause = now.exceptions[0].__cause__
    assert isinstance(cause, ExceptionGroup)
    assert repr(cause.exceptions) == "(ValueError(1),)"


def test_a_context_manager_mistakes_a_caused_runtime_error() -> None:
    source = (
        "import contextlib\n\n\n@contextlib.contextmanager\ndef rows():\n    try:\n        yield\n"
        "    except StopIteration:\n        raise RuntimeError('no more')\n\n\n"
        "def f(x):\n    with rows():\n        raise StopIteration('inner')\n"
    )
    verdict, after = fixed("raise-without-from", source)
    assert verdict == "unsafe"
    assert repr(raised(module(source).f, 0)) == "RuntimeError('no more')"
    assert repr(raised(module(after).f, 0)) == "StopIteration('inner')"


def test_an_existing_exception_loses_its_cause() -> None:
    source = (
        "failed = ValueError('failed')\n\n\n"
        "def f(x):\n    try:\n        return 1 // x\n    except ZeroDivisionError as error:\n        raise failed\n"
    )
    verdict, after = fixed("raise-without-from", source)
    assert verdict == "unsafe"
    old, new = module(source), module(after)
    old.failed.__cause__ = new.failed.__cause__ = LookupError("the true cause")
    assert repr(getattr(raised(old.f, 0), "__cause__", None)) == "LookupError('the true cause')"
    assert (
        repr(getattr(raised(new.f, 0), "__cause__", None)) == "ZeroDivisionError('integer division or modulo by zero')"
    )


# -- missing-wraps ----------------------------------------------------------------------------------------------------

WRAPPING = [
    "def d(func):\n    def w(*args, **kwargs):\n        return func(*args, **kwargs)\n    return w\n",
    "def d(func):\n    def w(*args, **kwargs):\n        w.calls += 1\n        return func(*args, **kwargs)\n"
    "    w.calls = 0\n    return w\n",
    "def make(n):\n    def d(func):\n        def w(*args, **kwargs):\n            return [func(*args, **kwargs)] * n\n"
    "        return w\n    return d\n\n\nd = make(2)\n",
    "class C:\n    @staticmethod\n    def d(func):\n        def w(*args, **kwargs):\n"
    "            return func(*args, **kwargs)\n        return w\n\n\nd = C.d\n",
]


@pytest.mark.parametrize("source", WRAPPING)
def test_wraps_changes_what_tools_see_and_no_result(source: str) -> None:
    verdict, after = fixed("missing-wraps", source)
    assert verdict == "safe"

    def target(a: int, *, b: int = 1) -> int:
        """Add."""
        return a + b

    old, new = module(source).d(target), module(after).d(target)
    calls: list[Callable[[Any], object]] = [
        lambda f: f(1),
        lambda f: f(a=1, b=2),
        lambda f: f(1, 2),
        lambda f: f(),
        lambda f: f(1, c=3),
    ]
    for call in calls:
        before = outcome(lambda call=call: call(old))  # type: ignore[misc]
        assert outcome(lambda call=call: call(new)) == before  # type: ignore[misc]
    assert (old.__name__, old.__doc__, str(inspect.signature(old))) == ("w", None, "(*args, **kwargs)")
    assert (new.__name__, new.__doc__) == ("target", "Add.")
    assert list(inspect.signature(new).parameters) == ["a", "b"]
    assert getattr(old, "calls", None) == getattr(new, "calls", None)


def test_wraps_keeps_coroutines_and_generators() -> None:
    source = (
        "def d(coro):\n    async def w(*args, **kwargs):\n        return await coro(*args, **kwargs)\n    return w\n\n"
        "def e(func):\n    def w(*args, **kwargs):\n        yield from func(*args, **kwargs)\n    return w\n"
    )
    new = module(all_fixed("missing-wraps", source))

    async def coroutine(a: int) -> int:
        return a

    def generator(a: int) -> Iterator[int]:
        yield a

    assert inspect.iscoroutinefunction(new.d(coroutine))
    assert asyncio.run(new.d(coroutine)(3)) == 3
    assert inspect.isgeneratorfunction(new.e(generator))
    assert list(new.e(generator)(3)) == [3]
    assert (new.d(coroutine).__name__, new.e(generator).__name__) == ("coroutine", "generator")


def test_wraps_below_a_context_manager() -> None:
    source = (
        "from contextlib import contextmanager\n\n\ndef d(func):\n    @contextmanager\n"
        "    def w(*args, **kwargs):\n        yield from func(*args, **kwargs)\n    return w\n"
    )
    verdict, after = fixed("missing-wraps", source)

    def target(a: int) -> Iterator[int]:
        """Give a."""
        yield a

    new = module(after).d(target)
    with new(3) as value:
        assert value == 3
    assert (verdict, new.__name__, new.__doc__, str(inspect.signature(new).parameters["a"])) == (
        "safe",
        "target",
        "Give a.",
        "a: 'int'",  # as this file has it
    )


def test_wraps_lies_about_an_injecting_wrapper() -> None:
    source = (
        "def d(func):\n    def w(x):\n        return func(x, 'db')\n    return w\n\n\n"
        "@d\ndef f(x, db):\n    return x, db\n"
    )
    verdict, after = fixed("missing-wraps", source)
    old, new = module(source).f, module(after).f
    assert verdict == "unsafe"
    assert old(1) == new(1) == (1, "db")
    assert (str(inspect.signature(old)), str(inspect.signature(new))) == ("(x)", "(x, db)")


def test_wraps_mixes_kinds() -> None:
    source = (
        "import asyncio\n\n\ndef d(func):\n    async def w(*args, **kwargs):\n"
        "        return await asyncio.to_thread(func, *args, **kwargs)\n    return w\n\n\n@d\ndef f(x):\n    return x\n"
    )
    verdict, after = fixed("missing-wraps", source)
    new = module(after).f
    assert verdict == "unsafe"
    assert inspect.iscoroutinefunction(new)
    assert not inspect.iscoroutinefunction(inspect.unwrap(new))


def test_wraps_copies_a_class() -> None:
    source = (
        "def single(cls):\n    made = {}\n    def get(*args, **kwargs):\n"
        "        return made.setdefault(cls, cls(*args, **kwargs))\n    return get\n\n\n"
        "@single\nclass Shop:\n    open = True\n    def total(self):\n        return 1\n"
    )
    verdict, after = fixed("missing-wraps", source)
    assert verdict == "unsafe"
    assert not hasattr(module(source).Shop, "open")
    assert module(after).Shop.open is True


def test_a_wrapped_function_can_be_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    source = WRAPPING[0] + "\n\n@d\ndef f(x):\n    return x\n"
    old, new = module(source), module(all_fixed("missing-wraps", source))
    monkeypatch.setitem(sys.modules, "made", old)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        pickle.dumps(old.f)
    monkeypatch.setitem(sys.modules, "made", new)
    assert pickle.loads(pickle.dumps(new.f)) is new.f


# -- all three --------------------------------------------------------------------------------------------------------

TYPED = '''\
from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
F = Callable[..., Any]


def timed(func: Callable[P, R]) -> Callable[P, R]:
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        start = time.perf_counter()
        try:
            return func(*args, **kwargs)
        finally:
            print(time.perf_counter() - start)

    return wrapper


def retried(times: int) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    def decorate(func: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            for _ in range(times):
                try:
                    return await func(*args, **kwargs)
                except OSError:
                    continue
            return await func(*args, **kwargs)

        return wrapper

    return decorate


@timed
def total(prices: list[int] = [], *, rates: dict[str, float] = {}, skipped: "set[int]" = set()) -> float:
    """Add up."""
    return sum(price * rates.get("eur", 1) for price in prices if price not in skipped)


def titles(names: list[str] = ["a"], found: list[str] = []) -> list[str]:
    found += [name.title() for name in names]
    return found


def port(settings: dict[str, str]) -> int:
    try:
        return int(settings["port"])
    except KeyError:
        raise LookupError("no port")
    except ValueError as e:
        raise LookupError("no number")
'''


@pytest.mark.parametrize("action", [0, 1])
def test_typed_code_stays_typed(tmp_path: Path, action: int) -> None:
    """The rewritten code passes `mypy --strict`, as the original does."""
    from mypy import api

    analysed = analyse(TYPED, "mutable-default", "missing-wraps", "raise-without-from", target=(3, 11))
    failed: set[str] = set()
    while found := [d for d in analysed.all_diagnostics if len(d.fixes) > action and d.message not in failed]:
        rewriting = analysed.rewrite(found[0], found[0].fixes[action])
        failed.add(found[0].message) if found[0].rule.name == "missing-wraps" else None
        analysed = bulk.apply(analysed, rewriting.edits)
    text = analysed.module.document.text
    assert text != TYPED
    (tmp_path / "made.py").write_text(text, "utf-8")
    out, err, status = api.run(["--strict", "--no-incremental", "--python-version", "3.11", str(tmp_path / "made.py")])
    assert status == 0, out + err + text


# -- loop-to-yield-from -----------------------------------------------------------------------------------------------

LOOP = """
import io

log = []

def inner(n):
    try:
        for i in range(n):
            yield i
            log.append(i)
    finally:
        log.append("inner")

def outer(given):
    {around}
        for each in {source}:
            yield each
    {after}
"""


@pytest.mark.parametrize("rounds", [0, 1, 2, 9])
@pytest.mark.parametrize(
    ("verdict", "around", "after", "source", "given"),
    [
        ("safe", "if 1:", "log.append(9)", "inner(3)", "0"),
        ("safe", "if 1:", "log.append(9)", "[1, 2, 3]", "0"),
        ("safe", "while 1:", "    return", "zip('ab', given)", "inner(3)"),
        ("safe", "try:", "finally: log.append(9)", "inner(3)", "0"),
        ("unsafe", "if 1:", "log.append(9)", "given", "io.StringIO('a\\nb\\nc\\n')"),
    ],
)
def test_left_early(verdict: str, around: str, after: str, source: str, given: str, rounds: int) -> None:
    before = LOOP.format(around=around, after=after, source=source)
    found, text = fixed("loop-to-yield-from", before)
    assert found == verdict

    def observed(code: str) -> object:
        made = module(code)
        kept = eval(given, made.__dict__)
        running = made.outer(kept)
        got = [item for item, _ in zip(running, range(rounds), strict=False)]
        running.close()
        return got, made.log, getattr(kept, "closed", None)

    same = observed(before) == observed(text)
    # `zip` has taken one item more than it gives, so that the generator has begun at any rate.
    assert same if verdict == "safe" else (same == (rounds > 2))


# -- retry-loop -------------------------------------------------------------------------------------------------------

LOOPS = """
for i in range(3):
  try:
   return work(x)
  except OSError:
   if i == 2:
    raise
   time.sleep(1)
---
for i in range(1, 4):
  try:
   return work(x)
  except OSError:
   if i >= 3: raise
   time.sleep(2**i)
---
for i in range(n):
  try:
   return work(x)
  except OSError:
   if i + 1 < n:
    time.sleep(1)
    continue
   raise
---
c = 0
 while True:
  try:
   return work(x)
  except OSError:
   c += 1
   if c >= n: raise
   time.sleep(c)
---
c = 0
 while True:
  try:
   return work(x)
  except OSError:
   if c == n - 1: raise
   time.sleep(c)
   c += 1
---
c = 1
 while True:
  try:
   return work(x)
  except OSError:
   c += 1
   if c > n: raise
   time.sleep(c)
---
c = 0
 while c < n:
  try:
   return work(x)
  except OSError as e:
   last = e
   time.sleep(1)
  c += 1
 raise last
---
c = 1
 while c <= n:
  try:
   return work(x)
  except OSError as e:
   last = e
   time.sleep(1)
  c += 1
 raise last
---
for i in range(n):
  try:
   y = work(x)
   break
  except OSError as e:
   if i == n - 1: raise
  time.sleep(1)
 return y
---
for i in range(n):
  try:
   y = work(x)
  except OSError as e:
   last = e
   time.sleep(1)
  else:
   break
 else:
  raise last
 return y
""".strip().split("\n---\n")


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("failures", range(5))
def test_a_retry_loop_as_a_decorator(loop: str, failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is called as often, and returns or raises the same."""
    source = f"import time\n\ndef f(x, n=3):\n {loop}\n"
    _, after = fixed("retry-loop", source)
    assert "@retry(OSError" in after
    assert "for i" not in after
    monkeypatch.setattr("time.sleep", lambda _: None)

    def run(text: str, error: type[Exception]) -> tuple[object, int]:
        calls = 0

        def work(x: int) -> int:
            nonlocal calls
            calls += 1
            if calls <= failures:
                raise error(calls)
            return x

        made = module(text)
        made.__dict__["work"] = work
        return outcome(lambda: made.f(5)), calls

    for error in (OSError, ConnectionError, KeyError):
        assert run(source, error) == run(after, error)


# -- sync-wrapper-of-async --------------------------------------------------------------------------------------------

AROUND = """
import functools

log = []

def retry(times):
    def decorate(func):
        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            for _ in range(times):
                try:
                    return func(*args, **kwargs)
                except OSError as error:
                    log.append(str(error))
            return None
        return wrapper
    return decorate

def fails(number):
    if len(log) < number:
        raise OSError(number)
    return number

@retry(3)
def plain(number):
    return fails(number)

@retry(3)
async def load(number):
    return fails(number)
"""


def test_wrapper_sees_what_the_coroutine_raises() -> None:
    verdict, text = fixed("sync-wrapper-of-async", AROUND)
    assert verdict == "unsafe"
    before, after = module(AROUND), module(text)
    assert outcome(lambda: before.load(2)) == (OSError, "2")
    assert before.log == []
    assert (outcome(lambda: before.plain(2)), before.log) == (2, ["2", "2"])
    assert (outcome(lambda: after.load(2)), after.log) == (2, ["2", "2"])
    after.log.clear()
    assert (outcome(lambda: after.plain(2)), after.log) == (2, ["2", "2"])
    assert inspect.iscoroutinefunction(after.load)
    assert not inspect.iscoroutinefunction(after.plain)
