"""What ruff reports in a project already."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from idiomatic.core import catalogue
from idiomatic.project import ruff, ruff_defaults
from idiomatic.project.configuration import ConfigurationError
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
        ("PIE790", "PI", False),
        ("PIE790", "PIE", True),
    ],
)
def test_families_with_similar_names(tmp_path: Path, code: str, selector: str, expected: bool) -> None:
    (tmp_path / "ruff.toml").write_text(f'lint.select = ["{selector}"]')
    assert has(tmp_path, code) is expected


def install(folder: Path, version: str) -> None:
    """Put a ruff into the project's environment, as far as it is looked at."""
    (folder / ".venv" / "lib" / "python3.11" / "site-packages" / f"ruff-{version}.dist-info").mkdir(parents=True)
    (folder / ".venv" / "pyvenv.cfg").write_text("version = 3.11.7\n")


def test_defaults_count_where_there_is_a_configuration(tmp_path: Path) -> None:
    assert not has(tmp_path, "B006")
    (tmp_path / "ruff.toml").write_text("line-length = 100")
    assert has(tmp_path, "B006")
    assert not has(tmp_path, "B904")
    (tmp_path / "ruff.toml").write_text('lint.extend-select = ["B904"]\nlint.ignore = ["B006"]')
    assert not has(tmp_path, "B006")
    assert has(tmp_path, "B904")
    assert has(tmp_path, "DTZ003")


@pytest.mark.parametrize(("version", "expected"), [("0.15.22", False), ("0.16.0", True), ("1.0.0", True)])
def test_the_version_that_is_installed_decides_on_the_defaults(tmp_path: Path, version: str, expected: bool) -> None:
    (tmp_path / "ruff.toml").write_text("line-length = 100")
    install(tmp_path, version)
    assert has(tmp_path, "B006") is expected


def test_defaults_are_those_of_the_ruff_beside_us(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text("")
    shown = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--show-settings", file],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    enabled = shown.partition("linter.rules.enabled = [")[2].partition("]")[0]
    reported = set(re.findall(r"\(([A-Z]+\d+)\)", enabled))
    assert len(reported) > 100
    ours = {code for rule in catalogue.rules().values() for code in rule.also}
    assert ruff_defaults.defaults(None) == ours & reported
    assert ruff_defaults.defaults(ruff_defaults.installed_version(tmp_path)) == ours & reported


def test_which_codes_are_not_stable_yet() -> None:
    command = [sys.executable, "-m", "ruff", "rule", "--all", "--output-format", "json"]
    known = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    preview = {rule["code"] for rule in known if rule["preview"]}
    assert {code for rule in catalogue.rules().values() for code in rule.also} & preview == ruff_defaults.PREVIEW


def test_preview(tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text('lint.select = ["RUF"]')
    assert not has(tmp_path, "RUF075")
    (tmp_path / "ruff.toml").write_text('lint.select = ["fallible-context-manager"]\nlint.preview = true')
    assert has(tmp_path, "RUF075")
    (tmp_path / "ruff.toml").write_text('preview = true\nlint.select = ["RUF"]')
    assert has(tmp_path, "RUF075")


def test_an_editor_with_ruff(tmp_path: Path) -> None:
    file, rules = tmp_path / "app.py", catalogue.rules()

    def quiet(setting: object, rule: str = "mutable-default") -> bool:
        return Workspace(tmp_path, {"ruff": setting}).settings(file).is_quiet(rules[rule])

    assert not quiet(None)
    assert not quiet(False)
    assert quiet(True)
    install(tmp_path / "elsewhere", "0.15.0")
    assert quiet({"version": "0.17.5"})
    assert quiet({"select": ["B"]}, "raise-without-from")
    assert not quiet({"version": "0.17.5", "ignore": ["B006"]})
    (tmp_path / "ruff.toml").write_text('lint.select = ["B904"]')
    assert not quiet(True), "what the project selects counts"
    assert quiet(True, "raise-without-from")
    assert quiet({"select": ["B006"]})


def test_the_version_of_the_project_counts_before_that_of_the_editor(tmp_path: Path) -> None:
    install(tmp_path, "0.15.22")
    settings = Workspace(tmp_path, {"ruff": {"version": "0.17.5"}}).settings(tmp_path / "app.py")
    assert not settings.is_quiet(catalogue.rules()["mutable-default"])


def test_advice_that_is_not_to_be_underlined(tmp_path: Path) -> None:
    rules = catalogue.rules()
    settings = Workspace(tmp_path, {"hints": {"data": False, "functions": True}}).settings(tmp_path / "app.py")
    assert settings.is_quiet(rules["class-to-dataclass"])
    assert not settings.is_quiet(rules["dataclass-field-order"]), "it is a problem, not advice"
    assert not settings.is_quiet(rules["missing-wraps"])
    overrides = {"hints": {"data": False}, "select": ["class-to-dataclass"]}
    settings = Workspace(tmp_path, overrides).settings(tmp_path / "app.py")
    assert not settings.is_quiet(rules["class-to-dataclass"]), "it was asked for by name"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hints": {"date": False}}, "hints: unknown family `date`; did you mean `data`?"),
        ({"hints": ["data"]}, "hints: expected an object"),
        ({"hints": {"data": "off"}}, "hints: expected an object"),
        ({"ruff": "0.17"}, "ruff: expected true, false or an object"),
    ],
)
def test_faulty_settings_of_an_editor(tmp_path: Path, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"the editor's settings: {message}")):
        Workspace(tmp_path, settings).settings(tmp_path / "app.py")


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
    assert not has(inner, "B904")
    (inner / ".ruff.toml").write_text('extend = ".ruff.toml"\nselect = ["B"]')
    assert has(inner, "B904"), "a file that extends itself is read all the same"


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
