"""Inserting a template that was chosen from a list; and the list of rules."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest
from idiomatic.core import catalogue
from idiomatic.templates import catalogue as templates
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.lsp.editor import applied, at

if TYPE_CHECKING:
    from tests.lsp.editor import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")


def position(line: int, character: int) -> Any:
    return {"line": line, "character": character}


def here(line: int, character: int) -> Any:
    return {"start": position(line, character), "end": position(line, character)}


async def fitting(editor: Editor, uri: str, line: int, character: int = 0) -> list[str]:
    found = await editor.execute("idiomatic.server.templates", uri, here(line, character))
    return [each["name"] for each in found]


async def inserted(editor: Editor, uri: str, text: str, line: int, character: int, name: str) -> tuple[str, Any]:
    """The text with a template, and what the server said."""
    made = await editor.execute("idiomatic.server.insertion", uri, here(line, character), name)
    edits = [{"range": made["range"], "newText": made["text"]}, *made["edits"]]
    places = [(each["range"]["start"], each["range"]["end"], each["newText"]) for each in edits]
    flat = [
        types.TextEdit(at(start["line"], start["character"], end["line"], end["character"]), new)
        for start, end, new in places
    ]
    return applied(text, flat), made


async def test_what_fits_is_listed(editor: Editor, name: str) -> None:
    uri = editor.open("import asyncio\n\n\nasync def main():\n    \n", name)
    found = await editor.execute("idiomatic.server.templates", uri, here(4, 4))
    known = templates.load()
    assert "task-group-results" in [each["name"] for each in found]
    assert all(known[each["name"]].title == each["title"] for each in found)
    assert all(known[each["name"]].group == each["group"] for each in found)
    assert "async-retry" in await fitting(editor, uri, 2)
    missing = [each["install"] is not None for each in found]
    assert missing == sorted(missing), "what can be used as it is comes first"


async def test_on_an_empty_line(editor: Editor, name: str) -> None:
    text = "import asyncio\n\n\nasync def main():\n    \n"
    uri = editor.open(text, name, version=3)
    # The cursor is somewhere in the indentation.
    result, made = await inserted(editor, uri, text, 4, 2, "task-group-results")
    ast.parse(result)
    assert result.startswith("import asyncio\n\n\nasync def main():\n    async with asyncio.TaskGroup() as ")
    assert made["version"] == 3
    assert made["range"]["start"] == position(4, 0)
    assert made["snippet"].startswith("    async with asyncio.TaskGroup() as ")
    assert "${1:" in made["snippet"]
    assert made["edits"] == []
    lines = made["preview"].splitlines()
    assert lines[0].startswith("async with")
    assert lines[1].startswith("    tasks")


async def test_below_what_stands_there(editor: Editor, name: str) -> None:
    text = "def load(x):\n    return call(\n        x,\n    )\n\n\nx = 1\n"
    uri = editor.open(text, name)
    result, made = await inserted(editor, uri, text, 6, 3, "retry")
    ast.parse(result)
    assert result.index("x = 1\n") < result.index("def retry")
    assert "import functools" in result.partition("def load")[0]
    assert "import functools" in made["preview"]
    assert "${" not in made["text"]


async def test_between_definitions(editor: Editor, name: str) -> None:
    text = "import os\nx = 1\n"
    uri = editor.open(text, name)
    result, _ = await inserted(editor, uri, text, 0, 4, "retry")
    ast.parse(result)
    assert result.startswith("import")
    assert "\n\n\nx = 1\n" in result
    assert result.index("import os") < result.index("def retry") < result.index("x = 1")


async def test_at_the_end_without_a_line_end(editor: Editor, name: str) -> None:
    text = "async def main():\n    x = 1"
    uri = editor.open(text, name)
    result, _ = await inserted(editor, uri, text, 1, 9, "task-group-results")
    ast.parse(result)
    assert "    x = 1\n    async with asyncio.TaskGroup()" in result


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_every_template_that_fits_can_be_inserted(editor: Editor, name: str, newline: str) -> None:
    text = f"import os{newline}{newline}x = os.getcwd(){newline}"
    uri = editor.open(text, name + newline.strip("\n").replace("\r", "r") + ".py")
    names = await fitting(editor, uri, 2)
    assert len(names) > 20
    for each in names[:6]:
        result, made = await inserted(editor, uri, text, 2, 3, each)
        ast.parse(result)
        assert newline == "\n" or "\n" not in made["text"].replace("\r\n", "")


async def test_around_a_selection(editor: Editor, name: str) -> None:
    text = "import asyncio\n\n\nasync def main(load):\n    x = await load()\n    return x\n"
    uri = editor.open(text, name)
    place = {"start": position(4, 0), "end": position(5, 0)}
    found = await editor.execute("idiomatic.server.templates", uri, place)
    assert found
    assert len(found) < len(await fitting(editor, uri, 4, 4))
    for each in found:
        made = await editor.execute("idiomatic.server.insertion", uri, place, each["name"])
        assert "x = await load()" in made["text"]
        assert made["range"]["start"] == position(4, 0)
        (start, end) = made["range"]["start"], made["range"]["end"]
        edit = types.TextEdit(at(start["line"], start["character"], end["line"], end["character"]), made["text"])
        ast.parse(applied(text, [edit]))


async def test_what_does_not_fit(editor: Editor, name: str) -> None:
    uri = editor.open("def f():\n    \n", name)
    for template, message in (("nothing", "There is no template `nothing`."),):
        with pytest.raises(JsonRpcException) as error:
            await editor.execute("idiomatic.server.insertion", uri, here(1, 4), template)
        assert error.value.message == message
    with pytest.raises(JsonRpcException, match="not open"):
        await editor.execute("idiomatic.server.templates", "file:///nowhere.py", here(0, 0))


async def test_rules(editor: Editor, name: str) -> None:
    uri = editor.open("from datetime import datetime\n\nstamp = datetime.utcnow()\n", name)
    first, *others = await editor.execute("idiomatic.server.rules", uri)
    rule = catalogue.rules()["naive-utcnow"]
    assert first == {
        "name": rule.name,
        "family": rule.family,
        "kind": str(rule.kind),
        "advice": rule.advice,
        "found": 1,
    }
    assert {each["name"] for each in others} == {*catalogue.rules()} - {rule.name}
    assert not any(each["found"] for each in [*others, *await editor.execute("idiomatic.server.rules")])
