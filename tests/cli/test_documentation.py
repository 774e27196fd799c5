"""The documents say what there is."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from idiomatic.cli.formats import FORMATS
from idiomatic.cli.main import COMMANDS, idiomatic
from idiomatic.core.idiom import Severity
from idiomatic.project import import_path
from idiomatic.project.configuration import KEYS

DOCS = Path(__file__).parents[2] / "docs"


def options(name: str) -> list[str]:
    context = click.Context(idiomatic)
    command = idiomatic.get_command(context, name)
    assert command is not None
    return [option for param in command.params for option in param.opts if option.startswith("--")]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option(name: str) -> None:
    text = (DOCS / "command-line.md").read_text("utf-8")
    assert f"## `idiomatic {name}" in text or f"`idiomatic {name}`" in text
    for option in options(name):
        assert option in text or option == "--clientProcessId"


def test_every_key_and_value() -> None:
    text = (DOCS / "configuration.md").read_text("utf-8")
    for name in (*KEYS, *Severity):
        assert f"`{name}`" in text
    assert all(f"`{name}`" in text for name in ("idiomatic.toml", "[tool.idiomatic]", *import_path.SUFFIXES))
    assert all(f"`{name}`" in (DOCS / "command-line.md").read_text("utf-8") for name in FORMATS)
