"""What a user waits for who asks: code actions, their edits, hovers and completions, in a file of 3,500 lines."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from tools.bench import sources
from tools.bench.peers import Peer
from tools.bench.samples import median, p95
from tools.bench.session import Items, Mode, Session
from tools.bench.sources import Place, Source
from tools.bench.tables import MISSING, Report, Table, number

_NAME = "typing.py"
_MOST = 24
"""How many findings are asked about in each round."""
_WORD, _LETTER = "fanou", "t"
"""What has been typed where completions are asked for, and the letter that comes and goes behind it."""


class Request(StrEnum):
    """What is asked for."""

    ACTIONS = "code actions"
    RESOLVE = "an action's edit"
    HOVER = "hover"
    COMPLETION = "completion"


class When(StrEnum):
    """What happened before."""

    AGAIN = "nothing changed"
    AFTER = "after an edit's diagnostics"
    WITH = "right behind an edit"


GOALS: Final[Mapping[Request, int]] = {
    Request.ACTIONS: 10,
    Request.RESOLVE: 50,
    Request.HOVER: 50,
    Request.COMPLETION: 10,
}
"""Milliseconds that 95 % of our answers should stay below."""

_CASES = [
    (request, when)
    for request, when in itertools.product(Request, When)
    # An action is for the text it was offered for: nobody chooses it while typing.
    if (request, when) != (Request.RESOLVE, When.WITH)
]
_PROVIDERS = {Request.HOVER: "hoverProvider", Request.COMPLETION: "completionProvider"}


@dataclass
class _Asked:
    """A server, and what asking it has shown so far.

    Attributes:
        session: the server.
        place: where is typed.
        items: the findings for both states of the text: a letter more, or not.
        longer: whether the letter is there now.
        times: milliseconds.
        empty: how often there was nothing to ask about, or nothing to answer.
        full: how often there was.
    """

    session: Session
    place: Place
    items: tuple[Items, Items]
    longer: bool = False
    times: dict[tuple[Request, When], list[float]] = field(default_factory=dict)
    empty: Counter[Request] = field(default_factory=Counter)
    full: Counter[Request] = field(default_factory=Counter)

    @property
    def now(self) -> Items:
        """The findings in the text as it is."""
        return self.items[self.longer]

    def can(self, request: Request) -> bool:
        """Whether the server takes such requests."""
        return bool(self.session.capabilities.get(_PROVIDERS.get(request, "codeActionProvider")))


def run(peers: Sequence[Peer], folder: Path, rounds: int) -> Iterator[Report]:
    """Ask all peers in turn about their own findings; ours first."""
    source = sources.load(_NAME)
    place = sources.middle(source.text)
    typed = f"\n{place.indentation}async def probe():\n{place.indentation}    {_WORD}"
    text = place.with_typed(typed)
    asked: list[_Asked] = []
    try:
        for peer in peers:
            session = Session(peer, folder / "requests" / peer.name, Mode.PULL)
            asked.append(_opened(session, source, text, place))
        for _, (request, when) in itertools.product(range(rounds), _CASES):
            for index in range(_MOST):
                for one in asked:
                    if one.can(request):
                        _ask(one, request, when, index)
    finally:
        for one in asked:
            one.session.stop()
    yield Report((_table(peers, source, asked),), complaints=tuple(_complaints(peers[0], asked[0])))


def _opened(session: Session, source: Source, text: str, place: Place) -> _Asked:
    short, _ = session.open(source.name, text)
    one = _Asked(session, place, (short, short))
    long, _ = session.edit(source.name, _toggle(one))
    one.items = (short, long)
    session.edit(source.name, _toggle(one))
    return one


def _toggle(one: _Asked) -> dict[str, Any]:
    """The edit to the other state."""
    end = _cursor(one)
    one.longer = not one.longer
    if one.longer:
        return {"range": {"start": end, "end": end}, "text": _LETTER}
    return {"range": {"start": {**end, "character": end["character"] - 1}, "end": end}, "text": ""}


def _cursor(one: _Asked) -> dict[str, int]:
    return {"line": one.place.line + 2, "character": len(one.place.indentation) + 4 + len(_WORD) + one.longer}


def _ask(one: _Asked, request: Request, when: When, index: int) -> None:
    """Ask once; whatever is needed before the question is not counted."""
    if when is When.AFTER:
        one.session.edit(_NAME, _toggle(one))
    edits = [one.session.change(_NAME, _toggle(one))] if when is When.WITH else []
    found = one.now[index * len(one.now) // _MOST] if one.now else None
    document = {"uri": one.session.uri(_NAME)}
    params: Any
    match request, found:
        case Request.COMPLETION, _:
            method, params = "textDocument/completion", {"textDocument": document, "position": _cursor(one)}
        case Request.HOVER, {"range": {"start": start}}:
            method, params = "textDocument/hover", {"textDocument": document, "position": start}
        case Request.ACTIONS, {}:
            method, params = "textDocument/codeAction", _about(document, found)
        case Request.RESOLVE, {}:
            offered, _ = one.session.client.ask("textDocument/codeAction", _about(document, found))
            action = next((each for each in offered or () if "data" in each and "edit" not in each), None)
            if action is None:
                one.empty[request] += 1
                return
            method, params = "codeAction/resolve", action
        case _:
            one.empty[request] += 1
            return
    client = one.session.client
    question = client.question(method, params)
    sent = client.send(*edits, question)
    received = client.answer(question)
    (one.full if _says_something(request, received.message["result"]) else one.empty)[request] += 1
    one.times.setdefault((request, when), []).append((received.at - sent) * 1000)


def _about(document: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    return {"textDocument": document, "range": found["range"], "context": {"diagnostics": [found], "triggerKind": 1}}


def _says_something(request: Request, result: Any) -> bool:
    match request:
        case Request.COMPLETION:
            return bool(result and (result["items"] if isinstance(result, dict) else result))
        case Request.RESOLVE:
            return bool(result.get("edit"))
        case _:
            return bool(result)


def _complaints(peer: Peer, one: _Asked) -> Iterator[str]:
    for request in Request:
        # Some findings have no fix; a benchmark of answers that say nothing would be none.
        if one.full[request] <= 3 * one.empty[request]:
            yield f"{peer.name}, {request}: {one.empty[request]} answers said nothing and {one.full[request]} something"


def _table(peers: Sequence[Peer], source: Source, asked: Sequence[_Asked]) -> Table:
    columns = ["request", "when", "goal p95"]
    for peer in peers:
        columns += [f"{peer.name} p95", "median"]
    rows: list[list[str]] = []
    for request, when in _CASES:
        row: list[str] = [request, when, str(GOALS[request])]
        for one in asked:
            times = one.times.get((request, when), [])
            # A server whose answers are empty does something else than answering.
            full = one.full[request] > one.empty[request]
            row += [number(p95(times)), number(median(times))] if full else [MISSING, MISSING]
        rows.append(row)
    notes = (
        "Milliseconds, at findings spread over the file; each server is asked about its own.",
        "Right behind an edit: in one write with `didChange`, so that the answer contains the new look at the text.",
    )
    return Table(f"Questions in {source.name} ({source.lines:,} lines)", columns, rows, notes)
