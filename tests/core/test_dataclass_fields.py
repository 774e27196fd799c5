"""What is read of a dataclass is what `dataclasses` makes of it, by making the same classes."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
import types
from typing import TYPE_CHECKING

import pytest
from idiomatic.core.analysis.code import Analysis
from idiomatic.core.analysis.dataclass_fields import Dataclass, Default, dataclass_of
from idiomatic.core.document import Document
from idiomatic.core.module import Module

from tests.engine import Neighbours

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = """
import dataclasses
import dataclasses as dc
import typing
import typing as t
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import ClassVar, Generic, Protocol, TypeVar

T = TypeVar("T")
"""

CLASSES = {
    "plain": """
@dataclass
class C:
    a: int
    b: str = "x"
    c: list = field(default_factory=list)
    d = 5

    def e(self): ...
""",
    "called, through the module": """
@dc.dataclass(frozen=True, order=True)
class C:
    a: int
    b: int = dc.field(repr=False, default=3)
    c: int = dataclasses.field(init=False)
""",
    "class variables, markers and init-only": """
@dataclass
class C:
    a: int
    limit: ClassVar[int] = 5
    other: t.ClassVar = 6
    seed: InitVar[int]
    seed_too: dataclasses.InitVar[int] = 5
    _: KW_ONLY
    b: int
    c: int = field(kw_only=False, default=1)
""",
    "in quotes": """
@dataclass
class C:
    a: "int"
    limit: "ClassVar[int]" = 5
    other: "typing.ClassVar" = 6
    seed: "InitVar[int]"
    _: "dataclasses.KW_ONLY"
    b: "list[C]" = dataclasses.MISSING
""",
    "all keyword-only": """
@dataclass(kw_only=True)
class C:
    a: int = 1
    b: int
    c: int = field(kw_only=False)
""",
    "inherited": """
@dataclass
class A:
    a: int
    b: int

class Between(A):
    z: int = 5

@dataclass
class C(Between, Generic[T]):
    c: int
    a: str
""",
    "two bases": """
@dataclass
class A:
    a: int

@dataclass
class B:
    b: int = 1

class Protocolled(Protocol):
    def m(self): ...

@dataclass
class C(B, A, Protocolled):
    c: int = 5
""",
    "inside a function": """
def f():
    @dataclass
    class A:
        a: int

    @dataclass
    class C(A):
        b: int = 2
    return C

C = f()
""",
}


def read(source: str, files: Mapping[str, str] | None = None) -> Dataclass:
    module = Module(Document.parse(source), Neighbours(files or {}))
    for statement in reversed(module.document.statements):
        for node in (each for outer in statement.nodes for each in ast.walk(outer)):
            if isinstance(node, ast.ClassDef) and node.name == "C":
                found = dataclass_of(node, Analysis(module, statement, (3, 13)))
                assert found is not None
                return found
    raise AssertionError(source)


@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"])
@pytest.mark.parametrize("name", CLASSES)
def test_as_dataclasses_makes_it(name: str, future: str) -> None:
    if future and "quotes" in name:
        pytest.skip("then `dataclasses` does not see through the quotes")
    source = f"{future}{HEAD}{CLASSES[name]}"
    found = read(source)
    module = types.ModuleType("made")
    sys.modules["made"] = module
    exec(compile(source, "made", "exec", dont_inherit=True), module.__dict__)
    made = module.C
    assert found.is_complete
    assert [f.name for f in found.fields if not f.is_init_only] == [f.name for f in dataclasses.fields(made)]
    parameters = list(inspect.signature(made).parameters.values())
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [f.name for f in found.fields if f.is_positional] == [p.name for p in positional]
    assert {f.name for f in found.fields if f.init} == {p.name for p in parameters}
    assert {f.name for f in found.fields if f.init and f.default is Default.NONE} == {
        p.name for p in parameters if p.default is p.empty
    }
    assert found.is_set("frozen") == made.__dataclass_params__.frozen


def names(found: Dataclass) -> list[str]:
    return [f"{each.owner}.{each.name}" for each in found.fields]


def test_inherited_from_another_file() -> None:
    models = f"{HEAD}\nclass Plain: ...\n@dataclass\nclass A(Plain):\n    a: int\n    limit: ClassVar[int] = 5\n"
    lower = "import dataclasses\nfrom models import A\n@dataclasses.dataclass\nclass B(A):\n    b: int = 1\n"
    source = "import dataclasses\nimport lower\n@dataclasses.dataclass\nclass C(lower.B):\n    c: int\n"
    found = read(source, {"models": models, "lower": lower})
    assert names(found) == ["A.a", "B.b", "C.c"]
    assert [each.default for each in found.fields] == [Default.NONE, Default.VALUE, Default.NONE]


@pytest.mark.parametrize(
    "base",
    [
        "from elsewhere import A",
        "from pydantic.dataclasses import dataclass as made\n@made\nclass A:\n    a: int = 1",
        "@unknown\nclass A:\n    a: int = 1",
    ],
)
def test_not_a_dataclass_or_unknown(base: str) -> None:
    found = read(f"import dataclasses\n{base}\n@dataclasses.dataclass\nclass C(A):\n    c: int\n")
    assert names(found) == ["C.c"]


def test_what_may_be_a_default() -> None:
    found = read(f"""{HEAD}
class Mixin:
    e = 5

@dataclass
class C(Mixin):
    a: int = make()
    b: int
    c: int = field(**options)
    d: int = Thing()
    e: int
    b = 3
""")
    kinds = [each.default for each in found.fields]
    assert kinds == [Default.UNKNOWN, Default.UNKNOWN, Default.UNKNOWN, Default.VALUE, Default.UNKNOWN]


def test_below_a_condition() -> None:
    assert not read(f"{HEAD}\n@dataclass\nclass C:\n    if typing.TYPE_CHECKING:\n        a: int\n").is_complete
