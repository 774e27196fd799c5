"""The page of a template: what it is for, and the code as it is inserted.

One text for all who show a template: `idiomatic explain`, `idiomatic templates NAME`, the site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idiomatic.core import imports
from idiomatic.core.document import Document
from idiomatic.core.markdown import fenced, section
from idiomatic.core.pages import version
from idiomatic.core.text import apply_edits
from idiomatic.templates.template import installing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.templates.template import Needed, Template


def page(template: Template) -> str:
    """The page of a template, as Markdown that ends with a line end."""
    parts = [f"# {template.name}", f"**{template.title}**"]
    parts.append("\n".join(f"- {label}: {text}" for label, text in facts(template)))
    parts += [f"## {title}\n\n{text}" for title in ("Why", "Use") if (text := section(template.text, title))]
    parts.append(f"## Code\n\n{fenced(whole(template).rstrip(), template.language)}")
    if references := section(template.text, "References"):
        parts.append(f"## References\n\n{references}")
    return "\n\n".join(parts) + "\n"


def facts(template: Template) -> Iterator[tuple[str, str]]:
    """What there is to know of a template at a glance: pairs of a label and a text, Markdown."""
    yield "Group", template.group
    yield "Typed as", ", ".join(f"`{prefix}`" for prefix in dict.fromkeys((*template.prefixes, template.name)))
    yield "Fits", ", ".join(sorted(template.where))
    if template.selection is not None:
        yield "Surrounds", "selected lines"
    yield "Since", f"Python {version(template.since)}"
    if template.requires:
        yield "Needs", f"`{installing(template.requires)}`"
    if template.subject:
        yield "Written for", f"`{template.subject}`, in place of which a class of yours stands"
    if template.tab_stops:
        yield "To fill in", ", ".join(f"`{stop}`" for stop in template.tab_stops)


def whole(template: Template) -> str:
    """The code with all that it needs, as in a file of its own."""
    if not template.is_python:
        return template.code
    code = "\n\n\n".join([*(each.code.strip("\n") for each in template.reuses if not each.is_inserted), template.code])
    needs = (_import(need) for need in template.needs)
    return apply_edits(code, imports.plan(Document.parse(code), needs))


def _import(need: Needed) -> imports.Import:
    alias = need.name if need.name != (need.attribute or need.module) else None
    return imports.Import(need.module, need.attribute, alias)
