"""The oldest Python that the code has to run on, wherever it is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from idiomatic.project.target import lowest, target_version
from idiomatic.project.workspace import Workspace

REQUIRES = '[project]\nrequires-python = ">=3.9"\n'


@pytest.mark.parametrize(
    ("specifiers", "expected"),
    [
        (">=3.9", (3, 9)),
        (">=3.8.1", (3, 8)),
        (">3.9", (3, 9)),
        ("==3.10.*", (3, 10)),
        ("==3.9.5", (3, 9)),
        (">=3.9,!=3.9.*", (3, 10)),
        ("~=3.11", (3, 11)),
        (">=2.7, !=3.0.*, !=3.1.*", (3, 2)),
        (">=3.12.0rc1", (3, 12)),
        (">=4", None),
        ("", None),
        ("newest", None),
        (3.9, None),
        (None, None),
    ],
)
def test_lowest_version_admitted(specifiers: object, expected: tuple[int, int] | None) -> None:
    assert lowest(specifiers) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": REQUIRES + '[tool.ruff]\ntarget-version = "py312"\n'}, (3, 9)),
        ({"pyproject.toml": '[tool.ruff]\ntarget-version = "py38"\n[tool.mypy]\npython_version = "3.12"'}, (3, 8)),
        ({"ruff.toml": 'target-version = "py310"', "pyproject.toml": "[project]"}, (3, 10)),
        ({".ruff.toml": 'extend = "base.toml"', "base.toml": 'target-version = "py37"'}, (3, 7)),
        ({"pyproject.toml": '[tool.mypy]\npython_version = "3.12"', ".python-version": "3.13.1"}, (3, 12)),
        ({"mypy.ini": "[mypy]\npython_version = 3.8\n"}, (3, 8)),
        ({"setup.cfg": "[options]\npython_requires = >=3.7\n"}, (3, 7)),
        ({"setup.cfg": "[mypy]\npython_version = 3.7\n"}, (3, 7)),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.10"\n'}, (3, 10)),
        ({".python-version": "# ours\ncpython-3.12.4\n"}, (3, 12)),
        ({".python-version": "pypy\n"}, sys.version_info[:2]),
        ({".venv/pyvenv.cfg": "home = /usr/bin\nversion = 3.12.7\n"}, (3, 12)),
        ({"pyproject.toml": "not toml ="}, sys.version_info[:2]),
        ({"setup.cfg": "no section"}, sys.version_info[:2]),
        ({}, sys.version_info[:2]),
    ],
)
def test_where_it_is_written(tmp_path: Path, files: dict[str, str], expected: tuple[int, int]) -> None:
    (tmp_path / ".git").mkdir()  # nothing above counts
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    inner = tmp_path / "src" / "app"
    inner.mkdir(parents=True)
    assert target_version(inner) == expected


def test_settings_come_first(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    (tmp_path / "pyproject.toml").write_text(REQUIRES)
    assert Workspace(tmp_path).settings(file).target == (3, 9)
    assert Workspace(tmp_path, isolated=True).settings(file).target == sys.version_info[:2]
    (tmp_path / "idiomatic.toml").write_text('target-version = "3.8"')
    assert Workspace(tmp_path).settings(file).target == (3, 8)
    assert Workspace(tmp_path, {"targetVersion": "3.13"}).settings(file).target == (3, 13)


def test_rules_newer_than_the_target_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "idiomatic.toml").write_text('target-version = "3.10"')
    assert "gather-to-task-group" not in Workspace(tmp_path).rules(tmp_path / "app.py").names
    (tmp_path / "idiomatic.toml").write_text('target-version = "3.11"')
    assert "gather-to-task-group" in Workspace(tmp_path).rules(tmp_path / "app.py").names


def test_the_same_rules_are_the_same_object(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (tmp_path / "inner").mkdir()
    before = workspace.rules(tmp_path / "a.py")
    assert workspace.rules(tmp_path / "inner" / "b.py") is before
    workspace.forget()
    assert workspace.rules(tmp_path / "a.py") is before
