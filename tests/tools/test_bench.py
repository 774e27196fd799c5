"""The parts of the benchmark that measure nothing: what is counted and compared, and what is shown."""

from __future__ import annotations

import ast
import math
from typing import Any

import pytest

from tools.bench import keystrokes, sources
from tools.bench.kept import compared, outside
from tools.bench.samples import median, p95, ratio
from tools.bench.sources import Place
from tools.bench.tables import MARKER, MISSING, Table, number, replaced

TEXT = """\
def first():
    return 1


def second():
    a = 1
    b = 2
    c = "ä" + "𝄞"
    d = 4
    return a


def third():
    three = 3
    return three
"""


@pytest.fixture
def place() -> Place:
    return sources.middle(TEXT)


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_median_and_p95() -> None:
    hundred = [float(each) for each in range(100, 0, -1)]
    assert median(hundred) == 50.5
    assert p95(hundred) == 95
    assert p95([1.0, 2.0]) == 2
    assert p95([7.0]) == 7


def test_nothing_measured_is_no_number() -> None:
    assert math.isnan(median([]))
    assert math.isnan(p95([]))
    assert math.isnan(ratio([1.0], []))


def test_ratio_is_of_medians() -> None:
    assert ratio([1.0, 2.0, 300.0], [4.0]) == 0.5


@pytest.mark.parametrize(
    ("value", "shown"), [(0.123, "0.12"), (12.34, "12.3"), (1234.5, "1,234"), (-3.456, "-3.46"), (math.nan, MISSING)]
)
def test_number(value: float, shown: str) -> None:
    assert number(value) == shown


# -- tables -----------------------------------------------------------------------------------------------------------


def test_markdown() -> None:
    table = Table("Title", ("name", "ms"), [("a|b", "1.00"), ("c", MISSING)], ("One.", "Two."))
    assert table.markdown() == (
        "### Title\n\n| name | ms |\n| --- | ---: |\n| a\\|b | 1.00 |\n| c | - |\n\nOne. Two.\n"
    )


def test_tables_take_the_place_of_older_ones() -> None:
    assert replaced(f"# Title\n\n{MARKER}\n\nold\n", "new\n") == f"# Title\n\n{MARKER}\n\nnew\n"
    assert replaced("old\n", "new\n") == "new\n"


# -- where and what is typed ------------------------------------------------------------------------------------------


def test_the_middle_is_between_two_statements_of_a_function(place: Place) -> None:
    assert place.before.endswith('c = "ä" + "𝄞"')
    assert place.after.startswith("\n    d = 4")
    # The second string is one character of two UTF-16 units.
    assert (place.line, place.column) == (7, len('    c = "ä" + "𝄞"') + 1)
    assert (place.first, place.last) == (4, 9)
    assert place.with_typed("") == TEXT


def test_planted_findings_are_above_and_below() -> None:
    source = sources.load("asyncio/tasks.py")
    names = [node.name for node in ast.parse(source.text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert names[0] == "_planted_above"
    assert names[-1] == "_Planted_below"


def test_states_that_parse_are_told_from_those_that_do_not(place: Place) -> None:
    seen = keystrokes.states(place, ["x = f(", "    1)"])
    assert [(state.typed, state.parses) for state in seen] == [
        ("", True),
        ("\n    ", True),
        ("\n    x", True),
        ("\n    x ", True),
        ("\n    x =", False),
        ("\n    x = ", False),
        ("\n    x = f", True),
        ("\n    x = f(", False),
        ("\n    x = f(\n    ", False),
        ("\n    x = f(\n     ", False),
        ("\n    x = f(\n      ", False),
        ("\n    x = f(\n       ", False),
        ("\n    x = f(\n        ", False),
        ("\n    x = f(\n        1", False),
        ("\n    x = f(\n        1)", True),
    ]


def test_strokes_lead_to_the_states_and_back(place: Place) -> None:
    seen = keystrokes.states(place)
    assert {state.parses for state in seen} == {True, False}
    text, visited = TEXT, []
    for stroke in keystrokes.there_and_back(place, seen):
        text = applied(text, stroke.change)
        assert text == place.with_typed(stroke.state.typed)
        visited.append(stroke.state)
    assert visited == [*seen[1:], *seen[-2::-1]]
    assert text == TEXT


def applied(text: str, change: dict[str, Any]) -> str:
    start, end = (offset(text, change["range"][name]) for name in ("start", "end"))
    return f"{text[:start]}{change['text']}{text[end:]}"


def offset(text: str, position: dict[str, int]) -> int:
    lines = text.splitlines(keepends=True)
    head = lines[position["line"]].encode("utf-16-le")[: 2 * position["character"]].decode("utf-16-le")
    return sum(map(len, lines[: position["line"]])) + len(head)


# -- what is kept -----------------------------------------------------------------------------------------------------


def found(line: int, code: str = "rule", column: int = 4) -> dict[str, Any]:
    start = {"line": line, "character": column}
    return {"range": {"start": start, "end": start}, "code": code, "message": f"what {code} says"}


def test_findings_elsewhere_are_the_same_wherever_typing_moves_them(place: Place) -> None:
    before = outside([found(1), found(6), found(13)], place, "")
    assert before.total() == 2
    now = outside([found(1), found(7), found(8), found(15)], place, "\n    x = (\n    ")
    assert compared(before, now).is_complete


def test_lost_moved_and_new_findings_are_noticed(place: Place) -> None:
    before = outside([found(1), found(13), found(13)], place, "")
    assert compared(before, outside([found(1), found(14)], place, "\n")).missing == 1
    assert compared(before, outside([found(1), found(13), found(13)], place, "\n")).missing == 2
    more = compared(before, outside([found(1), found(2, "other"), found(14), found(14)], place, "\n"))
    assert (more.missing, more.extra) == (0, 1)
    assert not more.is_complete


def test_syntax_errors_are_no_findings(place: Place) -> None:
    assert not outside([found(13, "invalid-syntax")], place, "")
