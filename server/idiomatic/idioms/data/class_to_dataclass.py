"""Let `@dataclass` write the constructor of a class that only holds data, and what goes with it.

## Why
A constructor that copies its parameters says every name three times, and `__repr__`, `__eq__` and `__hash__` say it
again; one of them is forgotten when a field is added. A dataclass says each field once, with its type, where a reader
looks for it.

## Example
```python
class Point:
    def __init__(self, x: int, y: int = 0) -> None:
        self.x = x
        self.y = y

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(x={self.x!r}, y={self.y!r})"

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return (self.x, self.y) == (other.x, other.y)

    @property
    def is_origin(self) -> bool:
        return self.x == self.y == 0
```
becomes
```python
from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int = 0

    @property
    def is_origin(self) -> bool:
        return self.x == self.y == 0
```

## Fix safety
The first action keeps what the class does today: methods of its own stay unless they are exactly the generated ones,
and without an `__eq__` objects go on being compared by identity (`eq=False`). It is safe if the class has a `__repr__`,
all types are known and nothing below applies. Not counted as changes: the class gains what every dataclass has
(`__dataclass_fields__`, by which some serializers know it, `__match_args__`, `__replace__` since Python 3.13, a
`__doc__`, defaults that can be read through the class), `Point.__init__` loses its docstring (its text moves to the
class, unless it only says that it initializes), a subclass inside another class or a function shows its qualified name,
and a dataclass in another file that inherits from the class inherits its fields. Methods called `copy`, `_replace` or
`with_...` that give an object like `self` use `dataclasses.replace`, which calls the constructor just as they did.

Unsafe:
- the class has no `__repr__`: it gains one that shows the fields (not those named like a password);
- `None` stood for a new list (`x if x is not None else []`): passed explicitly, it is stored now. Where it was
  `x or []`, an empty list is stored too instead of being replaced;
- checks and conversions move to `__post_init__`, and so come after all fields are stored;
- attributes that are no parameters become fields with `init=False`: what is made of parameters in `__post_init__`, the
  others with a default; they are neither compared nor shown where they were not before;
- a field has the type of all that can be passed, where the constructor stores only one of these types;
- a private attribute with a property that only shows it (`self._x = x`) becomes a read-only field `x`, with
  `frozen=True` in all forms;
- a type is only inferred, from what the constructor checks and converts, from a default, a docstring or the calls in
  the module; or unknown and so `Any`;
- a default can't be seen to be hashable: a dataclass refuses it then;
- the class has subclasses, or decorators, which now get to see a dataclass;
- the second action, `@dataclass`, compares by value what was compared by identity or with subclasses, and replaces
  methods that are much like the generated ones;
- the third, `@dataclass(frozen=True, slots=True)`, makes objects read-only, hashable by value and without room for
  other attributes.

Frozen is refused where this module assigns to a field, or uses `setattr`, `vars` or `__dict__`, where another file of
the project certainly does so or inherits from the class, and for attributes that begin with the same value for all
objects; slots where weak references, `cached_property`, or (before Python 3.14) `super()` are used. What other files
may do with its objects is a reason, and so is that they have not been looked at. The second action is refused where
objects of the class are hashed, if they could not be any more.

Refused: a constructor that does more than store, check and convert its parameters, names an attribute differently from
its parameter (but for one with a read-only property that nothing else in the module names), takes `*args` or
positional-only parameters or calls `super().__init__()`; other base classes than `Generic`, `ABC` and plain mixins;
metaclasses; `__new__`; overloads; a method, property or class attribute with the name of a field; mutable defaults; a
field that hides a type another field needs.

## References
- [`dataclasses`](https://docs.python.org/3/library/dataclasses.html)
- [PEP 557, Data Classes](https://peps.python.org/pep-0557/)
"""

from __future__ import annotations

import ast
import re
from functools import partial
from typing import TYPE_CHECKING

import libcst as cst

from idiomatic.core.analysis.constructors import (
    DoesMoreError,
    declared_parameters,
    methods,
    read_constructor,
)
from idiomatic.core.analysis.dataclass_forms import NoForm, forms
from idiomatic.core.analysis.generated_methods import BOILERPLATE
from idiomatic.core.analysis.purpose import holds_data
from idiomatic.core.analysis.read_only_properties import read_only_properties
from idiomatic.core.analysis.record_obstacles import obstacles
from idiomatic.core.analysis.records import has_other_machinery, read_record
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.text import Span
from idiomatic.core.writing.dataclass_body import as_dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.dataclass_forms import Form
    from idiomatic.core.analysis.records import Record
    from idiomatic.core.draft import Draft

KIND = Kind.IDIOM
SINCE = (3, 7)
TRIGGERS = ("def __init__",)
ALSO = ()


def detect(class_: ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    constructors = [method for method in methods(class_) if method.name == "__init__"]
    match constructors:
        # class C:
        #     def __init__(self, x): ...
        case [*_, ast.FunctionDef() as constructor] if not has_other_machinery(class_):
            yield from _judge(class_, constructor, code)
        case _:
            return


def _judge(class_: ast.ClassDef, function: ast.FunctionDef, code: Analysis) -> Iterator[Finding]:
    special = [method.name for method in methods(class_) if method.name in BOILERPLATE]
    try:
        parameters = declared_parameters(function)
        if not holds_data(class_, parameters, special, code):
            return
        constructor = read_constructor(
            function, frozenset(_constants(class_)), read_only_properties(class_, code), code
        )
    except DoesMoreError as error:
        if _stores(function) >= 2:
            yield _refused(class_, str(error), code)
        return
    record = read_record(class_, constructor, code)
    alike = [name for name, (_, generated) in record.methods.items() if generated is not None]
    if not holds_data(class_, constructor.parameters, alike, code):
        return
    for obstacle in obstacles(record, code):
        yield _refused(class_, obstacle, code)
        return
    yield Finding(
        _header(class_, code), _message(record), tuple(_fix(form, record, code) for form in forms(record, code))
    )


def _constants(class_: ast.ClassDef) -> Iterator[str]:
    for statement in class_.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                yield name
            case _:
                pass


def _stores(function: ast.FunctionDef) -> int:
    """How many statements are `self.x = x`."""
    return sum(
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Name)
        and [target.attr for target in statement.targets if isinstance(target, ast.Attribute)] == [statement.value.id]
        for statement in function.body
    )


def _refused(class_: ast.ClassDef, reason: str, code: Analysis) -> Finding:
    fix = Fix("Convert to a dataclass", Refused(reason), code.lines(class_))
    return Finding(_header(class_, code), f"`{class_.name}` could be a dataclass", (fix,))


def _header(class_: ast.ClassDef, code: Analysis) -> Span:
    """`class Point`."""
    start = code.span(class_).start
    found = re.compile(rf"class\s+{re.escape(class_.name)}").match(code.statement.text, start)
    return Span(start, found.end() if found else start + len("class"))


def _message(record: Record) -> str:
    if any(generated is not None for _, generated in record.methods.values()):
        return f"`{record.node.name}` stores its arguments and writes by hand what a dataclass generates"
    only = "" if record.constructor.rest or record.extras else "only "
    return f"`{record.node.name}` {only}stores its arguments, as a dataclass does by itself"


# -- the fixes --------------------------------------------------------------------------------------------------------


def _fix(form: Form | NoForm, record: Record, code: Analysis) -> Fix:
    title = f"Convert to `{form.decorator}`"
    where = code.lines(record.node)
    if isinstance(form, NoForm):
        return Fix(title, Refused(form.reason), where)
    if form.reasons:
        title += f" ({form.reasons[0].short})"
    return Fix(title, safe_unless(reason.text for reason in form.reasons), where, partial(convert, record, form))


# -- the rewrite ------------------------------------------------------------------------------------------------------


def convert(record: Record, form: Form, draft: Draft) -> Sequence[cst.BaseStatement]:
    class_ = draft.node(record.node, cst.ClassDef)
    return draft.replaced({class_: as_dataclass(record, form, draft)})
