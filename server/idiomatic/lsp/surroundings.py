"""What counts for the templates in a file: its target, its libraries, its team."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from idiomatic.lsp.server import Server
    from idiomatic.templates.context import Context
    from idiomatic.templates.template import Template


class Surroundings(Struct, frozen=True):
    """What counts for a file.

    Attributes:
        context: for its templates; `None`: the client wants none.
        templates: those there are.
    """

    context: Context | None
    templates: Mapping[str, Template]


def surroundings(ls: Server, path: Path | None) -> Surroundings:
    """What counts for a file; reads from the disk what may have changed there."""
    from idiomatic.templates.context import Context

    place = ls.workspaces.place(path)
    if not place.is_enabled:
        return Surroundings(None, {})
    context = Context(place.settings.target, path, ls.workspaces.available(path))
    return Surroundings(context, ls.workspaces.templates(path))
