"""`idiomatic schema`: what a configuration file may contain."""

from __future__ import annotations

import click

from idiomatic.cli import terminal


@click.command("schema")
@click.argument("file", type=click.Choice(("idiomatic.toml", "pyproject.toml")), default="idiomatic.toml")
def command(file: str) -> None:
    """Print the JSON Schema of a configuration file."""
    from idiomatic.project import configuration, schema

    own = file == configuration.OWN_FILE
    terminal.print_json(schema.file_schema() if own else schema.project_file_schema())
