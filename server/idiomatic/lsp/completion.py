"""Completion: templates, where they fit.

An item is what a template is in this file at this place: with free names, and the imports that are missing. What is
only seen when it is looked at or chosen comes later (`completionItem/resolve`), for clients that ask for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from idiomatic.lsp import types
from idiomatic.lsp.positions import PositionError
from idiomatic.lsp.protocol import InvalidParams

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from idiomatic.lsp.client import Client
    from idiomatic.lsp.positions import Positions
    from idiomatic.lsp.server import Server
    from idiomatic.templates.insertion import Insertion
    from idiomatic.templates.template import Template

_WORD: Final = re.compile(r"[\w-]*")
_DOCUMENTATION: Final = "documentation"
_IMPORTS: Final = "additionalTextEdits"


def register(server: Server) -> None:
    """Offer templates."""
    server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionParams)(completion)
    server.feature(types.COMPLETION_ITEM_RESOLVE, types.CompletionItem)(resolve)


async def completion(ls: Server, params: types.CompletionParams) -> types.CompletionList:
    """The templates that fit at a position."""
    document = ls.python(params["textDocument"]["uri"])
    if document is None:
        return {"isIncomplete": False, "items": []}
    await document.parsed()
    return await ls.worker.soon(_items, ls, document.positions, document.uri, document.path, params["position"])


async def resolve(ls: Server, item: types.CompletionItem) -> types.CompletionItem:
    """An item with its documentation, and with the imports it needs."""
    data = item.get("data")
    if not isinstance(data, dict) or not isinstance(uri := data.get("uri"), str):
        raise InvalidParams("This is no completion of this server")
    document = ls.document(uri)
    return await ls.worker.run(_resolved, ls, item, data, document.positions, document.path)


def _items(
    ls: Server, positions: Positions, uri: str, path: Path | None, position: types.Position
) -> types.CompletionList:
    from idiomatic.templates.context import Context
    from idiomatic.templates.insertion import fitting, insertion
    from idiomatic.templates.places import site

    place = ls.workspaces.place(path)
    if not place.is_enabled:
        return {"isIncomplete": False, "items": []}
    try:
        offset = positions.span({"start": position, "end": position}).start
    except PositionError as error:
        raise InvalidParams(str(error)) from error
    document, context = positions.document, Context(place.settings.target, path)
    typed = _typed(document.text, offset)
    items: list[types.CompletionItem] = []
    for template in fitting(document, offset, context):
        # Where nothing has been typed, once is enough.
        prefixes = [prefix for prefix in template.prefixes if prefix.lower().startswith(typed.lower())]
        if not prefixes:
            continue
        made = insertion(template, document, offset, context)
        shown = prefixes if typed else prefixes[:1]
        items += [_item(template, prefix, made, positions, uri, ls.client) for prefix in shown]
    # It remembers where the last one was, and with that the document.
    site.cache_clear()
    return {"isIncomplete": not typed, "items": items}


def _typed(text: str, offset: int) -> str:
    """The word before the cursor."""
    match = re.search(r"[\w-]*\Z", text[max(0, offset - 200) : offset])
    return match[0] if match else ""


def _item(
    template: Template, prefix: str, made: Insertion, positions: Positions, uri: str, client: Client
) -> types.CompletionItem:
    text = made.snippet if client.snippets else made.plain
    item: types.CompletionItem = {
        "label": prefix,
        "kind": types.SNIPPET_KIND,
        "detail": template.title,
        "filterText": prefix,
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
    kind = types.MARKDOWN if client.completion_markdown else types.PLAIN
    code = f"```python\n{made.plain}\n```" if client.completion_markdown else made.plain
    text = f"{code}\n\n{template.text.partition(chr(10))[2].strip()}"
    item["documentation"] = {"kind": kind, "value": text}
    item["additionalTextEdits"] = [positions.edit(edit) for edit in made.edits]


def _resolved(
    ls: Server, item: types.CompletionItem, data: Mapping[str, Any], positions: Positions, path: Path | None
) -> types.CompletionItem:
    from idiomatic.templates.catalogue import load
    from idiomatic.templates.context import Context
    from idiomatic.templates.insertion import insertion
    from idiomatic.templates.places import site

    template, start = load().get(str(data.get("template"))), data.get("start")
    text = positions.document.text
    if template is None or not isinstance(start, int) or not 0 <= start <= len(text):
        raise InvalidParams("This is no completion of this server")
    # The word has grown since, perhaps.
    word = _WORD.match(text, start)
    end = word.end() if word else start
    try:
        made = insertion(template, positions.document, end, Context(ls.workspaces.place(path).settings.target, path))
    except ValueError:
        return item  # the cursor is somewhere else by now
    finally:
        site.cache_clear()
    _complete(item, template, made, positions, ls.client)
    return item
