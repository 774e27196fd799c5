"""A client of a language server that is made to measure: nothing between the clock and the pipe.

One thread, system calls, no event loop and no library: whatever the client costs would be counted as the server's. The
clock is read right before a message is written and right after the last byte of a frame was read; decoding comes later.
"""

import itertools
import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 120.0
"""How many seconds an answer may take before something must be wrong."""
_CHUNK = 1 << 20


class ServerError(Exception):
    """A server did not do what servers do; the message says what."""


@dataclass(frozen=True)
class Received:
    """A message from the server.

    Attributes:
        at: when its last byte had been read, in seconds of `time.perf_counter`.
        message: what it says.
    """

    at: float
    message: dict[str, Any]


class Client:
    """The other end of a server's standard input and output.

    Args:
        command: starts the server.
        folder: its working directory, where `stderr.txt` is what it has to say besides.

    Attributes:
        started: when it was started, in seconds of `time.perf_counter`.
        on_notification: is called with everything the server tells unasked.
    """

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._errors = folder / "stderr.txt"
        with self._errors.open("wb") as errors:
            self.started = time.perf_counter()
            self._process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=0
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._writes_to = self._process.stdin.fileno()
        self._reads_from = self._process.stdout.fileno()
        self._unread = bytearray()
        self._numbers = itertools.count(1)

        self._answers: dict[int, Received] = {}
        self.on_notification: Callable[[Mapping[str, Any]], None] = lambda _: None

    @property
    def process_id(self) -> int:
        """The number of the server's process."""
        return self._process.pid

    # -- out ----------------------------------------------------------------------------------------------------------

    def send(self, *messages: Mapping[str, Any]) -> float:
        """Send messages in one write; gives the time right before it."""
        data = memoryview(b"".join(map(_frame, messages)))
        at = time.perf_counter()
        try:
            while data:
                data = data[os.write(self._writes_to, data) :]
        except OSError as error:
            raise ServerError(f"could not be written to: {error}; {self._last_words()}") from error
        return at

    def notification(self, method: str, params: Any) -> dict[str, Any]:
        """A message that wants no answer."""
        return {"jsonrpc": "2.0", "method": method, "params": params}

    def question(self, method: str, params: Any) -> dict[str, Any]:
        """A message that wants an answer."""
        return {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": params}

    # -- in -----------------------------------------------------------------------------------------------------------

    def receive(self) -> Received:
        """The next message that is not a question of the server's; those are answered."""
        while True:
            body, at = self._body()
            received = Received(at, json.loads(body))
            message = received.message
            match message:
                case {"method": _, "id": number}:
                    self.send({"jsonrpc": "2.0", "id": number, "result": _answer(message)})
                    continue
                case {"method": _}:
                    self.on_notification(message)
                case {"id": number}:
                    self._answers[number] = received
            return received

    def answer(self, question: Mapping[str, Any]) -> Received:
        """The answer to a question that was sent.

        Raises:
            ServerError: the server refused.
        """
        while not self.is_answered(question):
            self.receive()
        received = self._answers.pop(question["id"])
        if "error" in received.message:
            raise ServerError(f"{question['method']}: {received.message['error']}")
        return received

    def is_answered(self, question: Mapping[str, Any]) -> bool:
        """Whether the answer to a question has been read already."""
        return question["id"] in self._answers

    def pause(self, seconds: float) -> None:
        """Send nothing for a while; what the server says meanwhile is read, so that it need not wait."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if self._unread or select.select([self._reads_from], [], [], left)[0]:
                self.receive()

    def ask(self, method: str, params: Any) -> tuple[Any, float]:
        """The result of a request, and how many milliseconds it took."""
        question = self.question(method, params)
        sent = self.send(question)
        received = self.answer(question)
        return received.message.get("result"), (received.at - sent) * 1000

    def _body(self) -> tuple[bytes, float]:
        while (end := self._unread.find(b"\r\n\r\n")) < 0:
            self._read()
        header, begin = bytes(self._unread[:end]), end + 4
        length = next(int(line[15:]) for line in header.split(b"\r\n") if line[:15].lower() == b"content-length:")
        while len(self._unread) < begin + length:
            self._read()
        at = time.perf_counter()
        body = bytes(self._unread[begin : begin + length])
        del self._unread[: begin + length]
        return body, at

    def _read(self) -> None:
        ready, _, _ = select.select([self._reads_from], [], [], PATIENCE)
        if not ready:
            raise ServerError(f"said nothing for {PATIENCE:.0f} s; {self._last_words()}")
        data = os.read(self._reads_from, _CHUNK)
        if not data:
            raise ServerError(f"ended; {self._last_words()}")
        self._unread += data

    # -- the end ------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End the server, politely if it listens."""
        try:
            self.ask("shutdown", None)
            self.send(self.notification("exit", None))
            self._process.wait(10)
        except (ServerError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        finally:
            for stream in (self._process.stdin, self._process.stdout):
                assert stream is not None
                stream.close()

    def _last_words(self) -> str:
        text = self._errors.read_text("utf-8", "replace").strip()
        return f"its last words: {text[-600:]!r}" if text else "it left no word"


def _frame(message: Mapping[str, Any]) -> bytes:
    body = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def _answer(question: Mapping[str, Any]) -> Any:
    """What a client says that has no settings and agrees to everything."""
    if question["method"] == "workspace/configuration":
        return [None] * len(question["params"]["items"])
    return None
