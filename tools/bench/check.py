"""What checking many files costs in processor time, beside other linters."""

import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.bench import peers, processes, sources
from tools.bench.peers import Peer
from tools.bench.processes import Cost
from tools.bench.samples import median, p95
from tools.bench.tables import Report, Table, number

_COLD, _WARM, _RUFF, _FIXIT = "idiomatic, cold", "idiomatic, warm", "ruff --no-cache", "fixit lint"
_NO_CACHE = "--no-cache"


@dataclass(frozen=True)
class Measured:
    """What a command cost.

    Attributes:
        costs: on everything.
        starts: on an empty file.
    """

    costs: list[Cost]
    starts: list[Cost]

    @property
    def cpu(self) -> float:
        """Seconds of processor time for everything, the middle one."""
        return median([cost.cpu for cost in self.costs])

    @property
    def start(self) -> float:
        """Seconds of processor time for nothing, the middle one."""
        return median([cost.cpu for cost in self.starts])


def run(servers: Sequence[Peer], folder: Path, rounds: int) -> Iterator[Report]:
    """Check the standard library, and its package asyncio, with all linters in turn."""
    own = folder / "check"
    library, package = own / "library", own / "asyncio"
    lines = sources.copy_library(library)
    shutil.copytree(library / "asyncio", package)
    ruff, fixit = peers.ruff_check(own / "ruff.toml"), peers.fixit_lint()
    yield _report(
        f"Checking the standard library without its tests ({lines:,} lines)",
        _costs({**_ours(), **({_RUFF: ruff} if ruff else {})}, library, own, rounds),
        _RUFF,
        "The goals: cold at most 10 times ruff, warm at most twice.",
    )
    if fixit is None:
        yield Report(notes=("fixit is not installed: not compared with (`make bench` installs it).",))
        return
    count = sum(path.read_bytes().count(b"\n") for path in package.glob("*.py"))
    yield _report(
        f"Checking the package asyncio ({count:,} lines)",
        _costs({_COLD: _ours()[_COLD], _FIXIT: fixit}, package, own, rounds),
        _FIXIT,
        f"The goal: at most a fiftieth of fixit ({peers.version(fixit[:1])}), which runs the rules it comes with.",
    )


def _ours() -> Mapping[str, Sequence[str]]:
    command = peers.idiomatic_check()
    if not _has_cache():
        return {_COLD: command}
    # Cold comes first: it must not find what warm leaves behind, and does not look for it.
    return {_COLD: (*command, _NO_CACHE), _WARM: command}


def _has_cache() -> bool:
    return _NO_CACHE in peers.output((*peers.idiomatic_check(), "--help"))


def _costs(commands: Mapping[str, Sequence[str]], target: Path, folder: Path, rounds: int) -> Mapping[str, Measured]:
    measured = {name: Measured([], []) for name in commands}
    output, empty = folder / "output.txt", folder / "empty" / "empty.py"
    empty.parent.mkdir(exist_ok=True)
    empty.write_text("")
    if _WARM in commands:
        processes.cost([*commands[_WARM], str(target)], output)
    for turn in range(rounds + 1):
        for name, command in commands.items():
            start = processes.cost([*command, str(empty)], output)
            # What a program does only the first time it runs, such as writing byte code, is done.
            if turn:
                measured[name].starts.append(start)
                measured[name].costs.append(processes.cost([*command, str(target)], output))
    return measured


def _report(title: str, measured: Mapping[str, Measured], peer: str, goal: str) -> Report:
    rows: list[list[str]] = []
    complaints: list[str] = []
    theirs = measured.get(peer)
    for name, one in measured.items():
        wall = median([cost.wall for cost in one.costs])
        numbers = [one.cpu, p95([cost.cpu for cost in one.costs]), one.start, wall]
        times = (
            [one.cpu / theirs.cpu, (one.cpu - one.start) / (theirs.cpu - theirs.start)] if theirs else [math.nan] * 2
        )
        last = one.costs[-1]
        rows.append([name, *map(number, numbers), f"{last.lines:,}", *map(number, times)])
        # 0: nothing found, 1: something found. A linter that stopped was quick for another reason.
        if any(cost.code not in {0, 1} or not cost.lines for cost in one.costs):
            complaints.append(f"{title}: {name} failed: exit code {last.code}, {last.lines} lines")
    if _WARM in measured and len({measured[name].costs[-1].lines for name in (_COLD, _WARM)}) > 1:
        complaints.append(f"{title}: cold and warm say different things")
    notes = [
        "Seconds of processor time (user and system) of the whole command with all its processes; all files are in the "
        "system's memory. Start: on an empty file. Lines: what it prints.",
        goal,
    ]
    if _WARM not in measured and peer == _RUFF:
        notes.append("There is no cache yet.")
    columns = ("command", "CPU median", "p95", "start", "wall median", "lines", f"times {peer}", "without start")
    return Report((Table(title, columns, rows, notes),), complaints=complaints)
