"""The configuration that the extension offers to begin with is one, and leaves nothing out."""

import re
from pathlib import Path

import pytest
from idiomatic.core import catalogue
from idiomatic.project import configuration

CLIENT = Path(__file__).parents[2] / "client" / "vscode"
SOURCE = (CLIENT / "src" / "configuration_start.ts").read_text(encoding="utf-8")


@pytest.fixture
def keys() -> str:
    found = re.search(r"const KEYS = `\\\n(.*?)`;", SOURCE, re.DOTALL)
    assert found
    return found[1]


def test_decides_nothing(keys: str, tmp_path: Path) -> None:
    file = tmp_path / "idiomatic.toml"
    file.write_text(keys)
    assert configuration.read(file) == configuration.Configuration(file=file)


def test_shows_every_key_as_it_may_be_written(keys: str, tmp_path: Path) -> None:
    lines = [line.removeprefix("# ") for line in keys.splitlines() if re.match(r"# [\w-]+ = ", line)]
    assert {line.partition(" ")[0] for line in lines} == set(configuration.KEYS)
    file = tmp_path / "idiomatic.toml"
    file.write_text("\n".join(lines))
    read = configuration.read(file)
    assert read is not None
    assert all(read.selects(rule.name, rule.family) for rule in catalogue.rules().values())


def test_walkthrough_has_an_example_with_findings() -> None:
    from tests.engine import analyse

    text = (CLIENT / "walkthrough" / "example.py").read_text(encoding="utf-8")
    assert [found.rule.name for found in analyse(text).diagnostics] == ["suppress-exception", "naive-utcnow"]
