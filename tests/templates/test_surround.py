"""Templates around selected lines: `«` and `»` are the ends of the selection."""

from __future__ import annotations

import ast

import pytest
from idiomatic.core.document import Document
from idiomatic.core.text import Edit, Span, apply_edits
from idiomatic.templates.context import Context
from idiomatic.templates.insertion import forget
from idiomatic.templates.surround import fitting, selected, surrounded, title
from idiomatic.templates.template import Place, Template

from tests.templates.test_adapting import template

GROUP = template(
    '''async def main(work):
    """What it is inserted into."""
    # template: begin
    async with asyncio.TaskGroup() as group:
        # template: selection
        group.create_task(work)
        # template: end selection
    # template: end
''',
    "import asyncio",
    '"async function"',
    stops='"group", "work",',
)

TRY = template(
    '''logger = logging.getLogger(__name__)


def main(work):
    """What it is inserted into."""
    # template: begin
    try:
        # template: selection
        work()

        work()
        # template: end selection
    finally:
        logger.info("%s", "done")
    # template: end
''',
    "import logging",
    '"module", "function", "async function"',
    stops='"work",',
    REUSES='("logger",)',
)


def cut(marked: str) -> tuple[Document, Span]:
    start, end = marked.index("«"), marked.index("»") - 1
    return Document.parse(marked.replace("«", "").replace("»", "")), Span(start, end)


def put(own: Template, marked: str) -> str:
    document, span = cut(marked)
    found = selected(document, span)
    assert found is not None
    made = surrounded(own, document, found, Context((3, 11)))
    text = apply_edits(document.text, [Edit(made.span, made.plain), *made.edits])
    ast.parse(text)
    forget()
    return text


def offered(marked: str) -> list[str]:
    document, span = cut(marked)
    found = selected(document, span)
    if found is None:
        return []
    return [title(own) for own in fitting(found, document, Context((3, 13)), {"group": GROUP, "try": TRY})]


def test_lines_of_a_coroutine() -> None:
    text = put(
        GROUP,
        "async def f(group, x):\n    a = 1\n«    b = await x  # why\n\n    # and\n    if b:\n        c = b»\n"
        "    return a, b, c\n",
    )
    assert text == (
        "import asyncio\n\n\nasync def f(group, x):\n    a = 1\n    async with asyncio.TaskGroup() as group_2:\n"
        "        b = await x  # why\n\n        # and\n        if b:\n            c = b\n    return a, b, c\n"
    )


def test_what_it_needs_is_added_above() -> None:
    text = put(TRY, "import os\n\n\ndef f():\n    «os.remove('x')»\n")
    assert text == (
        "import logging\nimport os\n\nlogger = logging.getLogger(__name__)\n\n\ndef f():\n    try:\n"
        '        os.remove(\'x\')\n    finally:\n        logger.info("%s", "done")\n'
    )
    text = put(TRY, "import logging\n\nlog = logging.getLogger()\n\n«print(1)\nprint(2)\n»\nprint(3)\n")
    assert text.endswith(
        'getLogger()\n\ntry:\n    print(1)\n    print(2)\nfinally:\n    log.info("%s", "done")\n\nprint(3)\n'
    )


def test_strings_are_left_alone() -> None:
    text = put(
        TRY,
        'def f(x):\n    if x:\n«        a = """one\n  two\n        three"""\n        b = f"""{\n x}\n four"""\n'
        "        return (a,\n    b)»\n    return 1\n",
    )
    assert 'a = """one\n  two\n        three"""\n            b = f"""{\n x}\n four"""\n            return (a,\n' in text
    before = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    assert "one\n  two\n        three" in before


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_tabs_and_line_endings(newline: str) -> None:
    marked = "def f(x):\n\tfor y in x:\n«\t\tprint(y)\n\n\t\tif y:\n\t\t\tbreak\n»\treturn 1\n"
    text = put(TRY, marked.replace("\n", newline))
    assert "\t\ttry:\n\t\t\tprint(y)\n\n\t\t\tif y:\n\t\t\t\tbreak\n\t\tfinally:\n\t\t\tlogger" in text.replace(
        newline, "\n"
    )
    assert "  " not in text
    assert text.count("\n") == (text.count("\r\n") if newline == "\r\n" else 0 if newline == "\r" else text.count("\n"))


def test_titles() -> None:
    assert offered("async def f():\n    «await g()»\n") == [
        "Surround with `async with asyncio.TaskGroup()`",
        "Surround with `try` and `finally`",
    ]


@pytest.mark.parametrize(
    ("marked", "count"),
    [
        ("def f():\n    «g()»\n", 1),
        ("«g()»\n", 1),
        ("def f():\n    «return 1»\n", 1),
        ("for x in y:\n    «continue»\n", 1),
        ("async def f():\n    «return 1»\n", 2),
        # what is in the block may be cancelled, and with it whoever uses the generator
        ("async def f():\n    «yield 1»\n", 1),
        ("async def f():\n    «g(lambda: (yield))»\n", 2),
        ("async def f():\n    try:\n        pass\n    except A:\n        «a()\n        b()»\n", 2),
        ("match x:\n    case 1:\n        «a()»\n", 1),
        ("def f():\n    @g\n    def h(): ...\n    «@g\n    def i(): ...»\n", 1),
        ("def f():\n    «# first\n    a()  # last»\n", 1),
        ("def f():\n    «if x:\n        a()\n    elif y:\n        b()»\n", 1),
        # not whole statements, or not of one block
        ("def f():\n    «a()\n    b(»)\n", 0),
        ("def f():\n    a(«1»)\n", 0),
        ("def f():\n    if x:\n        «a()\n    b()»\n", 0),
        ("«def f():\n    a()»\n    b()\n", 0),
        ("def f():\n    if x:\n        a()\n    «elif y:\n        b()»\n", 0),
        ("def f():\n    if x:\n        a()\n    «else:\n        b()»\n", 0),
        ("def f():\n    if x: «a()»\n", 0),
        ("def f():\n    «a();» b()\n", 0),
        ("def f():\n    «a();»\n", 0),
        ("def f():\n    @g\n    «def h(): ...»\n", 0),
        ("def f():\n    «   »a()\n", 0),
        ("def f():\n    «# only a comment»\n    a()\n", 0),
        # not where they mean the same there
        ("«import os»\n", 0),
        ('«"""Doc."""»\n', 0),
        ('def f():\n    «"""Doc."""\n    a()»\n', 0),
        ("«def f():\n    a()»\n", 0),
        ("class A:\n    «x = 1»\n", 0),
        # what does not parse
        ("def f(:\n    «a()»\n", 0),
    ],
)
def test_what_can_be_surrounded(marked: str, count: int) -> None:
    assert len(offered(marked)) == count
    if count:
        put(TRY, marked)


def test_places_of_a_template_count() -> None:
    document, span = cut("def f():\n    «g()»\n")
    found = selected(document, span)
    assert found is not None
    assert found.at.place is Place.FUNCTION
    assert [own.name for own in fitting(found, document, Context((3, 9)))] == [
        own.name for own in fitting(found, document, Context((3, 9))) if Place.FUNCTION in own.where and own.selection
    ]


def test_a_match_is_named_by_what_it_tells_apart() -> None:
    code = """async def main(value):
    # template: begin
    match value:
        case int():
            # template: selection
            print(value)
            # template: end selection
    # template: end
"""
    assert title(template(code, "import sys", '"function"', stops='"value",')) == "Surround with `match value`"
