"""`idiomatic fix`: apply what can be applied."""

from __future__ import annotations

import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from idiomatic.cli import options, progress, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.cli.sources import Sources
    from idiomatic.core.diff import Hunk
    from idiomatic.project.scan.fix import FixAll, FixReport


@click.command("fix")
@options.paths
@options.selection
@click.option("--unsafe-fixes", is_flag=True, help="Apply fixes too that change behaviour on some path.")
@click.option("--diff", is_flag=True, help="Print what would be changed, and write nothing.")
def command(
    paths: tuple[Path, ...],
    select: list[str],
    ignore: list[str],
    target_version: str | None,
    isolated: bool,
    stdin_filename: Path | None,
    unsafe_fixes: bool,
    diff: bool,
) -> None:
    """Rewrite files, applying safe fixes until nothing changes.

    Text from stdin goes to stdout, fixed. Exits with 0, also where a file can't be read or parsed and is left
    alone; with 1 if a result could not be written, and with 2 if an option or the configuration is wrong.
    """
    from idiomatic.cli import sources
    from idiomatic.project.scan.fix import FixAll

    overrides = {"select": select, "ignore": ignore, "target-version": target_version}
    with sources.workspace(overrides, isolated=isolated) as workspace:
        given = sources.find(paths, stdin_filename, workspace)
        reports = _fix(given, FixAll(workspace, unsafe_fixes, writes=not (diff or given.is_stdin)))
    if diff:
        for report in reports:
            print_diff(report.path, report.hunks, report.encoding)
    elif given.is_stdin:
        # What could not be decoded or parsed goes back as it came: an editor takes this for its text.
        _print_bytes(b"".join(report.text for report in reports) if given.raw is None else given.raw)
    for line in _summary(reports, unsafe=unsafe_fixes, done=not diff):
        terminal.show(line, error=diff or given.is_stdin)
    faults = [*given.faults, *(fault for report in reports for fault in report.faults)]
    terminal.report(faults, [warning for report in reports for warning in report.warnings])
    sys.exit(terminal.FAILURE if any(report.has_failed for report in reports) else 0)


def _fix(given: Sources, work: FixAll) -> list[FixReport]:
    """What is fixed in each file, in order."""
    from idiomatic.core import catalogue
    from idiomatic.project.cache_folder import default_folder
    from idiomatic.project.scan.fix import crashed, fix_files
    from idiomatic.project.scan.uses import ProjectUses

    folder = default_folder()
    first = replace(work, waits=True)
    if given.stdin is not None:
        report = first(given.stdin)
        if report.is_waiting:
            work.workspace.index = ProjectUses(work.workspace, [given.stdin.path], folder).index()
            report = work(given.stdin)
        return [report]
    catalogue.rules()  # loaded here, worker processes have them from the start
    watched = partial(progress.bar, "Fixing")
    fixing = fix_files(work, first, work.workspace, given.files, crashed, folder=folder, watched=watched)
    with closing(fixing) as found:
        reports = dict(found)
    return [reports[file] for file in given.files]


def print_diff(path: str, hunks: Sequence[Hunk], encoding: str) -> None:
    """A diff that `patch` understands; where somebody looks at it, with colours."""
    from idiomatic.cli.formats.as_full import diff_lines

    if not hunks:
        return
    if sys.stdout.isatty():
        terminal.show(terminal.style(f"--- {path}\n+++ {path}", bold=True))
        for hunk in hunks:
            terminal.show_all(diff_lines(hunk))
        return
    parts = [f"--- {path}\n+++ {path}\n"]
    for hunk in hunks:
        parts.append(f"{hunk.header}\n")
        parts += (
            line if line.endswith(("\n", "\r")) else f"{line}\n\\ No newline at end of file\n" for line in hunk.lines
        )
    _print_bytes("".join(parts).encode(encoding, "surrogateescape"))


def _print_bytes(raw: bytes) -> None:
    sys.stdout.buffer.write(raw)
    sys.stdout.buffer.flush()


def _summary(reports: Sequence[FixReport], *, unsafe: bool, done: bool) -> Iterator[str]:
    """What was fixed in each file, and how much in all."""
    fixed = [report for report in reports if report.fixed and not report.faults]
    for report in fixed:
        rules = ", ".join(f"{number} x {rule}" for rule, number in sorted(report.fixed.items()))
        yield f"{terminal.style(report.path, bold=True)}: {rules}"
    total = sum(sum(report.fixed.values()) for report in fixed)
    remaining = 0 if unsafe else sum(report.remaining for report in reports)
    more = f" --unsafe-fixes would fix {remaining} more." if remaining else ""
    if not total:
        yield f"Nothing to fix.{more}"
        return
    verb = "Fixed" if done else "Would fix"
    yield f"{verb} {terminal.count(total, 'finding')} in {terminal.count(len(fixed), 'file')}.{more}"
