"""Code actions that put a template around the selected lines."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from idiomatic.core.text import Edit, Span
from idiomatic.lsp.types import CodeActionKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.document import Document
    from idiomatic.lsp import types
    from idiomatic.lsp.findings import Findings
    from idiomatic.lsp.surroundings import Surroundings


def offered(findings: Findings, span: Span, around: Surroundings) -> Iterator[types.CodeAction]:
    """The actions for a selection; none if it is no selection of whole statements."""
    from idiomatic.templates.insertion import forget
    from idiomatic.templates.surround import fitting, selected, title

    document = findings.positions.document
    if around.context is None or (found := selected(document, span)) is None:
        return
    place = found.at.span
    for template in fitting(found, document, around.context, around.templates):
        data = {"uri": findings.uri, "surround": template.name, "start": place.start, "end": place.end}
        yield {
            "title": title(template),
            "kind": CodeActionKind.REWRITE,
            "data": {**data, "source": _digest(document, place)},
        }
    forget()


def edits(document: Document, data: Mapping[str, Any], around: Surroundings) -> Sequence[Edit] | None:
    """What an action does; `None` if the lines are no longer what they were."""
    from idiomatic.templates.insertion import forget
    from idiomatic.templates.surround import selected, surrounded

    template, start, end = around.templates.get(str(data.get("surround"))), data.get("start"), data.get("end")
    if template is None or template.selection is None or not isinstance(start, int) or not isinstance(end, int):
        return None
    if not 0 <= start < end <= len(document):
        return None
    span = Span(start, end)
    found = selected(document, span) if _digest(document, span) == data.get("source") else None
    if found is None or around.context is None:
        return None
    made = surrounded(template, document, found, around.context)
    result = [Edit(made.span, made.plain), *made.edits]
    forget()
    return result


def _digest(document: Document, span: Span) -> int:
    return zlib.crc32(document.text[span.start : span.end].encode("utf-8", "surrogatepass"))
