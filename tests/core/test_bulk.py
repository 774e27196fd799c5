"""Fixing in bulk: what two fixes want of one place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import libcst as cst
from idiomatic.core import bulk, engine
from idiomatic.core.document import Document
from idiomatic.core.idiom import Finding, Fix, Idiom, Kind, Safe
from idiomatic.core.module import Module

from tests.engine import analyse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft

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


def test_fixes_that_change_other_statements_take_turns() -> None:
    """Each makes a variable's name lower case everywhere; both are used in one line."""

    def detect(assignment: ast.Assign, code: Analysis) -> Iterator[Finding]:
        match assignment.targets:
            case [ast.Name(id=name)] if name.isupper():

                def lowered(draft: Draft) -> Sequence[cst.BaseStatement]:
                    for other in draft.elsewhere(name):
                        part = draft.part(other, *other.lines(other.statement.nodes[0]))
                        part.become(in_lower_case(part))
                    return in_lower_case(draft)

                def in_lower_case(draft: Draft) -> Sequence[cst.BaseStatement]:
                    names = [node for node in draft.code.nodes(ast.Name) if node.id == name]
                    return draft.replaced({draft.node(each, cst.Name): cst.Name(name.lower()) for each in names})

                yield Finding(assignment, "Too loud", (Fix("Lower it", Safe(), code.lines(assignment), lowered),))
            case _:
                pass

    loud = Idiom("loud", "test", Kind.IDIOM, (3, 0), (), (), (ast.Assign,), detect, "", "")
    text = "AB = 1\nABC = 2\n\nprint(AB, ABC)\n"
    rules = engine.Rules((loud,), (3, 13), frozenset())
    rounds = list(bulk.fix_all(engine.analyse(Module(Document.parse(text)), rules)))
    assert [each.span.start for each, _ in rounds] == [0, 0]
    assert rounds[0][1] is not rounds[1][1]
    assert rounds[-1][1].module.document.text == text.lower()
