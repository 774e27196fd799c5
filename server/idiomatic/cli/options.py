"""The arguments and options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

STDIN: Final = Path("-")


class _Setting(click.ParamType):  # type: ignore[type-arg, unused-ignore]  # generic since click 8.4
    """A value that would have to be right in a configuration file too."""

    def __init__(self, key: str, name: str, *, is_list: bool) -> None:
        self.key = key
        self.name = name
        self.is_list = is_list

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from idiomatic.project.configuration import Configuration, ConfigurationError

        wanted = [part.strip() for part in value.split(",") if part.strip()] if self.is_list else value
        try:
            Configuration().merged({self.key: wanted})
        except ConfigurationError as error:
            self.fail(error.message, param, ctx)
        return wanted


def _names(_: click.Context, __: click.Parameter, value: tuple[list[str], ...]) -> list[str]:
    return [name for names in value for name in names]


def paths(function: F) -> F:
    """`[PATH]...`, the working directory by default, `-` for stdin."""
    kind = click.Path(exists=True, allow_dash=True, path_type=Path)
    return click.argument("paths", nargs=-1, type=kind, metavar="[PATH]...")(function)


def target_version(function: F) -> F:
    """`--target-version`."""
    return click.option(
        "--target-version",
        type=_Setting("target-version", "3.X", is_list=False),
        metavar="3.X",
        help="The oldest Python the code has to run on. [default: what the project declares]",
    )(function)


def isolated(function: F) -> F:
    """`--isolated`."""
    return click.option("--isolated", is_flag=True, help="Ignore all configuration files.")(function)


def selection(function: F) -> F:
    """`--select`, `--ignore`, `--target-version`, `--isolated`, `--stdin-filename`."""
    names: dict[str, Any] = {"multiple": True, "metavar": "NAME,...", "callback": _names}
    for option in reversed(
        (
            click.option(
                "--select",
                type=_Setting("select", "names", is_list=True),
                help="Look for these rules or families only (or ALL); instead of what the configuration selects.",
                **names,
            ),
            click.option(
                "--ignore",
                type=_Setting("ignore", "names", is_list=True),
                help="Leave these rules or families out, too.",
                **names,
            ),
            target_version,
            isolated,
            click.option(
                "--stdin-filename",
                type=click.Path(dir_okay=False, path_type=Path),
                metavar="FILE",
                help="Read from stdin, and take it for the content of this file.",
            ),
        )
    ):
        function = option(function)
    return function


def cache_dir(function: F) -> F:
    """`--cache-dir`."""
    return click.option(
        "--cache-dir",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="FOLDER",
        help="Where what was found is kept. [default: in the user's cache folder]",
    )(function)
