"""The templates of a team."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idiomatic.project.configuration import load
from idiomatic.project.own_templates import own_templates
from idiomatic.templates import catalogue

if TYPE_CHECKING:
    from pathlib import Path

GREETING = '''"""Greet somebody.

## Why
It is polite.
"""

PREFIXES = ("greet",)
WHERE = ("module",)
TAB_STOPS = ("greet",)
SINCE = (3, 9)


def greet(name: str) -> str:
    """What to say."""
    return f"Hello, {name}"
'''


def project(root: Path, *templates: str) -> None:
    (root / "pyproject.toml").write_text('[tool.idiomatic]\ntemplates = "our/templates"\n')
    for name in templates:
        file = root / "our" / "templates" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(GREETING)


def test_they_are_offered_beside_ours(tmp_path: Path) -> None:
    project(tmp_path, "greeting.py", "services/retry.py", "__init__.py", "test_greeting.py", "__pycache__/x.py")
    found = own_templates(load(tmp_path), tmp_path)
    assert found.faults == ()
    assert found.templates["greeting"].group == "templates"
    assert found.templates["retry"].title == "Greet somebody.", "theirs wins"
    assert found.templates["retry"].group == "services"
    assert len(found.templates) == len(catalogue.load()) + 1
    assert own_templates(load(tmp_path), tmp_path) is found


def test_they_are_read_again_when_they_change(tmp_path: Path) -> None:
    project(tmp_path, "greeting.py")
    file = tmp_path / "our" / "templates" / "greeting.py"
    assert own_templates(load(tmp_path), tmp_path).templates["greeting"].title == "Greet somebody."
    file.write_text(GREETING.replace("somebody", "everybody"))
    assert own_templates(load(tmp_path), tmp_path).templates["greeting"].title == "Greet everybody."
    file.unlink()
    assert "greeting" not in own_templates(load(tmp_path), tmp_path).templates


def test_what_is_wrong_is_said_with_its_place(tmp_path: Path) -> None:
    project(tmp_path, "greeting.py", "other/greeting.py", "broken.py", "binary.py")
    folder = tmp_path / "our" / "templates"
    (folder / "broken.py").write_text(GREETING.replace('    """What', '   """What'))
    (folder / "binary.py").write_bytes(b"\xff")
    # Nothing of it is run.
    (folder / "evil.py").write_text("import sys\nsys.exit(1)\n")
    (folder / "late.py").write_text(GREETING.replace("(3, 9)", '"3.9"'))
    found = own_templates(load(tmp_path), tmp_path)
    assert set(found.templates) - set(catalogue.load()) == {"greeting"}
    texts = sorted(str(fault).replace(f"{folder}/", "") for fault in found.faults)
    assert texts[0].startswith("binary.py:1:1: can't be read")
    assert texts[1].startswith("broken.py:15:")
    assert texts[2].startswith("evil.py:1:1: the docstring's first line")
    assert texts[3].startswith("late.py:10:1: `SINCE` is a version")
    assert texts[4] == "other/greeting.py:1:1: there is another template of this name: greeting.py"


def test_a_folder_that_is_not_there_is_said_where_it_is_named(tmp_path: Path) -> None:
    project(tmp_path)
    (fault,) = own_templates(load(tmp_path), tmp_path).faults
    assert str(fault) == (
        f"{tmp_path / 'pyproject.toml'}:2:1: tool.idiomatic.templates: there is no folder {tmp_path / 'our/templates'}"
    )
    (fault,) = own_templates(load(tmp_path, isolated=True).merged({"templates": "x"}), tmp_path).faults
    assert str(fault) == f"the editor's settings: templates: there is no folder {tmp_path / 'x'}"
