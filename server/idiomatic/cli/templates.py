"""`idiomatic templates`: what can be inserted, and put into a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from idiomatic.cli import options, terminal
from idiomatic.core import pages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idiomatic.project.files import Source
    from idiomatic.project.own_templates import OwnTemplates
    from idiomatic.project.workspace import Workspace
    from idiomatic.templates.template import Template


@click.command("templates")
@click.argument("name", required=False)
@click.option("--output-format", type=click.Choice(("table", "json")), default="table", show_default=True)
@click.option(
    "--write",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Put the template at the end of this file, which is made if there is none.",
)
@click.option("--diff", is_flag=True, help="With --write: print what would be changed, and write nothing.")
@options.target_version
@options.isolated
def command(
    name: str | None, output_format: str, file: Path | None, diff: bool, target_version: str | None, isolated: bool
) -> None:
    """List all templates, or print or insert one.

    With NAME, prints the page of that template, or puts it into a file. Those of the project's own folder (`templates`
    in its configuration) are among them. Exits with 1 if the file can't be read, parsed or written, or has what the
    template would add; with 2 if there is no such template, it does not go into such a file, or the configuration or a
    template of the project is wrong.
    """
    from idiomatic.cli import sources

    if file is None and diff:
        raise click.UsageError("--diff goes with --write")
    if name is None and file is not None:
        raise click.UsageError("--write needs the name of a template")
    with sources.workspace({"target-version": target_version}, isolated=isolated) as workspace:
        own = _own(workspace, file)
        if name is None:
            _list(own.templates, output_format)
        else:
            template = _named(own.templates, name)
            if file is None:
                _show(template, output_format)
            else:
                _write(template, file, workspace, diff=diff)
    terminal.report(own.faults, ())
    sys.exit(terminal.USAGE if own.faults else 0)


def _own(workspace: Workspace, file: Path | None) -> OwnTemplates:
    from idiomatic.project.own_templates import own_templates

    settings = workspace.settings(workspace.root / (file or "unsaved.py"))
    return own_templates(settings.configuration, workspace.root)


def _named(templates: Mapping[str, Template], name: str) -> Template:
    import difflib

    if name in templates:
        return templates[name]
    # What is typed in an editor is understood here, too.
    by_prefix = {prefix: template for template in templates.values() for prefix in template.prefixes}
    if name in by_prefix:
        return by_prefix[name]
    nearest = difflib.get_close_matches(name, [*templates, *by_prefix], 1)
    hint = f"did you mean `{nearest[0]}`? " if nearest else ""
    raise click.BadParameter(
        f"there is no template `{name}`; {hint}`idiomatic templates` lists them.", param_hint="NAME"
    )


def _list(templates: Mapping[str, Template], output_format: str) -> None:
    if output_format == "json":
        terminal.print_json([_as_json(template) for template in templates.values()])
        return
    rows = [
        (each.name, each.group, ", ".join(each.prefixes), pages.version(each.since), each.title)
        for each in templates.values()
    ]
    terminal.print_table(("name", "group", "typed as", "since", "title"), rows)


def _show(template: Template, output_format: str) -> None:
    from idiomatic.templates.pages import page

    if output_format == "json":
        terminal.print_json(_as_json(template))
    else:
        terminal.print_page(page(template))


def _as_json(template: Template) -> Mapping[str, object]:
    return {
        "name": template.name,
        "group": template.group,
        "prefixes": list(template.prefixes),
        "where": sorted(map(str, template.where)),
        "since": pages.version(template.since),
        "requires": list(template.requires),
        "tab_stops": list(template.tab_stops),
        "title": template.title,
        "code": template.code,
    }


# -- into a file ------------------------------------------------------------------------------------------------------


def _write(template: Template, file: Path, workspace: Workspace, *, diff: bool) -> None:
    from idiomatic.core.document import Document
    from idiomatic.project import files
    from idiomatic.project.distributions import available
    from idiomatic.templates.appending import UnfitError, appended
    from idiomatic.templates.context import Context
    from idiomatic.templates.insertion import missing
    from idiomatic.templates.template import installing

    path = file.absolute()
    context = Context(workspace.settings(path).target, path, available(path.parent))
    try:
        source = files.read(file) if file.exists() else None
        old = source.text if source is not None else ""
        text = appended(template, old, context)
        if diff:
            _print_diff(file, old, text, "utf-8" if source is None else source.encoding)
        else:
            _save(file, source, text)
    except UnfitError as error:
        if not error.is_file:
            terminal.refuse(f"`{template.name}` does not go into {file}: {error}")
        terminal.complain(terminal.visible(f"{file}: {error}"))
        sys.exit(terminal.FAILURE)
    except files.FileError as error:
        terminal.complain(terminal.visible(str(error)))
        sys.exit(terminal.FAILURE)
    verb = "Would put" if diff else "Put"
    terminal.show(f"{verb} `{template.name}` into {file}.", error=True)
    if template.requires and (lacking := missing(template, Document.parse(old), context)):
        terminal.show(f"It needs: {installing(lacking)}", error=True)


def _save(file: Path, source: Source | None, text: str) -> None:
    from idiomatic.project import files

    if source is not None:
        files.write(source, text)
        return
    try:
        with file.open("x", encoding="utf-8", newline="") as new:
            new.write(text)
    except OSError as error:
        raise files.FileError(file, f"can't be written: {error.strerror or error}") from error


def _print_diff(file: Path, old: str, new: str, encoding: str) -> None:
    from idiomatic.cli.fix import print_diff
    from idiomatic.core.diff import compare
    from idiomatic.project.scan.reports import shown_path

    print_diff(shown_path(file), tuple(compare(old, new)), encoding)
