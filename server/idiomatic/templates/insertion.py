"""From a template to text for an editor: what is inserted at the cursor, and what is imported at the top."""

from __future__ import annotations

import ast
import re
import sys
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import astuple

from idiomatic.core import imports
from idiomatic.core.constants import new_constants
from idiomatic.core.module import Module
from idiomatic.core.text import Edit, Span
from idiomatic.templates.adapting import adapted
from idiomatic.templates.catalogue import load
from idiomatic.templates.context import Context, kind, places
from idiomatic.templates.layout import apart, indented, snippet, unit
from idiomatic.templates.names import spelled, with_names, words
from idiomatic.templates.places import Site, site
from idiomatic.templates.reading import text_word
from idiomatic.templates.subject import is_own, pattern
from idiomatic.templates.template import Place
from idiomatic.templates.text_places import has_room, text_site
from idiomatic.templates.type_parameters import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence, Set

    from idiomatic.core.document import Document, Statement
    from idiomatic.templates.adapting import Adapted
    from idiomatic.templates.template import Needed, Template, Version


class Insertion(Struct, frozen=True, dict=True):
    """What inserting a template does to a document.

    Attributes:
        span: what it replaces: the prefix that was typed, up to the cursor.
        snippet: the text with tab stops, in LSP's snippet syntax. Its lines are indented for the place already: an
            editor has to take it as it is (`InsertTextMode.asIs`).
        plain: the same text for clients without snippets.
        planned: gives the edits elsewhere.
    """

    span: Span
    snippet: str
    plain: str
    planned: Callable[[], Sequence[Edit]]

    @cached_property
    def edits(self) -> tuple[Edit, ...]:
        """The imports, and definitions that it needs above it; worked out when they are asked for."""
        return tuple(self.planned())


def fitting(
    document: Document, offset: int, context: Context, templates: Mapping[str, Template] | None = None
) -> Iterator[Template]:
    """The templates that can stand at an offset.

    Args:
        document: as it is, the typed prefix included; it need not parse.
        offset: of the cursor.
        context: what counts for the file.
        templates: to choose from; default: those of this package.
    """
    found = _site(document, offset, context)
    if found is None:
        return
    here = places(found.place, context.path)
    for template in (load() if templates is None else templates).values():
        if template.since > context.target or here.isdisjoint(template.where):
            continue
        if template.is_python or has_room(template, document, found):
            yield template


def has_room_at(template: Template, document: Document, offset: int, context: Context) -> bool:
    """Whether a template can be inserted at an offset, and what it would add is not there already."""
    found = _site(document, offset, context)
    return found is not None and (template.is_python or has_room(template, document, found))


def missing(template: Template, document: Document, context: Context) -> Sequence[str]:
    """The requirements of a template that are not met, as far as is known; none if the file imports its library."""
    unmet = [
        requirement
        for requirement, name in zip(template.requires, template.distributions, strict=True)
        if name not in context.installed
    ]
    if not unmet:
        return []
    libraries = {need.module.partition(".")[0] for need in template.needs} - sys.stdlib_module_names
    imported = document.fact(_imported) if libraries else frozenset[str]()
    return [] if libraries & imported else unmet


def _imported(document: Document) -> frozenset[str]:
    """The top-level packages that the module imports."""
    bound = document.fact(Module).bound.values()
    return frozenset(each.qualified.partition(".")[0] for bindings in bound for each in bindings if each.qualified)


def can_begin(document: Document, offset: int, context: Context) -> bool:
    """Whether a template can begin at an offset, if one fits there."""
    return _site(document, offset, context) is not None


def _site(document: Document, offset: int, context: Context) -> Site | None:
    place = kind(context.path)
    return site(document, offset) if place.is_python else text_site(document, offset, place)


def insertion(template: Template, document: Document, offset: int, context: Context) -> Insertion:
    """What inserting a template at an offset does.

    Args:
        template: one of those `fitting` there.
        document: as it is.
        offset: of the cursor.
        context: what counts for the file.

    Raises:
        ValueError: no statement, or no table, can begin at the offset.
    """
    found = _site(document, offset, context)
    if found is None:
        msg = f"no statement can begin at offset {offset}"
        raise ValueError(msg)
    return inserted_at(template, document, found, context) if template.is_python else _text(template, document, found)


def inserted_at(template: Template, document: Document, found: Site, context: Context) -> Insertion:
    """What inserting a template of Python at a place does."""
    made = adapted(template, document, found, context)
    spelling, added = spelled(made.needs, {*made.binds, *found.local}, document.fact(Module), found)
    names = tuple(spelling.items())

    def planned() -> tuple[Sequence[Edit], str]:
        return apart(document, found, _edits(made, names, added, document, found))

    # Far below the imports nothing is put right before it: then they can wait.
    is_near = document.position(found.span.start)[0] <= document.fact(_last_line) + 2
    head = planned()[1] if is_near else ""
    # At module level what it needs above it stands right above it.
    above = made.definitions if found.place is Place.MODULE else ()
    # Two blank lines are wanted before a definition at the left margin.
    blank = 2 - min(found.blank, 2) if found.place is Place.MODULE and not found.indentation else 0
    layout = found.indentation, document.fact(unit), head, blank, document.newline
    plain, filled_in = _text_of(made, above, names, *layout)
    return Insertion(found.span, filled_in, plain, lambda: planned()[0])


def _edits(
    made: Adapted, names: tuple[tuple[str, str], ...], added: Sequence[imports.Import], document: Document, at: Site
) -> Iterator[Edit]:
    """What a template needs elsewhere in the document."""
    statement = _statement_at(document, at.span.start)
    is_inside = at.place in {Place.FUNCTION, Place.ASYNC_FUNCTION}
    definitions = [with_names(each, dict(names)).rstrip("\n") for each in made.definitions]
    is_above = bool(definitions) and at.place is not Place.MODULE and statement is not None
    yield from imports.plan(document, added, before=None if is_inside else statement, constants=is_above)
    if is_above and statement is not None:
        yield new_constants(document, statement, definitions)


def _last_line(document: Document) -> int:
    """The last line near which imports may be put."""
    found = imports.top(document)
    for index, statement in enumerate(document.statements):
        if not index or (statement.nodes and isinstance(statement.nodes[0], (ast.Import, ast.ImportFrom))):
            found = max(found, document.offset(statement) + len(statement.text))
    return document.position(found)[0]


@lru_cache(maxsize=512)
def _text_of(
    made: Adapted,
    above: tuple[str, ...],
    names: tuple[tuple[str, str], ...],
    indentation: str,
    own_unit: str,
    head: str,
    blank: int,
    newline: str,
) -> tuple[str, str]:
    """The text that is inserted, without tab stops and with them."""
    pieces = [with_names(each, dict(names)).rstrip("\n") for each in (*above, made.code)]
    code = "\n\n\n".join(pieces) + "\n"
    if not head and re.match(r"@|async def|def|class", code):
        head = "\n" * blank
    plain = head + indented(code, indentation, own_unit).rstrip("\n")
    return plain.replace("\n", newline), snippet(plain, *_stops(plain, made)).replace("\n", newline)


def _stops(text: str, made: Adapted) -> tuple[list[re.Match[str]], Sequence[str]]:
    """Where the words to fill in stand in a text, and their order."""
    if made.linked is None:
        return list(words(made.stops).finditer(text)) if made.stops else [], made.stops
    parts = pattern(made.linked)
    # What has the subject in its name is filled in with it.
    stops = [stop for stop in made.stops if not parts.search(stop)]
    found = [match for match in parts.finditer(text) if is_own(text, match, made.defines)]
    return [*found, *(words(stops).finditer(text) if stops else [])], [*astuple(made.linked), *stops]


def _text(template: Template, document: Document, at: Site) -> Insertion:
    lines = template.code.splitlines()
    plain = "\n".join(at.indentation + line if line and number else line for number, line in enumerate(lines))
    stops = list(text_word(*template.tab_stops).finditer(plain)) if template.tab_stops else []
    filled_in = snippet(plain, stops, template.tab_stops)
    newline = document.newline
    return Insertion(at.span, filled_in.replace("\n", newline), plain.replace("\n", newline), tuple)


def forget() -> None:
    """Keep no document and no tree: to be called after the last question about a place."""
    site.cache_clear()
    parsed.cache_clear()


def definition(
    template: Template,
    document: Document,
    before: Statement,
    target: Version,
    *,
    written: Callable[[Needed], str],
    taken: Set[str] = frozenset(),
) -> tuple[str, str]:
    """A template as new code of a module, for a rewrite that needs what it defines.

    Args:
        template: one for a module.
        document: that gets the code.
        before: the statement that needs it.
        target: the oldest Python the code must run on.
        written: how something the template imports is written above the statement, imported if need be.
        taken: names it must not have, besides those of the module.

    Returns:
        The code, and the name of the last thing it defines.
    """
    offset = document.offset(before)
    at = Site(Place.MODULE, Span(offset, offset), "", frozenset(taken), 2)
    made = adapted(template, document, at, Context(target))
    names = {need.name: written(need) for need in made.needs}
    code = "\n\n\n".join(with_names(each, names).rstrip("\n") for each in (*made.definitions, made.code))
    return indented(code + "\n", "", document.fact(unit)), made.binds[-1]


def _statement_at(document: Document, offset: int) -> Statement | None:
    for statement in document.statements:
        if offset < document.offset(statement) + len(statement.text):
            return statement
    return None
