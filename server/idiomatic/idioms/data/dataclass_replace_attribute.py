"""Take `replace`, `field` and the like from the module `dataclasses`: the decorator `dataclass` does not have them.

## Why
`dataclass` is a function, and `dataclasses` the module with everything else. One letter less gives an `AttributeError`,
and only when the line is executed.

## Example
```python
from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    x: int
    y: int

    def moved_by(self, dx: int) -> "Point":
        return dataclass.replace(self, x=self.x + dx)
```
becomes
```python
import dataclasses
from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    x: int
    y: int

    def moved_by(self, dx: int) -> "Point":
        return dataclasses.replace(self, x=self.x + dx)
```

## Fix safety
Safe: what raises `AttributeError` today works. Unsafe in a `try` that may catch that error. Nothing is reported in a
test that expects it.

## References
- [`dataclasses`: module contents](https://docs.python.org/3/library/dataclasses.html#module-contents)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis.dataclass_fields import DATACLASS
from idiomatic.core.analysis.exceptions import expects_exception, tries_around, withs_around
from idiomatic.core.idiom import Finding, Fix, Kind, Unsafe, safe_unless

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 7)
TRIGGERS = ("dataclass.",)
ALSO = ()

PLAIN_BY_ITSELF: Final = frozenset(
    (
        *("asdict", "astuple", "dataclass", "field", "is_dataclass", "make_dataclass"),
        *("FrozenInstanceError", "InitVar", "KW_ONLY"),
    )
)
"""What is imported by its name; the name of the others says too little."""
BETTER_WITH_MODULE: Final = frozenset(("Field", "MISSING", "fields", "replace"))


def detect(attribute: ast.Attribute, code: Analysis) -> Iterator[Finding]:
    name = attribute.attr
    if name not in PLAIN_BY_ITSELF and name not in BETTER_WITH_MODULE:
        return
    if not isinstance(attribute.ctx, ast.Load) or not code.is_name(attribute.value, DATACLASS):
        return
    if any(expects_exception(code, item) for item in withs_around(code, attribute)):
        return
    is_caught = any(around.handlers for around in tries_around(code, attribute))
    reason = "The `try` around it may catch the `AttributeError` that is raised today."
    verdict = safe_unless([reason] if is_caught else [])
    title = f"Use `{name}` of the module `dataclasses`"
    if isinstance(verdict, Unsafe):
        title += " (no `AttributeError` any more)"
    message = (
        f"`{ast.unparse(attribute)}` raises `AttributeError`: `{name}` belongs to the module, not to the decorator"
    )
    fix = Fix(title, verdict, code.lines(attribute), partial(from_module, attribute))
    yield Finding(attribute, message, (fix,))


def from_module(attribute: ast.Attribute, draft: Draft) -> Sequence[cst.BaseStatement]:
    as_module = attribute.attr in BETTER_WITH_MODULE
    new = draft.expression(f"dataclasses.{attribute.attr}", attribute, as_module=as_module)
    return draft.replaced({draft.node(attribute, cst.Attribute): new})
