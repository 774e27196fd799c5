"""Give each object of a dataclass its own list, dictionary or clock reading with `default_factory`.

## Why
The default of a field is evaluated once, when the class is made, and belongs to all its objects: with `datetime.now()`
all of them have the time at which the module was imported. Where the default can't be hashed (a list, a dictionary, a
set), `dataclass` refuses to make the class at all. A lock, a queue or another object that can be changed it lets
through, and all objects share it.

## Example
```python
from dataclasses import dataclass


@dataclass
class Basket:
    owner: str
    items: list[str] = []
    limits: dict[str, int] = {"apples": 10}
```
becomes
```python
from dataclasses import dataclass, field


@dataclass
class Basket:
    owner: str
    items: list[str] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=lambda: {"apples": 10})
```

## Fix safety
Safe where `dataclass` raises `ValueError` today: no program has such a class.

Unsafe where the class can be made today: each object gets an object of its own, where all had the same one, and the
class loses the attribute of that name. Before Python 3.11 `dataclass` raises only for lists, dictionaries and sets.

Refused where no generated constructor would call the factory (`init=False`, or an `__init__` written by hand), for
`InitVar`, which can't have one, and where the default uses names of the class body, which a function inside can't see.

Only objects of classes that are known to be mutable are reported: of the standard library's, of dataclasses that are
not frozen, of classes with an `__eq__` and no `__hash__`, and of those of this file whose methods change them. Nothing
is reported in a test that expects the error.

## References
- [`dataclasses`: mutable default values](https://docs.python.org/3/library/dataclasses.html#mutable-default-values)
- [`dataclasses.field`](https://docs.python.org/3/library/dataclasses.html#dataclasses.field)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis import classes
from idiomatic.core.analysis.constructors import methods
from idiomatic.core.analysis.dataclass_fields import FIELD, dataclass_decorator, dataclass_of, own_dataclass
from idiomatic.core.analysis.exceptions import builtin_is_visible, is_meant_to_fail
from idiomatic.core.facts import ClassFact
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Safe, Unsafe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.dataclass_fields import Dataclass, DataclassField
    from idiomatic.core.draft import Draft
    from idiomatic.core.idiom import Verdict

KIND = Kind.PROBLEM
SINCE = (3, 7)
TRIGGERS = ("dataclass",)
ALSO = ("RUF008", "RUF009")


def _names(owner: str, words: str) -> frozenset[str]:
    return frozenset(f"{owner}.{word}" for word in words.split())


_DISPLAYS: Final = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Dict: "dictionary",
    ast.DictComp: "dictionary",
    ast.Set: "set",
    ast.SetComp: "set",
}
_ALWAYS_REFUSED: Final = {
    "builtins.list": "list",
    "builtins.dict": "dictionary",
    "builtins.set": "set",
    "collections.defaultdict": "`defaultdict`",
    "collections.OrderedDict": "`OrderedDict`",
    "collections.Counter": "`Counter`",
}
_UNHASHABLE: Final = (
    _names("builtins", "bytearray") | _names("collections", "deque ChainMap UserDict UserList") | {"array.array"}
)
_STATEFUL: Final = (
    _names("threading", "Lock RLock Event Condition Semaphore BoundedSemaphore Barrier local")
    | _names("asyncio", "Lock Event Condition Semaphore BoundedSemaphore Queue PriorityQueue LifoQueue")
    | _names("queue", "Queue SimpleQueue PriorityQueue LifoQueue")
    | _names("multiprocessing", "Lock Queue Event")
    | _names("io", "StringIO BytesIO")
    | _names("random", "Random")
    | _names("weakref", "WeakKeyDictionary WeakValueDictionary WeakSet")
    | {"builtins.iter", "itertools.count", "itertools.cycle", "types.SimpleNamespace"}
)
_READINGS: Final = (
    _names("datetime.datetime", "now utcnow today")
    | _names("time", "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns")
    | _names("uuid", "uuid1 uuid4")
    | _names("random", "random randint randrange choice uniform getrandbits")
    | _names("secrets", "token_hex token_bytes token_urlsafe randbelow choice")
    | {"datetime.date.today", "os.urandom"}
)


class Shared(Struct, frozen=True, eq=False):
    """What all objects of a dataclass would have in common.

    Attributes:
        field: the field whose default it is.
        value: the default.
        what: what kind of object it is, for messages; empty for what a call gives, like the time.
        raises: whether `dataclass` refuses it.
    """

    field: DataclassField
    value: ast.expr
    what: str
    raises: bool


def detect(class_: ast.ClassDef, code: Analysis) -> Iterator[Finding]:
    if not class_.decorator_list or dataclass_decorator(class_, code) is None:
        return
    if not any(isinstance(each, ast.AnnAssign) and _may_be_shared(each.value) for each in class_.body):
        return
    made = dataclass_of(class_, code)
    if made is None or is_meant_to_fail(code, class_):
        return
    for field in made.own:
        if (shared := _shared(field, code)) is not None:
            yield Finding(shared.value, _message(shared, class_), (_fix(shared, made, class_, code),))


def _may_be_shared(value: ast.expr | None) -> bool:
    return isinstance(value, (*_DISPLAYS, ast.Call, ast.Name))


# -- what is shared ---------------------------------------------------------------------------------------------------


def _shared(field: DataclassField, code: Analysis) -> Shared | None:
    value = field.statement.value if field.statement is not None else None
    match value:
        # items: list = field(default=[], repr=False)
        case ast.Call(func=function, keywords=keywords) if code.is_name(function, FIELD):
            value = next((keyword.value for keyword in keywords if keyword.arg == "default"), None)
        case _:
            pass
    if value is None:
        return None
    refuses_all = code.target >= (3, 11)
    match value:
        # items: list = []
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp():
            return Shared(field, value, f"a {_DISPLAYS[type(value)]}", raises=not field.is_init_only)
        # limits: dict = LIMITS, below LIMITS = {}
        case ast.Name(id=name) if code.local_bindings(value) is None:
            found = code.ask(classes.value, name)
            is_mutable = found is not None and found.kind == "mutable"
            return Shared(field, value, f"the mutable `{name}`", raises=not field.is_init_only) if is_mutable else None
        case ast.Call(func=function):
            called = function.value if isinstance(function, ast.Subscript) else function
            name = code.qualified_name(called) or ""
            if name in _ALWAYS_REFUSED:
                return Shared(field, value, f"a {_ALWAYS_REFUSED[name]}", raises=not field.is_init_only)
            shown = f"a `{ast.unparse(called)}`"
            if name in _UNHASHABLE:
                return Shared(field, value, shown, raises=refuses_all and not field.is_init_only)
            if name in _STATEFUL:
                return Shared(field, value, shown, raises=False)
            if name in _READINGS:
                return Shared(field, value, "", raises=False)
            if (is_hashable := _makes_mutable(called, code)) is not None:
                return Shared(field, value, shown, raises=refuses_all and not is_hashable and not field.is_init_only)
            return None
        case _:
            return None


def _makes_mutable(class_: ast.expr, code: Analysis) -> bool | None:
    """Whether the objects of a mutable class of the project can be hashed; `None`: they are not known to be mutable."""
    if not isinstance(class_, ast.Name | ast.Attribute) or not isinstance(fact := code.definition(class_), ClassFact):
        return None
    defined = {*fact.attributes, *(method.name for method in fact.methods)}
    if (made := own_dataclass(class_, code)) is not None:
        if made.options["frozen"] is not False or made.options["unsafe_hash"] is not False:
            return None
        return made.options["eq"] is not True or "__hash__" in defined
    if fact.decorators or fact.keywords:
        return None
    if "__eq__" in defined and "__hash__" not in defined:
        return False
    if isinstance(class_, ast.Name) and code.local_bindings(class_) is None:
        changes = code.ask(classes.own_writes, fact.name)
        is_changed = any(write.method not in {"__init__", "__new__", "__setstate__"} for write in changes)
        return True if is_changed and not _caches(fact) else None
    return None


def _caches(fact: ClassFact) -> bool:
    """Whether what its methods change may only be what they remember: then it is as good as immutable."""
    return any("cache" in decorator for method in fact.methods for decorator in method.decorators) or bool(
        {"__hash__", "__setattr__"} & {method.name for method in fact.methods}
    )


def _message(shared: Shared, class_: ast.ClassDef) -> str:
    name = shared.field.name
    if shared.raises:
        return f"The default of `{name}` is {shared.what}: `dataclass` raises `ValueError` when the class is made"
    if not shared.what:
        return f"`{_shown(shared.value)}` is called once, when the class is made: all objects share the result"
    return f"All objects of `{class_.name}` share {shared.what}, the default of `{name}`"


def _shown(value: ast.expr) -> str:
    text = ast.unparse(value)
    return text if len(text) <= 40 else f"{ast.unparse(value.func)}(...)" if isinstance(value, ast.Call) else "..."


# -- the fix ----------------------------------------------------------------------------------------------------------


def _fix(shared: Shared, made: Dataclass, class_: ast.ClassDef, code: Analysis) -> Fix:
    factory = _factory(shared.value, code)
    title = f"Use `field(default_factory={factory})`" if factory else "Use a `default_factory`"
    verdict = _verdict(shared, made, class_, code)
    if isinstance(verdict, Unsafe):
        title += " (each object gets its own)"
    statement = shared.field.statement
    assert statement is not None
    rewrite = None if isinstance(verdict, Refused) else partial(to_factory, shared)
    return Fix(title, verdict, code.lines(statement), rewrite)


def _factory(value: ast.expr, code: Analysis) -> str | None:
    """What can be called to get the value, as it is written; `None`: a lambda has to be made."""
    match value:
        case _ if "#" in code.source(value):
            return None
        case ast.List(elts=[]) if builtin_is_visible(code, "list", value):
            return "list"
        case ast.Dict(keys=[]) if builtin_is_visible(code, "dict", value):
            return "dict"
        case ast.Call(func=function, args=[], keywords=[]):
            return ast.unparse(function)
        case ast.Name(id=name):
            return f"{name}.copy"
        case _:
            return None


def _verdict(shared: Shared, made: Dataclass, class_: ast.ClassDef, code: Analysis) -> Verdict:
    if shared.field.is_init_only:
        return Refused(
            "An `InitVar` can't have a factory: its default can be `None`, for which `__post_init__` makes one."
        )
    if not made.is_set("init") or any(method.name == "__init__" for method in methods(class_)):
        return Refused("The constructor is not the generated one, which calls the factory.")
    if shared.field.init is None:
        return Refused("It can't be seen how the field is configured.")
    if _factory(shared.value, code) is None:
        for node in ast.walk(shared.value):
            match node:
                case ast.NamedExpr() | ast.Await() | ast.Yield() | ast.YieldFrom():
                    return Refused("The default does more than to make an object.")
                case ast.Name(id=name):
                    scope = code.scope(node).lookup(name)
                    if scope is not None and scope.node is class_:
                        return Refused(f"`{name}` is a name of the class body, which a factory can't see.")
                case _:
                    pass
    if shared.raises:
        return Safe()
    if not shared.what:
        what = "It is called for each object, when that is made"
    else:
        what = "Each object gets one of its own, where all had the same"
    return Unsafe((f"{what}; `{class_.name}.{shared.field.name}` can no longer be read from the class.",))


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_factory(shared: Shared, draft: Draft) -> Sequence[cst.BaseStatement]:
    value = shared.value
    old = draft.node(value, cst.BaseExpression)  # type: ignore[type-abstract]
    factory = _as_factory(value, old, draft)
    keyword = cst.Name("default_factory")
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    match draft.code.parent(value):
        case ast.keyword() as given:
            argument = draft.node(given, cst.Arg)
            return draft.replaced({argument: argument.with_changes(keyword=keyword, value=factory)})
        case _:
            argument = cst.Arg(factory, keyword=keyword, equal=tight)
            return draft.replaced({old: cst.Call(draft.expression(FIELD, value), [argument])})


def _as_factory(value: ast.expr, old: cst.BaseExpression, draft: Draft) -> cst.BaseExpression:
    if (factory := _factory(value, draft.code)) is None:
        return cst.Lambda(cst.Parameters(), old)
    match value:
        case ast.Call():
            return cst.ensure_type(old, cst.Call).func
        case _:
            return cst.parse_expression(factory)
