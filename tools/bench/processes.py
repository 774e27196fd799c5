"""What processes cost: processor time and memory, of a process and of those it started."""

import math
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KIBIBYTES = 1024


@dataclass(frozen=True)
class Cost:
    """What a command cost.

    Attributes:
        cpu: seconds of processor time, in user and system mode, of all its processes.
        wall: seconds that passed.
        code: its exit code.
        lines: how many lines it printed.
    """

    cpu: float
    wall: float
    code: int
    lines: int


def cost(command: Sequence[str], output: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end, what it prints going to a file."""
    with output.open("wb") as stream:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    lines = output.read_bytes().count(b"\n")
    return Cost(usage.ru_utime + usage.ru_stime, wall, process.returncode, lines)


def memory(process: int, *, peak: bool = False) -> float:
    """The resident memory in MiB of a process and its descendants, now or (for each of them) at its highest."""
    field = "VmHWM:" if peak else "VmRSS:"
    return sum(_status(member, field) for member in _family(process)) / KIBIBYTES


def milliseconds(process: int) -> float:
    """How long the threads of a process have had a processor so far; not a number where the system does not tell."""
    used = 0
    for thread in Path(f"/proc/{process}/task").glob("*/schedstat"):
        try:
            used += int(thread.read_bytes().split()[0])
        except OSError:
            continue
    return used / 1e6 if used else math.nan


def _status(process: int, name: str) -> int:
    try:
        text = Path(f"/proc/{process}/status").read_text("utf-8")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(name)), 0)


def _family(process: int) -> list[int]:
    members = [process]
    for member in members:
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                members += map(int, children.read_text("utf-8").split())
            except OSError:
                continue
    return members
