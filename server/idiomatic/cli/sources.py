"""What a command was given to work on: files, folders, or stdin."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from idiomatic.cli import terminal
from idiomatic.cli.options import STDIN
from idiomatic.project import files
from idiomatic.project.configuration import ConfigurationError
from idiomatic.project.scan.reports import Fault, shown_path
from idiomatic.project.walk import Walk
from idiomatic.project.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from idiomatic.project.files import Source


class Sources(Struct, frozen=True):
    """What to work on.

    Attributes:
        files: the files.
        stdin: the text that was read from stdin instead.
        raw: what was read from stdin and is no text.
        faults: what could not be found or read.
    """

    files: tuple[Path, ...] = ()
    stdin: Source | None = None
    raw: bytes | None = None
    faults: tuple[Fault, ...] = ()

    @property
    def is_stdin(self) -> bool:
        """Whether stdin was read."""
        return self.stdin is not None or self.raw is not None


@contextmanager
def workspace(overrides: Mapping[str, object], *, isolated: bool) -> Iterator[Workspace]:
    """The workspace around the working directory; what the user has to put right ends the process here."""
    try:
        yield Workspace(Path.cwd(), overrides, "the command line", isolated, waits=True)
    except ConfigurationError as error:
        terminal.refuse(str(error))
    except KeyboardInterrupt:
        terminal.show("Interrupted.", error=True)
        sys.exit(130)


def find(paths: tuple[Path, ...], stdin_filename: Path | None, workspace: Workspace) -> Sources:
    """The files that `paths` stand for.

    Raises:
        ConfigurationError: the configuration that counts for one of them is wrong.
    """
    if STDIN in paths or stdin_filename is not None:
        if [path for path in paths if path != STDIN]:
            raise click.UsageError("stdin and files can't be combined")
        return _from_stdin(stdin_filename or STDIN, workspace)
    faults: list[Fault] = []
    walk = Walk(workspace, lambda folder, error: faults.append(Fault(shown_path(folder), error.strerror or str(error))))
    found = tuple(walk.files(paths or (Path(),)))
    if not found and not faults:
        terminal.warn("there are no Python files here")
    return Sources(found, faults=tuple(faults))


def _from_stdin(name: Path, workspace: Workspace) -> Sources:
    workspace.settings(name)
    raw = sys.stdin.buffer.read()
    try:
        return Sources(stdin=files.decode(name, raw))
    except files.FileError as error:
        return Sources(raw=raw, faults=(Fault(shown_path(name), error.message),))
