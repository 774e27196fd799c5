"""What a text does with attributes and classes: `core/usage.py`."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from idiomatic.core.analysis.project_use import Elsewhere, elsewhere
from idiomatic.core.document import Document
from idiomatic.core.module import Module, NoProject
from idiomatic.core.usage import Act, Use

from tests.engine import Neighbours, file_usage

if TYPE_CHECKING:
    from collections.abc import Mapping

IMPORT = "from app.shapes import Point\n"


def uses(text: str, package: str = "") -> set[Use]:
    return set(file_usage(dedent(text), package))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("thing.x = 1", Use(Act.SETS, "x")),
        ("thing.x += 1", Use(Act.SETS, "x")),
        ("del thing.x", Use(Act.SETS, "x")),
        ("for thing.x in y: pass", Use(Act.SETS, "x")),
        ("with y as thing.x: pass", Use(Act.SETS, "x")),
        ("setattr(thing, 'x', 1)", Use(Act.SETS, "x")),
        ("delattr(thing, 'x')", Use(Act.SETS, "x")),
        ("monkeypatch.setattr(thing, 'x', 1)", Use(Act.SETS, "x")),
        ("mock.patch.object(thing, 'x')", Use(Act.SETS, "x")),
        ("object.__setattr__(thing, 'x', 1)", Use(Act.SETS, "x")),
        ("def f(p: Point): p.x = 1", Use(Act.SETS, "x", "app.shapes.Point")),
        ("def f(p: Point | None): p.x = 1", Use(Act.SETS, "x", "app.shapes.Point")),
        ("def f(p: 'Point'): p.x = 1", Use(Act.SETS, "x", "app.shapes.Point")),
        ("def f():\n  p = Point()\n  p.x = 1", Use(Act.SETS, "x", "app.shapes.Point")),
        ("def f():\n  (p := Point()).y\n  p.x = 1", Use(Act.SETS, "x", "app.shapes.Point")),
        ("def f(*p: Point): p.x = 1", Use(Act.SETS, "x")),
        ("def f(p: Point):\n  p = 1\n  p.x = 1", Use(Act.SETS, "x")),
        ("class A:\n  def move(self): self.x = 1", Use(Act.SETS_OWN, "x", "A")),
        ("class A:\n  def move(self, p: Point): p.x = 1", Use(Act.SETS, "x", "app.shapes.Point")),
        ("setattr(thing, name, 1)", Use(Act.TOUCHES, "setattr")),
        ("def f(p: Point): vars(p)", Use(Act.TOUCHES, "vars", "app.shapes.Point")),
        ("thing.__dict__", Use(Act.TOUCHES, "__dict__")),
        ("import weakref", Use(Act.TOUCHES, "weakref")),
        ("from weakref import WeakSet", Use(Act.TOUCHES, "WeakSet")),
        ("import pickle as p", Use(Act.TOUCHES, "pickle")),
        ("class A(Point): pass", Use(Act.INHERITS, "Point", "app.shapes.Point")),
        ("class A(Point[int]): pass", Use(Act.INHERITS, "Point", "app.shapes.Point")),
        ("import app.shapes\nclass A(app.shapes.Point): pass", Use(Act.INHERITS, "Point", "app.shapes.Point")),
        ("from app.shapes import Point as P\nclass A(P): pass", Use(Act.INHERITS, "Point", "app.shapes.Point")),
        ("{Point(): 1}", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("{(Point(), 1): 1}", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("{Point(x) for x in y}", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("{Point(x): x for x in y}", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("set([Point()])", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("set(Point(x) for x in y)", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("def f(p: list[Point]): set(p)", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("def f(ps: list[Point]): return {p for p in ps}", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("def f(ps: list[Point]):\n  for p in ps: p.x = 1", Use(Act.SETS, "x", "app.shapes.Point")),
        ("def f(ps: dict[str, Point]):\n  for p in ps: p.x = 1", Use(Act.SETS, "x")),
        ("dict.fromkeys([Point()])", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("hash(Point())", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("x: dict[Point, int] = {}", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("x: dict[tuple[Point, int], int] = {}", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("x: set[Point | None]", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("seen = set()\nseen.add(Point())", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("seen = {}\ndef f(p: Point): seen[p] = 1", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("seen = {}\ndef f(p: Point): return seen.get(p)", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("def f(seen: set[str], p: Point): return p in seen", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("class A:\n  def __init__(self): self.seen = set()\n  def f(self, p: Point): self.seen.add(p)",
         Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("@lru_cache\ndef f(p: Point): pass", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("from functools import cache\n@cache\ndef f(p: Point): pass", Use(Act.HASHES, "Point", "app.shapes.Point")),
        ("def f(p: Point): p == q", Use(Act.COMPARES, "Point", "app.shapes.Point")),
        ("def f(p: Point): p in q", Use(Act.COMPARES, "Point", "app.shapes.Point")),
        ("def f(p: Point): q.index(p)", Use(Act.COMPARES, "Point", "app.shapes.Point")),
        ("def f(p: Point): p is q", Use(Act.IDENTIFIES, "Point", "app.shapes.Point")),
        ("print(Point.x)", Use(Act.READS, "x", "app.shapes.Point")),
    ],
)  # fmt: skip
def test_what_is_seen(text: str, expected: Use) -> None:
    assert expected in uses(IMPORT + text)


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("x: dict[str, Point] = {}", Act.HASHES),
        ("x: dict[type[Point], int] = {}", Act.HASHES),
        ("x: list[Point] = []", Act.HASHES),
        ("def f(ps: list[list[Point]]): return {p for p in ps}", Act.HASHES),
        ("session.add(Point())", Act.HASHES),
        ("{1: Point()}", Act.HASHES),
        ("def f(items, p: Point): items[p]", Act.HASHES),
        ("from app.caching import cache\n@cache\ndef f(p: Point): pass", Act.HASHES),
        ("def f(p: Point): p is None", Act.IDENTIFIES),
        ("def f(p: Point): p.x == 1", Act.COMPARES),
        ("class A:\n  def __init__(self): self.x = 1", Act.SETS_OWN),
        ("class A:\n  def f(self): self.x = 1", Act.SETS),
        ("class A:\n  def __post_init__(self): object.__setattr__(self, 'x', 1)", Act.SETS),
        ("print(thing.x)", Act.SETS),
        # What happens to a class of the same file is nobody else's business.
        ("class B: pass\nclass A(B): pass", Act.INHERITS),
        ("class B: pass\n{B()}", Act.HASHES),
        ("class A(Exception): pass", Act.INHERITS),
    ],
)
def test_what_is_not(text: str, act: Act) -> None:
    assert act not in {use.act for use in uses(IMPORT + text)}


def test_relative_imports_count_from_the_package() -> None:
    assert Use(Act.INHERITS, "B", "app.db.models.B") in uses("from .models import B\nclass A(B): pass", "app.db")
    assert Use(Act.INHERITS, "B", "app.models.B") in uses("from ..models import B\nclass A(B): pass", "app.db")
    assert Use(Act.INHERITS, "B", "app.B") in uses("from .. import B\nclass A(B): pass", "app.db")


POINT = "class Point:\n    x: int\n"


def asked(files: Mapping[str, str], act: Act = Act.SETS, word: str | None = "x") -> Elsewhere | None:
    module = Module(Document.parse(POINT), Neighbours({"app.shapes": POINT, **files}))
    return elsewhere(module, act, "Point", word)


def test_the_same_class() -> None:
    assert asked({"app.a": IMPORT + "def f(p: Point): p.x = 1"}) == Elsewhere(("app/a.py",))
    assert asked({"app.a": IMPORT + "class A(Point): pass"}, Act.INHERITS, None) == Elsewhere(("app/a.py",))


def test_perhaps_the_same_class() -> None:
    assert asked({"app.a": "thing.x = 1"}) == Elsewhere((), ("app/a.py",))
    assert asked({"app.a": "from elsewhere import Point\ndef f(p: Point): p.x = 1"}) == Elsewhere((), ("app/a.py",))
    assert asked({"app.a": "def f(p: AnyT): p.x = 1"}) == Elsewhere((), ("app/a.py",))


def test_another_class() -> None:
    other = {"app.other": "class Point:\n    y: int\n    z: int\n"}
    assert asked({**other, "app.a": "from app.other import Point\ndef f(p: Point): p.x = 1"}) == Elsewhere()
    assert asked({"app.a": "from app.other import Line\ndef f(p: Line): p.x = 1"}) == Elsewhere()
    assert asked({"app.a": POINT + "def f(p: Point): p.x = 1"}) == Elsewhere()


def test_not_known_yet() -> None:
    assert elsewhere(Module(Document.parse(POINT), NoProject()), Act.SETS, "Point", "x") is None
