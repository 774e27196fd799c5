"""The page of a rule: all that its file says, and what follows from its constants.

One text for all who show a rule: `idiomatic explain`, the editor, the page behind a diagnostic's link, the site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from idiomatic.core.idiom import Kind
from idiomatic.core.markdown import without_relative_links
from idiomatic.core.ruff_names import RUFF_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from idiomatic.core.idiom import Idiom

KINDS: Final = {
    Kind.PROBLEM: "a bug or a trap",
    Kind.IDIOM: "working code that has a better form",
    Kind.REFACTOR: "not reported, offered at the cursor",
}
"""What the kinds mean."""


def page(rule: Idiom, *, relative_links: bool = False) -> str:
    """The page of a rule, as Markdown that ends with a line end.

    Args:
        rule: which one.
        relative_links: keep the links to other files of the documentation; without them, they are plain text.
    """
    parts = [f"# {rule.name}", f"**{rule.advice}**", "\n".join(f"- {label}: {text}" for label, text in facts(rule))]
    parts += [f"## {title}\n\n{rule.section(title)}" for title in ("Why", "Example", "Fix safety")]
    parts.append(f"## How to silence it\n\n{_silencing(rule)}")
    parts.append(f"## References\n\n{rule.section('References')}")
    text = "\n\n".join(parts) + "\n"
    return text if relative_links else without_relative_links(text)


def facts(rule: Idiom) -> Iterator[tuple[str, str]]:
    """What there is to know of a rule at a glance: pairs of a label and a text, Markdown."""
    yield "Kind", f"{rule.kind} ({KINDS[rule.kind]})"
    if rule.kind is not Kind.REFACTOR:
        yield "Severity", str(rule.severity)
    yield "Family", rule.family
    yield "Fixes", f"{safety(rule)}{', or refused with the reason' if 'refused' in rule.verdicts else ''}"
    if since := since_text(rule):
        yield "Since", since
    if rule.also:
        yield "In ruff", ", ".join(ruff_texts(rule))


def safety(rule: Idiom) -> str:
    """`safe`, `unsafe`, or `safe or unsafe`: what the fixes of a rule are, where they are not refused."""
    return " or ".join(verdict for verdict in rule.verdicts if verdict != "refused") or "none"


def since_text(rule: Idiom) -> str:
    """`Python 3.11`; empty if every Python there is has the replacement."""
    return f"Python {version(rule.since)}" if rule.since > (3, 0) else ""


def ruff_names(rule: Idiom) -> Mapping[str, str]:
    """Ruff's rules for the same thing: their names, by their codes."""
    return {code: RUFF_NAMES.get(code, code) for code in rule.also}


def ruff_texts(rule: Idiom) -> Iterator[str]:
    """Ruff's rules for the same thing, as Markdown."""
    return (f"`{name}` ({code})" for code, name in ruff_names(rule).items())


def version(number: tuple[int, int]) -> str:
    """`3.11`."""
    return ".".join(map(str, number))


def silencing(rule: str) -> str:
    """The comment that silences a rule."""
    return f"# idiomatic: ignore[{rule}]"


def _silencing(rule: Idiom) -> str:
    ways = (
        f"At one place: `{silencing(rule.name)}` on the first or last line of the statement.",
        f"In a file: `# idiomatic: ignore-file[{rule.name}]` on a line of its own.",
        f'In a project: `ignore = ["{rule.name}"]` below `[tool.idiomatic]` in `pyproject.toml`.',
    )
    return "\n".join(f"- {way}" for way in ways)
