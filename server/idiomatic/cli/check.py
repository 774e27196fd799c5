"""`idiomatic check`: find, and write nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from idiomatic.cli import options, terminal
from idiomatic.cli.formats import FORMATS


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
def command(
    paths: tuple[Path, ...],
    select: list[str],
    ignore: list[str],
    target_version: str | None,
    isolated: bool,
    stdin_filename: Path | None,
    output_format: str,
) -> None:
    """Find Python that has a better idiom, in files and in all files below folders.

    Exits with 0 if there is nothing to say, with 1 if there are findings or files that can't be read
    or parsed, and with 2 if an option or the configuration is wrong.
    """
    from idiomatic.cli import formats, sources
    from idiomatic.cli.reports import Fault, FileReport, shown_path
    from idiomatic.cli.work import CRASHED, Check

    overrides = {"select": select, "ignore": ignore, "target-version": target_version}
    with sources.workspace(overrides, isolated=isolated) as workspace:
        given = sources.find(paths, stdin_filename, workspace)
        work = Check(workspace, in_full=output_format == "full", surely=output_format in {"json", "sarif"})
        reports = given.each(work, lambda file: FileReport(faults=(Fault(shown_path(file), CRASHED),)), "Checking")
    records = [record for report in reports for record in report.records]
    terminal.show_all(formats.lines(output_format, records))
    faults = [*given.faults, *(fault for report in reports for fault in report.faults)]
    terminal.report(faults, [warning for report in reports for warning in report.warnings])
    sys.exit(terminal.FAILURE if records or faults else 0)
