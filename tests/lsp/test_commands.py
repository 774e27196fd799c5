"""The commands: what any editor can let the server do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from idiomatic.core import catalogue, pages
from idiomatic.lsp import types as ours
from idiomatic.lsp.commands import HANDLERS
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from tests.lsp.editor import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_command_is_offered_and_has_a_handler() -> None:
    assert list(HANDLERS) == list(ours.CommandName)


async def test_every_command_is_documented() -> None:
    table = (Path(__file__).parents[2] / "docs" / "editors.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(idiomatic\.server\.\w+)` \|", table, re.MULTILINE) == [
        str(each) for each in ours.CommandName
    ]


async def test_commands_are_announced(editor: Editor) -> None:
    assert editor.result is not None
    provider = editor.result.capabilities.execute_command_provider
    assert provider is not None
    assert list(provider.commands) == [str(each) for each in ours.CommandName]


async def test_explain(editor: Editor) -> None:
    page = await editor.execute("idiomatic.server.explain", "naive-utcnow")
    assert page == pages.page(catalogue.rules()["naive-utcnow"])


@pytest.mark.parametrize(
    ("command", "arguments", "message"),
    [
        ("explain", ["naive-utcnwo"], "There is no rule `naive-utcnwo`; did you mean `naive-utcnow`?"),
        ("explain", [], "arguments[0] is no string"),
        ("explain", [3], "arguments[0] is no string"),
        ("explain", ["naive-utcnow", 1], "idiomatic.server.explain takes 1 arguments, not 2"),
        ("nothing", [], "Unknown command: idiomatic.server.nothing"),
    ],
)
async def test_what_is_wrong_with_a_command(editor: Editor, command: str, arguments: list[Any], message: str) -> None:
    with pytest.raises(JsonRpcException) as error:
        await editor.execute(f"idiomatic.server.{command}", *arguments)
    assert error.value.message == message
