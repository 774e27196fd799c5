"""The pages of the rules as files on this machine, for the links of diagnostics: they work without a network.

They are in a folder of the user's cache, named by what is written in it. The folder appears with all pages in it or
not at all, so that any number of servers can use it, and write it, at the same time. Nothing of the user's is in there.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import idiomatic
from idiomatic.core.digest import blake2b
from idiomatic.project.cache_folder import default_folder, mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idiomatic.core.idiom import Idiom

_DAY: Final = 24 * 60 * 60
_KEPT: Final = 30 * _DAY

_CORE: Final = Path(idiomatic.__file__).parent / "core"
_MAKERS: Final = ("html_page.py", "markdown.py", "pages.py", "ruff_names.py")
"""What the pages depend on besides the rules; to find them, none of it has to be loaded."""

_START: Final = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from idiomatic.project import rule_pages; "


def folder(rules: Mapping[str, Idiom], cache: Path) -> Path:
    """Where the pages of these rules are, or would be: another folder for any other text.

    Args:
        rules: which ones.
        cache: the folder of the cache.
    """
    found = blake2b(digest_size=8)
    for rule in rules.values():
        found.update(repr((rule.name, rule.family, rule.kind, rule.since, rule.also, len(rule.text))).encode())
        found.update(rule.text.encode())
    for name in _MAKERS:
        found.update((_CORE / name).read_bytes())
    return cache / "pages" / found.hexdigest()


def is_there(place: Path) -> bool:
    """Whether the pages have been written; one that is used is not thrown away."""
    try:
        age = time.time() - place.stat().st_mtime
    except OSError:
        return False
    if age > _DAY:
        with contextlib.suppress(OSError):
            os.utime(place)
    return True


def write(rules: Mapping[str, Idiom], place: Path) -> None:
    """Write all pages, and throw away those that nobody has used for a while.

    Raises:
        OSError: it is not possible.
    """
    from idiomatic.core.html_page import html_page
    from idiomatic.core.pages import page

    place.parent.mkdir(parents=True, exist_ok=True)
    mark(place.parents[1])
    temporary = Path(tempfile.mkdtemp(prefix="new-", dir=place.parent))
    try:
        for name, rule in rules.items():
            text = html_page(page(rule), rules)
            (temporary / f"{name}.html").write_text(text, "utf-8", newline="\n")
        try:
            temporary.rename(place)
        except OSError:
            if not place.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    for other in place.parent.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - other.stat().st_mtime > _KEPT:
                shutil.rmtree(other)


# -- a process of its own: writing takes half a second, once for each version -----------------------------------------


def command() -> list[str]:
    """How the process is started that writes the pages of all rules; its exit code says whether they are there."""
    flags = ["-I"] if sys.flags.isolated else ["-P"]
    if sys.flags.no_site:
        flags.append("-S")
    return [sys.executable, *flags, "-c", f"{_START}sys.exit(rule_pages.main())", json.dumps(sys.path)]


def main() -> int:
    """Write the pages of all rules where the server looks for them."""
    from idiomatic.core import catalogue

    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(10)
    rules = catalogue.rules()
    place = folder(rules, default_folder())
    try:
        if not is_there(place):
            write(rules, place)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
