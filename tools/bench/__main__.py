"""`python -m tools.bench`: run the benchmark, or parts of it."""

import gc
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console

from tools.bench import check, edit, growth, load, memory, peers, requests, start
from tools.bench.peers import Peer
from tools.bench.tables import Report, Table, replaced

Part = Callable[[Sequence[Peer], Path, int], Iterator[Report]]

PARTS: Mapping[str, Part] = {
    "start": start.run,
    "edit": edit.run,
    "growth": growth.run,
    "requests": requests.run,
    "load": load.run,
    "memory": memory.run,
    "check": check.run,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(list(PARTS)))
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="How often each is measured.")
@click.option(
    "--markdown", type=click.Path(path_type=Path), help="Write the tables to this file, too, below its marker."
)
def main(names: tuple[str, ...], rounds: int, markdown: Path | None) -> None:
    """Measure the server and the command line beside their peers: all of it, or these parts."""
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    found = [peers.idiomatic(), peers.ruff()]
    there = [peer for peer in found if peer is not None]
    heading, load = _heading(there), _load()
    console.print(f"{heading} The load is {load}.", markup=False)
    if len(there) < len(found):
        console.print("ruff is not installed: nothing to compare with.", style="yellow")
    # What the benchmark leaves behind is little; looking for it would be measured.
    gc.disable()
    reports: list[Report] = []
    with tempfile.TemporaryDirectory(prefix="idiomatic-bench-") as folder:
        # Nothing of ours comes from an earlier run, and nothing is left to a later one.
        os.environ["XDG_CACHE_HOME"] = str(Path(folder) / "cache")
        for name in names or PARTS:
            for report in PARTS[name](there, Path(folder), rounds):
                reports.append(report)
                for table in report.tables:
                    console.print(table.rich())
                for note in report.notes:
                    console.print(note, markup=False, soft_wrap=True)
                for complaint in report.complaints:
                    console.print(complaint, style="red", markup=False, soft_wrap=True)
    loads = f"The load was {load} before and {_load()} after."
    console.print(loads)
    if markdown is not None:
        texts = [text for report in reports for text in (*map(Table.markdown, report.tables), *report.notes)]
        old = markdown.read_text("utf-8") if markdown.exists() else ""
        markdown.write_text(replaced(old, "\n".join([f"{heading} {loads}\n", *texts])), "utf-8")
    sys.exit(any(report.complaints for report in reports))


def _heading(there: Sequence[Peer]) -> str:
    versions = [peers.version([*peer.command[:-1]]) for peer in there]
    machine = f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores"
    return f"{', '.join(versions)}; {machine}."


def _load() -> str:
    """How many processes wanted a processor in the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
