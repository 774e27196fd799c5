"""What a name means: imports, aliases, scopes and everything that shadows."""

from __future__ import annotations

import ast

import pytest
from idiomatic.core.analysis import Analysis
from idiomatic.core.document import Document
from idiomatic.core.module import Module


def meaning_of_marked(text: str) -> str | None:
    """The qualified name of the function in the only call of the form `x(MARK)`."""
    module = Module(Document.parse(text))
    for statement in module.document.statements:
        code = Analysis(module, statement, (3, 13))
        for call in code.nodes(ast.Call):
            match call.args:
                case [ast.Name(id="MARK")]:
                    return code.qualified_name(call.func)
                case _:
                    pass
    pytest.fail("there is no mark")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("import asyncio\nasyncio.gather(MARK)", "asyncio.gather"),
        ("import asyncio as aio\naio.gather(MARK)", "asyncio.gather"),
        ("from asyncio import gather\ngather(MARK)", "asyncio.gather"),
        ("from asyncio import gather as g\ng(MARK)", "asyncio.gather"),
        ("import os.path\nos.path.join(MARK)", "os.path.join"),
        ("import a.b as c\nc.d(MARK)", "a.b.d"),
        ("from . import users\nusers.load(MARK)", ".users.load"),
        ("from .users import load\nload(MARK)", ".users.load"),
        ("from .. import load\nload(MARK)", "..load"),
        ("open(MARK)", "builtins.open"),
        ("def open(x): ...\nopen(MARK)", None),
        ("def f(open):\n    open(MARK)", None),
        ("def f():\n    open(MARK)\n    open = 1", None),
        ("from os import *\nopen(MARK)", None),
        ("unknown(MARK)", None),
        ("x().gather(MARK)", None),
        ("import asyncio\nasyncio = None\nasyncio.gather(MARK)", None),
        ("import asyncio\ndef f():\n    asyncio = 1\n    def g():\n        asyncio.gather(MARK)", None),
        ("import asyncio\nclass C:\n    asyncio = 1\n    def g(self):\n        asyncio.gather(MARK)", "asyncio.gather"),
        ("import asyncio\nclass C:\n    asyncio = 1\n    asyncio.gather(MARK)", None),
        ("import asyncio\nclass C:\n    asyncio = 1\n    x = [asyncio.gather(MARK) for _ in y]", "asyncio.gather"),
        ("import asyncio\nclass C:\n    asyncio = 1\n    x = [0 for _ in asyncio.gather(MARK)]", None),
        ("import asyncio\n[asyncio.gather(MARK) for asyncio in x]", None),
        ("import asyncio\n[asyncio for asyncio in asyncio.gather(MARK)]", "asyncio.gather"),
        ("import asyncio\n[(asyncio := 1) for x in y]\nasyncio.gather(MARK)", None),
        ("import asyncio\ndef f():\n    global asyncio\n    asyncio = 1\nasyncio.gather(MARK)", None),
        ("import asyncio\ndef f():\n    global asyncio\n    asyncio.gather(MARK)", "asyncio.gather"),
        ("def f():\n    import asyncio\n    asyncio.gather(MARK)", "asyncio.gather"),
        ("def f():\n    from asyncio import gather as g\n    def h():\n        g(MARK)", "asyncio.gather"),
        ("def f():\n    g = 1\n    def h():\n        nonlocal g\n        from a import g\n        g(MARK)", None),
        ("import asyncio\ndef f(x=asyncio.gather(MARK), asyncio=1): ...", "asyncio.gather"),
        ("import asyncio\n@asyncio.gather(MARK)\ndef asyncio_(asyncio): ...", "asyncio.gather"),
        ("import asyncio\nlambda asyncio: asyncio.gather(MARK)", None),
        ("import asyncio\nfor asyncio in x: ...\nasyncio.gather(MARK)", None),
        ("import asyncio\ntry: ...\nexcept E as asyncio: ...\nasyncio.gather(MARK)", None),
        ("import asyncio\nmatch x:\n    case [*asyncio]: ...\nasyncio.gather(MARK)", None),
        ("import asyncio\nwith x as asyncio: ...\nasyncio.gather(MARK)", None),
        ("import asyncio\ndel asyncio\nasyncio.gather(MARK)", None),
        ("try:\n    from a import g\nexcept ImportError:\n    from b import g\ng(MARK)", None),
        ("if TYPE_CHECKING:\n    from a import g\nelse:\n    from a import g\ng(MARK)", "a.g"),
    ],
)
def test_meaning(text: str, meaning: str | None) -> None:
    assert meaning_of_marked(text) == meaning


def test_definitions() -> None:
    text = (
        "async def load(): ...\n"
        "class Base:\n    async def read(self): ...\n"
        "class C:\n"
        "    async def fetch(self): ...\n"
        "    def run(self, base):\n"
        "        async def local(): ...\n"
        "        load(), self.fetch(), local(), Base.read(), base.read(), self.unknown()\n"
    )
    module = Module(Document.parse(text))
    code = Analysis(module, module.document.statements[-1], (3, 13))
    found = [code.definition(call.func) for call in code.nodes(ast.Call)]
    assert [fact and fact.name for fact in found] == ["load", "fetch", "local", "read", None, None]
