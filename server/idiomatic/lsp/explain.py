"""The pages of the rules, for whoever wants to read one in the editor."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from idiomatic.lsp.protocol import RequestFailed

if TYPE_CHECKING:
    from idiomatic.lsp import types
    from idiomatic.lsp.server import Server


async def explain(ls: Server, _: types.Token | None, name: str) -> str:
    """The page of a rule, as Markdown."""
    return await ls.worker.run(_page, name)


def _page(name: str) -> str:
    from idiomatic.core import catalogue, pages

    rules = catalogue.rules()
    if name not in rules:
        nearest = difflib.get_close_matches(name, rules, 1)
        hint = f"; did you mean `{nearest[0]}`?" if nearest else ""
        raise RequestFailed(f"There is no rule `{name}`{hint}")
    return pages.page(rules[name])
