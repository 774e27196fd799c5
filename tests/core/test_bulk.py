"""Fixing in bulk: what two fixes want of one place."""

from __future__ import annotations

from idiomatic.core import bulk

from tests.engine import analyse

CLASSES = """\
class One:
    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y


class Two:
    def __init__(self, x: int, y: dict[str, int] | None = None) -> None:
        self.x = x
        self.y = y or {}
"""


def fixed(text: str, *rules: str) -> str:
    analysed = analyse(text, *rules)
    for _, after in bulk.fix_all(analysed, unsafe=True):
        analysed = after
    return analysed.module.document.text


def test_imports_from_one_module_become_one_import() -> None:
    assert fixed(CLASSES, "class-to-dataclass").startswith("from dataclasses import dataclass, field\n\n\n@dataclass")


def test_an_import_goes_with_its_last_use() -> None:
    use = "async def f{0}():\n    return await g(load{0}(), load{0}())\n\n\nasync def load{0}(): ...\n\n\n"
    text = f"from asyncio import gather as g\n\n\n{use.format(1)}{use.format(2)}"
    assert "gather" not in fixed(text, "gather-to-task-group")
    assert fixed(text, "gather-to-task-group").startswith("from asyncio import TaskGroup\n\n\nasync def f1")


def test_many_fixes() -> None:
    text = "import datetime\n" + "".join(f"a{n} = datetime.datetime.utcnow()\n" for n in range(300))
    assert fixed(text, "naive-utcnow").count("datetime.now(datetime.UTC)") == 300
