"""What the rewrites of enumerations claim, executed: on the cases of the rule itself."""

from __future__ import annotations

import enum
from typing import Any

import pytest
from idiomatic.core import engine
from idiomatic.core.idiom import Refused

from tests.engine import analyse
from tests.test_cases import CASES, Case, read_cases

STR_ENUM = [
    case
    for case in read_cases("str-enum", (CASES / "str-enum.md").read_text("utf-8"))
    if len(case.fences) == 2 and "import settings" not in case.fences[0] and "def make" not in case.fences[0]
]


def enumeration(text: str) -> Any:
    names: dict[str, Any] = {"__name__": "executed"}
    exec(compile(text, "executed", "exec"), names)
    return [
        each
        for each in names.values()
        if isinstance(each, enum.EnumMeta) and each.__module__ == "executed" and issubclass(each, str)
    ][-1]


def looks(text: str) -> dict[str, list[str]]:
    members: dict[str, Any] = dict(enumeration(text).__members__)
    return {
        "constant": [
            f"{name} {each.name} {each.value!r} {each!r} {each == each.value}" for name, each in members.items()
        ],
        "str": [f"{str(each)} {'%s' % each}" for each in members.values()],  # noqa: RUF010, UP031
        "format": [f"{each} {each:>20} {format(each)}" for each in members.values()],
    }


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.rule}:{case.line}") for case in STR_ENUM])
def test_str_enum(case: Case) -> None:
    [diagnostic] = analyse(case.fences[0], "str-enum").all_diagnostics
    fix = diagnostic.fixes[int(case.one("action", "1")) - 1]
    assert not isinstance(fix.verdict, Refused)
    before, after = looks(case.fences[0]), looks(case.fences[1])
    assert before["constant"] == after["constant"]
    if engine.verdict_name(fix) == "safe":
        assert before == after
    else:
        reasons = " ".join(getattr(fix.verdict, "reasons", ()))
        assert ("str()" in reasons) == (before["str"] != after["str"])
        assert before["format"] == after["format"] or "format()" in reasons
