"""From an edit to the diagnostics of what it leads to, character by character, beside another server."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.bench import keystrokes, processes, sources
from tools.bench.kept import Kept, Known, compared, outside
from tools.bench.keystrokes import State
from tools.bench.peers import Peer
from tools.bench.samples import median, p95, ratio
from tools.bench.session import Items, Mode, Session
from tools.bench.sources import Place, Source
from tools.bench.tables import MISSING, Report, Table, number

_SAMPLE = 12
"""How many of the states that parse are looked at afresh, to see whether the answers were those of the right text."""


@dataclass
class Measured:
    """What was seen of one server while one file was edited.

    Attributes:
        session: the server.
        before: the findings outside the edited function, before.
        mark: the processor time before the latest edit.
        valid: milliseconds, for states that parse.
        broken: milliseconds, for states that don't.
        used: milliseconds of processor time, what is done after the answer included, by whether the state parses.
        kept: how the findings outside the edited function compare, by what had been typed; the worst of both ways.
        answers: the findings for a few states that parse, by what had been typed, once for each way.
    """

    session: Session
    before: Known
    mark: float = 0.0
    valid: list[float] = field(default_factory=list)
    broken: list[float] = field(default_factory=list)
    used: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})
    kept: dict[State, Kept] = field(default_factory=dict)
    answers: dict[str, list[Items]] = field(default_factory=dict)

    @property
    def processor(self) -> float:
        """Milliseconds of processor time that the server has used so far."""
        return processes.milliseconds(self.session.client.process_id)

    def times(self, *, parses: bool) -> list[float]:
        """The milliseconds for states of a kind."""
        return self.valid if parses else self.broken

    def worst(self, *, parses: bool) -> Kept:
        """The worst that happened to findings elsewhere in states of a kind."""
        return max(
            (kept for state, kept in self.kept.items() if state.parses is parses),
            key=lambda kept: (kept.missing, kept.extra),
        )


def run(peers: Sequence[Peer], folder: Path, rounds: int, modes: Sequence[Mode] = tuple(Mode)) -> Iterator[Report]:
    """Type and delete a statement in each file, with all peers in turn at every keystroke.

    Args:
        peers: ours first.
        folder: where their workspaces are made.
        rounds: how often; one more is not counted, and is where the answers are checked.
        modes: how diagnostics are had.

    Yields:
        What was found out in each mode.
    """
    for mode in modes:
        complaints: list[str] = []
        rows: list[list[str]] = []
        for name in sources.NAMES:
            source = sources.load(name)
            place = sources.middle(source.text)
            seen = keystrokes.states(place)
            own = folder / f"edit-{mode}" / name.replace("/", "-")
            measured = measure(peers, own, mode, source, place, seen, rounds)
            rows += _rows(source, seen, measured)
            for peer, one in zip(peers, measured, strict=True):
                fresh = folder / f"fresh-{mode}" / f"{peer.name}-{name.replace('/', '-')}"
                complaints += _wrong(peer, fresh, mode, source, place, one)
            complaints += _lost(peers[0], mode, source, measured[0])
        yield Report((_table(peers, mode, rows),), complaints=complaints)


def measure(
    peers: Sequence[Peer],
    folder: Path,
    mode: Mode,
    source: Source,
    place: Place,
    seen: Sequence[State],
    rounds: int,
) -> list[Measured]:
    """What typing in one file costs with each peer."""
    measured: list[Measured] = []
    try:
        for peer in peers:
            session = Session(peer, folder / peer.name, mode)
            items, _ = session.open(source.name, source.text)
            measured.append(Measured(session, outside(items, place, "")))
        checked = _spread([state.typed for state in seen if state.parses])
        for turn in range(rounds + 1):
            last: State | None = None
            for index, stroke in enumerate(keystrokes.there_and_back(place, seen)):
                # Whoever comes second may find the processor warmer, or busy with what the first one left undone.
                for one in measured if index % 2 else measured[::-1]:
                    before = one.processor
                    if last is not None:
                        one.used[last.parses].append(before - one.mark)
                    one.mark = before
                    items, took = one.session.edit(source.name, stroke.change)
                    if turn:
                        one.times(parses=stroke.state.parses).append(took)
                        continue
                    _note_kept(one, stroke.state, compared(one.before, outside(items, place, stroke.state.typed)))
                    if stroke.state.typed in checked:
                        one.answers.setdefault(stroke.state.typed, []).append(items)
                last = stroke.state if turn else None
    finally:
        for one in measured:
            one.session.stop()
    return measured


def _spread(texts: Sequence[str]) -> set[str]:
    step = max(1, len(texts) // _SAMPLE)
    return {*texts[::step], texts[-1]}


def _note_kept(one: Measured, state: State, kept: Kept) -> None:
    known = one.kept.get(state, kept)
    one.kept[state] = max(known, kept, key=lambda each: (each.missing, each.extra))


# -- checks -----------------------------------------------------------------------------------------------------------


def _wrong(peer: Peer, folder: Path, mode: Mode, source: Source, place: Place, measured: Measured) -> Iterator[str]:
    """Where the answer after an edit was not what another process says about the same text."""
    session = Session(peer, folder, mode)
    different = set()
    try:
        for index, (typed, answers) in enumerate(measured.answers.items()):
            name = f"{index}/{source.name}"
            items, _ = session.open(name, place.with_typed(typed))
            session.close(name)
            different.add(tuple(sorted(_plain(items))))
            for answer in answers:
                if sorted(_plain(answer)) != sorted(_plain(items)):
                    yield (
                        f"{peer.name}, {mode}, {source.name}: wrong diagnostics after {typed[-30:]!r}: "
                        f"{len(answer)} instead of {len(items)}"
                    )
    finally:
        session.stop()
    if len(different) < 3:
        yield f"{peer.name}, {mode}, {source.name}: the texts that were checked can't be told apart by their findings"


def _plain(items: Items) -> Iterator[str]:
    for item in items:
        yield f"{item['range']} {item.get('code')} {item['message']} {item.get('severity')}"


def _lost(peer: Peer, mode: Mode, source: Source, measured: Measured) -> Iterator[str]:
    if measured.before.total() < 4:
        yield f"{peer.name}, {mode}, {source.name}: too few findings to see whether they are kept"
    for state, kept in measured.kept.items():
        if not kept.is_complete:
            yield (
                f"{peer.name}, {mode}, {source.name}: {kept.missing} of {kept.expected} findings elsewhere lost and "
                f"{kept.extra} new ones after {state.typed[-30:]!r}"
            )


# -- the table --------------------------------------------------------------------------------------------------------


def _table(peers: Sequence[Peer], mode: Mode, rows: Sequence[Sequence[str]]) -> Table:
    columns = ["file", "lines", "states"]
    for peer in peers:
        columns += [f"{peer.name} median", "p95", "CPU"]
    columns += ["ratio"] * (len(peers) - 1) + [f"kept by {peer.name}" for peer in peers]
    notes = (
        "Milliseconds from writing `didChange` to having read the diagnostics of that version.",
        "CPU: median of the processor time of all the server's threads, from one keystroke to the next.",
        "Goals: ratios of at most 1.0 at 1,000 lines and 0.6 above, and 3 ms in broken states.",
        "Kept: of the findings outside the edited function, in the worst state; +n: that were not there before.",
    )
    return Table(f"Edit to diagnostics ({mode})", columns, rows, notes)


def _rows(source: Source, seen: Sequence[State], measured: Sequence[Measured]) -> Iterator[list[str]]:
    for parses in (True, False):
        count = sum(state.parses is parses for state in seen)
        times = [one.times(parses=parses) for one in measured]
        row = [source.name, f"{source.lines:,}", f"{'valid' if parses else 'broken'} ({count})"]
        for one, each in zip(measured, times, strict=True):
            row += [number(median(each)), number(p95(each)), number(median(one.used[parses]))]
        row += [number(ratio(times[0], each)) for each in times[1:]]
        yield row + [_kept(one.worst(parses=parses)) for one in measured]


def _kept(kept: Kept) -> str:
    if not kept.expected:
        return MISSING
    return f"{kept.expected - kept.missing} of {kept.expected}{f' +{kept.extra}' if kept.extra else ''}"
