"""The README tells the truth: its examples are what the product does, its table is the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from idiomatic.core import bulk, catalogue
from idiomatic.core.pages import safety

from tests.engine import analyse

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAIR = re.compile(r"<!-- rule: (\S+) -->\n```python\n(.*?)```\nbecomes\n```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize(("rule", "before", "after"), [pytest.param(*p, id=p[0]) for p in PAIR.findall(README)])
def test_pairs(rule: str, before: str, after: str) -> None:
    analysed = analyse(before, rule)
    for _, fixed in bulk.fix_all(analysed, unsafe=True):
        analysed = fixed
    assert analysed.module.document.text == after


def test_there_are_three_pairs() -> None:
    assert len(PAIR.findall(README)) == 3


def test_table() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| ([\w ]+) \| (.*?) \| (.*?) \|$", README, flags=re.MULTILINE)
    expected = [
        (i.name, str(i.kind), safety(i), i.advice.removesuffix("."), ", ".join(i.also))
        for i in catalogue.load().values()
    ]
    assert rows == expected


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)", README))))
def test_links(target: str) -> None:
    assert (ROOT / target).exists()
