"""What the rules about the fields of dataclasses claim, by running code before and after them.

A safe fix turns a class that can't be made into one that can, or a call that fails into one that doesn't.
"""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
from idiomatic.core import engine

from tests.engine import analyse
from tests.test_cases import CASES, Case, read_cases

RULES = {"mutable-dataclass-default": ValueError, "dataclass-field-order": TypeError}


def run(source: str) -> dict[str, Any]:
    module = types.ModuleType("fields_under_test")
    sys.modules[module.__name__] = module
    exec(compile(source, module.__name__, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def runnable() -> list[Case]:
    cases = [case for rule in RULES for case in read_cases(rule, (CASES / f"{rule}.md").read_text("utf-8"))]
    return [
        case
        for case in cases
        if not case.files
        and len(case.fences) > 1
        and not {"elsewhere", "Outer"} & {*case.fences[0].replace(":", " ").split()}
    ]


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.rule}:{case.line}") for case in runnable()])
def test_a_class_that_cannot_be_made(case: Case) -> None:
    analysed = analyse(case.fences[0], case.rule)
    first = analysed.all_diagnostics[0].fixes[0]
    if engine.verdict_name(first) == "unsafe" and case.rule == "mutable-dataclass-default":
        run(case.fences[0])
    else:
        with pytest.raises(RULES[case.rule]):
            run(case.fences[0])
    run(case.fences[1])


def after(source: str, rule: str, action: int = 0) -> dict[str, Any]:
    analysed = analyse(source, rule)
    diagnostic = analysed.all_diagnostics[0]
    return run(analysed.rewrite(diagnostic, diagnostic.fixes[action]).apply(source))


FROZEN = """
from dataclasses import dataclass, field

@dataclass(frozen=True)
class Order:
    prices: tuple
    total: int = field(init=False, default=0)

    def __post_init__(self):
        self.total = sum(self.prices)
"""

MOVED = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Point:
    x: int
    y: int

    def move(self, dx, dy):
        self.x += dx
        self.y = self.y + dy
"""


def test_what_a_frozen_object_computes() -> None:
    with pytest.raises(AttributeError):
        run(FROZEN)["Order"]((1, 2))
    assert after(FROZEN, "assign-to-frozen")["Order"]((1, 2)).total == 3


def test_a_copy_of_a_frozen_object() -> None:
    point = run(MOVED)["Point"](1, 2)
    with pytest.raises(AttributeError):
        point.move(1, 1)
    made = after(MOVED, "assign-to-frozen")["Point"]
    point = made(1, 2)
    assert (point.move(1, 1), point) == (made(2, 3), made(1, 2))


def test_lists_are_not_shared() -> None:
    made = after(
        "from dataclasses import dataclass\n\n@dataclass\nclass C:\n    x: list = [[1]]\n", "mutable-dataclass-default"
    )["C"]
    made().x[0].append(2)
    assert made().x == [[1]]
