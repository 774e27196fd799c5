"""`idiomatic explain`: the documentation of a rule."""

from __future__ import annotations

import sys

import click

from idiomatic.cli import terminal


@click.command("explain")
@click.argument("name")
def command(name: str) -> None:
    """Print the documentation of a rule."""
    import difflib

    from idiomatic.core import catalogue
    from idiomatic.core.idiom import Kind

    rules = catalogue.rules()
    if name not in rules:
        nearest = difflib.get_close_matches(name, rules, 1)
        hint = f"did you mean `{nearest[0]}`? " if nearest else ""
        raise click.BadParameter(f"there is no rule `{name}`; {hint}`idiomatic rules` lists them.", param_hint="NAME")
    rule = rules[name]
    facts = [
        f"Family `{rule.family}`",
        f"{rule.kind}, shown as {rule.severity}" if rule.kind != Kind.REFACTOR else f"{rule.kind}, only an action",
        f"needs Python {terminal.version(rule.since)}" if rule.since > (3, 0) else "",
        f"also known as {', '.join(rule.also)}" if rule.also else "",
    ]
    text = f"# {rule.name}\n\n{'; '.join(filter(None, facts))}.\n\n{rule.text}\n"
    if not sys.stdout.isatty() and terminal.wants_colour() is not True:
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(force_terminal=True, no_color=terminal.wants_colour() is False)
    console.print(Markdown(text, code_theme="ansi_dark", hyperlinks=True))
