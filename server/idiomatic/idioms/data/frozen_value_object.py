"""Make a dataclass whose objects are never changed `frozen` and give it `slots`.

## Why
Whoever is handed an object that nobody changes can rely on it: it can be shared, kept, used as a key and passed between
threads. With `frozen=True` that is no habit but a promise; with `slots=True` a misspelt attribute is an error, and an
object takes less memory.

## Example
```python
from dataclasses import dataclass


@dataclass
class Money:
    amount: int
    currency: str = "EUR"

    def doubled(self) -> "Money":
        return Money(2 * self.amount, self.currency)
```
becomes
```python
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Money:
    amount: int
    currency: str = "EUR"

    def doubled(self) -> "Money":
        return Money(2 * self.amount, self.currency)
```

## Fix safety
Always unsafe: what sets a field after all, in code that is not part of the project or by other means, gets a
`FrozenInstanceError`; objects that are compared by value get a hash, made of all their fields; with slots they have no
`__dict__`, no room for other attributes or weak references, and pickles of the old class can't be read. As long as the
other files of the project have not been looked at, that is a reason, too. The second action adds `frozen=True` alone,
the third `slots=True`.

Not found: classes with a field that is a list, a dictionary or another container that is there to be changed; that
change their own fields or set other attributes; that say `frozen=False`; whose names tell that they change or do
something (`State`, `Builder`, `Reporter`...); with coroutines; with a field that is in use, such as a lock, a queue or
an open file; local to a function; in tests; below `if __name__ == "__main__":`; stub files.

Refused: a class that another one inherits from, or that inherits from anything but `Generic`, `ABC`, `Protocol` and
classes without attributes; one whose fields are set in this file or another, as far as can be seen; `setattr`, `vars`
or `__dict__` in its file; other decorators; `__setattr__`, `__delattr__`, `__getattr__`, `__setstate__` or `__del__`.
Without `slots`: where weak references or `cached_property` are used, where a default is read through the class
(`Money.currency`), with `super()` or `__class__` before Python 3.14, with bases that have no slots, and before
Python 3.10.

## References
- [Frozen instances](https://docs.python.org/3/library/dataclasses.html#frozen-instances)
- [`slots`](https://docs.python.org/3/library/dataclasses.html#dataclasses.dataclass)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.analysis import classes, immutability, project_use
from idiomatic.core.analysis.constructors import methods
from idiomatic.core.analysis.dataclass_fields import dataclass_decorator, dataclass_of
from idiomatic.core.analysis.immutability import reads_of_class, the_first_of
from idiomatic.core.analysis.purpose import is_doer
from idiomatic.core.analysis.tree import FUNCTIONS
from idiomatic.core.facts import ClassFact
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.lazy import regex
from idiomatic.core.module import Role, role
from idiomatic.core.usage import Act

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.dataclass_fields import Dataclass
    from idiomatic.core.draft import Draft

KIND = Kind.IDIOM
SINCE = (3, 7)
TRIGGERS = ("dataclass",)
ALSO = ()

_CHANGES: Final = regex(
    r"(?:State|Context|Builder|Counter|Cache|Session|Tracker|Progress|Buffer|Cursor|Accumulator|Stats|Statistics"
    r"|Metrics|Mutable\w*)$"
)
_MUTABLE: Final = regex(
    r"\b(?:list|dict|set|bytearray|defaultdict|deque|List|Dict|Set|DefaultDict|Deque|OrderedDict|Counter|ChainMap"
    r"|MutableMapping|MutableSequence|MutableSet|array|ndarray|DataFrame|Series|Tensor|Any|object)\b"
    # What is in use: waited on, read from, run.
    r"|\b(?:threading|asyncio|multiprocessing|queue|socket|subprocess|sqlite3)\.\w"
    r"|\b(?:Lock|RLock|Condition|(?:Bounded)?Semaphore|\w*Queue|Future|Thread|Popen|(?:Text|Binary)?IO|StreamReader"
    r"|StreamWriter|(?:Async)?Iterator|(?:Async)?Generator)\b"
)
_PLAIN_BASES: Final = (
    "builtins.object",
    "abc.ABC",
    "typing.Generic",
    "typing_extensions.Generic",
    "typing.Protocol",
    "typing_extensions.Protocol",
)


def detect(class_: ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    # @dataclass
    # class C: ...
    if (decorator := dataclass_decorator(class_, code)) is None or _changes(class_):
        return
    record = dataclass_of(class_, code)
    if record is None or not _could_be_frozen(class_, decorator, record, code) or _is_trial(class_, code):
        return
    fixes = tuple(_fixes(class_, decorator, record, code))
    yield Finding(decorator, f"Nothing changes the objects of `{class_.name}` after they are made", fixes)


def _is_trial(class_: ast.ClassDef, code: Analysis) -> bool:
    """Whether nobody relies on it: local to a function, in a test, below `if __name__ == "__main__":`."""
    if code.ask(role) in {Role.TEST, Role.STUB} or code.enclosing(class_, *FUNCTIONS) is not None:
        return True
    around = code.enclosing(class_, ast.If)
    return around is not None and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(around.test)
    )


def _changes(class_: ast.ClassDef) -> bool:
    """Whether its name, or how its methods work, says that it is no value."""
    is_asynchronous = any(isinstance(method, ast.AsyncFunctionDef) for method in methods(class_))
    return _CHANGES.search(class_.name) is not None or is_doer(class_.name) or is_asynchronous


def _could_be_frozen(class_: ast.ClassDef, decorator: ast.expr, record: Dataclass, code: Analysis) -> bool:
    given = {keyword.arg for keyword in decorator.keywords} if isinstance(decorator, ast.Call) else set()
    return (
        not given & {"frozen", None}
        and record.options["init"] is True
        and record.is_complete
        and bool(record.own)
        and not any(_MUTABLE.search(each.annotation) or each.annotation == "..." for each in record.fields)
        and not code.ask(classes.own_writes, class_.name)
        and not any(method.name == "__init__" for method in methods(class_))
    )


# -- the fixes --------------------------------------------------------------------------------------------------------


def _fixes(class_: ast.ClassDef, decorator: ast.expr, record: Dataclass, code: Analysis) -> Iterator[Fix]:
    where = code.lines(class_)
    fields = tuple(each.name for each in record.fields if not each.is_init_only)
    reasons: list[str] = [_FROZEN, *_hash_reasons(class_, record)]
    for obstacle in _obstacles(class_, record, fields, code):
        yield Fix("Add `frozen=True`", Refused(obstacle), where)
        return
    elsewhere = list(project_use.against_frozen(class_.name, fields, code))
    of_slots = list(project_use.against_slots(class_.name, code))
    has_slots = record.is_set("slots")
    no_slots = None if has_slots else next(_against_slots(class_, fields, code), None)
    if has_slots:
        reasons.append("Pickles of the old class can't be read.")
    offers = [(["frozen=True"], "objects become read-only", [*reasons, *the_first_of(elsewhere)])]
    if no_slots is None and not has_slots:
        why = [*reasons, _SLOTS, *the_first_of([*elsewhere, *of_slots])]
        both = (["frozen=True", "slots=True"], "objects become read-only", why)
        offers = [both, *offers, (["slots=True"], "no other attributes", [_SLOTS, *the_first_of(of_slots)])]
    for options, consequence, why in offers:
        title = f"Add `{', '.join(options)}` ({consequence})"
        yield Fix(title, safe_unless(why), where, partial(configure, class_, decorator, options))


_FROZEN: Final = "What sets a field after all gets a `FrozenInstanceError`."
_SLOTS: Final = (
    "With slots, objects have no other attributes, no weak references and no `__dict__`, and pickles of the old class "
    "can't be read."
)


def _hash_reasons(class_: ast.ClassDef, record: Dataclass) -> Iterator[str]:
    has_own = any(method.name == "__hash__" for method in methods(class_))
    if record.options["eq"] is not False and record.options["unsafe_hash"] is not True and not has_own:
        yield "Objects get a hash, made of all fields: all of them have to be hashable where it is used."


def _obstacles(class_: ast.ClassDef, record: Dataclass, fields: tuple[str, ...], code: Analysis) -> Iterator[str]:
    """Why its objects can't be read-only, a sentence each."""
    if class_.keywords:
        yield "It has a metaclass or other arguments of a class."
    if record.inherited:
        yield "It inherits from a dataclass that is not frozen."
    for base in class_.bases:
        plain = base.value if isinstance(base, ast.Subscript) else base
        if not code.is_name(plain, *_PLAIN_BASES) and not _is_mixin(plain, code):
            yield f"It inherits from `{ast.unparse(base)}`, of which not enough is known."
    yield from immutability.against_frozen(class_, fields, code)
    for reason in project_use.against_frozen(class_.name, fields, code):
        if reason.is_certain:
            yield reason.text
    # Whoever sets an attribute of this name may set one of its objects': then nothing speaks for making them read-only.
    for name in fields:
        if found := code.ask(project_use.elsewhere, Act.SETS, class_.name, name):
            files = project_use.in_files(found.possible)
            yield f"In {files} an attribute `{name}` is set, perhaps of one of its objects."


def _is_mixin(base: ast.expr, code: Analysis) -> bool:
    """Whether it is a class of this file that has no attributes and sets none."""
    fact = code.definition(base)
    return (
        isinstance(base, ast.Name)
        and isinstance(fact, ClassFact)
        and not fact.keywords
        and not fact.decorators
        and not fact.attributes
        and set(fact.bases) <= {"object", "ABC", "abc.ABC"}
        and not any(method.name.startswith("__") for method in fact.methods)
        and not code.ask(classes.own_writes, fact.name)
    )


def _against_slots(class_: ast.ClassDef, fields: tuple[str, ...], code: Analysis) -> Iterator[str]:
    """Why it can't have slots, a sentence each."""
    if code.target < (3, 10):
        yield "Before Python 3.10, `dataclass` makes no slots."
    if any(
        isinstance(target, ast.Name) and target.id == "__slots__"
        for member in class_.body
        if isinstance(member, ast.Assign)
        for target in member.targets
    ):
        yield "It has slots already."
    yield from immutability.against_slots(class_, fields, code)
    for name in sorted(code.ask(reads_of_class, class_.name) & set(fields)):
        yield f"This module reads the default `{class_.name}.{name}`, in the place of which there is a slot then."
    for name in fields:
        if found := code.ask(project_use.elsewhere, Act.READS, class_.name, name):
            yield f"`{class_.name}.{name}` is read in {project_use.in_files(found.certain or found.possible)}."
    for reason in project_use.against_slots(class_.name, code):
        if reason.is_certain:
            yield reason.text


# -- the rewrite ------------------------------------------------------------------------------------------------------


def configure(
    class_: ast.ClassDef, decorator: ast.expr, options: Sequence[str], draft: Draft
) -> Sequence[cst.BaseStatement]:
    new = [_argument(option) for option in options]
    if isinstance(decorator, ast.Call):
        call = draft.node(decorator, cst.Call)
        more = [*(argument.with_changes(comma=_comma()) for argument in new), *call.args] if call.args else new
        return draft.replaced({call: call.with_changes(args=more)})
    plain: cst.Name | cst.Attribute = (
        draft.node(decorator, cst.Name) if isinstance(decorator, ast.Name) else draft.node(decorator, cst.Attribute)
    )
    return draft.replaced({plain: cst.Call(plain, new)})


def _argument(option: str) -> cst.Arg:
    name, _, value = option.partition("=")
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(cst.Name(value), keyword=cst.Name(name), equal=tight)


def _comma() -> cst.Comma:
    return cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
