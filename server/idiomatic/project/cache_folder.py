"""The folder of the user's in which everything is kept that could be found out again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "IDIOMATIC_CACHE_DIR"
"""The environment variable that names another place."""

_TAG: Final = "CACHEDIR.TAG"
_TAG_TEXT: Final = "Signature: 8a477f597d28d172789f06886806bc55\n# What idiomatic found in files; may be deleted.\n"


def default_folder() -> Path:
    """Where the cache is if nobody says otherwise."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("idiomatic", appauthor=False) / "check"


def mark(folder: Path) -> None:
    """Say of a folder that it is a cache: for programs that make copies, for git, and for who deletes it."""
    for name, text in ((_TAG, _TAG_TEXT), (".gitignore", "*\n")):
        if not (folder / name).exists():
            (folder / name).write_text(text, "utf-8")


def is_marked(folder: Path) -> bool:
    """Whether a folder is such a cache."""
    try:
        return (folder / _TAG).read_text("utf-8") == _TAG_TEXT
    except (OSError, UnicodeDecodeError):
        return False
