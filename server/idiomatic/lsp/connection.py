"""The wire: frames of JSON from a client and to it, over standard input and output or a socket.

A thread does nothing but read, so that a client that writes faster than it reads can never block both sides, and so
that the process can end while a read is waiting. Everything else happens on the event loop, in the order of arrival.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Iterator

logger = logging.getLogger(__name__)

VERSION: Final = "2.0"
"""Of JSON-RPC."""

_LONGEST_HEADER: Final = 8192


class AddressError(Exception):
    """The address can't be listened on; the message says why."""


def frames(reader: BinaryIO) -> Iterator[bytes]:
    """The bodies of the messages, until the client closes its end."""
    while True:
        length = None
        while (line := reader.readline(_LONGEST_HEADER)) not in {b"\r\n", b"\n", b""}:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value)
        if not line:
            return
        if length is None:
            logger.error("A message without Content-Length was left out")
            continue
        body = reader.read(length)
        if len(body) < length:
            return
        yield body


def framed(body: bytes) -> bytes:
    """A message as it goes over the wire."""
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


class Writer:
    """The client's end; a client that is gone is no error.

    Attributes:
        on_lost: called once, when the client turns out to be gone.
    """

    def __init__(self, stream: BinaryIO, on_lost: Callable[[], None] = lambda: None) -> None:
        self._stream = stream
        self._lost = False
        self.on_lost = on_lost

    def write(self, data: bytes) -> None:
        """Send one frame."""
        if self._lost:
            return
        try:
            self._stream.write(data)
            self._stream.flush()
        except (OSError, ValueError):
            self._lost = True
            self.on_lost()

    def close(self) -> None:
        """Say that nothing more comes."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.close()


async def pump(bodies: Iterable[bytes], receive: Callable[[Any], None], ended: asyncio.Future[int]) -> int:
    """Pass every message on, until `ended` is set or the client closes its end.

    Args:
        bodies: the bodies of the messages; waited for by a thread of its own.
        receive: takes a decoded message, on the event loop.
        ended: the exit code; set by whoever ends the server first.
    """
    from idiomatic.lsp.encoding import decoded

    loop = ended.get_loop()

    def take(body: bytes) -> None:
        try:
            message = decoded(body)
        except (ValueError, RecursionError) as error:
            logger.error("A message that is not JSON was left out: %s", error)  # noqa: TRY400 - theirs, not ours
            return
        try:
            receive(message)
        except Exception:
            logger.exception("A message could not be handled")

    def end() -> None:
        if not ended.done():
            ended.set_result(1)

    def read() -> None:
        # After the loop is closed nobody is interested any more.
        with contextlib.suppress(RuntimeError):
            with contextlib.suppress(OSError, ValueError):
                for body in bodies:
                    loop.call_soon_threadsafe(take, body)
            loop.call_soon_threadsafe(end)

    threading.Thread(target=read, name="idiomatic-reader", daemon=True).start()
    return await ended


@contextlib.contextmanager
def standard_streams() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Standard input and output, taken away from everybody else.

    What a library prints goes to standard error, and what one reads is empty: neither can get in between the frames.
    """
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with contextlib.suppress(OSError):
        os.dup2(2, 1)
    with contextlib.suppress(OSError), open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
    yield reader, writer


@contextlib.contextmanager
def accepted(host: str, port: int) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The streams of the first client that connects.

    Raises:
        AddressError: nobody can connect there.
    """
    import socket

    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise AddressError(f"idiomatic can't listen on {host}:{port}: {error}") from error
    with listening:
        name, actual = listening.getsockname()[:2]
        print(f"Listening on {name}:{actual}", file=sys.stderr, flush=True)
        client, _ = listening.accept()
    with client:
        # Messages are small and each is waited for.
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield client.makefile("rb"), client.makefile("wb")
