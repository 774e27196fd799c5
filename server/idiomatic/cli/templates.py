"""`idiomatic templates`: what can be inserted."""

from __future__ import annotations

import click

from idiomatic.cli import terminal


@click.command("templates")
@click.option("--output-format", type=click.Choice(("table", "json")), default="table", show_default=True)
def command(output_format: str) -> None:
    """List all templates."""
    from idiomatic.templates import catalogue

    templates = catalogue.load().values()
    if output_format == "json":
        listed = [
            {
                "name": template.name,
                "group": template.group,
                "prefixes": list(template.prefixes),
                "where": sorted(map(str, template.where)),
                "since": terminal.version(template.since),
                "tab_stops": list(template.tab_stops),
                "title": template.title,
                "code": template.code,
            }
            for template in templates
        ]
        terminal.print_json(listed)
        return
    rows = [
        (each.name, each.group, ", ".join(each.prefixes), terminal.version(each.since), each.title)
        for each in templates
    ]
    terminal.print_table(("name", "group", "typed as", "since", "title"), rows)
