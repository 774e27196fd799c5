"""What goes to the terminal: colours only where they are wanted, and nothing that drives it."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FAILURE: Final = 1
USAGE: Final = 2

_WIDEST: Final = 100
"""In how many columns of a terminal a page is shown at most: longer lines are hard to read."""

# Everything that could move the cursor or hide text: sources are shown, not obeyed.
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def wants_colour() -> bool | None:
    """Whether colours were asked for or forbidden (https://no-color.org); `None`: what the stream can do decides."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return None


def show(message: str = "", *, error: bool = False) -> None:
    """Print a line, with its colours if they are wanted."""
    click.echo(message, err=error, color=wants_colour())


def show_all(lines: Iterable[str]) -> None:
    """Print lines."""
    if text := "\n".join(lines):
        show(text)


def style(text: str, **styles: Any) -> str:
    """The text with colours, which `show` takes away again where they are not wanted."""
    return click.style(text, **styles)


def warn(message: str) -> None:
    """Print a warning to stderr."""
    show(f"{style('warning', fg='yellow', bold=True)}: {message}", error=True)


def complain(message: str) -> None:
    """Print an error to stderr."""
    show(f"{style('error', fg='red', bold=True)}: {message}", error=True)


def report(errors: Iterable[object], warnings: Iterable[object]) -> None:
    """Print what went wrong with single files."""
    for error in errors:
        complain(visible(str(error)))
    for warning in warnings:
        warn(visible(str(warning)))


def refuse(message: str) -> NoReturn:
    """End the process over something the user has to put right: a usage or a configuration error."""
    complain(message)
    sys.exit(USAGE)


def visible(text: str) -> str:
    """The text with its control characters replaced by signs for them; tabs become four blanks."""
    text = text.replace("\t", "    ").replace("\ufeff", "")
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def is_terminal() -> bool:
    """Whether someone is watching stderr."""
    return sys.stderr.isatty()


def count(number: int, noun: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: with lines and colours on a terminal, else with the columns aligned, a row on each line."""
    if sys.stdout.isatty():
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=SIMPLE_HEAD)
        for index, title in enumerate(titles):
            table.add_column(title, no_wrap=index == 0, style="bold" if index == 0 else "")
        for row in rows:
            table.add_row(*map(Text, row))
        Console(no_color=wants_colour() is False).print(table)
        return
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    for row in (titles, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_page(text: str) -> None:
    """Print Markdown: as it is meant to look on a terminal, else as it is."""
    if not sys.stdout.isatty() and wants_colour() is not True:
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.theme import Theme

    # Code has a background of its own, usually, which fits into dark terminals only.
    theme = Theme({"markdown.code": "cyan"})
    console = Console(force_terminal=True, no_color=wants_colour() is False, theme=theme)
    markdown = Markdown(text, code_theme="ansi_dark", hyperlinks=True)
    console.print(markdown, width=min(console.width, _WIDEST))


def print_json(value: object) -> None:
    """Print a value for other programs."""
    import json

    click.echo(json.dumps(value, indent=2))
