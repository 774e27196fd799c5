"""Whatever a client sends: an answer or a line in the log, never a crash, never a corrupted text."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.lsp.editor import COMMAND, ENVIRONMENT
from tests.lsp.wire import TIMEOUT, Process, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

URI = "file:///nowhere/module.py"
SOURCE = "from datetime import datetime\n\nstamp = datetime.utcnow()\n"


@pytest.fixture
def server() -> Iterator[Process]:
    process = Process()
    yield process
    process.kill()


@pytest.fixture(scope="module")
def running() -> Iterator[Process]:
    """A server for all tests that leave it as it was."""
    process = Process()
    process.initialize()
    process.notify("textDocument/didOpen", document(SOURCE))
    process.notification("textDocument/publishDiagnostics")
    yield process
    process.kill()


def document(text: str, version: int = 1, uri: str = URI) -> Any:
    return {"textDocument": {"uri": uri, "languageId": "python", "version": version, "text": text}}


def change(version: int, *changes: object, uri: str = URI) -> Any:
    return {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes}


def place(line: int, character: int, end_line: int, end_character: int) -> Any:
    return {"start": {"line": line, "character": character}, "end": {"line": end_line, "character": end_character}}


def hovers(process: Process, number: object) -> bool:
    """Whether the server is well and the text is what it was."""
    answer = process.call(
        number, "textDocument/hover", {"textDocument": {"uri": URI}, "position": {"line": 2, "character": 20}}
    )
    return "naive-utcnow" in str(answer["result"])


# -- messages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"null",
        b"17",
        b'"text"',
        b"[]",
        b'[{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}]',
        b"{}",
        b'{"jsonrpc": "2.0"}',
        b'{"method": "initialized"}',
        b'{"jsonrpc": "1.0", "method": "initialized", "params": {}}',
        b'{"jsonrpc": "2.0", "method": 3}',
        b'{"jsonrpc": "2.0", "method": ["x"]}',
        b'{"jsonrpc": "2.0", "id": "never-asked", "result": null}',
        b'{"jsonrpc": "2.0", "id": "never-asked", "error": {"code": 1, "message": "x"}}',
        b'{"jsonrpc": "2.0", "id": {}, "result": null}',
        b'{"jsonrpc": "2.0", "method": "no/such/method", "params": {"class": 1, "_x": [{"": null}]}}',
        b'{"jsonrpc": "2.0", "method": "$/unknown"}',
        b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 12345}}',
        b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {}}',
        b'{"jsonrpc": "2.0", "method": "$/setTrace", "params": {"value": "loud"}}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": 5}}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didOpen"}',
        b'{"jsonrpc": "2.0", "method": "workspace/didChangeConfiguration", "params": {"settings": [1]}}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_a_message_that_makes_no_sense(running: Process, body: bytes) -> None:
    running.send_body(body)
    assert hovers(running, f"after {body[:30]!r}")


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("no/such/method", {"x": 1}, -32601),
        ("no/such/method", None, -32601),
        ("$/no/such/method", {}, -32601),
        ("textDocument/hover", {}, -32602),
        ("textDocument/hover", None, -32602),
        ("textDocument/hover", [1], -32602),
        ("textDocument/hover", {"textDocument": {"uri": URI}, "position": {"line": -1, "character": 0}}, -32602),
        ("textDocument/hover", {"textDocument": {"uri": URI}, "position": {"line": 900, "character": 0}}, -32602),
        ("textDocument/hover", {"textDocument": {"uri": "x"}, "position": {"line": 0, "character": 0}}, -32803),
        ("textDocument/codeAction", {"textDocument": {"uri": URI}}, -32602),
        (
            "textDocument/codeAction",
            {"textDocument": {"uri": URI}, "range": place(3, 0, 1, 0), "context": {"diagnostics": []}},
            -32602,
        ),
        (
            "textDocument/codeAction",
            {"textDocument": {"uri": "untitled:x"}, "range": place(0, 0, 0, 0), "context": {"diagnostics": []}},
            -32803,
        ),
        ("codeAction/resolve", {"title": "x", "data": 3}, -32602),
        ("workspace/executeCommand", {"command": "x"}, -32601),
        ("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, -32600),
    ],
)
def test_a_request_that_makes_no_sense(running: Process, method: str, params: object, code: int) -> None:
    number = f"{method} {params}"
    answer = running.call(number, method, params)
    assert answer["error"]["code"] == code, answer
    assert answer["error"]["message"]
    assert hovers(running, f"after {number}")


def test_a_request_without_parameters_at_all(running: Process) -> None:
    running.send({"jsonrpc": "2.0", "id": "bare", "method": "no/such/method"})
    assert running.answer("bare")["error"]["code"] == -32601


def test_before_it_is_initialized(server: Process) -> None:
    server.notify("textDocument/didOpen", document(SOURCE))
    answer = server.call(
        1, "textDocument/hover", {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}
    )
    assert answer["error"]["code"] == -32002
    assert "result" in server.initialize()
    # What was sent too early has not happened.
    answer = server.call(
        2, "textDocument/hover", {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}
    )
    assert answer["error"]["code"] == -32803
    assert server.end() == 0


def test_after_it_was_shut_down(server: Process) -> None:
    server.initialize()
    assert server.call(1, "shutdown")["result"] is None
    assert server.call(2, "textDocument/hover", {})["error"]["code"] == -32600
    server.notify("textDocument/didOpen", document(SOURCE))
    server.notify("exit")
    assert server.process.wait(TIMEOUT) == 0


def test_frames_that_are_none(server: Process) -> None:
    server.send_bytes(b"\r\n\r\nNonsense\r\nContent-Type: x\r\n\r\n")
    server.send_bytes(b"Content-Length: -5\r\n\r\nContent-Length: many\r\n\r\n")
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "no/such/method"}'
    server.send_bytes(b"content-type: x\r\nCONTENT-LENGTH:%d\r\n\r\n" % len(body) + body)
    assert server.answer(1)["error"]["code"] == -32002
    assert "result" in server.initialize()
    assert server.end() == 0


def test_frames_in_pieces(server: Process) -> None:
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "no/such/method"}'
    for byte in b"Content-Length: %d\r\n\r\n%s" % (len(body), body):
        server.send_bytes(bytes([byte]))
    assert server.answer(1)["error"]["code"] == -32002


# -- documents --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        change(5, {"text": "gone"}, uri="file:///never/opened.py"),
        change(1, {"text": "of the same version"}),
        change(0, {"text": "older"}),
        change(7, {"range": place(99, 0, 99, 0), "text": "beyond the end"}),
        change(7, {"range": place(2, 9, 2, 3), "text": "backwards"}),
        change(
            7, {"range": place(0, 0, 0, 0), "text": "# first\n"}, {"range": place(99, 0, 99, 0), "text": "then not"}
        ),
        change(7, {"range": place(-1, 0, 0, 0), "text": "before the start"}),
        change(7, {"range": {}, "text": "nowhere"}),
        change(7, {"text": None}),
        change(7, 17),
        {"textDocument": {"uri": URI}, "contentChanges": [{"text": "without a version"}]},
    ],
)
def test_a_change_that_makes_no_sense(running: Process, params: object) -> None:
    running.notify("textDocument/didChange", params)
    assert hovers(running, f"after {params}")


def test_closing_what_is_not_open(running: Process) -> None:
    running.notify("textDocument/didClose", {"textDocument": {"uri": "file:///never/opened.py"}})
    assert hovers(running, "after closing")


def test_skipped_versions_are_in_order(server: Process) -> None:
    server.initialize()
    server.notify("textDocument/didOpen", document("x = 1\n", 3))
    server.notify("textDocument/didChange", change(10, {"text": SOURCE}))
    server.notify("textDocument/didChange", change(5, {"text": "x = 2\n"}))
    assert hovers(server, 1)
    assert server.end() == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0",
        "\ufeff",
        "\ud800 = '\udfff'\n",
        "(" * 600,
        "x = " + "-" * 5_000 + "1\n",
        "x = '" + "y" * 100_000 + "'\n",
        "".join(f"{' ' * depth}if x:\n" for depth in range(120)) + " " * 120 + "pass\n",
    ],
    ids=["empty", "null", "mark", "surrogates", "open", "deep", "long", "indented"],
)
def test_texts_that_are_hard_to_read(running: Process, text: str) -> None:
    uri = f"file:///nowhere/{abs(hash(text))}.py"
    running.notify("textDocument/didOpen", document(f"{text}\n{SOURCE}", uri=uri))
    answer = running.call(uri, "textDocument/codeAction", {
        "textDocument": {"uri": uri}, "range": place(0, 0, 0, 0), "context": {"diagnostics": []}
    })  # fmt: skip
    assert "error" not in answer
    running.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert hovers(running, f"after {uri}")


def test_a_burst_of_edits_and_questions(server: Process) -> None:
    server.initialize()
    server.notify("textDocument/didOpen", document(SOURCE))
    for number in range(200):
        server.notify("textDocument/didChange", change(number + 2, {"range": place(1, 0, 1, 0), "text": "#"}))
        server.request(
            number, "textDocument/hover", {"textDocument": {"uri": URI}, "position": {"line": 2, "character": 20}}
        )
        if number % 3 == 0:
            server.notify("$/cancelRequest", {"id": number})
    for number in range(200):
        answer = server.answer(number)
        assert "naive-utcnow" in str(answer.get("result")) or answer["error"]["code"] == -32800
    assert server.end() == 0


# -- the end ----------------------------------------------------------------------------------------------------------


def test_an_orderly_end_is_quick_and_silent(server: Process) -> None:
    server.initialize()
    server.notify("textDocument/didOpen", document(SOURCE))
    assert hovers(server, 1)
    started = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - started < 5
    assert server.errors() == ""


def test_exit_without_shutdown(server: Process) -> None:
    server.initialize()
    server.notify("exit")
    assert server.process.wait(TIMEOUT) == 1


def test_exit_before_everything(server: Process) -> None:
    server.notify("exit")
    assert server.process.wait(TIMEOUT) == 1


def test_a_client_that_closes_its_end(server: Process) -> None:
    server.initialize()
    assert server.process.stdin is not None
    server.process.stdin.close()
    assert server.process.wait(TIMEOUT) == 1


def test_a_client_that_leaves_in_the_middle_of_a_message(server: Process) -> None:
    server.initialize()
    server.send_bytes(b"Content-Length: 500\r\n\r\n{")
    assert server.process.stdin is not None
    server.process.stdin.close()
    assert server.process.wait(TIMEOUT) == 1


def test_the_end_does_not_wait_for_work(server: Process) -> None:
    server.initialize()
    server.notify("textDocument/didOpen", document("from datetime import datetime\n" + "datetime.utcnow()\n" * 20_000))
    server.request(1, "textDocument/codeAction", {
        "textDocument": {"uri": URI}, "range": place(0, 0, 0, 0), "context": {"diagnostics": [], "only": ["source"]}
    })  # fmt: skip
    started = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - started < 10


@pytest.mark.skipif(sys.platform == "win32", reason="needs a process that dies of a signal")
def test_it_does_not_outlive_the_process_that_started_it(server: Process) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    server.initialize(processId=parent.pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    # Its pipes are still open.
    assert server.process.wait(TIMEOUT) == 1


def test_a_process_on_another_machine_is_not_waited_for(server: Process) -> None:
    server.initialize(processId=2**22 + 12345)
    time.sleep(0.2)
    assert server.call(1, "shutdown")["result"] is None


def test_what_is_printed_does_not_get_between_the_frames() -> None:
    command = [
        *COMMAND[:2],
        "-c",
        "import sys; from idiomatic.lsp import start\n"
        "class Loud:\n"
        "    def find_spec(self, name, *_): name == 'libcst' and print('by some library')\n"
        "sys.meta_path.insert(0, Loud()); sys.exit(start())",
    ]
    server = Process(command)
    try:
        assert "result" in server.initialize()
        server.notify("textDocument/didOpen", document(SOURCE))
        assert hovers(server, 1)
        assert server.end() == 0
        assert "by some library" in server.errors()
    finally:
        server.kill()


def test_an_address_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [*COMMAND, "--tcp", f"127.0.0.1:{port}"]
        answer = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"idiomatic can't listen on 127.0.0.1:{port}: ")
    assert "Traceback" not in answer.stderr


def test_over_a_socket() -> None:
    command = [*COMMAND, "--tcp", "127.0.0.1:0"]
    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        port = int(process.stderr.readline().decode().rpartition(":")[2])
        wire = connect(port)
        assert "result" in wire.initialize()
        wire.notify("textDocument/didOpen", document(SOURCE))
        assert wire.notification("textDocument/publishDiagnostics")["diagnostics"]
        assert wire.call(1, "shutdown")["result"] is None
        wire.notify("exit")
        assert process.wait(TIMEOUT) == 0
