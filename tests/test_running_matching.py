"""What the idioms for pattern matching claim, by running chains before and after they become a `match`.

Chains are generated: whatever is called safe gives the same results and exceptions for all subjects, and calls their
`__eq__` as often and in the same order. What is called unsafe differs where its reasons say, and there as they say.
"""

from __future__ import annotations

import math
from collections import OrderedDict, UserDict
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from idiomatic.core import engine

from tests.engine import analyse

if TYPE_CHECKING:
    from collections.abc import Callable

RULES = ("isinstance-chain-to-match", "literal-chain-to-match", "dict-shape-to-match")


def fixed(source: str, action: int = 0) -> tuple[str, str]:
    """The verdict on an action of the first finding, and the code after it."""
    analysed = analyse(source, *RULES)
    [diagnostic] = analysed.all_diagnostics
    fix = diagnostic.fixes[action]
    return engine.verdict_name(fix), analysed.rewrite(diagnostic, fix).apply(source)


def module(source: str) -> Any:
    made = ModuleType("made")
    exec(compile(source, "made.py", "exec", dont_inherit=True), made.__dict__)
    return made


def outcome(call: Callable[[], object]) -> object:
    """What a call gives: its result, or the type and text of its exception."""
    try:
        return call()
    except Exception as error:
        return type(error), str(error)


# -- generated chains -------------------------------------------------------------------------------------------------

WORLD = '''\
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple

class Color(Enum):
    RED = 1
    BLUE = 2

class Level(IntEnum):
    LOW = 1
    HIGH = 2

@dataclass(frozen=True)
class Box:
    size: int
    weight: int

@dataclass
class Bag:
    size: int

class Small(Box):
    pass

class Point(NamedTuple):
    x_: int
    y_: int

SPECIAL = "special"
flag = True
calls = []

class Asked:
    """Notes with what it is compared."""
    def __init__(self, *equal):
        self.equal = equal
    def __eq__(self, other):
        calls.append(("eq", other))
        return other in self.equal if not isinstance(other, Asked) else NotImplemented
    __hash__ = None

class Word(str):
    def __eq__(self, other):
        calls.append(("word", other))
        return str.__eq__(self, other)
    __hash__ = str.__hash__

class Broken:
    def __eq__(self, other):
        raise ValueError("broken")

class Pretender:
    @property
    def __class__(self):
        return int

def asked(answer):
    calls.append(answer)
    return answer

'''

TESTS = [
    "x == 1",
    "1 == x",
    "x == 'a'",
    "'b' == x",
    "x == -2.5",
    "x == b'a' or x == 'c'",
    "x in (1, 'a')",
    "x in ['b', 2.0]",
    "x in (0,) or 3 == x",
    "x is None",
    "x is True",
    "x is False",
    "x == Color.RED",
    "x == Level.LOW or x == Color.BLUE",
    "x == 'a' and asked(flag)",
    "x == 2 and (flag or asked(1))",
    "flag and x == 'b'",
    "isinstance(x, str)",
    "isinstance(x, int)",
    "isinstance(x, (float, list))",
    "isinstance(x, bool | Color)",
    "isinstance(x, Level)",
    "isinstance(x, Box)",
    "isinstance(x, Bag)",
    "isinstance(x, Point)",
    "isinstance(x, Small) or isinstance(x, type(None))",
    "isinstance(x, str) and asked(x)",
    "isinstance(x, (int, type(None)))",
    "type(x) is int",
    "x == SPECIAL",
    "callable(x)",
    "x == True",
    "x in 'abc'",
]

BODIES = {
    "isinstance(x, Box)": "x.size * 100 + x.weight",
    "isinstance(x, Bag)": "x.size",
    "isinstance(x, Point)": "x.y_",
}

SUBJECTS = """\
0, 1, 2, 3, True, False, None, -2.5, 2.0, 1.0, math.nan, 'a', 'b', 'c', 'special', '', b'a', [], [1], {}, ('a',), print,
made.Color.RED, made.Color.BLUE, made.Level.LOW, made.Level.HIGH, made.Box(1, 2), made.Bag(3), made.Small(4, 5),
made.Point(6, 7), made.Asked(1), made.Asked('a', 2), made.Asked(None), made.Asked(made.Color.RED, 'special'),
made.Word('a'), made.Word('b'), made.Broken(), made.Pretender(), int, object()
"""


def chain(tests: list[str], form: str, end: str) -> str:
    """A function with a chain in it."""
    lines: list[str] = []
    indent = "    "
    for number, test in enumerate(tests):
        keyword = "elif" if number and form == "elif" else "if"
        body = f"return {number}, {BODIES.get(test, 'x')}"
        if number and form == "nested":
            lines.append(f"{indent}else:")
            indent += "    "
        lines += [f"{indent}{keyword} {test}:", f"{indent}    {body}"]
    match end:
        case "else" if form != "ifs":
            lines += [f"{indent}else:", f"{indent}    return 'else'"]
        case "else" | "return":
            lines.append("    return 'end'")
        case "raise":
            lines.append("    raise LookupError('nothing')")
    return WORLD + "def f(x):\n" + "\n".join(lines) + "\n"


chains = st.builds(
    chain,
    st.lists(st.sampled_from(TESTS), min_size=3, max_size=6, unique=True),
    st.sampled_from(["elif", "ifs", "nested"]),
    st.sampled_from(["else", "return", "raise", "nothing"]),
)


def results(source: str) -> list[object]:
    made = module(source)
    subjects = eval(f"[{SUBJECTS}]", {"made": made, "math": math})
    found: list[object] = []
    for subject in subjects:
        made.calls.clear()
        # By their text: the classes of two modules are not equal.
        found.append((repr(type(subject)), shown(outcome(lambda: made.f(subject))), shown(made.calls)))  # noqa: B023
    return found


def shown(value: object) -> str:
    return "?" if "object at" in repr(value) else repr(value)


@settings(max_examples=60, deadline=None)
@given(chains)
def test_a_safe_match_does_the_same(source: str) -> None:
    analysed = analyse(source, *RULES)
    for diagnostic in analysed.all_diagnostics:
        for fix in diagnostic.fixes:
            if engine.verdict_name(fix) == "safe":
                after = analysed.rewrite(diagnostic, fix).apply(source)
                assert "match x:" in after
                assert results(after) == results(source), after


def test_most_generated_chains_are_converted() -> None:
    """The test above would be worth nothing if nothing was found."""
    sources = [chain(TESTS[start : start + 4], form, "else") for start in range(18) for form in ("elif", "ifs")]
    verdicts = [
        engine.verdict_name(each.fixes[0]) for source in sources for each in analyse(source, *RULES).all_diagnostics
    ]
    assert verdicts.count("safe") > len(sources) * 2 // 3


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["r", "w", "a", "x"]), min_size=3, max_size=4, unique=True), st.booleans(), st.data())
def test_a_match_of_keys_does_the_same_for_full_dictionaries(
    kinds: list[str], has_else: bool, data: st.DataObject
) -> None:
    bodies = {
        kind: data.draw(st.sampled_from(["d['p']", "d['p'] + d['q']", "(d['q'], d['q'])", "'n'"])) for kind in kinds
    }
    read = data.draw(st.sampled_from(["d['kind']", "d.get('kind')"]))
    lines = [
        f"    {'el' if number else ''}if {read} == {kind!r}:\n        return {bodies[kind]}\n"
        for number, kind in enumerate(kinds)
    ]
    source = "def f(d):\n" + "".join(lines) + ("    else:\n        return 0\n" if has_else else "")
    found = analyse(source, *RULES).all_diagnostics
    for diagnostic in found:
        for action, _ in enumerate(diagnostic.fixes):
            verdict, after = fixed(source, action)
            old, new = module(source), module(after)
            assert verdict == "unsafe"
            for kind in [*kinds, "other", None, 1]:
                for make in (dict, OrderedDict, UserDict):
                    given_ = make({"kind": kind, "p": 1, "q": 2})
                    assert outcome(lambda: new.f(given_)) == outcome(lambda: old.f(given_))  # noqa: B023


# -- what differs -----------------------------------------------------------------------------------------------------


def before_and_after(source: str, action: int = 0) -> tuple[Any, Any]:
    verdict, after = fixed(source, action)
    assert verdict == "unsafe"
    return module(source), module(after)


def three(*tests: str, given: str = "x", above: str = "") -> str:
    lines = [f"    {'el' if n else ''}if {test}:\n        return {n}\n" for n, test in enumerate(tests)]
    return f"{above}def f({given}):\n" + "".join(lines)


def test_an_attribute_is_evaluated_once() -> None:
    class Node:
        reads = 0

        @property
        def kind(self) -> str:
            self.reads += 1
            return "ac"[self.reads - 1] if self.reads < 3 else "c"

    old, new = before_and_after(three("x.kind == 'z'", "x.kind == 'a'", "x.kind == 'c'"))
    one, other = Node(), Node()
    assert (old.f(one), one.reads) == (2, 3)
    assert (new.f(other), other.reads) == (1, 1)


def test_a_pattern_asks_whether_it_is_none() -> None:
    class Null:
        def __eq__(self, other: object) -> bool:
            return other is None

        __hash__ = None  # type: ignore[assignment]

    old, new = before_and_after(three("x == None", "x == 1", "x == 2"))
    assert (old.f(Null()), new.f(Null())) == (0, None)
    assert [old.f(x) for x in (None, 1, 2, 3)] == [new.f(x) for x in (None, 1, 2, 3)]


def test_a_pattern_hashes_nothing() -> None:
    old, new = before_and_after(three("x in {1, 4}", "x == 2", "x == 3"))
    assert outcome(lambda: old.f([]))[0] is TypeError  # type: ignore[index]
    assert new.f([]) is None
    assert [old.f(x) for x in (1, 4, 2, 3, 5)] == [new.f(x) for x in (1, 4, 2, 3, 5)]


def test_a_value_pattern_asks_the_subject_for_equality() -> None:
    above = "class C:\n    a = b = c = None\n"
    for tests in (("x is C.a", "x is C.b", "x is C.c"), ("C.a == x", "C.b == x", "C.c == x")):
        old, new = before_and_after(three(*tests, above=above))
        for made in (old, new):
            made.C.a, made.C.b, made.C.c = 1000, 2000, 3000
        assert new.f(1000.0) == 0
        assert old.f(1000.0) == (0 if "==" in tests[0] else None)


def test_a_pattern_finds_no_nan() -> None:
    old, new = before_and_after(three("x in (math.nan, 0)", "x == 1", "x == 2", above="import math\n"))
    assert (old.f(math.nan), new.f(math.nan)) == (0, None)


def test_a_guard_is_asked_later() -> None:
    source = three("log(1) and x == 'a'", "x == 'b'", "x == 'c'", "x == 'd'", given="x, log")
    old, new = before_and_after(source)
    one: list[int] = []
    other: list[int] = []
    old.f("b", lambda n: not one.append(n))  # type: ignore[func-returns-value]
    new.f("b", lambda n: not other.append(n))  # type: ignore[func-returns-value]
    assert (one, other) == ([1], [])


def test_what_is_imported_may_be_no_class(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ModuleType("kinds")
    kinds.Number, kinds.Text = (int, float), str  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "kinds", kinds)
    source = three(
        "isinstance(x, Text)", "isinstance(x, Number)", "isinstance(x, list)", above="from kinds import Number, Text\n"
    )
    old, new = before_and_after(source)
    assert (old.f("a"), old.f(1.5)) == (0, 1)
    assert new.f("a") == 0
    with pytest.raises(TypeError, match=r"called match pattern must be a (class|type)"):
        new.f(1.5)


def test_a_missing_key_matches_nothing() -> None:
    source = "".join(
        ["def f(d):\n", *(f"    if d['t'] == {kind!r}:\n        return d['{kind}']\n" for kind in ("p", "q", "r"))]
    )
    old, new = before_and_after(source)
    assert outcome(lambda: old.f({"t": "p"})) == (KeyError, "'p'")
    assert new.f({"t": "p"}) is None
    assert outcome(lambda: old.f({})) == (KeyError, "'t'")
    assert new.f({}) is None

    class Row:
        def __getitem__(self, key: str) -> str:
            return "p"

    assert (old.f(Row()), new.f(Row())) == ("p", None)


# -- why some are left alone ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "pattern", "subject"),
    [
        ("x == True", "True", 1),
        ("type(x) is int", "int()", True),
        ("x in 'abc'", "'a' | 'b' | 'c'", "ab"),
        ("x == SPECIAL", "SPECIAL", "anything"),
    ],
)
def test_what_is_refused_would_be_wrong(test: str, pattern: str, subject: object) -> None:
    old = module(f"SPECIAL = 's'\ndef f(x):\n    if {test}:\n        return True\n    return False\n")
    new = module(
        f"SPECIAL = 's'\ndef f(x):\n    match x:\n        case {pattern}:\n            return True\n    return False\n"
    )
    assert old.f(subject) != new.f(subject)
    [diagnostic] = analyse(three(test, test, test, test), *RULES).all_diagnostics or [None]
    assert diagnostic is None or engine.verdict_name(diagnostic.fixes[0]) == "refused"
