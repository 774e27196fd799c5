"""`idiomatic rules`: the catalogue."""

from __future__ import annotations

import itertools
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any, Final

import click

from idiomatic.cli import terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from idiomatic.core.idiom import Idiom

_WIDEST: Final = 100
"""In how many columns of a terminal the rules are shown at most: longer lines are hard to read."""
_MARGIN: Final = " " * 4


@click.command("rules")
@click.option("--output-format", type=click.Choice(("table", "json")), default="table", show_default=True)
def command(output_format: str) -> None:
    """List all rules."""
    from idiomatic.core import catalogue, pages

    rules = catalogue.rules().values()
    if output_format == "json":
        terminal.print_json([_object(rule) for rule in rules])
    elif sys.stdout.isatty():
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        terminal.show_all(families(rules, width))
    else:
        titles = ("name", "family", "kind", "safety", "since", "advice", "ruff")
        rows = [
            (rule.name, rule.family, *_facts(rule), rule.advice, ", ".join(f"{n} ({c})" for c, n in ruff.items()))
            for rule in rules
            for ruff in [pages.ruff_names(rule)]
        ]
        terminal.print_table(titles, rows)


def _object(rule: Idiom) -> dict[str, Any]:
    from idiomatic.core import pages

    return {
        "name": rule.name,
        "family": rule.family,
        "kind": str(rule.kind),
        "severity": str(rule.severity),
        "verdicts": list(rule.verdicts),
        "since": pages.version(rule.since),
        "also": list(rule.also),
        "ruff": dict(pages.ruff_names(rule)),
        "advice": rule.advice,
    }


def _facts(rule: Idiom) -> tuple[str, str, str]:
    from idiomatic.core import pages

    return str(rule.kind), pages.safety(rule), pages.version(rule.since)


def families(rules: Iterable[Idiom], width: int) -> Iterator[str]:
    """The lines of a list for people: each family, in it each rule with its numbers, below that what it advises."""
    from idiomatic.core import pages

    rows = {rule: (f"  {rule.name}", *_facts(rule)) for rule in rules}
    titles = ("name", "kind", "safety", "since")
    widths = [max(map(len, column)) for column in zip(titles, *rows.values(), strict=True)]

    def row(cells: Iterable[str]) -> tuple[str, str]:
        name, *others = (cell.ljust(size) for cell, size in zip(cells, widths, strict=True))
        return name, "  ".join(["", *others]).rstrip()

    yield terminal.style("".join(row(titles)), dim=True)
    for family, members in itertools.groupby(rows, lambda rule: rule.family):
        yield terminal.style(f"\n{family}", fg="cyan", bold=True)
        for rule in members:
            name, facts = row(rows[rule])
            yield f"{terminal.style(name, bold=True)}{facts}"
            ruff = ", ".join(f"{name} ({code})" for code, name in pages.ruff_names(rule).items())
            for text in (rule.advice, f"ruff: {ruff}" if ruff else ""):
                yield from textwrap.wrap(
                    text, width, initial_indent=_MARGIN, subsequent_indent=_MARGIN, break_on_hyphens=False
                )
    yield ""
    yield "idiomatic explain NAME shows the page of a rule."
