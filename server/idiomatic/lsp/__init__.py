"""The language server: the engine for editors. The only package that knows the Language Server Protocol.

`server` ties everything together; each feature of the protocol is a file of its own with a function `register`.
"""

from __future__ import annotations

import gc
import sys

from idiomatic.core import lazy

__all__ = ["start"]


def start(*, tcp: tuple[str, int] | None = None) -> int:
    """Serve one client until it leaves.

    Args:
        tcp: host and port to wait on for the client; standard input and output if there is none.

    Returns:
        The exit code: 0 after an orderly `shutdown`, 1 if the client just went away, 2 if nobody can connect to `tcp`.
    """
    from idiomatic.lsp import connection

    # Nothing can go while everything is being loaded; when it is, the collector is switched on again.
    gc.disable()
    try:
        with connection.accepted(*tcp) if tcp else connection.standard_streams() as (reader, stream):
            # What is imported from here on may print.
            from idiomatic.lsp.greeting import greet

            writer = connection.Writer(stream)
            bodies, greeting = greet(connection.frames(reader), writer)
            # The client has its answer. What takes longer is loaded while it opens its documents.
            with lazy.without(*lazy.UNNEEDED):
                import asyncio  # noqa: F401

                import msgspec  # noqa: F401

            from idiomatic.lsp.server import run

            return run(bodies, writer, greeting)
    except connection.AddressError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
