"""A template's code made for a module: about its things, with what it has already, for its target version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from idiomatic.core.module import Module
from idiomatic.templates import reuse, subject
from idiomatic.templates.names import bound, free_names, mentioned, renaming, with_names
from idiomatic.templates.template import Place
from idiomatic.templates.type_parameters import declared, declared_above, parsed, with_type_parameters, without_declared

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePath

    from idiomatic.core.document import Document
    from idiomatic.templates.context import Context
    from idiomatic.templates.places import Site
    from idiomatic.templates.template import Needed, Template


@dataclass(frozen=True, slots=True)
class Adapted:
    """A template's code for a place, with the names of its imports as the template has them.

    Attributes:
        code: what is inserted.
        definitions: what it needs above it, in order.
        binds: the names that both bind.
        needs: what both need of the template's imports.
        stops: the words to fill in, in order.
        linked: the forms of the template's subject, if they are to be filled in.
        defines: all names that the template defines.
    """

    code: str
    definitions: tuple[str, ...]
    binds: Sequence[str]
    needs: Sequence[Needed]
    stops: Sequence[str]
    linked: subject.Forms | None
    defines: frozenset[str]


def adapted(template: Template, document: Document, at: Site, context: Context) -> Adapted:
    """The code of a template for a place in a document."""
    is_inside = at.place in {Place.FUNCTION, Place.ASYNC_FUNCTION}
    limit = len(document.text) if is_inside else at.span.start
    made, linked = _about_something(template, document, at, context.path)
    code = made.code
    needs = {need.name: need for need in template.needs}
    users: dict[str, str] = {}
    definitions: list[str] = []
    for each in made.reuses:
        theirs = reuse.same(each, document, limit, needs)
        if theirs is not None and theirs not in at.local:
            users[each.name] = theirs
            code = reuse.without(code, each.name) if each.is_inserted else code
        elif not each.is_inserted:
            definitions.append(each.code)
    already = declared_above(document, at.span.start)
    pieces = [without_declared(piece, already) for piece in (*definitions, code)]
    variables = {each.name for piece in pieces for each in declared(parsed(piece).body)}
    gone = variables if context.target >= (3, 12) else set[str]()
    at_top = [name for piece in pieces[:-1] for name in bound(piece) if name not in gone]
    here = [name for name in bound(pieces[-1]) if name not in gone]
    module = document.fact(Module)
    text = "\n".join(pieces)
    renamed = {
        **free_names(here, text, module, at),
        # At the top they must be free, too.
        **(free_names(at_top, text, module, replace(at, place=Place.MODULE)) if at_top else {}),
    }
    rename = renaming(renamed)
    pieces = [with_type_parameters(rename(with_names(piece, users)), context.target) for piece in pieces]
    used = {name for piece in pieces for name in mentioned(piece)}
    return Adapted(
        code=pieces[-1],
        definitions=tuple(pieces[:-1]),
        binds=[renamed.get(name, name) for name in (*at_top, *here)],
        needs=[need for need in template.needs if need.name in used],
        stops=[users.get(stop, renamed.get(stop, stop)) for stop in made.tab_stops if stop not in users],
        linked=linked,
        defines=subject.defined_names(made.code, *(each.code for each in made.reuses)),
    )


def _about_something(
    template: Template, document: Document, at: Site, path: PurePath | None
) -> tuple[Template, subject.Forms | None]:
    """The template about a thing of the user's, and the forms that are still to be filled in."""
    if template.subject is None:
        return template, None
    known = subject.entity(document, at.span.start, at.local)
    other = known or subject.of_file(path) or template.subject
    defines = subject.defined_names(template.code, *(each.code for each in template.reuses))

    def about(text: str) -> str:
        return subject.about(text, template.subject or "", other, defines) if other != template.subject else text

    code = about(template.code)
    if (known or document.fact(Module).bound.get(other)) and other in bound(code):
        code = reuse.without(code, other)
        if not code.strip():
            return template, subject.forms(template.subject)
    made = replace(
        template,
        code=code,
        tab_stops=tuple(map(about, template.tab_stops)),
        reuses=tuple(replace(each, name=about(each.name), code=about(each.code)) for each in template.reuses),
    )
    return made, None if known else subject.forms(other)
