"""Hover: everything there is to say about a finding, or about a comment that silences one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idiomatic.core.text import Span
from idiomatic.lsp import types
from idiomatic.lsp.positions import PositionError
from idiomatic.lsp.protocol import InvalidParams

if TYPE_CHECKING:
    from idiomatic.lsp.client import Client
    from idiomatic.lsp.findings import Findings
    from idiomatic.lsp.server import Server


def register(server: Server) -> None:
    """Offer hovers."""
    server.feature(types.TEXT_DOCUMENT_HOVER, types.HoverParams)(hover)


async def hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    """What there is to say at a position."""
    document = ls.python(params["textDocument"]["uri"])
    if document is None:
        return None
    findings = await ls.analyser.current(document)
    return await ls.worker.run(hover_at, findings, params["position"], ls.client)


def hover_at(findings: Findings, position: types.Position, client: Client) -> types.Hover | None:
    """The hover at a position; nothing where nothing is shown."""
    if not findings.is_enabled:
        return None
    try:
        offset = findings.positions.span({"start": position, "end": position}).start
    except PositionError as error:
        raise InvalidParams(str(error)) from error
    return _of_findings(findings, offset, client) or _of_suppression(findings, offset, client)


def _of_findings(findings: Findings, offset: int, client: Client) -> types.Hover | None:
    from idiomatic.core.explanation import explain

    found = [each for each in findings.at(Span(offset, offset)) if findings.is_shown(each)]
    if not found:
        return None
    # The smallest is the one that is pointed at.
    found.sort(key=lambda each: (each.span.end - each.span.start, each.rule.name))
    explanations = [explain(findings.analysed, each) for each in found]
    if client.markdown:
        text = "\n\n---\n\n".join(explanation.markdown() for explanation in explanations)
    else:
        text = "\n\n".join(explanation.plain() for explanation in explanations)
    return _hover(text, findings, findings.analysed.place(found[0]), client)


def _of_suppression(findings: Findings, offset: int, client: Client) -> types.Hover | None:
    from idiomatic.core import catalogue
    from idiomatic.core.explanation import silenced
    from idiomatic.core.suppression import suppressions

    document = findings.positions.document
    for statement in document.leaves_between(Span(offset, offset)):
        for suppression in statement.fact(suppressions):
            place = document.place(statement, suppression.span)
            if not place.start <= offset <= place.end:
                continue
            rules = catalogue.rules()
            names = dict.fromkeys(name for name, _ in suppression.names)
            text = silenced(
                [rules[name] for name in names if name in rules],
                [name for name in names if name not in rules],
                whole_file=suppression.whole_file,
                markdown=client.markdown,
            )
            return _hover(text, findings, place, client)
    return None


def _hover(text: str, findings: Findings, place: Span, client: Client) -> types.Hover:
    kind = types.MARKDOWN if client.markdown else types.PLAIN
    return {"contents": {"kind": kind, "value": text}, "range": findings.positions.range(place)}
