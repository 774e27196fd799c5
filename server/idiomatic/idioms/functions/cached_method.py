"""Keep what a method remembers with its object, not in a cache of the class.

## Why
`functools.lru_cache` and `cache` on a method have one cache for all objects of the class, with the object as a part of
each key. So the cache holds every object that it was ever asked about: none of them is freed before the class is. What
is remembered of one object belongs to it.

## Example
```python
from functools import lru_cache


class Report:
    def __init__(self, rows):
        self._rows = rows

    @property
    @lru_cache
    def total(self):
        return sum(row.price for row in self._rows)
```
becomes
```python
from functools import cached_property


class Report:
    def __init__(self, rows):
        self._rows = rows

    @cached_property
    def total(self):
        return sum(row.price for row in self._rows)
```

```python
from functools import lru_cache


class Shop:
    def __init__(self, rates):
        self._rates = rates

    @lru_cache(maxsize=1000)
    def price(self, item, currency):
        return item.price * self._rates[currency]
```
becomes
```python
from functools import lru_cache


class Shop:
    def __init__(self, rates):
        self.price = lru_cache(maxsize=1000)(self._price)
        self._rates = rates

    def _price(self, item, currency):
        return item.price * self._rates[currency]
```

## Fix safety
Always unsafe.

A method that takes only its object becomes a `cached_property`, and its calls in the file lose their parentheses. Files
that are not seen from here still have theirs; the value stands in the object's `__dict__`, so that copies and pickles
have it, too; it can be assigned to; objects that are equal no longer share it; and where the cache was bounded, values
are now kept as long as their objects.

It is refused for special methods, which Python looks up in the class, for methods that a class of the file overrides or
inherits or that a base class in another file may have, where the file calls a method of that name of who knows which
object, or uses it without a call, for classes with slots, for coroutines (which can be awaited once) and for generators
(which can be consumed once).

A method with parameters gets a cache for each object, which `__init__` makes first of all, or `__post_init__` of a
dataclass. Such an object can't be pickled; a copy asks the object that it was copied from; the object and its cache
hold each other until the garbage collector finds them; and the attribute hides what a subclass overrides.

It is refused for the same methods and classes, and for a class whose objects are read-only, whose attributes are
special, which is called through the class, whose constructor is inherited, or in a file that copies or pickles.

A method that does not use its object becomes a static method: its results are then shared by all objects, as they could
have been all the time.

Not found are static methods and class methods, classes of enumerations, and metaclasses: there the cache holds classes.
Nor is a bounded cache in a class that says itself which of its objects are equal (a `NamedTuple`, or one with a
`__hash__`): there it is keyed by the value, and holds no more than it says. Nor are abstract methods, and classes of
which the module makes all its objects when it is imported.

## References
- [How do I cache method calls?](https://docs.python.org/3/faq/programming.html#how-do-i-cache-method-calls)
- [functools.cached_property](https://docs.python.org/3/library/functools.html#functools.cached_property)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis import classes
from idiomatic.core.analysis.constructors import methods
from idiomatic.core.analysis.defaults import is_stub
from idiomatic.core.analysis.members import How, MemberUse, member_uses
from idiomatic.core.analysis.mentions import mentions
from idiomatic.core.analysis.readers import Place, readers
from idiomatic.core.facts import ClassFact, is_generator, parameters
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.imports import names_for
from idiomatic.core.module import bindings
from idiomatic.core.writing.object_cache import to_own_cache, to_property, to_static

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.tree import Function

KIND = Kind.PROBLEM
SINCE = (3, 8)
TRIGGERS = ("cache",)
ALSO = ("B019",)

CACHES: Final = ("functools.lru_cache", "functools.cache")
WITHOUT_OBJECT: Final = ("builtins.staticmethod", "builtins.classmethod")
DATACLASSES: Final = ("dataclasses.dataclass",)
SLOTTED: Final = ("attr.define", "attr.frozen", "attr.mutable", "attrs.define", "attrs.frozen", "attrs.mutable")
OF_CLASSES: Final = frozenset(("__new__", "__init_subclass__", "__class_getitem__"))
SPECIAL_ATTRIBUTES: Final = frozenset(
    ("__setattr__", "__getattr__", "__getattribute__", "__getstate__", "__reduce__", "__reduce_ex__", "__copy__")
)
COPYING: Final = (
    *("copy", "copy.copy", "copy.deepcopy", "pickle", "pickle.dumps", "pickle.dump", "cloudpickle", "multiprocessing"),
    "concurrent.futures.ProcessPoolExecutor",
)


def detect(method: ast.FunctionDef | ast.AsyncFunctionDef, code: Analysis) -> Iterator[Finding]:
    if not method.decorator_list or method.name in OF_CLASSES:
        return
    cached = next((each for each in method.decorator_list if code.is_name(_called(each), *CACHES)), None)
    class_ = code.parent(method)
    if cached is None or not isinstance(class_, ast.ClassDef) or not [*method.args.posonlyargs, *method.args.args]:
        return
    others = [each for each in method.decorator_list if each is not cached]
    if any(code.is_name(each, *WITHOUT_OBJECT) for each in others) or _has_lasting_objects(class_):
        return
    if _bound(cached, code) is not None and _is_value(class_, code):
        return
    if is_stub(method, code) or _is_made_at_import(class_, code):
        return
    message = f"The cache of `{method.name}` keeps every object alive for which it was called"
    yield Finding(cached, message, tuple(_fixes(method, class_, cached, others, code)))


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator


def _has_lasting_objects(class_: ast.ClassDef) -> bool:
    """Whether the objects of a class are there as long as the program runs: members of an enumeration, classes."""
    names = set(classes.base_names(class_))
    return "type" in names or any(name.endswith(("Enum", "Flag", "EnumMeta", "ABCMeta")) for name in names)


def _is_made_at_import(class_: ast.ClassDef, code: Analysis) -> bool:
    """Whether the objects that the module makes of a class are its own, and live as long as it does."""
    made = [each.place for each in code.ask(readers, class_.name) if each.is_called]
    return bool(made) and all(place is Place.MODULE for place in made)


def _is_value(class_: ast.ClassDef, code: Analysis) -> bool:
    """Whether a class says itself which of its objects are equal."""
    if any(code.is_name(base, "typing.NamedTuple") for base in class_.bases):
        return True
    bases = (code.definition(_plain(base)) for base in class_.bases)
    if any(isinstance(base, ClassFact) and base.method("__hash__") is not None for base in bases):
        return True
    return any(method.name == "__hash__" for method in methods(class_))


def _fixes(
    method: Function, class_: ast.ClassDef, cached: ast.expr, others: Sequence[ast.expr], code: Analysis
) -> Iterator[Fix]:
    where = code.statement.nodes[0], code.statement.nodes[-1]
    is_property = [code.is_name(each, "builtins.property") for each in others] == [True]
    uses = code.ask(member_uses, method.name)
    if len(list(parameters(method.args))) == 1:
        title = "Make it a `cached_property`"
        if (refusal := _against_property(method, class_, others, uses, code, is_property=is_property)) is not None:
            yield Fix(title, Refused(refusal), where)
        else:
            consequence = "kept in the object" if is_property else "read, no longer called"
            verdict = Unsafe(tuple(_property_reasons(method, class_, cached, code, is_property=is_property)))
            rewrite = partial(to_property, method, _with_subclasses(class_, code), is_property)
            yield Fix(f"{title} ({consequence})", verdict, code.lines(method) if is_property else where, rewrite)
        return
    if _is_static(method, others, code):
        title = "Make it a static method, which its object is no argument of (results are shared)"
        if _is_called_through(class_, uses) or _family(class_, uses, code):
            yield Fix(title, Refused("It is called through the class, or is a method of another class as well."), where)
        else:
            reason = f"`{method.name}` does not use its object: results are then shared by all of them."
            yield Fix(title, Unsafe((reason,)), code.lines(method), partial(to_static, method))
    constructor = "__post_init__" if _is_dataclass(class_, code) else "__init__"
    title = f"Give each object a cache of its own in `{constructor}`"
    if (refusal := _against_own_cache(method, class_, others, uses, code)) is not None:
        yield Fix(title, Refused(refusal), where)
    else:
        verdict = Unsafe(tuple(_own_cache_reasons(method, class_, cached, code)))
        rewrite = partial(to_own_cache, method, class_, constructor)
        yield Fix(f"{title} (copies share it, pickling fails)", verdict, where, rewrite)


# -- what is against it -----------------------------------------------------------------------------------------------


def _against_both(method: Function, class_: ast.ClassDef, uses: Sequence[MemberUse], code: Analysis) -> str | None:
    name = method.name
    if name.startswith("__") and name.endswith("__"):
        return f"Python looks `{name}` up in the class, not in the object."
    if isinstance(method, ast.AsyncFunctionDef):
        return "It is a coroutine that is remembered, which can be awaited only once: remember what it gives instead."
    if is_generator(method):
        return "It is an iterator that is remembered, which can be consumed only once: return a list instead."
    if _has_slots(class_, code):
        return f"The objects of `{class_.name}` have slots, and no place for anything else."
    owners = [use.of for use in uses if use.how is How.DEFINED]
    if owners.count(class_.name) > 1:
        return f"`{class_.name}` has more than one `{name}`."
    if related := _family(class_, uses, code):
        return f"`{min(related)}` has a `{name}` as well, and one takes the place of the other."
    if any(use.of.startswith("super(") for use in uses):
        return f"`super().{name}` is the method of the class."
    return None


def _with_subclasses(class_: ast.ClassDef, code: Analysis) -> set[str]:
    """The names of a class and of those of its module that inherit from it."""
    found, todo = {class_.name}, [class_.name]
    while todo:
        new = {each.name for each in code.ask(classes.subclasses, todo.pop())} - found
        found |= new
        todo += new
    return found


def _family(class_: ast.ClassDef, uses: Sequence[MemberUse], code: Analysis) -> set[str]:
    """The subclasses and base classes that have a member of that name, too."""
    family = (_with_subclasses(class_, code) - {class_.name}) | set(classes.base_names(class_))
    return family & {use.of for use in uses if use.how is How.DEFINED}


def _against_property(
    method: Function,
    class_: ast.ClassDef,
    others: Sequence[ast.expr],
    uses: Sequence[MemberUse],
    code: Analysis,
    *,
    is_property: bool,
) -> str | None:
    if (refusal := _against_both(method, class_, uses, code)) is not None:
        return refusal
    if not is_property and (base := next(_bases(method.name, class_, code), None)) is not None:
        return base
    if others and not is_property:
        return f"The decorator `@{ast.unparse(others[0])}` is made for a function."
    if is_property:
        return "`fget` is a part of a property." if code.ask(mentions, "fget") else None
    kin = _with_subclasses(class_, code)
    for use in uses:
        if use.owner in set(classes.base_names(class_)):
            return f"`{use.owner}` uses it as a method."
        if use.owner is not None and use.owner not in kin:
            continue
        match use.how:
            case How.CALLED if use.of == class_.name:
                return f"`{class_.name}.{method.name}()` is a call through the class."
            case How.CALLED | How.CALLED_WITH | How.USED if use.owner is None:
                return f"`{use.of}` may be an object of this class, or of another one with a `{method.name}`."
            case How.CALLED_WITH:
                return f"`{use.of}.{method.name}` is called with something between the parentheses."
            case How.USED:
                return f"`{use.of}.{method.name}` is used without being called."
            case How.NAMED:
                return f"A string of this file says `{method.name}`, and may stand for the method."
            case _:
                pass
    return None


def _property_reasons(
    method: Function, class_: ast.ClassDef, cached: ast.expr, code: Analysis, *, is_property: bool
) -> Iterator[str]:
    if not is_property:
        yield f"Other files that call `{method.name}()` have to read `{method.name}` instead."
    yield "The value stands in the object's `__dict__`: copies and pickles of the object have it, too."
    if is_property:
        yield "A `cached_property` can be assigned to, as a property without setter can't."
    else:
        yield "A class in another file that overrides the method has to do so with a property."
    yield from _equality(class_, code)
    if (bound := _bound(cached, code)) is not None:
        yield f"The cache holds at most {bound} values today; then each object keeps its own."


def _bases(name: str, class_: ast.ClassDef, code: Analysis) -> Iterator[str]:
    for base in class_.bases:
        fact = code.definition(_plain(base))
        is_known = isinstance(fact, ClassFact) and not fact.bases and fact.method(name) is None
        if not is_known and not code.is_name(_plain(base), *_NEUTRAL):
            yield f"`{ast.unparse(base)}` may have a method of that name, and call it."
            return


def _equality(class_: ast.ClassDef, code: Analysis) -> Iterator[str]:
    if _is_dataclass(class_, code) or any(each.name == "__eq__" for each in methods(class_)):
        yield "Objects that are equal share their results today."


_NEUTRAL: Final = ("builtins.object", "typing.Generic", "typing.Protocol", "abc.ABC")


def _plain(base: ast.expr) -> ast.expr:
    return base.value if isinstance(base, ast.Subscript) else base


def _bound(cached: ast.expr, code: Analysis) -> str | None:
    """How many results a cache holds at most; `None` if as many as there are."""
    if code.is_name(_called(cached), "functools.cache"):
        return None
    match cached:
        case ast.Call(args=[size, *_]) | ast.Call(keywords=[ast.keyword(arg="maxsize", value=size), *_]):
            return None if isinstance(size, ast.Constant) and size.value is None else ast.unparse(size)
        case _:
            return "128"


def _has_slots(class_: ast.ClassDef, code: Analysis) -> bool:
    for statement in class_.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="__slots__")], value=slots):
                return not any(isinstance(each, ast.Constant) and each.value == "__dict__" for each in ast.walk(slots))
            case _:
                pass
    for decorator in class_.decorator_list:
        keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
        asked = [each.value for each in keywords if each.arg == "slots"]
        if asked:
            return not (isinstance(asked[0], ast.Constant) and not asked[0].value)
        if code.is_name(_called(decorator), *SLOTTED):
            return True
    return any(code.is_name(base, "typing.NamedTuple") for base in class_.bases)


def _is_dataclass(class_: ast.ClassDef, code: Analysis) -> bool:
    return any(code.is_name(_called(each), *DATACLASSES) for each in class_.decorator_list)


def _is_frozen(class_: ast.ClassDef) -> bool:
    keywords = [keyword for each in class_.decorator_list if isinstance(each, ast.Call) for keyword in each.keywords]
    return any(
        each.arg == "frozen" and not (isinstance(each.value, ast.Constant) and not each.value.value)
        for each in keywords
    )


def _object(method: Function) -> str:
    return [*method.args.posonlyargs, *method.args.args][0].arg


def _is_called_through(class_: ast.ClassDef, uses: Sequence[MemberUse]) -> bool:
    return any(use.of == class_.name and use.how is not How.DEFINED for use in uses)


def _is_static(method: Function, others: Sequence[ast.expr], code: Analysis) -> bool:
    """Whether a method does not use its object."""
    if code.ask(bindings, "staticmethod"):
        return False
    if others or isinstance(method, ast.AsyncFunctionDef) or is_generator(method):
        return False
    names = {node.id for node in ast.walk(method) if isinstance(node, ast.Name)}
    return not names & {_object(method), "super", "__class__"} and not method.name.startswith("__")


def _against_own_cache(
    method: Function, class_: ast.ClassDef, others: Sequence[ast.expr], uses: Sequence[MemberUse], code: Analysis
) -> str | None:
    if (refusal := _against_both(method, class_, uses, code)) is not None:
        return refusal
    if others:
        return f"The decorator `@{ast.unparse(others[0])}` belongs to the function that is remembered."
    if _is_frozen(class_):
        return f"The objects of `{class_.name}` are read-only."
    members = {each.name: each for each in methods(class_)}
    if special := sorted(SPECIAL_ATTRIBUTES & members.keys()):
        return f"`{class_.name}` defines `{special[0]}`, which a further attribute may be wrong for."
    if _is_called_through(class_, uses):
        return "It is called through the class, with the object as an argument."
    if copying := next((each for each in COPYING if code.ask(names_for, each)), None):
        return f"This file imports `{copying}`: an object with such a cache can't be pickled, and hardly be copied."
    is_dataclass = _is_dataclass(class_, code)
    constructor = members.get("__post_init__" if is_dataclass else "__init__")
    if constructor is None and any(not code.is_name(_plain(base), *_NEUTRAL) for base in class_.bases):
        return f"`{class_.name}` inherits its constructor."
    if any(code.is_name(_called(each), "attr.s", "attr.attrs", "attr.dataclass") for each in class_.decorator_list):
        return "Its constructor is made by a decorator."
    if constructor is not None and not code.has_own_lines(constructor.body[0]):
        return f"The body of `{constructor.name}` shares its line with something else."
    return None


def _own_cache_reasons(method: Function, class_: ast.ClassDef, cached: ast.expr, code: Analysis) -> Iterator[str]:
    yield "An object with a cache of its own can't be pickled, and a copy asks the object that it was copied from."
    yield "The object and its cache hold each other: only the garbage collector frees them."
    yield f"A `{method.name}` that a subclass in another file overrides is no longer asked."
    yield from _bases(method.name, class_, code)
    yield from _equality(class_, code)
    if (bound := _bound(cached, code)) is not None:
        yield f"Each object keeps up to {bound} results; today that is all there are together."
