"""How much memory a server takes: with many files open, after many edits, and when everything is closed again."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tools.bench import keystrokes, processes, sources
from tools.bench.peers import Peer
from tools.bench.session import Mode, Session
from tools.bench.tables import Report, Table, number

_OPEN = 50
_EDITED, _EMPTY = "edited.py", "empty.py"
_EARLY, _LATE = 1_000, 11_000
"""After how many edits the memory is compared: what caches take is there by the first time."""
_GOALS = "The goals: under 120 MiB at most, and 10,000 edits that add no more than 5 MiB."


def run(peers: Sequence[Peer], folder: Path, rounds: int) -> Iterator[Report]:
    """Let each peer have everything open that an editor would have after a long day, and edit one of it."""
    opened = sources.by_size(_OPEN)
    texts = {path.relative_to(sources.standard_library()).as_posix(): _text(path) for path in opened}
    rows = [[peer.name, *map(number, _day(peer, folder / "memory" / peer.name, texts))] for peer in peers]
    columns = (
        "server",
        "at the start",
        "50 files open",
        "peak",
        "1,000 edits",
        "11,000 edits",
        "all closed",
        "once more",
    )
    lines = sum(text.count("\n") for text in texts.values())
    notes = (
        f"Resident memory in MiB, of all processes of the server; {_OPEN} files of the standard library, spread over "
        f"all sizes, {lines:,} lines. The peak is the one with all files open; edits are those of a statement that is "
        f"typed and deleted in {sources.NAMES[0]}, each waited for. Once more: when all files have been opened and "
        "closed a second time.",
        _GOALS,
    )
    yield Report((Table("Memory (pull)", columns, rows, notes),))


def _day(peer: Peer, folder: Path, texts: dict[str, str]) -> Iterator[float]:
    session = Session(peer, folder, Mode.PULL)
    process = session.client.process_id
    source = sources.load(sources.NAMES[0])
    place = sources.middle(source.text)
    seen = keystrokes.states(place)
    try:
        session.open("first.py", "import os\n")
        yield processes.memory(process)
        for name, text in texts.items():
            session.open(name, text)
        yield processes.memory(process)
        yield processes.memory(process, peak=True)
        session.open(_EDITED, source.text)
        endless = itertools.chain.from_iterable(keystrokes.there_and_back(place, seen) for _ in itertools.count())
        for count, stroke in enumerate(itertools.islice(endless, _LATE), 1):
            session.edit(_EDITED, stroke.change)
            if count in {_EARLY, _LATE}:
                yield processes.memory(process)
        for name in ("first.py", _EDITED):
            session.close(name)
        yield _closed(session, texts)
        for name, text in texts.items():
            session.open(name, text)
        yield _closed(session, texts)
    finally:
        session.stop()


def _closed(session: Session, names: Iterable[str]) -> float:
    """What is left when files have been closed."""
    for name in names:
        session.close(name)
    # Closing has no answer; what is opened after it has.
    session.open(_EMPTY, "import os\n")
    left = processes.memory(session.client.process_id)
    session.close(_EMPTY)
    return left


def _text(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()
