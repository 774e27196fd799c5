"""A file that does not keep to the form of an idiom is reported with its place."""

from __future__ import annotations

import ast
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from idiomatic.core import catalogue
from idiomatic.core.catalogue import CatalogueError
from idiomatic.core.idiom import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.idiom import Finding

TEXT = """Do it well.

## Why
Because.

## Example
Like this.

## Fix safety
Safe.

## References
None.
"""


def detect(node: ast.Call | ast.Name, code: Analysis) -> Iterator[Finding]:
    yield from ()


def wrong(node: int) -> None: ...


def module(**changes: object) -> ModuleType:
    """A proper idiom, but for some of it; what is `None` is not there."""
    made = ModuleType("idiomatic.idioms.data.do_well")
    members = {"__doc__": TEXT, "KIND": Kind.IDIOM, "SINCE": (3, 0), "TRIGGERS": ("x",), "ALSO": (), "detect": detect}
    made.__file__ = "/do_well.py"
    vars(made)["ast"] = ast
    vars(made).update({name: value for name, value in {**members, **changes}.items() if value is not None})
    return made


def test_a_proper_file_is_an_idiom() -> None:
    idiom = catalogue.read(module())
    assert (idiom.name, idiom.family, idiom.nodes) == ("do-well", "data", (ast.Call, ast.Name))
    assert idiom.advice == "Do it well."
    assert idiom.section("Why") == "Because."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"__doc__": TEXT.replace("well.", "well")}, "the docstring's first line"),
        ({"__doc__": TEXT.replace("## Fix safety\n", "")}, "found: Why, Example, References"),
        ({"__doc__": TEXT.replace("## Why", "## When")}, "found: When, Example, Fix safety, References"),
        ({"detect": None}, "no function `detect"),
        ({"KIND": "idiom"}, "the constant `KIND`"),
        ({"TRIGGERS": None}, "the constant `TRIGGERS`"),
        ({"detect": lambda: None}, "is annotated with the syntax nodes"),
        ({"detect": wrong}, "is annotated with classes of `ast`"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, object], said: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        catalogue.read(module(**changes))
    assert str(caught.value).startswith("/do_well.py:")
    assert said in str(caught.value)
