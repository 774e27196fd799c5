"""`idiomatic server`: the language server."""

from __future__ import annotations

import sys
from typing import Any

import click


class _Address(click.ParamType):  # type: ignore[type-arg, unused-ignore]  # generic since click 8.4
    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, _, port = value.rpartition(":")
        if not port.isdigit() or int(port) > 65535:
            self.fail(f"{value!r} is not HOST:PORT, such as 127.0.0.1:2087 (port 0: any that is free)", param, ctx)
        return host.strip("[]") or "127.0.0.1", int(port)


@click.command("server")
@click.option("--stdio", is_flag=True, help="Talk over stdin and stdout: the default.")
@click.option("--tcp", type=_Address(), metavar="HOST:PORT", help="Wait for the client at this address instead.")
@click.option("--clientProcessId", "client_process_id", hidden=True)  # what VS Code's client adds of its own accord
def command(stdio: bool, tcp: tuple[str, int] | None, client_process_id: str | None) -> None:
    """Start the language server, for an editor."""
    if stdio and tcp is not None:
        raise click.UsageError("--stdio and --tcp can't be combined")
    from idiomatic import lsp

    sys.exit(lsp.start(tcp=tcp))
