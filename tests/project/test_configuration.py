"""Reading the configuration: what is right, and what is said of what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from idiomatic.core.idiom import Severity
from idiomatic.project.configuration import Configuration, ConfigurationError, load
from idiomatic.project.toml_places import place

if TYPE_CHECKING:
    from pathlib import Path


def error(directory: Path, text: str, name: str = "idiomatic.toml") -> ConfigurationError:
    (directory / name).write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load(directory)
    return raised.value


def test_every_key_is_read(tmp_path: Path) -> None:
    (tmp_path / "idiomatic.toml").write_text(
        'select = ["ALL"]\nignore = ["naive-utcnow"]\ntarget-version = "3.9"\nexclude = ["*_pb2.py"]\n'
        'templates = "ours"\n[severity]\nraise-without-from = "hint"\n'
    )
    assert load(tmp_path) == Configuration(
        select=("ALL",),
        ignore=("naive-utcnow",),
        severity={"raise-without-from": Severity.HINT},
        target_version=(3, 9),
        exclude=("*_pb2.py",),
        templates=tmp_path / "ours",
        file=tmp_path / "idiomatic.toml",
    )


def test_the_nearest_file_counts_and_its_own_before_the_shared_one(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.idiomatic]\nignore = ["ALL"]\n')
    assert load(inner).file == tmp_path / "pyproject.toml"
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'idiomatic-user'\n")
    assert load(inner).file == tmp_path / "pyproject.toml"
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.idiomatic]\n")
    assert load(inner).file == tmp_path / "a" / "pyproject.toml"
    (tmp_path / "a" / "idiomatic.toml").write_text("")
    assert load(inner).file == tmp_path / "a" / "idiomatic.toml"
    assert load(inner, isolated=True) == Configuration()


@pytest.mark.parametrize(
    ("text", "key", "parts", "at"),
    [
        ('select = ["naive-utcnw"]', "select", ["did you mean `naive-utcnow`?", "ALL", "suppression"], "select"),
        ('selct = ["ALL"]', "selct", ["did you mean `select`?", "target-version"], "selct"),
        ("select = 3", "select", ["list of strings", "3"], "select"),
        ("target-version = 3.11", "target-version", ['"3.11"', "3.11"], "target-version"),
        ('target-version = "2.7"', "target-version", ['"3.X"', '"2.7"'], "target-version"),
        ('ignore = []\n[severity]\nnaive-utcnow = "loud"', "severity.naive-utcnow", ["error, warning"], "naive-utcnow"),
        ('severity = { naive-utcno = "off" }', "severity.naive-utcno", ["`naive-utcnow`"], "naive-utcno"),
        ('severity.naive-utcnow = ["off"]', "severity.naive-utcnow", ["off"], "severity.naive-utcnow"),
        ("severity = 1", "severity", ["table"], "severity"),
        ("exclude = [1]", "exclude", ["list of strings"], "exclude"),
        ('exclude = ["ok", "[z-a]"]', "exclude", ['"[z-a]"', ".gitignore"], "exclude"),
        ("templates = true", "templates", ["folder", "true"], "templates"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    tmp_path: Path, text: str, key: str, parts: list[str], at: str
) -> None:
    found = error(tmp_path, text)
    assert (found.file, found.key) == (tmp_path / "idiomatic.toml", key)
    assert text[found.span.start : found.span.end] == at
    for part in (*parts, str(tmp_path / "idiomatic.toml"), key):
        assert part in str(found)


def test_the_place_in_a_shared_file_is_found(tmp_path: Path) -> None:
    found = error(
        tmp_path, '[tool.other]\nselect = ["x"]\n\n[tool.idiomatic]\n  select = [\n  "x"]\n', name="pyproject.toml"
    )
    assert (found.key, found.line, found.column) == ("tool.idiomatic.select", 4, 2)
    assert f"pyproject.toml:5:3: {found.key}: unknown rule" in str(found)
    found = error(tmp_path, "[tool]\nidiomatic = 3\n", name="pyproject.toml")
    assert (found.key, found.line, "table" in found.message) == ("tool.idiomatic", 1, True)


def test_a_file_that_is_not_toml(tmp_path: Path) -> None:
    found = error(tmp_path, "select = [\n\n= 3")
    assert (found.key, found.line) == ("", 2)
    assert "not valid TOML" in str(found)
    (tmp_path / "idiomatic.toml").write_bytes(b'select = ["\xff"]')
    with pytest.raises(ConfigurationError, match=r"can't be read"):
        load(tmp_path)


def test_the_mistakes_of_others_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("name = 'idiomatic'\n= broken")
    assert load(tmp_path) == Configuration()
    (tmp_path / "pyproject.toml").write_text("[tool.idiomatic]\n= broken")
    with pytest.raises(ConfigurationError):
        load(tmp_path)


def test_a_client_overrides_the_file(tmp_path: Path) -> None:
    ours = Configuration(
        select=("errors",),
        ignore=("naive-utcnow",),
        severity={"raise-without-from": Severity.OFF},
        target_version=(3, 9),
    )
    unset: dict[str, object] = {"select": [], "ignore": [], "severity": {}, "targetVersion": "", "interpreter": "x"}
    assert ours.merged(unset) == ours
    merged = ours.merged({"select": ["raise-without-from"], "ignore": ["data"], "targetVersion": "3.12"})
    assert merged.select == ("raise-without-from",)
    assert merged.ignore == ("naive-utcnow", "data")
    assert merged.target_version == (3, 12)
    assert merged.selects("raise-without-from", "errors"), "asked for by name, `off` no longer counts"
    with pytest.raises(ConfigurationError, match=r"the editor's settings: targetVersion|target-version"):
        ours.merged({"targetVersion": "4"})


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        (None, (), True),
        ((), (), False),
        (("ALL",), (), True),
        (("errors",), (), True),
        (("data",), (), False),
        (None, ("errors",), False),
        (("ALL",), ("errors",), False),
        (("raise-without-from",), ("errors",), True),
        (("raise-without-from",), ("ALL",), True),
        (("errors",), ("raise-without-from",), False),
        (("errors",), ("errors",), False),
        (("errors",), ("ALL",), True),
    ],
)
def test_the_more_particular_name_counts(
    select: tuple[str, ...] | None, ignore: tuple[str, ...], expected: bool
) -> None:
    assert Configuration(select, ignore).selects("raise-without-from", "errors") is expected


def test_a_severity_of_off_switches_off() -> None:
    assert not Configuration(severity={"raise-without-from": Severity.OFF}).selects("raise-without-from", "errors")


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("a = 1\nb = 2\n", ("b",), "b"),
        ("[a.b]\nc = 1\n[a.c]\nc = 1", ("a", "c", "c"), "c"),
        ('[a]\n"b c" = 1', ("a", "b c"), '"b c"'),
        ("a.b = 1", ("a", "b"), "a.b"),
        ("a = { x = 1, b = 2 }", ("a", "b"), "b"),
        ("[[a]]\nb = 1", ("a", "b"), "b"),
        ("[a]\nb = 1", ("a", "missing"), "a"),
        ("[a]", ("z",), ""),
        ("[ a . b ]", ("a", "b"), "a . b"),
    ],
)
def test_keys_are_found_in_toml(text: str, path: tuple[str, ...], expected: str) -> None:
    span = place(text, path)
    assert text[span.start : span.end] == expected
