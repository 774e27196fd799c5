"""`idiomatic`, and its commands."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import click

from idiomatic import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS: Final = ("check", "fix", "explain", "rules", "templates", "schema", "server", "clean")
"""The commands in the order in which `--help` lists them; each is the function `command` of its module."""

PARTS: Final[Mapping[str, str]] = {"templates": "idiomatic.templates.catalogue", "server": "idiomatic.lsp"}
"""What some of them need, which an installation may lack."""


class _Commands(click.Group):
    """Loads a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if name not in PARTS or _is_there(PARTS[name])]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found = importlib.import_module(f"idiomatic.cli.{cmd_name}").command
        assert isinstance(found, click.Command)
        return found


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="The documentation of a rule: idiomatic explain NAME",
)
@click.version_option(__version__, "-V", "--version", prog_name="idiomatic", message="%(prog)s %(version)s")
def idiomatic() -> None:
    """Rewrite working Python into modern idioms."""


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or a pipe that can't show a character is no reason to stop.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    idiomatic(prog_name="idiomatic")
