"""What installed packages define, found out in a process of its own.

An answer may take seconds of work, and in one process all threads take turns: an edit would wait for its turn several
times. So the server starts this process when there is something to ask for the first time. It ends by itself when it
was not asked for a while, and when the server ends, however that happens.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from idiomatic.core import lazy

if TYPE_CHECKING:
    from pathlib import Path

    from idiomatic.project.definitions import Fact, InstalledDefinitions
    from idiomatic.project.evidence import Evidence

_IDLE: Final = 20.0
"""After how many seconds without a question the process ends: what it knows takes more memory than the server."""
_PATIENCE: Final = 60.0
"""After how many seconds a question is given up."""

_KEPT: Final = 100_000
"""How many characters of packages are kept parsed."""

_START: Final = "import sys; sys.path[:] = sys.argv[1:]; from idiomatic.project import asking; asking.serve()"


class Helper:
    """The process, started when it is needed.

    Args:
        patience: after how many seconds a question is given up.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._is_closed = False
        self._is_stale = False

    def ask(self, root: Path, qualified: str) -> tuple[Fact | None, Evidence]:
        """The function or class of an absolute dotted name, and what the answer rests on; waits for it."""
        with self._lock:
            # The process may have ended by itself just now.
            for _ in range(2):
                if self._is_closed:
                    break
                process = self._running()
                timer = threading.Timer(self._patience, process.kill)
                timer.start()
                try:
                    answer: tuple[Fact | None, Evidence] = _exchanged(process, (root, qualified))
                except (OSError, EOFError, pickle.UnpicklingError):
                    is_given_up = not timer.is_alive()
                    self._end()
                    if is_given_up:
                        break
                else:
                    return answer
                finally:
                    timer.cancel()
        return None, {}

    def forget(self) -> None:
        """Look everything up again, from the next question on: something changed."""
        self._is_stale = True

    def close(self) -> None:
        """End the process, even if it is in the middle of something."""
        self._is_closed = True
        if (process := self._process) is not None:
            process.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._is_stale or self._process is None or self._process.poll() is not None:
            self._is_stale = False
            self._end()
            self._process = subprocess.Popen(
                # It finds its own modules where this process does, and packages where this process would.
                [sys.executable, "-I", *(["-S"] if sys.flags.no_site else []), "-X", "utf8", "-c", _START, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
            self._process.wait()
            self._process = None


def _exchanged(process: subprocess.Popen[bytes], question: object) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    pickle.dump(question, process.stdin)
    process.stdin.flush()
    return pickle.load(process.stdout)


class AskedDefinitions:
    """The names that installed packages define, as `InstalledDefinitions` has them, from another process.

    Args:
        root: the workspace.
        helper: the process.
    """

    def __init__(self, root: Path, helper: Helper) -> None:
        self._root = root
        self._helper = helper
        self._known: dict[str, tuple[Fact | None, Evidence]] = {}

    def find(self, qualified: str, seen: Evidence) -> Fact | None:
        """The function or class of an absolute dotted name; what the answer rests on is noted in `seen`."""
        if qualified not in self._known:
            self._known[qualified] = self._helper.ask(self._root, qualified)
        found, own = self._known[qualified]
        seen |= own
        return found


# -- the other process ------------------------------------------------------------------------------------------------


def serve() -> None:
    """Answer the questions that come from standard input."""
    with lazy.without(*lazy.UNNEEDED):
        from idiomatic.project.definitions import InstalledDefinitions, Modules

    # What is printed meanwhile must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if sys.platform != "win32":
        os.nice(5)
    questions: queue.SimpleQueue[tuple[Path, str]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, questions), daemon=True).start()
    known: dict[Path, InstalledDefinitions] = {}
    modules = Modules(keeps=_KEPT)
    while True:
        try:
            root, qualified = questions.get(timeout=_IDLE)
        except queue.Empty:
            return
        if root not in known:
            known[root] = InstalledDefinitions(root, modules)
        seen: Evidence = {}
        found = known[root].find(qualified, seen)
        pickle.dump((found, seen), answers)
        answers.flush()


def _read(stream: BinaryIO, questions: queue.SimpleQueue[tuple[Path, str]]) -> None:
    """Take the questions; when nobody can ask any more, nobody waits for the answer that is being worked out."""
    with suppress(Exception):
        while True:
            questions.put(pickle.load(stream))
    os._exit(0)
