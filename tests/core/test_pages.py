"""The page of a rule: everything its file says, and nothing that does not hold."""

from __future__ import annotations

import re

import pytest
from idiomatic.core import catalogue
from idiomatic.core.idiom import Kind
from idiomatic.core.pages import page

RULES = catalogue.rules()


@pytest.mark.parametrize("name", RULES)
def test_says_what_the_file_says(name: str) -> None:
    rule, text = RULES[name], page(RULES[name], relative_links=True)
    assert text.startswith(f"# {name}\n\n**{rule.advice}**\n\n- Kind: {rule.kind} (")
    assert all(rule.section(title) in text for title in catalogue.SECTIONS)
    assert f"`# idiomatic: ignore[{name}]`" in text
    assert all(code in text for code in rule.also)
    assert (f"- Severity: {rule.severity}\n" in text) is (rule.kind is not Kind.REFACTOR)


def test_an_example() -> None:
    text = page(RULES["naive-utcnow"])
    facts = """
- Kind: problem (a bug or a trap)
- Severity: warning
- Family: observability
- Fixes: safe or unsafe, or refused with the reason
- Since: Python 3.2
- In ruff: `call-datetime-utcnow` (DTZ003), `call-datetime-utcfromtimestamp` (DTZ004)

## Why
"""
    assert facts in text
    assert re.findall(r"^## (.*)$", text, flags=re.MULTILINE) == [
        "Why",
        "Example",
        "Fix safety",
        "How to silence it",
        "References",
    ]


def test_links_to_other_files_lead_nowhere_outside_of_the_documentation() -> None:
    rule = RULES["unused-suppression"]
    assert "](../configuration.md#suppression)" in page(rule, relative_links=True)
    assert "](../" not in page(rule)
    assert "- Suppression comments\n" in page(rule)
