"""Diagnostics of files that nobody has opened."""

from __future__ import annotations

import itertools
import os
import queue
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from idiomatic.lsp.uris import uri_of

from tests.lsp.wire import TIMEOUT, Process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAIVE = "from datetime import datetime\n\nstamp = '\N{GRINNING FACE}', datetime.utcnow()\n"
FINE = "stamp = 1\n"
ASKING = """\
import asyncio
from parts import load, save


async def main():
    return await asyncio.gather(load(1), save(2))
"""
PULL = {"textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": False}}}


class Editor(Process):
    """A client that asks about all files, in parts."""

    def __init__(self, *folders: Path, **settings: Any) -> None:
        super().__init__()
        self.numbers = itertools.count(1)
        self.parts: list[Any] = []
        self.initialize(
            {**PULL, **settings.pop("capabilities", {})},
            workspaceFolders=[{"uri": uri_of(folder), "name": folder.name} for folder in folders],
            initializationOptions={"workspaceDiagnostics": True, **settings},
        )

    def ask(self, known: dict[str, str] | None = None, *, token: object = "parts", **more: object) -> int:
        """Ask; gives the number of the request."""
        number = next(self.numbers)
        previous = [{"uri": uri, "value": value} for uri, value in (known or {}).items()]
        tokens = {} if token is None else {"partialResultToken": token}
        self.request(number, "workspace/diagnostic", {"previousResultIds": previous, **tokens, **more})
        return number

    def told(self, number: int) -> dict[str, Any]:
        """The reports, by the names of the files, when the request is answered."""
        items = list(self.answer(number)["result"]["items"])
        mine = [each for each in self.seen if each.get("method") == "$/progress"]
        for each in mine:
            self.seen.remove(each)
            if each["params"]["token"] == "parts":
                items += each["params"]["value"]["items"]
        return {each["uri"].rpartition("/")[2]: each for each in items}

    def is_held(self, number: int, seconds: float = 1.5) -> bool:
        """Whether a request is not answered for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self.seen.append(self._messages.get(timeout=left))
            except queue.Empty:
                break
        return not any(each.get("id") == number and "method" not in each for each in self.seen)

    def open(self, path: Path, text: str, version: int = 1) -> None:
        item = {"uri": uri_of(path), "languageId": "python", "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, path: Path, text: str, version: int) -> None:
        document = {"uri": uri_of(path), "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def write(self, path: Path, text: str | None) -> None:
        """Write or delete a file, and tell of it."""
        kind = 3 if text is None else 2 if path.exists() else 1
        if text is None:
            path.unlink()
        else:
            path.write_text(text, "utf-8")
        self.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri_of(path), "type": kind}]})


def ids(reports: dict[str, Any]) -> dict[str, str]:
    return {each["uri"]: each["resultId"] for each in reports.values()}


def rules(reports: dict[str, Any]) -> dict[str, Any]:
    """The rules found in each file, or that it is as it was."""
    return {
        name: [item["code"] for item in each["items"]] if each["kind"] == "full" else "unchanged"
        for name, each in reports.items()
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "idiomatic.toml").write_text('target-version = "3.12"\nexclude = ["left_out"]\n')
    (tmp_path / "a.py").write_text(NAIVE, "utf-8")
    (tmp_path / "b.py").write_text(FINE)
    (tmp_path / "left_out").mkdir()
    (tmp_path / "left_out" / "c.py").write_text(NAIVE, "utf-8")
    return tmp_path


@pytest.fixture
def editor(root: Path) -> Iterator[Editor]:
    editor = Editor(root)
    yield editor
    editor.kill()


def test_what_is_found_is_what_an_open_file_shows(editor: Editor, root: Path) -> None:
    reports = editor.told(editor.ask())
    assert rules(reports) == {"a.py": ["naive-utcnow"]}
    [item] = reports["a.py"]["items"]
    assert (reports["a.py"]["version"], reports["a.py"]["uri"]) == (None, uri_of(root / "a.py"))
    assert item["range"] == {"start": {"line": 2, "character": 14}, "end": {"line": 2, "character": 31}}
    editor.open(root / "a.py", NAIVE)
    opened = editor.call("open", "textDocument/diagnostic", {"textDocument": {"uri": uri_of(root / "a.py")}})
    assert opened["result"]["items"] == [item]
    assert editor.end() == 0
    assert "Traceback" not in editor.errors()


def test_columns_in_the_clients_unit(root: Path) -> None:
    for encoding, expected in (("utf-8", 16), ("utf-32", 13)):
        editor = Editor(root, capabilities={"general": {"positionEncodings": [encoding]}})
        [item] = editor.told(editor.ask())["a.py"]["items"]
        assert item["range"]["start"]["character"] == expected
        editor.kill()


def test_an_answer_is_held_back_until_there_is_something_new(editor: Editor, root: Path) -> None:
    reports = editor.told(editor.ask())
    asked = editor.ask(ids(reports))
    assert editor.is_held(asked)
    editor.write(root / "b.py", NAIVE)
    told = editor.told(asked)
    assert rules(told) == {"a.py": "unchanged", "b.py": ["naive-utcnow"]}
    known = ids(told)
    asked = editor.ask(known)
    editor.write(root / "b.py", FINE)
    editor.write(root / "a.py", None)
    told = editor.told(asked)
    assert rules(told) == {"a.py": [], "b.py": []}
    asked = editor.ask(ids(told))
    editor.write(root / "new.py", FINE)
    assert editor.is_held(asked), "nothing is found in it"
    editor.write(root / "new.py", NAIVE)
    assert rules(editor.told(asked)) == {"a.py": "unchanged", "b.py": "unchanged", "new.py": ["naive-utcnow"]}


def test_numbers_outlive_the_server(root: Path) -> None:
    known: dict[str, str] = {}
    for _ in range(2):
        editor = Editor(root)
        reports = editor.told(editor.ask(known, token=None))
        assert rules(reports) == {"a.py": "unchanged" if known else ["naive-utcnow"]}
        known = ids(reports)
        editor.kill()


def test_a_client_that_takes_no_parts_is_answered_at_once(editor: Editor) -> None:
    reports = editor.told(editor.ask(token=None))
    assert rules(reports) == {"a.py": ["naive-utcnow"]}
    assert rules(editor.told(editor.ask(ids(reports), token=None))) == {"a.py": "unchanged"}


def test_only_one_request_is_held_back(editor: Editor) -> None:
    known = ids(editor.told(editor.ask()))
    first = editor.ask(known)
    assert editor.is_held(first)
    second = editor.ask(known)
    assert editor.told(first) == {}
    assert editor.is_held(second)
    editor.notify("$/cancelRequest", {"id": second})
    assert editor.answer(second)["error"]["code"] == -32800
    third = editor.ask(known)
    assert editor.is_held(third)
    assert editor.end() == 0


def test_open_texts_count_as_they_are_in_the_editor(editor: Editor, root: Path) -> None:
    editor.open(root / "a.py", FINE, 7)
    editor.open(root / "b.py", NAIVE, 8)
    editor.open(root / "left_out" / "c.py", FINE, 9)
    reports = editor.told(editor.ask())
    assert rules(reports) == {"b.py": ["naive-utcnow"]}
    assert reports["b.py"]["version"] == 8
    asked = editor.ask(ids(reports))
    assert editor.is_held(asked)
    editor.change(root / "a.py", NAIVE, 17)
    told = editor.told(asked)
    assert rules(told) == {"a.py": ["naive-utcnow"], "b.py": "unchanged"}
    assert told["a.py"]["version"] == 17
    asked = editor.ask(ids(told))
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri_of(root / "b.py")}})
    assert rules(editor.told(asked)) == {"a.py": "unchanged", "b.py": []}, "the disk counts again"


def test_open_texts_count_for_the_files_that_ask_them(editor: Editor, root: Path) -> None:
    coroutines = "async def load(x): ...\nasync def save(x): ...\n"
    (root / "main.py").write_text(ASKING)
    (root / "parts.py").write_text(coroutines)
    reports = editor.told(editor.ask())
    assert rules(reports) == {"a.py": ["naive-utcnow"], "main.py": ["gather-to-task-group"]}
    editor.open(root / "parts.py", coroutines)
    asked = editor.ask(ids(reports))
    assert editor.is_held(asked)
    editor.change(root / "parts.py", coroutines.replace("load(x): ...", "load(x): yield x"), 2)
    told = editor.told(asked)
    assert rules(told) == {"a.py": "unchanged", "main.py": []}, "generators can't be awaited"
    asked = editor.ask(ids(told))
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri_of(root / "parts.py")}})
    assert rules(editor.told(asked))["main.py"] == ["gather-to-task-group"], "the disk counts again"


def test_each_folder_has_its_own_configuration(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "one" / "two"
    for folder in (one, two):
        folder.mkdir()
        (folder / "a.py").write_text(NAIVE, "utf-8")
    (one / "idiomatic.toml").write_text('target-version = "3.12"\nseverity = { naive-utcnow = "error" }\n')
    (two / "idiomatic.toml").write_text('target-version = "3.12"\nseverity = { naive-utcnow = "hint" }\n')
    editor = Editor(one, two)
    items = editor.answer(editor.ask(token=None))["result"]["items"]
    assert sorted((each["uri"], each["items"][0]["severity"]) for each in items) == [
        (uri_of(one / "a.py"), 1),
        (uri_of(two / "a.py"), 4),
    ]
    asked = editor.ask({each["uri"]: each["resultId"] for each in items})
    event = {"added": [], "removed": [{"uri": uri_of(one), "name": "one"}]}
    editor.notify("workspace/didChangeWorkspaceFolders", {"event": event})
    editor.answer(asked)
    parts = [each["params"]["value"]["items"] for each in editor.seen if each.get("method") == "$/progress"]
    assert sorted((each["uri"], each["kind"], each.get("items")) for part in parts for each in part) == [
        (uri_of(one / "a.py"), "full", []),
        (uri_of(two / "a.py"), "unchanged", None),
    ]
    editor.kill()


def test_the_setting_can_change(root: Path) -> None:
    editor = Editor(root, workspaceDiagnostics=False)
    assert editor.told(editor.ask(token=None)) == {}
    asked = editor.ask()
    assert editor.is_held(asked)
    editor.notify("workspace/didChangeConfiguration", {"settings": {"idiomatic": {"workspaceDiagnostics": True}}})
    reports = editor.told(asked)
    assert rules(reports) == {"a.py": ["naive-utcnow"]}
    asked = editor.ask(ids(reports))
    editor.notify("workspace/didChangeConfiguration", {"settings": {"idiomatic": {}}})
    assert rules(editor.told(asked)) == {"a.py": []}
    editor.kill()


def test_a_wrong_configuration_leaves_what_was_found(editor: Editor, root: Path) -> None:
    reports = editor.told(editor.ask())
    asked = editor.ask(ids(reports))
    editor.write(root / "idiomatic.toml", 'severity = { naive-utcnow = "loud" }')
    assert editor.is_held(asked)
    editor.write(root / "idiomatic.toml", 'severity = { naive-utcnow = "error" }')
    assert editor.told(asked)["a.py"]["items"][0]["severity"] == 1


def test_a_client_that_does_not_ask_is_told(root: Path) -> None:
    editor = Editor(root, capabilities={"textDocument": {}})

    def published() -> tuple[str, list[str]]:
        params = editor.notification("textDocument/publishDiagnostics")
        return params["uri"].rpartition("/")[2], [item["code"] for item in params["diagnostics"]]

    assert published() == ("a.py", ["naive-utcnow"])
    editor.write(root / "b.py", NAIVE)
    assert published() == ("b.py", ["naive-utcnow"])
    editor.write(root / "a.py", None)
    assert published() == ("a.py", [])
    assert editor.end() == 0


MANY = 40


@pytest.fixture
def large(root: Path) -> Path:
    text = "\n".join(f"def f{number}(x):\n    return [x for x in range(x)]\n" for number in range(600))
    for number in range(MANY):
        (root / f"m{number:02}.py").write_text(f"{NAIVE}# {root}\n{text}", "utf-8")
    return root


def test_parts_and_progress(large: Path) -> None:
    editor = Editor(large)
    asked = editor.ask(workDoneToken="progress")
    answer = editor.answer(asked)
    assert answer["result"] == {"items": []}, "everything was sent in parts"
    sent = [each["params"] for each in editor.seen if each.get("method") == "$/progress"]
    parts = [each["value"]["items"] for each in sent if each["token"] == "parts"]
    assert len(parts) > 1
    assert len({item["uri"] for part in parts for item in part}) == sum(map(len, parts)) == MANY + 1
    steps = [each["value"] for each in sent if each["token"] == "progress"]
    if steps:  # nothing is shown of what is done in a moment
        assert [steps[0]["kind"], steps[-1]["kind"]] == ["begin", "end"]
        done = [step["percentage"] for step in steps[1:-1]]
        assert done == sorted(done)
    assert editor.end() == 0


def test_what_is_cancelled_ends_and_is_not_lost(large: Path) -> None:
    editor = Editor(large)
    asked = editor.ask()
    editor.notification("$/progress")
    began = time.monotonic()
    editor.notify("$/cancelRequest", {"id": asked})
    assert editor.answer(asked)["error"]["code"] == -32800
    assert time.monotonic() - began < 0.5
    editor.seen.clear()
    assert len(editor.told(editor.ask())) == MANY + 1
    assert editor.end() == 0


def test_an_edit_does_not_wait_for_it(large: Path) -> None:
    editor = Editor(large)
    editor.open(large / "b.py", NAIVE)
    asked = editor.ask()
    times = []
    for version in range(2, 30):
        editor.change(large / "b.py", f"{NAIVE}x = {version}\n", version)
        began = time.monotonic()
        editor.call(f"e{version}", "textDocument/diagnostic", {"textDocument": {"uri": uri_of(large / "b.py")}})
        times.append(time.monotonic() - began)
    assert sorted(times)[len(times) // 2] < 0.1
    editor.told(asked)
    assert editor.end() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="processes are listed otherwise there")
def test_it_leaves_no_process_behind(large: Path) -> None:
    for end in ("kill", "end", "pipe"):
        editor = Editor(large)
        editor.ask()
        editor.notification("$/progress")
        children = _descendants(editor.process.pid)
        assert children
        match end:
            case "kill":
                os.kill(editor.process.pid, signal.SIGKILL)
            case "end":
                assert editor.end() == 0
                assert "Task" not in editor.errors()
            case _:
                editor._writer.close()
        deadline = time.monotonic() + TIMEOUT
        while any(_is_running(child) for child in children) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not [child for child in children if _is_running(child)], end
        editor.kill()


def _descendants(process: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in map(str.split, listed.splitlines())}
    found = [process]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def _is_running(process: int) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip()) and not listed.stdout.startswith("Z")
