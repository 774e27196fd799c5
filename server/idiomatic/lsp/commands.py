"""Commands: what an editor can let the server do by name (`workspace/executeCommand`).

docs/editors.md lists them with their arguments. Each is in the file of a feature, which puts it into the table here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from idiomatic.lsp import explain, fix_all, insertion, scan, silence, types
from idiomatic.lsp.checking import fault
from idiomatic.lsp.protocol import InvalidParams, MethodNotFound

if TYPE_CHECKING:
    from idiomatic.lsp.server import Server

Handler: TypeAlias = Callable[..., Any]
"""Called with the server, a token for its progress or `None`, and the arguments; gives the result, or a coroutine."""

HANDLERS: Final[dict[types.CommandName, tuple[Handler, tuple[Any, ...]]]] = {
    types.CommandName.EXPLAIN: (explain.explain, (str,)),
    types.CommandName.RULES: (explain.rules, (str | None,)),
    types.CommandName.TEMPLATES: (insertion.templates, (str, types.Range)),
    types.CommandName.INSERTION: (insertion.insertion, (str, types.Range, str)),
    types.CommandName.FIX_ALL: (fix_all.fix_all, (str,)),
    types.CommandName.FIX_WORKSPACE: (fix_all.fix_workspace, ()),
    types.CommandName.SCAN: (scan.scan, (bool | None,)),
    types.CommandName.SILENCE: (silence.silence, (str, str | None)),
}
"""Each command with its handler, and with what its arguments have to be; those that may be `None` may be left out."""


def register(server: Server) -> None:
    """Carry out commands."""
    server.feature(types.WORKSPACE_EXECUTE_COMMAND, types.ExecuteCommandParams)(execute)


def execute(ls: Server, params: types.ExecuteCommandParams) -> Any:
    """What a command gives."""
    name = params["command"]
    if name not in set(types.CommandName):
        raise MethodNotFound(f"Unknown command: {name}")
    handler, kinds = HANDLERS[types.CommandName(name)]
    given = params.get("arguments") or []
    if len(given) > len(kinds):
        raise InvalidParams(f"{name} takes {len(kinds)} arguments, not {len(given)}")
    arguments = [*given, *[None] * (len(kinds) - len(given))]
    for index, (argument, kind) in enumerate(zip(arguments, kinds, strict=True)):
        if (wrong := fault(argument, kind, f"arguments[{index}]")) is not None:
            raise InvalidParams(wrong)
    return handler(ls, params.get("workDoneToken"), *arguments)
