"""What more lines cost, beside what they cost a server that only passes texts on."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.bench import edit, keystrokes, peers, sources
from tools.bench.peers import Peer
from tools.bench.samples import median, p95
from tools.bench.session import Items, Mode, Session
from tools.bench.sources import Source
from tools.bench.tables import Report, Table, number

_ALLOWED = 1.2
"""How many times the floor's growth ours may be."""


def run(servers: Sequence[Peer], folder: Path, rounds: int) -> Iterator[Report]:
    """Type in files of all sizes, in our server and in the floor in turn."""
    ours = servers[0]
    rows: list[list[str]] = []
    medians: list[tuple[float, ...]] = []
    for name in sources.NAMES:
        source = sources.load(name)
        own = folder / "growth" / name.replace("/", "-")
        items = _diagnostics(ours, own / "first", source)
        place = sources.middle(source.text)
        seen = keystrokes.states(place)
        pair = (ours, peers.floor(items))
        one, floor = edit.measure(pair, own, Mode.PUSH, source, place, seen, rounds)
        both = (one, floor)
        medians.append((*(median(each.valid) for each in both), *(median(each.used[True]) for each in both)))
        times = [
            number(value) for each in both for value in (median(each.valid), p95(each.valid), median(each.used[True]))
        ]
        rows.append([name, f"{source.lines:,}", str(len(items)), *times])
    columns = ["file", "lines", "diagnostics", f"{ours.name} median", "p95", "CPU", "floor median", "p95", "CPU"]
    more = [last - first for first, last in zip(medians[0], medians[-1], strict=True)]
    notes = [
        "Milliseconds, states that parse; the floor is a bare pygls server that applies each edit and publishes a "
        "constant list, the same as ours.",
        f"From the first file to the last: {ours.name} {more[0]:+.2f} ms, the floor {more[1]:+.2f} ms; in processor "
        f"time {more[2]:+.2f} ms and {more[3]:+.2f} ms (the goal: at most {_ALLOWED} times the floor's).",
    ]
    yield Report((Table("Growth with the file (push)", columns, rows, notes),))


def _diagnostics(ours: Peer, folder: Path, source: Source) -> Items:
    session = Session(ours, folder, Mode.PUSH)
    try:
        items, _ = session.open(source.name, source.text)
    finally:
        session.stop()
    return items
