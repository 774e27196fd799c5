"""Links: where the pages of the rules are on this machine, for clients that lead their users there."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idiomatic.lsp import diagnostics
from idiomatic.lsp.uris import uri_of

if TYPE_CHECKING:
    from idiomatic.lsp import types
    from idiomatic.lsp.server import Server

logger = logging.getLogger(__name__)


class Links:
    """The links of the rules; none as long as there are no pages that they could lead to.

    Attributes:
        folder: the pages.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._known: dict[str, types.CodeDescription] = {}

    def to(self, rule: str) -> types.CodeDescription | None:
        """The link to a rule's page, the same object each time."""
        if self.folder is None:
            return None
        if (known := self._known.get(rule)) is None:
            known = self._known[rule] = {"href": uri_of(self.folder / f"{rule}.html")}
        return known

    def find(self) -> bool:
        """Look for the pages, which are there but for the first time that a version is used."""
        from idiomatic.core import catalogue
        from idiomatic.project import rule_pages
        from idiomatic.project.cache_folder import default_folder

        try:
            place = rule_pages.folder(catalogue.rules(), default_folder().absolute())
        except (OSError, RuntimeError) as error:
            logger.info("The pages of the rules are nowhere: %s", error)
            return False
        if rule_pages.is_there(place):
            self.folder = place
        return self.folder is not None

    def are_gone(self) -> bool:
        """Whether the pages were there and are no longer, because somebody has cleaned up; there are no links then."""
        if self.folder is None or self.folder.is_dir():
            return False
        self.folder = None
        self._known.clear()
        return True


async def write(ls: Server) -> None:
    """Let the pages be written, and show everything anew, with links."""
    from idiomatic.project.rule_pages import command

    more: dict[str, Any] = {}
    if sys.platform == "win32":
        more["creationflags"] = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
    process = await asyncio.create_subprocess_exec(
        *command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more
    )
    _, said = await process.communicate()
    if process.returncode != 0 or not await ls.worker.run(ls.links.find):
        # Such as a home folder that can't be written to.
        logger.info("The pages of the rules were not written: %s", said.decode("utf-8", "replace").strip())
        return
    ls.analyser.touch(None)
    ls.scanner.touch()
    await diagnostics.refresh(ls)
