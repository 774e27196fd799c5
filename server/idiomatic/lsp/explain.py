"""The pages of the rules, for whoever wants to read one in the editor."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING, TypedDict

from idiomatic.lsp.protocol import RequestFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.lsp import types
    from idiomatic.lsp.findings import Findings
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


class Rule(TypedDict):
    """A rule, for a list of them.

    Attributes:
        name: its name.
        family: what it is about.
        kind: what a finding of it means.
        advice: what to do, a sentence.
        found: how often it is reported in the file.
    """

    name: str
    family: str
    kind: str
    advice: str
    found: int


async def rules(ls: Server, _: types.Token | None, uri: str | None) -> Sequence[Rule]:
    """All rules; those with findings in a file first."""
    document = ls.documents.get(uri) if uri is not None else None
    findings = await ls.analyser.current(document) if document is not None and document.is_python else None
    return await ls.worker.run(_rules, findings)


def _rules(findings: Findings | None) -> Sequence[Rule]:
    from idiomatic.core import catalogue

    found = Counter(each.rule.name for each in findings.items) if findings is not None else Counter[str]()
    listed: list[Rule] = [
        {
            "name": rule.name,
            "family": rule.family,
            "kind": str(rule.kind),
            "advice": rule.advice,
            "found": found[rule.name],
        }
        for rule in catalogue.rules().values()
    ]
    return sorted(listed, key=lambda rule: not rule["found"])
