"""`idiomatic rules`: the catalogue."""

from __future__ import annotations

import click

from idiomatic.cli import terminal


@click.command("rules")
@click.option("--output-format", type=click.Choice(("table", "json")), default="table", show_default=True)
def command(output_format: str) -> None:
    """List all rules."""
    from idiomatic.core import catalogue

    rules = catalogue.rules().values()
    if output_format == "json":
        listed = [
            {
                "name": rule.name,
                "family": rule.family,
                "kind": str(rule.kind),
                "severity": str(rule.severity),
                "since": terminal.version(rule.since),
                "also": list(rule.also),
                "advice": rule.advice,
            }
            for rule in rules
        ]
        terminal.print_json(listed)
        return
    rows = [
        (rule.name, rule.family, str(rule.kind), terminal.version(rule.since), ", ".join(rule.also), rule.advice)
        for rule in rules
    ]
    terminal.print_table(("name", "family", "kind", "since", "also", "advice"), rows)
