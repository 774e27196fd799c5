"""What must hold for the site as it was built: no page asks anybody for anything."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from idiomatic.core import catalogue
from idiomatic.templates import catalogue as templates

_REMOTE: Final = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_IN_STYLES: Final = re.compile(r"""(?:url\(\s*['"]?|@import\s+['"])((?:https?:)?//[^'")\s]+)""", re.IGNORECASE)
_LOADED: Final = {"src", "srcset", "data", "poster", "action", "formaction", "background"}
"""Attributes whose address is loaded without that anybody follows a link."""


class _Loaded(HTMLParser):
    """The addresses that a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and (name in _LOADED or (name == "href" and tag != "a")):
                self.found.append(value)
            if value and name == "style":
                self.found += _IN_STYLES.findall(value)


def loaded(html: str) -> list[str]:
    """The addresses on other machines that a page loads by itself."""
    reader = _Loaded()
    reader.feed(html)
    return [address for address in reader.found if _REMOTE.match(address)] + _IN_STYLES.findall(html)


def faults(site: Path) -> Iterator[str]:
    """What is wrong, a line each."""
    for path in sorted(site.rglob("*.html")):
        for address in loaded(path.read_text("utf-8")):
            yield f"{path}: it loads {address}"
    for path in sorted(site.rglob("*.css")):
        for address in _IN_STYLES.findall(path.read_text("utf-8")):
            yield f"{path}: it loads {address}"
    wanted = {f"rules/{name}.html" for name in catalogue.rules()}
    wanted |= {f"templates/{name}.html" for name in templates.load()}
    for name in sorted(wanted):
        if not (site / name).is_file():
            yield f"{site / name}: there is no such page"
