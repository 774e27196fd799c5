"""Completion: templates, where they fit.

Not offered yet: `items` is where the templates come in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from idiomatic.lsp.server import Server


def register(server: Server) -> None:
    """Offer nothing as long as there are no templates."""
