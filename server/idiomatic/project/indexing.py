"""The index of a folder for a server: found out by a process of low priority, as soon as somebody asks for it.

The process is told in a line of JSON which folder is meant, and says of each file in a line of JSON what it does. It
keeps what it found where the command line finds it. The documents that are open count as they are in the editor.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from idiomatic.core import lazy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from idiomatic.core.acts import Act, Found, Use
    from idiomatic.core.document import Document
    from idiomatic.project.index import Index

logger = logging.getLogger(__name__)

_AFTER: Final = 0.3
"""How many seconds is waited for more changes after one, and for what is more urgent at the start."""

_START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from idiomatic.project import indexing; indexing.main()"
)


class BackgroundIndex:
    """What the files of a folder do, known some time after somebody has asked first.

    Args:
        root: the folder.
        opened: the documents that are open in an editor.
        on_news: is called, in another thread, when more is known than before.

    Attributes:
        settings: the client's settings for the folder.
    """

    def __init__(self, root: Path, opened: Mapping[Path, Document], on_news: Callable[[], None]) -> None:
        self.settings: Mapping[str, Any] = {}
        self._root = root
        self._opened = opened
        self._on_news = on_news
        self._index: Index | None = None
        self._uses: WeakKeyDictionary[Document, frozenset[Use]] = WeakKeyDictionary()
        self._packages: dict[Path, str] = {}
        self._lock = threading.Lock()
        self._is_wanted = False
        self._is_running = False
        self._is_outdated = True
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def find(self, act: Act, word: str, asking: Path) -> tuple[Found, ...] | None:
        """Where files but the one that asks do something; `None` as long as that is not known."""
        self._is_wanted = True
        if self._index is None:
            self._look()
            return None
        opened = {
            str(path): self._used(path, document)
            for path, document in self._opened.items()
            if path != asking and path.is_relative_to(self._root)
        }
        return self._index.found(act, word, {str(asking)}, opened)

    def _used(self, path: Path, document: Document) -> frozenset[Use]:
        found = self._uses.get(document)
        if found is None:
            from idiomatic.project.file_usage import in_document
            from idiomatic.project.index import Packages

            if path not in self._packages:
                self._packages[path] = Packages().of(path)
            found = self._uses[document] = in_document(document, self._packages[path])
        return found

    def changed(self) -> None:
        """A file on the disk changed, or what is excluded: what is known counts until more is."""
        self._is_outdated = True
        self._packages.clear()
        if self._is_wanted:
            self._look()

    def close(self) -> None:
        """Find out nothing any more; from any thread."""
        self._is_closed = True
        if (process := self._process) is not None:
            process.kill()

    # -- in a thread that waits -----------------------------------------------------------------------------------

    def _look(self) -> None:
        with self._lock:
            if self._is_running or not self._is_outdated or self._is_closed:
                return
            self._is_running = True
        threading.Thread(target=self._follow, name="idiomatic-index", daemon=True).start()

    def _follow(self) -> None:
        """Look until nothing has changed meanwhile."""
        while True:
            time.sleep(_AFTER)
            self._is_outdated = False
            try:
                found = self._found()
            except (OSError, ValueError, TypeError) as error:
                logger.warning("The files in %s were not looked through: %s", self._root, error)
                found = None
            is_news = found is not None and (self._index is None or found.entries != self._index.entries)
            if is_news:
                self._index = found
            with self._lock:
                is_done = self._is_closed or not self._is_outdated
                self._is_running = not is_done
            if is_news and not self._is_closed:
                self._on_news()
            if is_done:
                return

    def _found(self) -> Index | None:
        from idiomatic.project.index import Index, entry

        more: dict[str, Any] = {}
        if sys.platform == "win32":
            more["creationflags"] = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
        flags = ["-I"] if sys.flags.isolated else ["-P"]
        if sys.flags.no_site:
            flags.append("-S")
        command = [sys.executable, *flags, "-c", _START, json.dumps(sys.path)]
        task = json.dumps({"root": str(self._root), "settings": dict(self.settings)})
        index = Index(self._root)
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more
        ) as process:
            self._process = process
            if self._is_closed:
                process.kill()
            assert process.stdin is not None
            assert process.stdout is not None
            with contextlib.suppress(OSError):
                process.stdin.write(task.encode() + b"\n")
                process.stdin.close()
            is_complete = False
            for line in process.stdout:
                match json.loads(line):
                    case {"path": str(path), "entry": list(plain)}:
                        index.put(path, entry(*plain))
                    case {"done": True}:
                        is_complete = True
                    case _:
                        pass
        self._process = None
        return index if is_complete else None


# -- the other process ------------------------------------------------------------------------------------------------


def main() -> None:
    """Look through the folder that standard input names."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(10)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this process if it ends
    task = json.loads(sys.stdin.buffer.readline())
    # What a library prints must not get in between the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with lazy.without(*lazy.UNNEEDED):
        from idiomatic.project.cache_folder import default_folder
        from idiomatic.project.index import plain
        from idiomatic.project.scan import parallel
        from idiomatic.project.scan.uses import ProjectUses
        from idiomatic.project.workspace import Workspace

    workspace = Workspace(Path(task["root"]), task["settings"], lenient=True)
    project = ProjectUses(workspace, [], default_folder())
    index = project.index(processes=max(1, parallel.cores() - 1))
    with contextlib.suppress(OSError):
        if index is not None:
            for path, entry in index.entries.items():
                out.write(json.dumps({"path": path, "entry": plain(entry)}).encode() + b"\n")
            out.write(b'{"done": true}\n')
        out.flush()
