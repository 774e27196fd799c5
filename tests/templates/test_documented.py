"""What docs/templates.md says, and the example in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from idiomatic.templates.reading import OPTIONAL, REQUIRED, read
from idiomatic.templates.template import Place

from tests.templates.inserting import made

PAGE = (Path(__file__).parents[2] / "docs" / "templates.md").read_text("utf-8")
FOUND = re.search(r"<!-- template: (\w+) -->\n```python\n(.*?)\n```\n\nIn a module", PAGE, re.DOTALL)


def test_the_worked_example() -> None:
    assert FOUND is not None
    template = read(FOUND[2] + "\n", f"{FOUND[1]}.py", "jobs", FOUND[1])
    user = "import logging\n\nlog = logging.getLogger(__name__)\n\n\nclass Reminder: ...\n\n\nnightly|\n"
    _, text = made("", user, template=template)
    compile(text, "jobs.py", "exec")
    assert "def send_reminders(day: date) -> None:" in text
    assert 'log.info("reminders of %s", day)' in text
    assert "logger" not in text
    assert "nvoice" not in text


@pytest.mark.parametrize("name", [*REQUIRED, *OPTIONAL, *Place])
def test_every_constant_and_place_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_no_other_constant_is() -> None:
    assert set(re.findall(r"^   \| `([A-Z_]+)` \|", PAGE, re.MULTILINE)) == {*REQUIRED, *OPTIONAL}
