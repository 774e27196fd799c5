"""Where templates are offered and what inserting them does to the file."""

from __future__ import annotations

import re
from pathlib import PurePath

import pytest
from idiomatic.core.document import Document
from idiomatic.templates.catalogue import load
from idiomatic.templates.context import Context, places
from idiomatic.templates.insertion import insertion
from idiomatic.templates.places import Site, site
from idiomatic.templates.template import Place

from tests.templates.inserting import ALONE, alone, inserted, made, offered


def at(marked: str) -> Site | None:
    return site(Document.parse(marked.replace("|", "")), marked.index("|"))


PLACES = {
    "|": Place.MODULE,
    "ret|": Place.MODULE,
    "\ufeffret|": Place.MODULE,
    "import os\n\nret|\n\ndef f():\n    pass\n": Place.MODULE,
    "if True:\n    ret|\n": Place.MODULE,
    "class A:\n    ret|\n": Place.CLASS,
    "class A:\n    x = 1\n    |\n\n    def f(self):\n        pass\n": Place.CLASS,
    "def f():\n    ret|\n": Place.FUNCTION,
    "async def f():\n    async def g():\n        pass\n    def h():\n        tg|\n": Place.FUNCTION,
    "async def f():\n    tg|\n": Place.ASYNC_FUNCTION,
    "async def f():\n    if x:\n        tg|\n    else:\n        y\n": Place.ASYNC_FUNCTION,
    "async def f():\n    class A:\n        tg|\n": Place.CLASS,
    "async def f(\n    a,\n) -> None:\n    tg|\n": Place.ASYNC_FUNCTION,
    "async def f():\r\n\ttg|\r\n": Place.ASYNC_FUNCTION,
    # a hyphen, so that the line does not parse
    "async def f():\n    async-re|\n": Place.ASYNC_FUNCTION,
    # the rest does not parse
    "def g(:\n    pass\n\nasync def f():\n    tg|\n": Place.ASYNC_FUNCTION,
    "async def f():\n    x = = 1\n    tg|\n": Place.ASYNC_FUNCTION,
    "async def f(\n    a,\n) -> None:\n    x = = 1\n    tg|\n": Place.ASYNC_FUNCTION,
    "class A:\n    x = = 1\n\n    # and\n    tg|\n": Place.CLASS,
    "class A:\n    async def f(self):\n        x = = 1\n        for y in z:\n            tg|\n": Place.ASYNC_FUNCTION,
    "def f():\n    x = = 1\nret|\n": Place.MODULE,
    "if x:\n    x = = 1\n    ret|\n": Place.MODULE,
}


@pytest.mark.parametrize(("marked", "place"), PLACES.items(), ids=map(repr, PLACES))
def test_places(marked: str, place: Place) -> None:
    found = at(marked)
    assert found is not None
    assert found.place is place


@pytest.mark.parametrize(
    "marked",
    [
        "x = ret|\n",
        "f(ret|)\n",
        "f(\n    ret|\n)\n",
        "x.ret|\n",
        "# ret|\n",
        "x = 1  # ret|\n",
        '"""Doc.\n\nret|\n"""\n',
        'def f():\n    """Doc.\n    ret|\n    """\n',
        'def f():\n    """Doc.\n    ret|\n',
        "x = [\n    1,\n    ret|\n",
        "x = 1 + \\\n    ret|\n",
        "import ret|\n",
        "retry| = 1\n",
        "'ret|'\n",
        '"""Doc."""\n\nret|\nfrom __future__ import annotations\n',
        "f'{\nret|}'\n",
    ],
)
def test_where_no_statement_begins(marked: str) -> None:
    assert at(marked) is None
    assert offered(marked) == []
    with pytest.raises(ValueError, match="no statement can begin"):
        made("async-retry", marked)


def at_top(place: Place) -> Place:
    return Place.MODULE if place in {Place.TEST_MODULE, Place.CONFTEST} else place


def test_what_fits_is_offered() -> None:
    for template in load().values():
        for place, (path, marked) in ALONE.items():
            expected = bool(places(at_top(place), PurePath(path)) & template.where)
            assert (template.name in offered(marked, path=path)) == expected
            assert template.name not in offered(marked, (template.since[0], template.since[1] - 1), path)
    assert {"async-resource", "retry"} <= {*offered("ret|")}
    assert "task-group-results" in offered("async def f():\n    tg|\n")
    assert "task-group-results" not in offered("def f():\n    tg|\n")
    assert not {"retry", "task-group-results"} & {*offered("class A:\n    tg|\n")}


def test_the_prefix_is_replaced() -> None:
    found, text = made("frozen-value-object", "import os\n\n\nvalueob|\nprint(os)\n")
    assert (found.span.start, found.span.end) == (12, 19)
    assert text.startswith("import os\nfrom dataclasses import dataclass\n\n\n@dataclass(frozen=True, slots=True)\n")
    assert text.endswith("        return self.value\nprint(os)\n")


def test_imports_are_merged() -> None:
    text = inserted(
        "async-resource",
        '"""Doc."""\n\nfrom __future__ import annotations\n\nimport asyncio\nfrom collections.abc import Mapping\n'
        "from contextlib import suppress\n\n|\n",
    )
    assert text.startswith(
        '"""Doc."""\n\nfrom __future__ import annotations\n\nimport asyncio\n'
        "from collections.abc import AsyncIterator, Mapping\n"
        "from contextlib import asynccontextmanager, suppress\n\n\n@asynccontextmanager\n"
    )


def test_aliases_are_used() -> None:
    text = inserted(
        "async-resource",
        "import asyncio as aio\nimport contextlib\nfrom collections.abc import AsyncIterator as AI\n\n\n|\n",
    )
    assert text.count("import") == 4 - 1
    assert "@contextlib.asynccontextmanager\nasync def open_connection(" in text
    assert "-> AI[tuple[aio.StreamReader, aio.StreamWriter]]:" in text
    assert "await aio.open_connection(host, port)" in text


def test_a_taken_name_is_left_alone() -> None:
    text = inserted("frozen-value-object", "dataclass = 1\n\n|\n")
    assert "from dataclasses import dataclass as _dataclass" in text
    assert "@_dataclass(frozen=True, slots=True)" in text
    text = inserted("async-resource", "asyncio = None\n\n|\n")
    assert "import asyncio as _asyncio" in text
    assert "await _asyncio.open_connection(" in text


def test_an_import_for_type_checkers_is_none() -> None:
    text = inserted(
        "frozen-value-object",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from dataclasses import dataclass\n\n|\n",
    )
    assert "@_dataclass(" in text


def test_an_import_below_comes_too_late() -> None:
    text = inserted("frozen-value-object", "x = 1\n\n|\n\nfrom dataclasses import dataclass, field\n")
    namespace: dict[str, object] = {}
    exec(text, namespace)
    assert "EmailAddress" in namespace


def test_a_local_variable_hides_an_import() -> None:
    text = inserted("task-group-results", "import asyncio\n\n\nasync def f(asyncio):\n    tg|\n")
    assert "import asyncio as _asyncio" in text
    assert "async with _asyncio.TaskGroup()" in text


def test_names_in_use_are_not_bound_again() -> None:
    text = inserted("task-group-results", "import asyncio\n\n\nasync def f(tasks):\n    tg|\n    return tasks\n")
    assert "        tasks_2 = [group.create_task(load(item)) for item in items]\n" in text
    assert "    results = [task.result() for task in tasks_2]\n    return tasks\n" in text
    text = inserted("frozen-value-object", "class EmailAddress: ...\n\n\n|\n")
    assert "class EmailAddress_2:" in text


def test_type_parameters() -> None:
    new = inserted("async-retry", "retry|\n", (3, 12))
    assert "def retry[**P, R](" in new
    assert "ParamSpec" not in new
    assert "from typing import Any\n" in new
    old = inserted("async-retry", "retry|\n", (3, 11))
    assert 'P = ParamSpec("P")\nR = TypeVar("R")\n\n\ndef retry(' in old
    assert "from typing import Any, ParamSpec, TypeVar\n" in old


def test_type_variables_there_already() -> None:
    head = 'from typing import ParamSpec, TypeVar\n\nP = ParamSpec("P")\nR = TypeVar("R", bound=int)\n\n\n'
    text = inserted("async-retry", f"{head}retry|\n", (3, 11))
    assert text.count("ParamSpec(") == 1
    assert 'R_2 = TypeVar("R_2")' in text
    assert "Callable[[Callable[P, Awaitable[R_2]]], Callable[P, Coroutine[Any, Any, R_2]]]" in text
    other = inserted("async-retry", "P = R = None\n\n\nretry|\n", (3, 12))
    assert "def retry[**P, R](" in other


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_endings_and_tabs(newline: str) -> None:
    marked = "import asyncio\n\n\nclass A:\n\tasync def f(self, load, items):\n\t\ttg|\n".replace("\n", newline)
    found, text = made("task-group-results", marked)
    assert text.split(newline)[5:8] == [
        "\t\tasync with asyncio.TaskGroup() as group:",
        "\t\t\ttasks = [group.create_task(load(item)) for item in items]",
        "\t\tresults = [task.result() for task in tasks]",
    ]
    assert not re.search(r"(?<!\r)\n" if newline == "\r\n" else "\n" if newline == "\r" else "\r", text)
    assert found.edits == ()


@pytest.mark.parametrize(
    "head", ["if x:\n    y = 1\n", "import os\nif x:\n", "try:\n    import a\nexcept ImportError:\n"]
)
def test_in_a_block_of_the_module(head: str) -> None:
    text = inserted("async-resource", f"{head}    acm|\n    z = 1\n")
    compile(text, "module.py", "exec", dont_inherit=True)
    assert "\n    @asynccontextmanager\n    async def open_connection(" in text


def test_indentation_of_two() -> None:
    text = inserted("frozen-value-object", "def f():\n  pass\n\n\n|\n")
    assert '\n  def __post_init__(self) -> None:\n    """' in text


# -- snippets ---------------------------------------------------------------------------------------------------------


def expanded(snippet: str, values: dict[int, str] | None = None) -> str:
    """What an editor makes of a snippet."""
    defaults: dict[int, str] = {}
    result, index = "", 0
    while index < len(snippet):
        if snippet[index] == "\\":
            result += snippet[index + 1]
            index += 2
        elif found := re.compile(r"\$\{(\d+):([^}]+)\}").match(snippet, index):
            defaults[int(found[1])] = found[2]
            result += (values or {}).get(int(found[1]), found[2])
            index = found.end()
        elif found := re.compile(r"\$(\d+)").match(snippet, index):
            number = int(found[1])
            result += "" if not number else (values or {}).get(number, defaults[number])
            index = found.end()
        else:
            assert snippet[index] not in "$}"
            result += snippet[index]
            index += 1
    return result


@pytest.mark.parametrize("name", list(load()))
@pytest.mark.parametrize("target", [(3, 11), (3, 13)])
def test_a_snippet_expands_to_the_plain_text(name: str, target: tuple[int, int]) -> None:
    template = load()[name]
    _, path, marked = alone(template)[0]
    found = made(name, marked, target, path)[0]
    assert expanded(found.snippet) == found.plain
    assert found.snippet.endswith("$0")
    numbers = {int(number) for number in re.findall(r"\$\{(\d+):", found.snippet)}
    assert numbers == set(range(1, len(numbers) + 1))
    assert len(numbers) >= len(template.tab_stops) or template.subject


def test_tab_stops_are_linked() -> None:
    found = made("frozen-value-object", "x|\n")[0]
    text = expanded(found.snippet, {1: "Iban", 2: "number"})
    assert "class Iban:" in text
    assert "    number: str\n" in text
    assert "self.number.rpartition" in text
    assert "EmailAddress" not in text
    found = made("async-resource", "x|\n")[0]
    text = expanded(found.snippet, {1: "line"})
    assert "async def line(" in text
    assert "await asyncio.open_connection(" in text


def test_an_offset_of_a_document_that_is_edited() -> None:
    document = Document.parse("async def f():\n    pass\n")
    start = document.text.index("pass")
    from idiomatic.core.text import Span

    document = document.edit(Span(start, start + 4), "tg")
    found = insertion(load()["task-group-results"], document, start + 2, Context((3, 13)))
    assert found.plain.startswith("async with asyncio.TaskGroup() as group:\n        tasks")


def test_what_generators_are_sent_is_left_out_where_it_is_the_default() -> None:
    assert ") -> AsyncGenerator[T, None]:" in inserted("async-paginator", "x|\n", (3, 12))
    assert ") -> AsyncGenerator[T]:" in inserted("async-paginator", "x|\n", (3, 13))
