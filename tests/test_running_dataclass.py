"""What `class-to-dataclass` claims, by running the classes before and after it.

A safe action gives a class that nothing here can tell from the old one. An unsafe one differs only where its reasons
say: each such difference is promised below.
"""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
import sys
import types
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from idiomatic.core import engine
from idiomatic.core.idiom import Refused

from tests.engine import analyse
from tests.test_cases import CASES, read_cases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RULE = "class-to-dataclass"
FREEZING = "frozen-value-object"
MODULE = "dataclass_under_test"


@dataclass(frozen=True)
class Pair:
    """A class before and after an action.

    Attributes:
        before: the module with the old class.
        after: the module with the new one.
        verdict: of the action.
    """

    before: types.ModuleType
    after: types.ModuleType
    verdict: str


def module(source: str) -> types.ModuleType:
    """A module of that source; both versions have the same name, as in a user's project."""
    made = types.ModuleType(MODULE)
    sys.modules[MODULE] = made
    exec(compile(source, MODULE, "exec"), made.__dict__)
    return made


@contextmanager
def imported(made: types.ModuleType) -> Iterator[None]:
    sys.modules[MODULE] = made
    yield
    del sys.modules[MODULE]


def converted(source: str, action: int) -> Pair:
    analysed = analyse(source, RULE, target=sys.version_info[:2])
    diagnostic = analysed.all_diagnostics[0]
    fix = diagnostic.fixes[action - 1]
    assert not isinstance(fix.verdict, Refused), fix.verdict
    new = analysed.rewrite(diagnostic, fix).apply(source)
    return Pair(module(source), module(new), engine.verdict_name(fix))


def outcome(of: Callable[[], object]) -> object:
    """What a call gives or raises, the address in a default `repr` left out."""
    try:
        result = of()
    except Exception as error:
        return type(error).__name__, str(error)
    return re.sub(r"0x[0-9a-f]+", "0x", result) if isinstance(result, str) else result


def state(thing: object) -> object:
    names = getattr(type(thing), "__slots__", None) or vars(thing)
    return [(name, getattr(thing, name)) for name in names if name != "__weakref__"]


def observed(made: types.ModuleType, name: str, args: list[Any], keywords: dict[str, Any]) -> dict[str, object]:
    """Everything that can be seen of objects with these arguments."""
    class_ = getattr(made, name)

    # Each object gets its own arguments, as two calls in a program would.
    def make() -> Any:
        return class_(*copy.deepcopy(args), **copy.deepcopy(keywords))

    seen: dict[str, object] = {"made": outcome(lambda: state(make()))}
    try:
        one, other = make(), make()
    except Exception:
        return seen
    with imported(made):
        sub = type("Sub", (class_,), {"__module__": MODULE})
        below = sub(*args, **keywords)
        seen |= {
            "repr": outcome(lambda: repr(one)),
            "str": outcome(lambda: str(one)),
            "repr of a subclass": outcome(lambda: repr(below)),
            "equal to itself": outcome(lambda: one == one),
            "equal": outcome(lambda: one == other),
            "unequal": outcome(lambda: one != other),
            "equal to a subclass": outcome(lambda: (one == below, below == one)),
            "equal to others": outcome(lambda: (one == 1, one == None, one == tuple(args))),  # noqa: E711
            "asked": outcome(lambda: class_.__eq__(one, 1) is NotImplemented),
            "hash": outcome(lambda: hash(one) == hash(other)),
            "less": outcome(lambda: one < other),
            "at most": outcome(lambda: one <= other),
            "more": outcome(lambda: one > 1),
            "copied": outcome(lambda: state(copy.copy(one))),
            "deep": outcome(lambda: state(copy.deepcopy(one))),
            "pickled": outcome(lambda: state(pickle.loads(pickle.dumps(one)))),
            "new attribute": outcome(lambda: setattr(one, "brand_new", 1)),
            "set": outcome(lambda: setattr(other, next(iter(dict(state(other)))), 5)),  # type: ignore[call-overload]
        }
    return seen


VALUES = st.one_of(
    st.none(), st.integers(-3, 3), st.text("ab", max_size=2), st.lists(st.integers(0, 2), max_size=2), st.booleans()
)
ARGUMENTS = st.tuples(
    st.lists(VALUES, max_size=4),
    st.dictionaries(st.sampled_from(["x", "y", "kind", "items", "nothing"]), VALUES, max_size=3),
)

BOILERPLATE = """
class Point:
    def __init__(self, x: int, y: int = 0, *, kind: str = "a") -> None:
        self.x = x
        self.y = y
        self.kind = kind

    def __repr__(self) -> str:
        return f"{self.__class__.__qualname__}(x={self.x!r}, y={self.y!r}, kind={self.kind!r})"

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return (self.x, self.y, self.kind) == (other.x, other.y, other.kind)
"""
AND_CHAIN = """
class Point:
    def __init__(self, x: int, y: int = 0, kind: str = "a") -> None:
        self.x, self.y = x, y
        self.kind = kind

    def __repr__(self) -> str:
        return "{}(x={!r}, y={!r}, kind={!r})".format(type(self).__name__, self.x, self.y, self.kind)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is type(other):
            return self.x == other.x and self.y == other.y and self.kind == other.kind
        return NotImplemented

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return hash((self.x, self.y, self.kind))
"""
ORDERED = """
class Point:
    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y

    def __repr__(self) -> str:
        return "%s(x=%r, y=%r)" % (self.__class__.__name__, self.x, self.y)
""" + "".join(
    f"""
    def __{name}__(self, other: object) -> bool:
        if other.__class__ is self.__class__:
            return (self.x, self.y) {sign} (other.x, other.y)
        return NotImplemented
"""
    for name, sign in {"eq": "==", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}.items()
)
OWN_METHODS = """
class Point:
    def __init__(self, x, y=0, kind=None):
        self.x = x
        self.y = y
        self.kind = kind

    def __repr__(self):
        return f"<{self.x}>"

    def __eq__(self, other):
        return isinstance(other, Point) and self.x == other.x
"""
OWN_REPR = """
class Point:
    LIMIT: int = 5
    names: dict = {}

    def __init__(self, x: int, y: int = LIMIT) -> None:
        self.x = x
        self.y = y

    def __repr__(self) -> str:
        return f"<{self.x}>"
"""
SLOTS = """
class Point:
    __slots__ = ("x", "y", "__weakref__")

    def __init__(self, x: int, y: int = 0) -> None:
        self.x = x
        self.y = y

    def __repr__(self) -> str:
        return f"<{self.x}>"
"""
PRIVATE = """
class _Point:
    def __init__(self, x: int, y: str) -> None:
        self.x = x
        self.y = y

    def __repr__(self) -> str:
        return f"_Point(x={self.x!r}, y={self.y!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Point):
            return NotImplemented
        return self.x == other.x and self.y == other.y
"""
PLAIN = """
class Point:
    def __init__(self, x: int, y: int = 0) -> None:
        self.x = x
        self.y = y
"""
CHECKED = """
class Point:
    MAXIMUM = 2

    def __init__(self, x, y=0, kind=None):
        if not isinstance(x, int) or x > self.MAXIMUM:
            msg = f"{x!r:>4} is not in {type(self).__name__}"
            raise ValueError(msg)
        self.x = x
        if kind is None:
            kind = str(x) + "k"
        self.y = int(y)
        assert kind, "no kind"
        self.kind = kind.strip()

    def __repr__(self):
        return f"<{self.x} {self.y} {self.kind}>"
"""
FACTORY = """
class Point:
    def __init__(self, x, items=None, kind=None):
        self.x = x
        self.items = items if items is not None else []
        if kind is None:
            kind = {}
        self.kind = kind

    def __repr__(self):
        return f"<{self.x}>"
"""

PROPERTIES = """
class Point:
    def __init__(self, x: int, y: int = 0, *, kind: str = "a") -> None:
        self._x = x
        self.__y = y
        self._kind = kind

    @property
    def x(self) -> int:
        return self._x

    @property
    def y(self) -> int:
        return self.__y

    @property
    def kind(self) -> str:
        return self._kind

    def __repr__(self) -> str:
        return f"{self.__class__.__qualname__}(x={self._x!r}, y={self.y!r}, kind={self._kind!r})"

    def __lt__(self, other: "Point") -> bool:
        return (self._x, self.__y) < (other._x, other.__y)
"""
COPIES = """
class Point:
    def __init__(self, x: int, y: int = 0, *, kind: str = "a") -> None:
        if x == 2:
            raise ValueError(x)
        self.x = x
        self.y = y
        self.kind = kind

    def with_x(self, x):
        return type(self)(x, self.y, kind=self.kind)

    def copy(self):
        return self.__class__(self.x, self.y, kind=self.kind)

    def _replace(self, **changes):
        return type(self)(**{**self.__dict__, **changes})

    def replace(self, **changes):
        values = dict(x=self.x, y=self.y, kind=self.kind)
        values.update(changes)
        return type(self)(**values)
"""

SAME = {
    "boilerplate": BOILERPLATE,
    "and": AND_CHAIN,
    "ordered": ORDERED,
    "own repr": OWN_REPR,
    "slots": SLOTS,
}


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in SAME.items()])
@settings(max_examples=60, deadline=None)
@given(arguments=ARGUMENTS)
def test_a_safe_class_is_the_same(source: str, arguments: tuple[list[Any], dict[str, Any]]) -> None:
    pair = cached(source, 1)
    assert pair.verdict == "safe"
    assert observed(pair.before, "Point", *arguments) == observed(pair.after, "Point", *arguments)


_pairs: dict[tuple[str, int], Pair] = {}


def cached(source: str, action: int) -> Pair:
    if (source, action) not in _pairs:
        _pairs[source, action] = converted(source, action)
    return _pairs[source, action]


@settings(max_examples=60, deadline=None)
@given(arguments=ARGUMENTS)
def test_a_private_class_is_the_same_without_subclasses(arguments: tuple[list[Any], dict[str, Any]]) -> None:
    pair = cached(PRIVATE, 1)
    assert pair.verdict == "safe"
    before = observed(pair.before, "_Point", *arguments)
    after = observed(pair.after, "_Point", *arguments)
    differing = {what for what in before if before[what] != after[what]}
    assert differing <= {"repr of a subclass", "equal to a subclass"}


@settings(max_examples=60, deadline=None)
@given(arguments=ARGUMENTS)
def test_methods_of_its_own_stay(arguments: tuple[list[Any], dict[str, Any]]) -> None:
    # Unsafe only because the types of the parameters are guessed.
    pair = cached(OWN_METHODS, 1)
    assert observed(pair.before, "Point", *arguments) == observed(pair.after, "Point", *arguments)


@settings(max_examples=60, deadline=None)
@given(arguments=ARGUMENTS)
def test_only_the_repr_changes(arguments: tuple[list[Any], dict[str, Any]]) -> None:
    pair = cached(PLAIN, 1)
    assert pair.verdict == "unsafe"
    before, after = observed(pair.before, "Point", *arguments), observed(pair.after, "Point", *arguments)
    assert {what for what in before if before[what] != after[what]} <= {"repr", "str", "repr of a subclass"}


@settings(max_examples=60, deadline=None)
@given(arguments=ARGUMENTS)
def test_checks_and_conversions_are_the_same(arguments: tuple[list[Any], dict[str, Any]]) -> None:
    pair = cached(CHECKED, 1)
    assert pair.verdict == "unsafe"
    before, after = observed(pair.before, "Point", *arguments), observed(pair.after, "Point", *arguments)
    # `vars()` keeps the order of the parameters.
    assert before == after


@settings(max_examples=60, deadline=None)
@given(arguments=ARGUMENTS)
def test_factories_differ_only_for_an_explicit_none(arguments: tuple[list[Any], dict[str, Any]]) -> None:
    pair = cached(FACTORY, 1)
    assert pair.verdict == "unsafe"
    args, keywords = arguments
    if None in args[1:] or None in keywords.values():
        return
    assert observed(pair.before, "Point", args, keywords) == observed(pair.after, "Point", args, keywords)
    assert pair.after.Point(1).items is not pair.after.Point(1).items
    assert pair.after.Point(1, None).items is None, "as the reason says"


@settings(max_examples=60, deadline=None)
@given(x=VALUES, y=VALUES)
def test_the_second_action_compares_by_value(x: Any, y: Any) -> None:
    point = cached(PLAIN, 2).after.Point
    assert (point(x, y) == point(x, y)) is True
    assert (point(x) == point(y)) is (x == y)
    assert repr(point(x, y)) == f"Point(x={x!r}, y={y!r})"
    with pytest.raises(TypeError, match="unhashable"):
        hash(point(x, y))


@settings(max_examples=60, deadline=None)
@given(x=VALUES, y=VALUES)
def test_the_third_action_is_read_only(x: Any, y: Any) -> None:
    point = cached(PLAIN, 3).after.Point
    one = point(x, y)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.x = 1
    with pytest.raises((AttributeError, TypeError)):
        one.other = 1
    assert one == point(x, y) == copy.deepcopy(one)
    assert outcome(lambda: hash(one)) == outcome(lambda: hash((x, y)))
    with imported(cached(PLAIN, 3).after):
        assert pickle.loads(pickle.dumps(one)) == one


TYPED: dict[str, list[Any]] = {"int": [0, 1, 2], "str": ["a", ""], "bool": [True, False], "int | None": [None, 1]}
GUARDS = [
    "other.__class__ is self.__class__",
    "type(self) == type(other)",
    "isinstance(other, {name})",
    "isinstance(other, type(self))",
    "type(other) is {name}",
]
SHOWN = ["{self.__class__.__name__}", "{type(self).__qualname__}", "NAME"]


@st.composite
def classes(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    """A class with hand-written methods, its name, and arguments for it."""
    name = draw(st.sampled_from(["Point", "_Point"]))
    fields = {field: draw(st.sampled_from(list(TYPED))) for field in ["x", "y", "kind"][: draw(st.integers(1, 3))]}
    tuples = {who: f"({''.join(f'{who}.{field}, ' for field in fields)})" for who in ("self", "other")}
    body = [f"def __init__(self, {', '.join(f'{field}: {kind}' for field, kind in fields.items())}) -> None:"]
    body += [f"    self.{field} = {field}" for field in draw(st.permutations(list(fields)))]
    shown = draw(st.sampled_from(SHOWN)).replace("NAME", name)
    conversion = draw(st.sampled_from(["!r", "!r", ""]))
    inside = ", ".join(f"{field}={{self.{field}{conversion}}}" for field in fields)
    body += ["def __repr__(self) -> str:", f'    return f"{shown}({inside})"']
    if draw(st.booleans()):
        compared = draw(st.sampled_from([f"{tuples['self']} == {tuples['other']}", "self.x == other.x", "chain"]))
        compared = compared.replace("chain", " and ".join(f"self.{field} == other.{field}" for field in fields))
        guard = draw(st.sampled_from(GUARDS)).format(name=name)
        otherwise = draw(st.sampled_from(["NotImplemented", "NotImplemented", "False"]))
        body.append("def __eq__(self, other: object) -> bool:")
        if draw(st.booleans()):
            body += [f"    if {guard}:", f"        return {compared}", f"    return {otherwise}"]
        else:
            body += [f"    return {compared} if {guard} else {otherwise}"]
    if draw(st.booleans()):
        body += ["def __hash__(self) -> int:", f"    return hash({tuples['self']})"]
    if draw(st.booleans()):
        for operator, sign in {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}.items():
            body += [f"def __{operator}__(self, other: object) -> bool:", f"    if {GUARDS[0]}:"]
            body += [f"        return {tuples['self']} {sign} {tuples['other']}", "    return NotImplemented"]
    source = f"class {name}:\n" + "".join(f"    {line}\n" for line in body)
    return source, name, {field: draw(st.sampled_from(TYPED[kind])) for field, kind in fields.items()}


@settings(max_examples=150, deadline=None)
@given(made=classes())
def test_whatever_is_called_safe_is_the_same(made: tuple[str, str, dict[str, Any]]) -> None:
    source, name, keywords = made
    analysed = analyse(source, RULE, target=sys.version_info[:2])
    if not analysed.all_diagnostics:
        return
    pair = cached(source, 1)
    before = observed(pair.before, name, [], keywords)
    after = observed(pair.after, name, [], keywords)
    differing = {what for what in before if before[what] != after[what]}
    # Nobody inherits from a private class; the order of `vars()` is a reason that makes it unsafe.
    allowed = {"repr of a subclass", "equal to a subclass"} if name.startswith("_") else set()
    if pair.verdict == "unsafe":
        allowed |= {"made", "copied", "deep", "pickled"}
    assert differing <= allowed


@settings(max_examples=60, deadline=None)
@given(arguments=ARGUMENTS)
def test_read_only_properties_become_read_only_fields(arguments: tuple[list[Any], dict[str, Any]]) -> None:
    pair = cached(PROPERTIES, 1)
    assert pair.verdict == "unsafe"
    before, after = observed(pair.before, "Point", *arguments), observed(pair.after, "Point", *arguments)
    named = {"made", "copied", "deep", "pickled", "new attribute", "set"}
    assert {what for what in before if before[what] != after[what]} <= named, "the attributes have other names"
    for made in (pair.before, pair.after):
        try:
            point = made.Point(*arguments[0], **arguments[1])
        except TypeError:
            continue
        assert outcome(lambda: point.x) == outcome(lambda: made.Point(*arguments[0], **arguments[1]).x)  # noqa: B023
        for name in ("x", "y", "kind"):
            with pytest.raises(AttributeError):
                setattr(point, name, 1)
            with pytest.raises(AttributeError):
                delattr(point, name)


def copied(call: Callable[..., object], given: list[Any], keywords: dict[str, Any]) -> object:
    result = call(*given, **keywords)
    return type(result).__name__, state(result)


@settings(max_examples=60, deadline=None)
@given(arguments=ARGUMENTS, changes=st.dictionaries(st.sampled_from(["x", "y", "kind", "nothing"]), VALUES, max_size=3))
def test_copies_are_the_same(arguments: tuple[list[Any], dict[str, Any]], changes: dict[str, Any]) -> None:
    pair = cached(COPIES, 1)
    seen: list[list[object]] = []
    for made in (pair.before, pair.after):
        sub = type("Sub", (made.Point,), {})
        copies: list[object] = []
        for class_ in (made.Point, sub):
            try:
                point = class_(*arguments[0], **arguments[1])
            except (TypeError, ValueError):
                continue
            for call in ("with_x", "copy", "_replace", "replace"):
                given = [changes.get("x")] if call == "with_x" else []
                keywords = changes if "replace" in call else {}
                copies.append(outcome(partial(copied, getattr(point, call), given, keywords)))
        seen.append(copies)
    assert seen[0] == seen[1]


def test_pickles_of_the_old_class_can_be_read() -> None:
    for source in (*SAME.values(), PLAIN):
        pair = cached(source, 1)
        with imported(pair.before):
            data = pickle.dumps(pair.before.Point(1, 2))
        with imported(pair.after):
            assert state(pickle.loads(data)) == state(pair.after.Point(1, 2))


def test_a_subclass_can_go_on_calling_the_constructor() -> None:
    pair = cached(BOILERPLATE, 1)
    for made in (pair.before, pair.after):

        class Sub(made.Point):  # type: ignore[name-defined, misc]
            def __init__(self, z: int) -> None:
                super().__init__(1, kind="sub")
                self.z = z

        assert state(Sub(3)) == [("x", 1), ("y", 0), ("kind", "sub"), ("z", 3)]


def all_results() -> Iterator[tuple[str, str, str]]:
    """Every case, and what every action that is not refused makes of it."""
    cases = [case for rule in (RULE, FREEZING) for case in read_cases(rule, (CASES / f"{rule}.md").read_text("utf-8"))]
    for case in cases:
        if case.expected["target"] or case.files:
            continue
        analysed = analyse(case.fences[0], case.rule, target=sys.version_info[:2])
        for diagnostic in analysed.all_diagnostics:
            for index, fix in enumerate(diagnostic.fixes):
                if not isinstance(fix.verdict, Refused):
                    after = analysed.rewrite(diagnostic, fix).apply(case.fences[0])
                    yield f"case_{cases.index(case)}_{index}", case.fences[0], after


IMPORTS_NOTHING = re.compile(r"^(?:from|import) (?:colors|pydantic|app|names)\b|^@register|^@deprecated", re.MULTILINE)


def test_every_result_can_be_imported() -> None:
    for name, before, after in all_results():
        if not IMPORTS_NOTHING.search(before):
            try:
                module(after)
            except Exception as error:
                pytest.fail(f"{name}: {error!r}\n{after}")


def test_the_signature_stays() -> None:
    import inspect

    for source in (*SAME.values(), PLAIN):
        for action in (1, 2):
            pair = cached(source, action)
            old, new = (inspect.signature(made.Point) for made in (pair.before, pair.after))
            assert [(p.name, p.kind, p.default) for p in old.parameters.values()] == [
                (p.name, p.kind, p.default) for p in new.parameters.values()
            ]
