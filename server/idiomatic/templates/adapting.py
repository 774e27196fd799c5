"""A template's code made for a module: about its things, with what it has already, for its target version."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from idiomatic.core.module import Module
from idiomatic.templates import reuse, subject
from idiomatic.templates.generator_types import without_default_arguments
from idiomatic.templates.names import bound, free_names, is_taken, mentioned, renaming, with_names
from idiomatic.templates.template import Place
from idiomatic.templates.type_parameters import (
    TypeVariable,
    declared,
    declared_above,
    parsed,
    with_type_parameters,
    without_declared,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePath

    from idiomatic.core.document import Document
    from idiomatic.templates.context import Context
    from idiomatic.templates.places import Site
    from idiomatic.templates.template import Needed, Template, Version


_KEPT: Final = 512
"""How many results of each step are kept: one list of completions asks for all templates, and the next one again."""


class Adapted(Struct, frozen=True, eq=False):
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
    binds: tuple[str, ...]
    needs: tuple[Needed, ...]
    stops: tuple[str, ...]
    linked: subject.Forms | None
    defines: frozenset[str]


def adapted(template: Template, document: Document, at: Site, context: Context) -> Adapted:
    """The code of a template for a place in a document."""
    is_inside = at.place in {Place.FUNCTION, Place.ASYNC_FUNCTION}
    limit = len(document.text) if is_inside else at.span.start
    module = document.fact(Module)
    about, is_known = _subject(template, document, at, context.path)
    made = _about(template, about, is_there=is_known or bool(about and module.bound.get(about)))
    needs = {need.name: need for need in template.needs}
    found = ((each.name, reuse.same(each, document, limit, needs)) for each in made.reuses)
    users = tuple((name, theirs) for name, theirs in found if theirs is not None and theirs not in at.local)
    already = declared_above(document, at.span.start)
    left = _without(made, users, already)
    taken = frozenset(name for name in left.names if is_taken(name, module, at))
    # At the top they must be free, too.
    top = replace(at, place=Place.MODULE)
    taken |= {name for name in left.at_top if is_taken(name, module, top)}
    others = frozenset[str]() if not taken else at.local | set(module.bound)
    linked = subject.forms(about) if about is not None and not is_known else None
    return _finished(made, left, taken, others, context.target, linked)


class _Left(Struct, frozen=True, eq=False):
    """What is left of a template's code if some of it is there already.

    Attributes:
        pieces: the definitions that go above it, and the code.
        users: what the user calls the things that are there.
        at_top: what the definitions bind.
        here: what the code binds.
    """

    pieces: tuple[str, ...]
    users: tuple[tuple[str, str], ...]
    at_top: tuple[str, ...]
    here: tuple[str, ...]

    @property
    def names(self) -> Sequence[str]:
        """All that is bound."""
        return (*self.at_top, *self.here)


@lru_cache(maxsize=_KEPT)
def _without(made: Template, users: tuple[tuple[str, str], ...], already: frozenset[TypeVariable]) -> _Left:
    code = made.code
    definitions: list[str] = []
    names = dict(users)
    for each in made.reuses:
        if each.name in names:
            code = reuse.without(code, each.name) if each.is_inserted else code
        elif not each.is_inserted:
            definitions.append(each.code)
    pieces = tuple(without_declared(piece, already) for piece in (*definitions, code))
    at_top = tuple(name for piece in pieces[:-1] for name in bound(piece))
    return _Left(pieces, users, at_top, tuple(bound(pieces[-1])))


@lru_cache(maxsize=_KEPT)
def _finished(
    made: Template,
    left: _Left,
    taken: frozenset[str],
    others: frozenset[str],
    target: Version,
    linked: subject.Forms | None,
) -> Adapted:
    users = dict(left.users)
    variables = {each.name for piece in left.pieces for each in declared(parsed(piece).body)}
    gone = variables if target >= (3, 12) else set[str]()
    binds = [name for name in left.names if name not in gone]
    renamed = free_names([name for name in binds if name in taken], "\n".join(left.pieces), others)
    rename = renaming(renamed)
    pieces = [without_default_arguments(rename(with_names(piece, users)), target) for piece in left.pieces]
    pieces = [with_type_parameters(piece, target) for piece in pieces]
    used = {name for piece in pieces for name in mentioned(piece)}
    return Adapted(
        code=pieces[-1],
        definitions=tuple(pieces[:-1]),
        binds=tuple(renamed.get(name, name) for name in binds),
        needs=tuple(need for need in made.needs if need.name in used),
        stops=tuple(renamed.get(stop, stop) for stop in made.tab_stops if stop not in users),
        linked=linked,
        defines=subject.defined_names(made.code, *(each.code for each in made.reuses)),
    )


def _subject(template: Template, document: Document, at: Site, path: PurePath | None) -> tuple[str | None, bool]:
    """What a template is to be about, and whether the module says so."""
    if template.subject is None:
        return None, False
    known = subject.entity(document, at.span.start, at.local)
    # The template may be what defines it.
    if known is not None and template.code.strip() and not _about(template, known, is_there=True).code.strip():
        return template.subject, False
    return known or subject.of_file(path) or template.subject, known is not None


@lru_cache(maxsize=_KEPT)
def _about(template: Template, other: str | None, is_there: bool) -> Template:
    """The template about a thing of the user's, which need not be defined if it is there."""
    own = template.subject
    if own is None or other is None:
        return template
    defines = subject.defined_names(template.code, *(each.code for each in template.reuses))

    def about(text: str) -> str:
        return subject.about(text, own, other, defines) if other != own else text

    code = about(template.code)
    if is_there and other in bound(code):
        code = reuse.without(code, other)
    return replace(
        template,
        code=code,
        tab_stops=tuple(map(about, template.tab_stops)),
        reuses=tuple(replace(each, name=about(each.name), code=about(each.code)) for each in template.reuses),
    )
