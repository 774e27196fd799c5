"""What ruff reports in a project already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from idiomatic.core import catalogue
from idiomatic.project import ruff
from idiomatic.project.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path


def has(directory: Path, code: str) -> bool:
    found = ruff.load(directory)
    return found is not None and found.has(code)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ('lint.select = ["B"]', True),
        ('lint.select = ["B9"]', True),
        ('lint.select = ["B904"]', True),
        ('lint.select = ["ALL"]', True),
        ('lint.select = ["B0", "BLE", "E"]', False),
        ('select = ["B"]', True),
        ('extend-select = ["B"]', True),
        ('[lint]\nextend-select = ["B904"]', True),
        ('lint.select = ["ALL"]\nlint.ignore = ["B"]', False),
        ('lint.select = ["B904"]\nlint.ignore = ["B"]', True),
        ('lint.select = ["B"]\nlint.extend-ignore = ["B904"]', False),
        ('select = ["B"]\nignore = ["B904"]', False),
        ('lint.select = ["B904"]\nlint.ignore = ["B904"]', False),
        ("lint.select = 3", False),
        ('lint.select = ["flake8-bugbear"]', False),
        ("not toml =", False),
    ],
)
def test_selectors(tmp_path: Path, text: str, expected: bool) -> None:
    (tmp_path / "ruff.toml").write_text(text)
    assert has(tmp_path, "B904") is expected


@pytest.mark.parametrize(
    ("code", "selector", "expected"),
    [
        ("PLR0913", "PL", True),
        ("PLR0913", "PLR", True),
        ("PT001", "PL", False),
        ("ERA001", "E", False),
        ("E722", "E", True),
    ],
)
def test_families_with_similar_names(tmp_path: Path, code: str, selector: str, expected: bool) -> None:
    (tmp_path / "ruff.toml").write_text(f'lint.select = ["{selector}"]')
    assert has(tmp_path, code) is expected


def test_defaults_count_where_there_is_a_configuration(tmp_path: Path) -> None:
    assert not has(tmp_path, "E722")
    (tmp_path / "ruff.toml").write_text("line-length = 100")
    assert has(tmp_path, "E722")
    assert not has(tmp_path, "B904")


def test_the_nearest_file_and_what_it_extends(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.ruff.lint]\nselect = ["B"]\n')
    assert has(inner, "B904")
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\n")
    assert has(inner, "B904"), "a file without [tool.ruff] says nothing"
    (inner / "ruff.toml").write_text('extend = "../../pyproject.toml"\n[lint]\nignore = ["B904"]')
    assert not has(inner, "B904")
    assert has(inner, "B006")
    (inner / ".ruff.toml").write_text('extend = "nowhere.toml"')
    assert not has(inner, "B006")
    (inner / ".ruff.toml").write_text('extend = ".ruff.toml"\nselect = ["B"]')
    assert has(inner, "B006"), "a file that extends itself is read all the same"


def test_quiet_unless_asked_for_by_name(tmp_path: Path) -> None:
    rule = catalogue.rules()["raise-without-from"]
    file = tmp_path / "app.py"
    assert not Workspace(tmp_path).settings(file).is_quiet(rule)
    (tmp_path / "ruff.toml").write_text('lint.select = ["B"]')
    assert Workspace(tmp_path).settings(file).is_quiet(rule)
    assert Workspace(tmp_path, {"select": ["errors"]}).settings(file).is_quiet(rule)
    assert not Workspace(tmp_path, {"select": ["raise-without-from"]}).settings(file).is_quiet(rule)
    assert not Workspace(tmp_path, isolated=True).settings(file).is_quiet(rule)
    assert not Workspace(tmp_path).settings(file).is_quiet(catalogue.rules()["unused-suppression"])
