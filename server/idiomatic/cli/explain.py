"""`idiomatic explain`: the page of a rule or of a template."""

from __future__ import annotations

import click

from idiomatic.cli import terminal


@click.command("explain")
@click.argument("name")
def command(name: str) -> None:
    """Print the page of a rule, or of a template."""
    terminal.print_page(_page(name))


def _page(name: str) -> str:
    import difflib

    from idiomatic.core import catalogue, pages
    from idiomatic.templates import catalogue as template_catalogue
    from idiomatic.templates import pages as template_pages

    rules, templates = catalogue.rules(), template_catalogue.load()
    found = [pages.page(rules[name])] if name in rules else []
    found += [template_pages.page(templates[name])] if name in templates else []
    if found:
        # A rule may be named like the template of what it recommends.
        return "\n".join(found)
    nearest = difflib.get_close_matches(name, [*rules, *templates], 1)
    hint = f"did you mean `{nearest[0]}`? " if nearest else ""
    listed = "`idiomatic rules` and `idiomatic templates` list what there is"
    raise click.BadParameter(f"there is no rule or template `{name}`; {hint}{listed}.", param_hint="NAME")
