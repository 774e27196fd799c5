"""Completion: templates, where they fit.

An item is what a template is in this file at this place: with free names, and the imports that are missing. What is
only seen when it is looked at or chosen comes later (`completionItem/resolve`), for clients that ask for it.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final

from idiomatic.core.lazy import regex
from idiomatic.lsp import types
from idiomatic.lsp.positions import PositionError
from idiomatic.lsp.protocol import InvalidParams, RequestFailed
from idiomatic.lsp.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from idiomatic.lsp.client import Client
    from idiomatic.lsp.documents import OpenDocument
    from idiomatic.lsp.positions import Positions
    from idiomatic.lsp.server import Server
    from idiomatic.templates.insertion import Insertion
    from idiomatic.templates.template import Template, Version

_WORD: Final = regex(r"[\w-]*")
_DOCUMENTATION: Final = "documentation"
_IMPORTS: Final = "additionalTextEdits"
_PAUSE: Final = 0.05
"""For how many seconds others are let go first between two templates."""
_LAST: Final = "~"
"""What sorts behind all names."""


def register(server: Server) -> None:
    """Offer templates."""
    server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionParams)(completion)
    server.feature(types.COMPLETION_ITEM_RESOLVE, types.CompletionItem)(resolve)


async def completion(ls: Server, params: types.CompletionParams) -> types.CompletionList:
    """The templates that fit at a position."""
    document = opened(ls, params["textDocument"]["uri"])
    if document is None:
        return {"isIncomplete": False, "items": []}
    await document.parsed()
    # What is installed is read from the disk now and then.
    return await ls.worker.run(_items, ls, document.positions, document.uri, document.path, params["position"])


async def prepare(ls: Server) -> None:
    """Work out what templates become where nothing is known of the file, while nobody waits for anything.

    What a template becomes is kept; so the first list of all of them is as quick as the next ones.
    """
    path = next((document.path for document in ls.documents.values()), None)
    target = await ls.worker.run(lambda: ls.workspaces.place(path).settings.target)
    templates = await ls.background.run(_load)
    for template in templates:
        while not ls.worker.is_idle:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(_PAUSE)
        await ls.background.run(_prepare, template, target)
        await asyncio.sleep(_PAUSE)


def _load() -> Sequence[Template]:
    from idiomatic.templates.catalogue import load

    return list(load().values())


def _prepare(template: Template, target: Version) -> None:
    from idiomatic.core.document import Document
    from idiomatic.templates.context import Context
    from idiomatic.templates.insertion import forget, insertion

    if template.is_python:
        text = "x = 1\n\n\n\n"
        insertion(template, Document.parse(text), len(text), Context(target))
        forget()


def opened(ls: Server, uri: str) -> OpenDocument | None:
    """The open text of that name if templates can fit in it: Python, and some configuration files."""
    from idiomatic.templates.context import kind

    document = ls.python(uri)
    if document is not None:
        return document
    other = ls.documents.get(uri)
    return None if other is None or kind(other.path).is_python else other


async def resolve(ls: Server, item: types.CompletionItem) -> types.CompletionItem:
    """An item with its documentation, and with the imports it needs."""
    data = item.get("data")
    if data is None:
        return item  # it was complete when it was sent
    if not isinstance(data, dict) or not isinstance(uri := data.get("uri"), str):
        raise InvalidParams("This is no completion of this server")
    document = opened(ls, uri)
    if document is None:
        raise RequestFailed(f"There are no templates for {uri}")
    return await ls.worker.run(_resolved, ls, item, data, document.positions, document.path)


def _items(
    ls: Server, positions: Positions, uri: str, path: Path | None, position: types.Position
) -> types.CompletionList:
    from idiomatic.templates.insertion import fitting, forget, insertion, missing

    place = surroundings(ls, path)
    context = place.context
    if context is None:
        return {"isIncomplete": False, "items": []}
    try:
        offset = positions.span({"start": position, "end": position}).start
    except PositionError as error:
        raise InvalidParams(str(error)) from error
    document = positions.document
    typed = _typed(document.text, offset)
    items: list[types.CompletionItem] = []
    for template in fitting(document, offset, context, place.templates):
        prefixes = [prefix for prefix in template.prefixes if prefix.startswith(typed.lower())]
        if not prefixes and template.name.startswith(typed.lower()):
            prefixes = [template.name]
        if not prefixes:
            continue
        made = insertion(template, document, offset, context)
        lacks = missing(template, document, context)
        # Where nothing has been typed, once is enough.
        shown = prefixes if typed else prefixes[:1]
        items += [_item(template, prefix, made, lacks, positions, uri, ls.client) for prefix in shown]
    # It remembers where the last one was, and with that the document.
    forget()
    return {"isIncomplete": not typed, "items": items}


def _typed(text: str, offset: int) -> str:
    """The word before the cursor."""
    match = re.search(r"[\w-]*\Z", text[max(0, offset - 200) : offset])
    return match[0] if match else ""


def _item(
    template: Template,
    prefix: str,
    made: Insertion,
    lacks: Sequence[str],
    positions: Positions,
    uri: str,
    client: Client,
) -> types.CompletionItem:
    from idiomatic.templates.template import installing

    text = made.snippet if client.snippets else made.plain
    item: types.CompletionItem = {
        "label": prefix,
        # Several may have the same prefix: `retry` for functions and for coroutine functions.
        "labelDetails": {"description": template.name},
        "kind": types.SNIPPET_KIND,
        "detail": f"{template.title} Needs: {installing(lacks)}" if lacks else template.title,
        "filterText": prefix,
        # Behind everything that can be used as it is.
        "sortText": f"{_LAST}{prefix}" if lacks else prefix,
        "textEdit": {"range": positions.range(made.span), "newText": text},
        "insertTextFormat": types.SNIPPET if client.snippets else types.PLAIN_TEXT,
        # The lines are indented for the place.
        "insertTextMode": types.AS_IS,
    }
    if not {_DOCUMENTATION, _IMPORTS} <= client.resolves_completion:
        _complete(item, template, made, positions, client)
    else:
        item["data"] = {"uri": uri, "template": template.name, "start": made.span.start}
    return item


def _complete(
    item: types.CompletionItem, template: Template, made: Insertion, positions: Positions, client: Client
) -> None:
    from idiomatic.templates.template import installing

    kind = types.MARKDOWN if client.completion_markdown else types.PLAIN
    code = f"```{template.language}\n{made.plain}\n```" if client.completion_markdown else made.plain
    parts = [code, template.text.partition("\n")[2].strip()]
    if template.requires:
        parts.append(f"Needs: `{installing(template.requires)}`")
    text = "\n\n".join(parts)
    item["documentation"] = {"kind": kind, "value": text}
    item["additionalTextEdits"] = [positions.edit(edit) for edit in made.edits]


def _resolved(
    ls: Server, item: types.CompletionItem, data: Mapping[str, Any], positions: Positions, path: Path | None
) -> types.CompletionItem:
    from idiomatic.templates.insertion import forget, insertion

    place = surroundings(ls, path)
    template, start = place.templates.get(str(data.get("template"))), data.get("start")
    text = positions.document.text
    if place.context is None or template is None or not isinstance(start, int) or not 0 <= start <= len(text):
        raise InvalidParams("This is no completion of this server")
    # The word has grown since, perhaps.
    word = _WORD.match(text, start)
    end = word.end() if word else start
    try:
        made = insertion(template, positions.document, end, place.context)
    except ValueError:
        return item  # the cursor is somewhere else by now
    finally:
        forget()
    _complete(item, template, made, positions, ls.client)
    return item
