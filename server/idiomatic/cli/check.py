"""`idiomatic check`: find, and write nothing."""

from __future__ import annotations

import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from idiomatic.cli import options, progress, terminal
from idiomatic.cli.formats import FORMATS

if TYPE_CHECKING:
    from idiomatic.cli.sources import Sources
    from idiomatic.project.scan.reports import Detail, FileReport
    from idiomatic.project.workspace import Workspace


@click.command("check")
@options.paths
@options.selection
@click.option(
    "--output-format",
    type=click.Choice(FORMATS),
    default="full",
    show_default=True,
    help="How findings are printed.",
)
@click.option("--no-cache", is_flag=True, help="Look at every file, whatever is known from earlier runs.")
@options.cache_dir
def command(
    paths: tuple[Path, ...],
    select: list[str],
    ignore: list[str],
    target_version: str | None,
    isolated: bool,
    stdin_filename: Path | None,
    output_format: str,
    no_cache: bool,
    cache_dir: Path | None,
) -> None:
    """Find Python that has a better idiom.

    Looks at files, and at all files below folders. Exits with 0 if there is nothing to say, with 1 if there are
    findings or files that can't be read or parsed, and with 2 if an option or the configuration is wrong.
    """
    from idiomatic.cli import formats, sources
    from idiomatic.project.cache_folder import default_folder

    overrides = {"select": select, "ignore": ignore, "target-version": target_version}
    with sources.workspace(overrides, isolated=isolated) as workspace:
        given = sources.find(paths, stdin_filename, workspace)
        folder = None if no_cache else cache_dir or default_folder()
        reports = _look(given, workspace, _detail(output_format), folder)
    records = [record for report in reports for record in report.records]
    terminal.show_all(formats.lines(output_format, records))
    faults = [*given.faults, *(fault for report in reports for fault in report.faults)]
    terminal.report(faults, [warning for report in reports for warning in report.warnings])
    sys.exit(terminal.FAILURE if records or faults else 0)


def _detail(output_format: str) -> Detail:
    """How much of a finding a format prints."""
    from idiomatic.project.scan.reports import Detail

    if output_format == "full":
        return Detail.CHANGES
    return Detail.FIXES if output_format in {"json", "sarif"} else Detail.PLACES


def _look(given: Sources, workspace: Workspace, detail: Detail, cache_dir: Path | None) -> list[FileReport]:
    """What is found in each file, in order."""
    from idiomatic.project.scan.cache import Cache
    from idiomatic.project.scan.run import scan

    if given.stdin is not None:
        from idiomatic.project.scan.look import Check
        from idiomatic.project.scan.uses import ProjectUses

        look = Check(workspace, detail)
        looked = look(given.stdin)
        if looked.is_waiting:
            workspace.index = ProjectUses(workspace, [given.stdin.path], cache_dir).index()
            looked = look(given.stdin)
        return [looked.report]
    cache = Cache(cache_dir, workspace, detail) if cache_dir is not None and given.files else None
    with closing(scan(workspace, given.files, detail, cache, watched=partial(progress.bar, "Checking"))) as found:
        reports = dict(found)
    return [reports[file] for file in given.files]
