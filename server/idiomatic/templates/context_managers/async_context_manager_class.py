"""A class whose objects are open for the length of an `async with` block.

## Why
A class is worth it where the object has more to do than to be opened and closed. `__aexit__` is called only if
`__aenter__` came to its end: what fails halfway, or is cancelled there, has to clean up after itself, and for
cancellation that takes `BaseException`. `Self` makes the type right in subclasses. `__aexit__` returns nothing, so that
no exception is swallowed.

## Use
```python
async with LineClient("localhost", 6379) as client:
    answer = await client.ask("PING")
```

## References
- [Asynchronous context managers](https://docs.python.org/3/reference/datamodel.html#asynchronous-context-managers)
- [PEP 673](https://peps.python.org/pep-0673/): `Self`
"""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

PREFIXES = ("asynccontextclass", "aenter")
WHERE = ("module",)
TAB_STOPS = ("LineClient", "host", "port")
SINCE = (3, 11)


class LineClient:
    """Exchanges lines with a server, for the length of an `async with` block."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    greeting: str
    """The first line of the server."""

    def __init__(self, host: str, port: int) -> None:
        """Take the address; nothing is opened yet.

        Args:
            host: what to connect to.
            port: where it listens.
        """
        self._host = host
        self._port = port

    async def __aenter__(self) -> Self:
        """Connect, and wait for the server's greeting."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        self._reader, self._writer = reader, writer
        try:
            self.greeting = await self._read()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self._close()

    async def ask(self, line: str) -> str:
        """Send a line and return the next one of the server.

        Raises:
            ConnectionError: the server has gone.
        """
        self._writer.write(f"{line}\n".encode())
        await self._writer.drain()
        return await self._read()

    async def _read(self) -> str:
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            msg = f"{self._host}:{self._port} has closed the connection"
            raise ConnectionError(msg)
        return line.decode().rstrip("\r\n")

    async def _close(self) -> None:
        self._writer.close()
        # A connection that is lost already is closed, too.
        with suppress(OSError):
            await self._writer.wait_closed()
