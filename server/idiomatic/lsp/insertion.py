"""Inserting a template that the user has chosen from a list, wherever the cursor is."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, TypedDict

from idiomatic.core.text import Edit, Span
from idiomatic.lsp import completion
from idiomatic.lsp.cells import CellPositions
from idiomatic.lsp.positions import PositionError
from idiomatic.lsp.protocol import InvalidParams, RequestFailed
from idiomatic.lsp.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.document import Document
    from idiomatic.lsp import types
    from idiomatic.lsp.documents import OpenDocument
    from idiomatic.lsp.positions import Positions
    from idiomatic.lsp.server import Server
    from idiomatic.templates.context import Context
    from idiomatic.templates.fresh_line import FreshLine
    from idiomatic.templates.surround import Selected


class Fitting(TypedDict):
    """A template that fits.

    Attributes:
        name: its name.
        title: what it is, a sentence.
        group: what it is about.
        install: the command that installs what is missing for it; `None`: nothing is.
    """

    name: str
    title: str
    group: str
    install: str | None


class Inserted(TypedDict):
    """What inserting a template does.

    Attributes:
        version: the client's number of the text that this is for.
        range: what is replaced, from the start of a line.
        snippet: by what, with tab stops; all lines are indented for the place.
        text: the same without tab stops.
        edits: what changes elsewhere, such as imports.
        preview: all of it, to be read.
    """

    version: int
    range: types.Range
    snippet: str
    text: str
    edits: Sequence[types.TextEdit]
    preview: str


async def templates(ls: Server, _: types.Token | None, uri: str, place: types.Range) -> Sequence[Fitting]:
    """The templates that fit at a place, below it or around what is selected; those that can be used as it is first."""
    document = await _document(ls, uri)
    return await ls.worker.run(_templates, ls, document, place)


async def insertion(ls: Server, _: types.Token | None, uri: str, place: types.Range, name: str) -> Inserted:
    """What inserting a template at a place does, below it or around what is selected."""
    document = await _document(ls, uri)
    return await ls.worker.run(_insertion, ls, document, document.version, place, name)


async def _document(ls: Server, uri: str) -> OpenDocument:
    document = completion.opened(ls, uri)
    if document is None:
        raise RequestFailed("There are no templates for this file.")
    await document.parsed()
    return document


def _templates(ls: Server, document: OpenDocument, place: types.Range) -> Sequence[Fitting]:
    from idiomatic.templates import surround
    from idiomatic.templates.insertion import fitting, forget, missing
    from idiomatic.templates.template import installing

    around = surroundings(ls, document.path)
    if around.context is None:
        return []
    positions, context = document.positions, around.context
    if (statements := _selected(positions, place)) is not None:
        fit = surround.fitting(statements, positions.document, context, around.templates)
        text = positions.document
    else:
        text, offset, _ = _place(positions, place, context)
        fit = fitting(text, offset, context, around.templates)
    found: list[Fitting] = []
    for template in fit:
        lacks = missing(template, text, context)
        install = installing(lacks) if lacks else None
        found.append({"name": template.name, "title": template.title, "group": template.group, "install": install})
    forget()
    return sorted(found, key=lambda each: (each["install"] is not None, each["group"], each["name"]))


def _place(positions: Positions, place: types.Range, context: Context) -> tuple[Document, int, FreshLine | None]:
    """The document, perhaps with a new line, and an offset at which a template can begin."""
    from idiomatic.templates.fresh_line import fresh_line
    from idiomatic.templates.insertion import can_begin

    offset = _span(positions, place).end
    document = positions.document
    lines = document.lines
    line = lines.line(lines.position(offset)[0])
    if not line.strip():
        # Behind the indentation that is there, wherever the cursor is in it.
        offset = lines.starts[lines.position(offset)[0]] + len(line.rstrip("\r\n"))
    if not line.strip() and can_begin(document, offset, context):
        return document, offset, None
    fresh = fresh_line(document, offset)
    return fresh.document, fresh.offset, fresh


def _selected(positions: Positions, place: types.Range) -> Selected | None:
    """The statements that are selected, if something can be put around them."""
    from idiomatic.templates.surround import selected

    return selected(positions.document, _span(positions, place))


def _span(positions: Positions, place: types.Range) -> Span:
    try:
        return positions.span(place)
    except PositionError as error:
        raise InvalidParams(str(error)) from error


def _insertion(ls: Server, document: OpenDocument, version: int, place: types.Range, name: str) -> Inserted:
    from idiomatic.templates.insertion import forget, insertion
    from idiomatic.templates.surround import surrounded

    around = surroundings(ls, document.path)
    template = around.templates.get(name)
    if around.context is None or template is None:
        raise RequestFailed(f"There is no template `{name}`.")
    positions = document.positions
    text, fresh = positions.document, None
    try:
        if (statements := _selected(positions, place)) is not None and template.selection is not None:
            made = surrounded(template, text, statements, around.context)
        else:
            text, offset, fresh = _place(positions, place, around.context)
            made = insertion(template, text, offset, around.context)
    except ValueError as error:
        raise RequestFailed(f"`{name}` does not fit here.") from error
    finally:
        forget()
    lines = text.lines
    start = lines.starts[lines.position(made.span.start)[0]]
    indentation = text.text[start : made.span.start]
    span, after = Span(start, made.span.end), ""
    before, edits = "", made.edits
    if fresh is not None:
        is_last = fresh.offset == fresh.span.end or positions.is_behind(fresh.span.start)
        before = text.newline if is_last else ""
        after = "" if is_last else _below(text, fresh, indentation, made.plain)
        span = fresh.before(fresh.span)
        if isinstance(positions, CellPositions) and not is_last and _is_at_end(positions, span.start):
            # The line end above what is below the last line of a cell is only there in the joined document.
            before, after = text.newline, ""
        edits = tuple(Edit(fresh.before(edit.span), edit.text) for edit in edits)
    head = "".join(f"{edit.text.strip()}\n" for edit in edits)
    code = textwrap.dedent(f"{indentation}{made.plain.lstrip()}").strip()
    return {
        "version": version,
        "range": positions.range(span),
        "snippet": f"{before}{indentation}{made.snippet}{after}",
        "text": f"{before}{indentation}{made.plain}{after}",
        "edits": [positions.edit(edit) for edit in edits],
        "preview": f"{head}\n\n{code}\n" if head else f"{code}\n",
    }


def _is_at_end(positions: CellPositions, offset: int) -> bool:
    text = positions.cell.text
    return offset - positions.start >= len(text) and not text.endswith(("\n", "\r"))


def _below(text: Document, fresh: FreshLine, indentation: str, code: str) -> str:
    """The line end behind new code, and blank lines where a definition stands above other code."""
    following = text.text[fresh.span.end :].partition("\n")[0].strip()
    defines = re.search(rf"^(?:{indentation})?(?:@|async def |def |class )", code, re.MULTILINE) is not None
    blank = 1 if indentation else 2
    return text.newline * (1 + (blank if following and defines else 0))
