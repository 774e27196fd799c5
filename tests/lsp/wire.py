"""A client that sends whatever it likes, byte by byte: for what no library would send."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import threading
from typing import TYPE_CHECKING, Any, BinaryIO

from tests.lsp.editor import COMMAND, ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT = 20.0


class Wire:
    """Two streams with a server at their other ends."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO) -> None:
        self._writer = writer
        self._messages: queue.Queue[Any] = queue.Queue()
        self.seen: list[Any] = []
        threading.Thread(target=self._read, args=(reader,), daemon=True).start()

    def _read(self, reader: BinaryIO) -> None:
        while header := reader.readline():
            length = int(header.partition(b":")[2])
            while reader.readline() not in {b"\r\n", b""}:
                pass
            self._messages.put(json.loads(reader.read(length)))

    def send_bytes(self, data: bytes) -> None:
        self._writer.write(data)
        self._writer.flush()

    def send_body(self, body: bytes) -> None:
        self.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def send(self, message: object) -> None:
        self.send_body(json.dumps(message).encode())

    def notify(self, method: str, params: object = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, number: object, method: str, params: object = None) -> None:
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})

    def answer(self, number: object) -> Any:
        """The answer to a request."""
        while True:
            for message in self.seen:
                if message.get("id") == number and "method" not in message:
                    self.seen.remove(message)
                    return message
            self.seen.append(self._messages.get(timeout=TIMEOUT))

    def call(self, number: object, method: str, params: object = None) -> Any:
        self.request(number, method, params)
        return self.answer(number)

    def notification(self, method: str) -> Any:
        """The next notification of that name."""
        while True:
            for message in self.seen:
                if message.get("method") == method:
                    self.seen.remove(message)
                    return message["params"]
            self.seen.append(self._messages.get(timeout=TIMEOUT))

    def initialize(self, capabilities: object = None, **others: object) -> Any:
        answer = self.call(
            "initialize",
            "initialize",
            {"processId": None, "rootUri": None, "capabilities": capabilities or {}, **others},
        )
        self.notify("initialized", {})
        return answer


class Process(Wire):
    """A server process and the streams to it."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self.process = subprocess.Popen(
            command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        super().__init__(self.process.stdout, self.process.stdin)  # type: ignore[arg-type]

    def end(self) -> int:
        """Take leave; gives the exit code."""
        assert "error" not in self.call("shutdown", "shutdown")
        self.notify("exit")
        return self.process.wait(TIMEOUT)

    def errors(self) -> str:
        """What the process wrote to its standard error, when it has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None and stream is not self.process.stdout:
                stream.close()


def connect(port: int) -> Wire:
    """A client of a server that listens."""
    client = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
    return Wire(client.makefile("rb"), client.makefile("wb"))
