"""URIs of files, and the files they name."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from idiomatic.core.lazy import regex

_DRIVE: Final = regex(r"/[A-Za-z]:(?=/|$)")


@lru_cache(maxsize=1024)
def path_of(uri: str) -> Path | None:
    """The file a URI names, if it names one."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file":
        return None
    path, host = unquote(parts.path), unquote(parts.netloc)
    if host and path:
        path = f"//{host}{path}"
    elif _DRIVE.match(path):
        path = path[1].lower() + path[2:]
    return Path(path) if path else None


def uri_of(path: Path) -> str:
    """The URI of a file."""
    text = str(path).replace("\\", "/") if os.name == "nt" else str(path)
    host = ""
    if text.startswith("//"):
        host, _, text = text[2:].partition("/")
    text = f"/{text.lstrip('/')}"
    if drive := _DRIVE.match(text):
        # As most clients do it: in lower case, with its colon.
        return f"file://{text[: drive.end()].lower()}{quote(text[drive.end() :])}"
    return f"file://{quote(host)}{quote(text)}"
