"""Looking at all files once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from idiomatic.lsp.uris import uri_of

from tests.lsp.test_workspace_diagnostics import FINE, NAIVE, Editor, ids, large, root, rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["large", "root"]

IGNORING = "import os\n\n\ndef f(path):\n    try:\n        os.remove(path)\n    except OSError:\n        pass\n"


@pytest.fixture
def editor(root: Path) -> Iterator[Editor]:
    editor = Editor(root, workspaceDiagnostics=False)
    yield editor
    editor.kill()


def scanned(editor: Editor, *arguments: object, **more: object) -> Any:
    params = {"command": "idiomatic.server.scan", "arguments": arguments, **more}
    return editor.call("scan", "workspace/executeCommand", params)["result"]


def test_what_is_found_is_shown_without_being_asked_for_again(editor: Editor, root: Path) -> None:
    (root / "d.py").write_text(IGNORING)
    asked = editor.ask()
    assert editor.is_held(asked, 0.5)
    message = "2 findings in 2 files, 1 with a safe fix."
    assert scanned(editor) == {"findings": 2, "files": 2, "safe": 1, "message": message}
    assert editor.notification("window/showMessage")["message"] == message
    reports = editor.told(asked)
    assert rules(reports) == {"a.py": ["naive-utcnow"], "d.py": ["suppress-exception"]}
    # From the cache.
    assert scanned(editor, True)["message"] == message
    assert not [each for each in editor.seen if each.get("method") == "window/showMessage"]
    assert editor.end() == 0
    assert "Traceback" not in editor.errors()


def test_it_stays_until_the_file_changes(editor: Editor, root: Path) -> None:
    (root / "b.py").write_text(NAIVE)
    scanned(editor, True)
    reports = editor.told(editor.ask())
    assert rules(reports) == {"a.py": ["naive-utcnow"], "b.py": ["naive-utcnow"]}
    asked = editor.ask(ids(reports))
    editor.write(root / "c.py", NAIVE)
    assert editor.is_held(asked), "nobody wants to know of others"
    editor.write(root / "a.py", f"{NAIVE}\n")
    assert rules(editor.told(asked)) == {"a.py": [], "b.py": "unchanged"}


def test_open_texts_count_as_they_are_in_the_editor(editor: Editor, root: Path) -> None:
    editor.open(root / "b.py", NAIVE, 3)
    assert scanned(editor, True) == {
        "findings": 2,
        "files": 2,
        "safe": 0,
        "message": "2 findings in 2 files, none with a safe fix.",
    }
    reports = editor.told(editor.ask())
    assert rules(reports) == {"a.py": ["naive-utcnow"], "b.py": ["naive-utcnow"]}
    editor.open(root / "a.py", FINE, 4)
    reports = editor.told(editor.ask(ids(reports)))
    assert rules(reports) == {"a.py": [], "b.py": "unchanged"}
    # Saved and closed, and closed without being saved.
    editor.write(root / "a.py", FINE)
    for name in ("a.py", "b.py"):
        editor.notify("textDocument/didClose", {"textDocument": {"uri": uri_of(root / name)}})
    assert rules(editor.told(editor.ask(ids(reports)))) == {"a.py": "unchanged", "b.py": []}


def test_a_closed_file_shows_what_the_editor_found(editor: Editor, root: Path) -> None:
    scanned(editor, True)
    reports = editor.told(editor.ask())
    editor.open(root / "b.py", FINE)
    editor.change(root / "b.py", NAIVE, 2)
    editor.write(root / "b.py", NAIVE)
    reports = editor.told(editor.ask(ids(reports)))
    assert rules(reports) == {"a.py": "unchanged", "b.py": ["naive-utcnow"]}
    asked = editor.ask(ids(reports))
    editor.notify("textDocument/didClose", {"textDocument": {"uri": uri_of(root / "b.py")}})
    assert editor.is_held(asked), "it is still there"


def test_what_is_silenced_since_goes(editor: Editor, root: Path) -> None:
    (root / "d.py").write_text(IGNORING)
    scanned(editor, True)
    reports = editor.told(editor.ask())
    asked = editor.ask(ids(reports))
    editor.write(root / "idiomatic.toml", 'ignore = ["naive-utcnow"]\nseverity = { suppress-exception = "error" }\n')
    told = editor.told(asked)
    assert rules(told) == {"a.py": [], "d.py": ["suppress-exception"]}
    assert told["d.py"]["items"][0]["severity"] == 1


def test_nothing_found(editor: Editor, root: Path) -> None:
    (root / "a.py").unlink()
    assert scanned(editor, True)["message"] == "Nothing found in 1 file."


def test_a_wrong_configuration_is_said(editor: Editor, root: Path) -> None:
    (root / "idiomatic.toml").write_text('severity = { naive-utcnow = "loud" }')
    message = scanned(editor, True)["message"]
    assert message.startswith(f"Nothing found in 0 files. Not looked at, because of {root / 'idiomatic.toml'}:1:")


def test_progress_and_cancelling(large: Path) -> None:
    editor = Editor(large, workspaceDiagnostics=False)
    params = {"command": "idiomatic.server.scan", "workDoneToken": "scan"}
    for cancel, token in (("$/cancelRequest", {"id": "s"}), ("window/workDoneProgress/cancel", {"token": "scan"})):
        editor.request("s", "workspace/executeCommand", params)
        began = editor.notification("$/progress")["value"]
        assert (began["kind"], began["cancellable"]) == ("begin", True)
        editor.notify(cancel, token)
        assert editor.answer("s")["error"]["code"] == -32800
        assert editor.notification("window/showMessage")["message"] == "The scan was cancelled."
        steps = [each["params"]["value"]["kind"] for each in editor.seen if each.get("method") == "$/progress"]
        assert steps[-1] == "end"
        editor.seen.clear()
    assert editor.told(editor.ask(token=None)) == {}, "nothing is shown of half of it"
    assert editor.end() == 0


def test_two_at_once(root: Path) -> None:
    editor = Editor(root, workspaceDiagnostics=False)
    params = {"command": "idiomatic.server.scan", "arguments": [True]}
    for number in ("one", "two"):
        editor.request(number, "workspace/executeCommand", params)
    assert editor.answer("one")["result"] == editor.answer("two")["result"]
    assert editor.end() == 0


def test_a_client_that_does_not_ask_is_told(root: Path) -> None:
    editor = Editor(root, capabilities={"textDocument": {}}, workspaceDiagnostics=False)
    scanned(editor, True)
    params = editor.notification("textDocument/publishDiagnostics")
    assert params["uri"] == uri_of(root / "a.py")
    assert [item["code"] for item in params["diagnostics"]] == ["naive-utcnow"]
    assert editor.end() == 0
