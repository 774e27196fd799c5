"""Every idiom's example and cases again, in other line endings, with tabs, a byte order mark, form feeds...

A rewrite of a disguised text must give the disguised result: nothing outside the edit may differ by a byte.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from idiomatic.core import engine, long_class
from idiomatic.core.draft import DraftError
from idiomatic.core.idiom import Fix, Refused

from tests.engine import analyse, carried_out
from tests.test_cases import all_cases, examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from idiomatic.core.text import Span

    from tests.test_cases import Case


def tabs(text: str) -> str:
    return re.sub(r"^(    )+", lambda match: "\t" * (len(match[0]) // 4), text, flags=re.MULTILINE)


DISGUISES: dict[str, Callable[[str], str]] = {
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "tabs": tabs,
    "tabs and CRLF": lambda text: tabs(text).replace("\n", "\r\n"),
    "BOM": lambda text: "\ufeff" + text,
    "no line feed at the end": lambda text: text.removesuffix("\n"),
    "non-ASCII tail": lambda text: text + "\n\n_tail = 'ä \u2028 \x85 \U0001f600'  # \x0c ü\n",
    "form feeds": lambda text: text + "\n\x0c\n\n_tail = 1\n\x0c\n",
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize(("rule", "before", "after"), [pytest.param(*e, id=e[0]) for e in examples()])
def test_example_in_disguise(rule: str, before: str, after: str, disguise: str) -> None:
    change = DISGUISES[disguise]
    assert carried_out(analyse(change(before), rule)).module.document.text == change(after)


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.rule}:{case.line}") for case in all_cases()])
def test_case_in_disguise(case: Case) -> None:
    """For a case, the plain result is the reference: so refused ones and second actions are covered too."""
    major, minor = case.one("target", "3.13").split(".")

    def results(text: str) -> list[str | None]:
        found = analyse(text, case.rule, target=(int(major), int(minor)), files=case.files)
        return [result(found, d, fix) for d in found.all_diagnostics for fix in d.fixes]

    plain = results(case.fences[0])
    for name, change in DISGUISES.items():
        if "tabs" in name and not re.search(r":(?:  #.*)?\n+ ", case.fences[0]):
            # No block says that somebody indents by tabs.
            continue
        expected = [None if text is None else change(text) for text in plain]
        assert results(change(case.fences[0])) == expected, name


IN_CLASSES = [case for case in all_cases() if "class " in case.fences[0]]


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.rule}:{case.line}") for case in IN_CLASSES])
def test_case_in_long_classes(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a class is looked at as a whole or method by method makes no difference."""
    major, minor = case.one("target", "3.13").split(".")

    def results() -> list[tuple[Span, str, list[str | None]]]:
        found = analyse(case.fences[0], case.rule, target=(int(major), int(minor)), files=case.files)
        return [
            (found.place(each), each.message, [result(found, each, fix) for fix in each.fixes])
            for each in found.all_diagnostics
        ]

    plain = results()
    monkeypatch.setattr(long_class, "LONG", 1)
    assert results() == plain


def result(analysed: engine.Analysed, diagnostic: engine.Diagnostic, fix: Fix) -> str | None:
    if isinstance(fix.verdict, Refused):
        return None
    try:
        return analysed.rewrite(diagnostic, fix).apply(analysed.module.document.text)
    except DraftError:
        return None
