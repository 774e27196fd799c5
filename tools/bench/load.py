"""How long an edit takes while the same server looks through the whole workspace."""

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tools.bench import keystrokes, sources
from tools.bench.keystrokes import Stroke
from tools.bench.peers import Peer
from tools.bench.samples import median, p95
from tools.bench.session import Mode, Session
from tools.bench.tables import Report, Table, number

_PAUSE = 0.03
"""Seconds between an answer and the next keystroke: nobody types faster."""
_EDITED = "edited.py"
_LEAST = 50
_TOKEN = "scan"
_PATIENCE = 300.0
"""How many seconds a scan may take."""


def run(peers: Sequence[Peer], folder: Path, rounds: int) -> Iterator[Report]:
    """Type with nothing else going on, and then while workspace diagnostics of the standard library are worked out."""
    ours, own = peers[0], folder / "load"
    ours = replace(ours, options={**ours.options, "workspaceDiagnostics": True})
    session = Session(ours, own, Mode.PULL)
    try:
        if not session.capabilities["diagnosticProvider"].get("workspaceDiagnostics"):
            yield Report(notes=(f"Edits under load are left out: {ours.name} has no workspace diagnostics.",))
            return
        lines = sources.copy_library(own)
        source = sources.load("typing.py")
        place = sources.middle(source.text)
        seen = keystrokes.states(place)
        session.open(_EDITED, source.text)
        strokes = list(keystrokes.there_and_back(place, seen))
        for stroke in strokes:
            session.edit(_EDITED, stroke.change)
        idle = [_typed(session, stroke) for _ in range(rounds) for stroke in strokes]
        scan = _Scan(session)
        busy: list[tuple[Stroke, float]] = []
        for stroke in itertools.cycle(strokes):
            if scan.is_over:
                break
            busy.append(_typed(session, stroke))
        is_finished = scan.finish()
    finally:
        session.stop()
    rows = [
        _row(name, kind, [took for stroke, took in times if stroke.state.parses is parses])
        for parses, kind in ((True, "valid"), (False, "broken"))
        for name, times in (("nothing", idle), ("a workspace scan", busy))
    ]
    complaints: list[str] = []
    files = len(sources.files())
    if not is_finished or len(scan.uris) < _LEAST:
        complaints.append(f"The scan reported {len(scan.uris)} of {files} files in {scan.seconds:.0f} s")
    if len(busy) < _LEAST:
        complaints.append(f"The scan was over after {len(busy)} keystrokes: too few to say anything")
    columns = ("meanwhile", "states", "edits", "median", "p95", "longest")
    notes = (
        f"Milliseconds from `didChange` to the diagnostics of {source.name}, {_PAUSE * 1000:.0f} ms after the answer "
        f"before; the scan is one `workspace/diagnostic` over {files:,} files with {lines:,} lines; it took "
        f"{scan.seconds:.0f} s and found something in {len(scan.uris):,} files.",
    )
    yield Report((Table("Edit to diagnostics under load (pull)", columns, rows, notes),), complaints=complaints)


class _Scan:
    """A request for the diagnostics of the workspace, with partial results."""

    def __init__(self, session: Session) -> None:
        self._client = session.client
        self._begin = time.perf_counter()
        self._finished = 0.0
        self.uris: set[str] = set()
        self._client.on_notification = self._heard
        params = {"previousResultIds": [], "partialResultToken": _TOKEN, "workDoneToken": "work"}
        self._question = self._client.question("workspace/diagnostic", params)
        self._client.send(self._question)

    @property
    def seconds(self) -> float:
        """How long it has taken, or took."""
        return (self._finished or time.perf_counter()) - self._begin

    @property
    def is_over(self) -> bool:
        """Whether it has been answered, or takes too long."""
        return self._client.is_answered(self._question) or self.seconds > _PATIENCE

    def finish(self) -> bool:
        """Take note of what came last; whether that was in time.

        Raises:
            ServerError: the server refused.
        """
        if not self._client.is_answered(self._question):
            return False
        received = self._client.answer(self._question)
        self._finished = received.at
        self._note(received.message["result"])
        return True

    def _heard(self, message: Mapping[str, Any]) -> None:
        if message["method"] == "$/progress" and message["params"]["token"] == _TOKEN:
            self._note(message["params"]["value"])

    def _note(self, report: Mapping[str, Any] | None) -> None:
        # After partial results, nothing more need be said.
        self.uris |= {item["uri"] for item in (report or {"items": ()})["items"]}


def _typed(session: Session, stroke: Stroke) -> tuple[Stroke, float]:
    session.client.pause(_PAUSE)
    _, took = session.edit(_EDITED, stroke.change)
    return stroke, took


def _row(name: str, kind: str, times: Sequence[float]) -> list[str]:
    return [name, kind, str(len(times)), *map(number, (median(times), p95(times), max(times, default=float("nan"))))]
