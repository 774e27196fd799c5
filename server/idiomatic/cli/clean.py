"""`idiomatic clean`: forget what was found in earlier runs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from idiomatic.cli import options, terminal


@click.command("clean")
@options.cache_dir
def command(cache_dir: Path | None) -> None:
    """Delete the cache of `check` and of the server."""
    from idiomatic.project.cache_folder import default_folder
    from idiomatic.project.scan import cache

    folder = cache_dir or default_folder()
    try:
        is_deleted = cache.clear(folder)
    except OSError as error:
        terminal.complain(f"{folder} can't be deleted: {error.strerror or error}")
        sys.exit(terminal.FAILURE)
    terminal.show(f"Deleted {folder}." if is_deleted else "Nothing to delete.")
