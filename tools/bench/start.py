"""How long it takes until a server that was started is of use."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.bench import sources
from tools.bench.peers import Peer
from tools.bench.samples import median, p95
from tools.bench.session import Mode, Session
from tools.bench.tables import Report, Table, number

_TIMES = 4
"""How many starts make a round."""


def run(peers: Sequence[Peer], folder: Path, rounds: int) -> Iterator[Report]:
    """Start all peers in turn and open a file as soon as they have answered."""
    source = sources.load(sources.NAMES[0])
    answered: dict[str, list[float]] = {peer.name: [] for peer in peers}
    diagnosed: dict[str, list[float]] = {peer.name: [] for peer in peers}
    complaints: set[str] = set()
    for turn in range(rounds * _TIMES + 1):
        for peer in peers:
            session = Session(peer, folder / "start" / f"{peer.name}-{turn}", Mode.PULL)
            try:
                items, took = session.open(source.name, source.text)
            finally:
                session.stop()
            if not items:
                complaints.add(f"{peer.name}: nothing was found in the first file")
            # The first time, what is on the disk is not in memory yet.
            if turn:
                answered[peer.name].append(session.started_in)
                diagnosed[peer.name].append(took)
    rows = [
        [
            name,
            number(median(answered[name])),
            number(p95(answered[name])),
            number(median(diagnosed[name])),
            number(p95(diagnosed[name])),
            number(median([sum(pair) for pair in zip(answered[name], diagnosed[name], strict=True)])),
        ]
        for name in answered
    ]
    columns = ("server", "initialize median", "p95", "first diagnostics median", "p95", "both median")
    notes = (
        "Milliseconds from starting the process to having read the answer of `initialize`, and from `didOpen` of "
        f"{source.name} right after that to its diagnostics.",
    )
    yield Report((Table("Start (pull)", columns, rows, notes),), complaints=sorted(complaints))
