"""`idiomatic rules`: the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from idiomatic.cli import terminal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from idiomatic.core.idiom import Idiom


@click.command("rules")
@click.option("--output-format", type=click.Choice(("table", "json")), default="table", show_default=True)
def command(output_format: str) -> None:
    """List all rules."""
    from idiomatic.core import catalogue

    rules = catalogue.rules().values()
    if output_format == "json":
        _print_json(rules)
        return
    rows = [(rule.name, rule.family, str(rule.kind), _since(rule), ", ".join(rule.also), rule.advice) for rule in rules]
    terminal.print_table(("name", "family", "kind", "since", "also", "advice"), rows)


def _print_json(rules: Iterable[Idiom]) -> None:
    import json

    listed = [
        {
            "name": rule.name,
            "family": rule.family,
            "kind": str(rule.kind),
            "severity": str(rule.severity),
            "since": _since(rule),
            "also": list(rule.also),
            "advice": rule.advice,
        }
        for rule in rules
    ]
    click.echo(json.dumps(listed, indent=2, ensure_ascii=False))


def _since(rule: Idiom) -> str:
    return ".".join(map(str, rule.since))
