"""Silencing a rule in a configuration file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from idiomatic.core import catalogue
from idiomatic.core.text import BOM, apply_edits
from idiomatic.project.configuration import OWN_FILE, SHARED_FILE
from idiomatic.project.silencing import SilencingError, places, silencing

RULE = "naive-utcnow"
FAMILY = catalogue.families()[RULE]
OTHERS = [name for name in catalogue.families() if name != RULE][:6]


def silenced(text: str, name: str = SHARED_FILE) -> str:
    return apply_edits(text, silencing(text, name, RULE, FAMILY))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", '[tool.idiomatic]\nignore = ["naive-utcnow"]\n', id="empty"),
        pytest.param(
            '[project]\nname = "x"  # idiomatic\n\n\n',
            '[project]\nname = "x"  # idiomatic\n\n[tool.idiomatic]\nignore = ["naive-utcnow"]\n',
            id="no table",
        ),
        pytest.param(
            '[project]\r\nname = "x"',
            '[project]\r\nname = "x"\r\n\r\n[tool.idiomatic]\r\nignore = ["naive-utcnow"]\r\n',
            id="no table, no line end",
        ),
        pytest.param(
            '[tool.idiomatic]\nselect = ["ALL"]\n\n[tool.ruff]\nline-length = 88\n',
            '[tool.idiomatic]\nselect = ["ALL"]\nignore = ["naive-utcnow"]\n\n[tool.ruff]\nline-length = 88\n',
            id="no list",
        ),
        pytest.param(
            '[tool.idiomatic.severity]\nmutable-default = "error"\n',
            '[tool.idiomatic]\nignore = ["naive-utcnow"]\n\n[tool.idiomatic.severity]\nmutable-default = "error"\n',
            id="inner table only",
        ),
        pytest.param(
            '[tool.idiomatic]\nignore = [ "str-enum" ] # why\n',
            '[tool.idiomatic]\nignore = [ "str-enum", "naive-utcnow" ] # why\n',
            id="in one line",
        ),
        pytest.param(
            '[tool.idiomatic]\nignore = [\n  "str-enum", # old\n  "retry-loop", # ours\n]\n',
            '[tool.idiomatic]\nignore = [\n  "str-enum", # old\n  "retry-loop", # ours\n  "naive-utcnow",\n]\n',
            id="in many lines",
        ),
        pytest.param(
            '[tool.idiomatic]\r\nignore = [\r\n  "str-enum",\r\n]\r\n',
            '[tool.idiomatic]\r\nignore = [\r\n  "str-enum",\r\n  "naive-utcnow",\r\n]\r\n',
            id="in many lines of Windows",
        ),
        pytest.param(
            '[tool.idiomatic]\nignore = [\n  "str-enum"\n  # the rest is fine\n]\n',
            '[tool.idiomatic]\nignore = ["naive-utcnow",\n  "str-enum"\n  # the rest is fine\n]\n',
            id="where nothing can follow",
        ),
        pytest.param("[tool]\nidiomatic = {}\n", '[tool]\nidiomatic = {ignore = ["naive-utcnow"]}\n', id="inline"),
        pytest.param(
            'tool.idiomatic.target-version = "3.11"\n',
            'tool.idiomatic.target-version = "3.11"\ntool.idiomatic.ignore = ["naive-utcnow"]\n',
            id="dotted",
        ),
        pytest.param(
            '[tool.idiomatic]\nselect = [\n  "str-enum",\n  "naive-utcnow", # dates\n]\n',
            '[tool.idiomatic]\nselect = [\n  "str-enum",\n]\n',
            id="selected by name",
        ),
        pytest.param(
            f'[tool.idiomatic]\nselect = ["{RULE}", "{FAMILY}"]\n',
            f'[tool.idiomatic]\nselect = ["{FAMILY}"]\nignore = ["naive-utcnow"]\n',
            id="selected by name and by family",
        ),
        pytest.param(
            '[tool.idiomatic]\nselect = ["naive-utcnow"]\nignore = ["naive-utcnow"]\n',
            '[tool.idiomatic]\nselect = []\nignore = ["naive-utcnow"]\n',
            id="both",
        ),
        pytest.param(
            '[tool.idiomatic]\nignore = ["naive-utcnow"]\n', '[tool.idiomatic]\nignore = ["naive-utcnow"]\n', id="done"
        ),
    ],
)
def test_examples(before: str, after: str) -> None:
    assert silenced(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'ignore = ["naive-utcnow"]\n'),
        (f'{BOM}exclude = ["a"]\r\n', f'{BOM}exclude = ["a"]\r\nignore = ["naive-utcnow"]\r\n'),
        ('[severity]\nstr-enum = "off"\n', 'ignore = ["naive-utcnow"]\n\n[severity]\nstr-enum = "off"\n'),
    ],
)
def test_examples_in_a_file_of_our_own(before: str, after: str) -> None:
    assert silenced(before, OWN_FILE) == after


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.idiomatic", "pyproject.toml is not valid TOML: Expected ']' at the end of a table declaration"),
        ("[tool.idiomatic]\nignore = 3\n", "`ignore` is not a list of names"),
        ("[tool.idiomatic]\nselect = [1]\n", "`select` is not a list of names"),
        ('tool = "x"\n', "pyproject.toml is written in a way that can only be changed by hand"),
    ],
)
def test_what_can_not_be_changed(text: str, message: str) -> None:
    with pytest.raises(SilencingError) as error:
        silencing(text, SHARED_FILE, RULE, FAMILY)
    assert str(error.value).startswith(message)


names = st.lists(st.sampled_from([RULE, FAMILY, "ALL", *OTHERS]), unique=True, max_size=5)
comments = st.sampled_from(["", " # why", "  #", ' # [not a list], "nor a string'])


@st.composite
def lists(draw: st.DrawFn) -> str:
    """A list of names, in any style."""
    quoted = st.sampled_from(['"{}"', "'{}'"])
    found: list[str] = [draw(quoted).format(name) for name in draw(names)]
    is_ended = draw(st.booleans())
    if draw(st.booleans()):
        gap = draw(st.sampled_from(["", " "]))
        return f"[{gap}{', '.join(found)}{', ' if found and is_ended else gap}]"
    indent = draw(st.sampled_from(["", "  ", "    ", "\t"]))
    lines = [f"{indent}{name},{draw(comments)}" for name in found]
    if lines and is_ended:
        lines[-1] = lines[-1].replace(",", "", 1)
    if draw(st.booleans()):
        lines.insert(draw(st.integers(0, len(lines))), f"{indent}# between")
    return "\n".join(["[", *lines, "]"])


@st.composite
def configurations(draw: st.DrawFn) -> str:
    """A `pyproject.toml`, in any style."""
    before = draw(st.sampled_from(["", "# top\n\n", '[project]\nname = "idiomatic"\n\n', "[tool.ruff]\nselect = []\n"]))
    keys = draw(st.permutations(["ignore", "select", "exclude"]))
    values = {"exclude": '["a/*"]', "ignore": draw(lists()), "select": draw(lists())}
    own = [f"{key} = {values[key]}{draw(comments)}" for key in keys if draw(st.booleans())]
    header = draw(st.sampled_from(["[tool.idiomatic]", "[ tool . idiomatic ] # ours", '[tool."idiomatic"]']))
    after = draw(st.sampled_from(["", "\n", '\n[tool.idiomatic.severity]\nstr-enum = "off"\n', "\n# end\n[z]\ny = 1"]))
    text = f"{before}{header}\n" + "".join(f"{line}\n" for line in own) + after
    return draw(st.sampled_from(["", BOM])) + text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


@given(configurations())
def test_only_the_rule_is_changed(text: str) -> None:
    def own(text: str) -> dict[str, Any]:
        found: dict[str, Any] = tomllib.loads(text.removeprefix(BOM))["tool"]["idiomatic"]
        return found

    old = own(text)
    new_text = silenced(text)
    new = own(new_text)
    select, ignore = old.get("select"), old.get("ignore", [])
    if select is not None:
        assert new["select"] == [name for name in select if name != RULE]
    else:
        assert "select" not in new
    assert [name for name in new.get("ignore", []) if name != RULE] == [name for name in ignore if name != RULE]
    assert RULE in new.get("ignore", []) or not {FAMILY, "ALL"} & set(new["select"]) or {FAMILY, "ALL"} & set(ignore)
    rest = {"select", "ignore"}
    assert {k: v for k, v in new.items() if k not in rest} == {k: v for k, v in old.items() if k not in rest}
    assert new_text.startswith(BOM) == text.startswith(BOM)
    assert ("\r\n" in new_text) == ("\r\n" in text)
    assert not ("\r\n" in text and new_text.replace("\r\n", "").count("\n"))
    gone = [line for line in text.splitlines() if line not in new_text.splitlines() and RULE not in line]
    assert len(gone) <= 2, gone
    if RULE in new.get("ignore", []):
        assert silenced(new_text) == new_text


def test_places(tmp_path: Path) -> None:
    inner = tmp_path / "package" / "inner"
    inner.mkdir(parents=True)
    assert places(inner, tmp_path) == [tmp_path / OWN_FILE]
    (tmp_path / SHARED_FILE).touch()
    assert places(inner, tmp_path) == [tmp_path / SHARED_FILE, tmp_path / OWN_FILE]
    assert places(inner, inner) == [inner / OWN_FILE]
