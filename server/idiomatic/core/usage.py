"""What a text does with attributes and classes, as plain values: what the rest of a project has to know of it.

The usage of one statement is a fact, `statement.fact(usage)`. That of a file is its leaves' put together by `joined`:
only then is known where a name is imported from, and which variables are sets. Nothing is ever resolved beyond the
file here; whether `Point` is the class that somebody asks about is for `core/analysis/project_use.py` to find out.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.acts import TOUCHING, Act, Found, Use
from idiomatic.core.analysis.classes import writes_of
from idiomatic.core.analysis.scopes import BindingKind, scopes
from idiomatic.core.analysis.tree import FUNCTIONS, tree
from idiomatic.core.facts import parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from idiomatic.core.analysis.scopes import Binding
    from idiomatic.core.analysis.tree import Function
    from idiomatic.core.statement import Statement


class Usage(Struct, frozen=True):
    """What one statement does.

    Attributes:
        uses: what it does; to which objects, as it is written there.
        keyed: objects that are used with a variable or attribute in a way that hashes them if that is a set or a
            dictionary: the last name of that, and the class of the object.
        keyable: the variables and attributes that are sets or dictionaries.
        imports: what is imported, by the name it gets here.
        classes: the names of the classes that are defined, however deep inside.
    """

    uses: frozenset[Use] = frozenset()
    keyed: frozenset[tuple[str, str]] = frozenset()
    keyable: frozenset[str] = frozenset()
    imports: frozenset[tuple[str, str]] = frozenset()
    classes: frozenset[str] = frozenset()


def usage(statement: Statement) -> Usage:
    """The usage of a statement: use `statement.fact(usage)`, which computes it once."""
    return _Look(statement).usage()


def joined(usages: Iterable[Usage], package: str = "") -> frozenset[Use]:
    """What a file does to objects of classes that it does not define, or that are not known.

    Args:
        usages: those of its leaves.
        package: the dotted name of the package it is in, to which its relative imports are relative.
    """
    parts = list(usages)
    classes = frozenset[str]().union(*(part.classes for part in parts))
    imports: dict[str, set[str]] = {}
    for part in parts:
        for name, qualified in part.imports:
            imports.setdefault(name, set()).add(_absolute(qualified, package))
    return frozenset(known for use in together(parts) for known in _resolved(use, imports, classes))


def together(usages: Iterable[Usage]) -> set[Use]:
    """What the leaves of a file do, with classes as they are called there."""
    parts = list(usages)
    keyable = frozenset[str]().union(*(part.keyable for part in parts))
    if any(("cache", "functools.cache") in part.imports for part in parts):
        keyable |= {"cache"}
    found = {use for part in parts for use in part.uses}
    found |= {Use(Act.HASHES, _last(of), of) for part in parts for name, of in part.keyed if name in keyable}
    return found


def _absolute(qualified: str, package: str) -> str:
    name = qualified.lstrip(".")
    above = len(qualified) - len(name) - 1
    if above < 0 or not package:
        return name
    parts = package.split(".")
    return ".".join((*parts[: len(parts) - above], name)) if above < len(parts) else name


def _resolved(use: Use, imports: dict[str, set[str]], classes: frozenset[str]) -> Iterator[Use]:
    act, word, of = use
    if of is None or act is Act.SETS_OWN:
        yield use
        return
    first, dot, rest = of.partition(".")
    if first in classes or (first in _BUILTINS and first not in imports):
        return
    for target in imports.get(first, (first,)):
        qualified = f"{target}{dot}{rest}"
        # A class may have been given another name here: it is known by its own.
        yield Use(act, word if act in _BY_ATTRIBUTE else _last(qualified), qualified)


_BY_ATTRIBUTE: Final = frozenset({Act.SETS, Act.READS, Act.TOUCHES})
_BUILTINS: Final = frozenset(dir(builtins))


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]


_HASHING: Final = frozenset(
    {
        "AbstractSet", "ChainMap", "Counter", "DefaultDict", "Dict", "FrozenSet", "Mapping", "MutableMapping",
        "MutableSet", "OrderedDict", "Set", "WeakKeyDictionary", "WeakSet", "defaultdict", "dict", "frozenset", "set",
    }
)  # fmt: skip
"""Types whose first argument is hashed."""

_HOLDING: Final = frozenset(
    {
        "Collection", "Deque", "Generator", "Iterable", "Iterator", "List", "Sequence", "Tuple", "deque", "list",
        "tuple",
    }
)  # fmt: skip
"""Types whose first argument is what they give when they are iterated over."""

_KEYING: Final = frozenset({"add", "discard", "remove", "get", "setdefault", "pop"})
_FINDING: Final = frozenset({"remove", "index", "count"})
_CONSTRUCTORS: Final = frozenset({"__init__", "__new__", "__post_init__"})


class _Look:
    def __init__(self, statement: Statement) -> None:
        self._tree = statement.fact(tree)
        self._statement = statement
        self._candidates = frozenset(self._named())
        self.uses: set[Use] = set()
        self.keyed: set[tuple[str, str]] = set()
        self.keyable: set[str] = set()

    def _named(self) -> Iterator[str]:
        """The names of variables whose class may be known; there are few, and most statements have none."""
        of = self._tree.of
        for parameter in of(ast.arg):
            if parameter.annotation is not None and _names(parameter.annotation):
                yield parameter.arg
        for assign in of(ast.Assign):
            if len(assign.targets) == 1 and _constructed(assign.value) is not None:
                yield _last_name(assign.targets[0])
        for declared in of(ast.AnnAssign):
            if _names(declared.annotation):
                yield _last_name(declared.target)
        loops: list[ast.For | ast.comprehension] = [*of(ast.For), *of(ast.comprehension)]
        for loop in loops:
            if isinstance(loop.target, ast.Name) and isinstance(loop.iter, ast.Name):
                yield loop.target.id
        for walrus in of(ast.NamedExpr):
            if _constructed(walrus.value) is not None:
                yield _last_name(walrus.target)
        methods: list[Function] = [*of(ast.FunctionDef), *of(ast.AsyncFunctionDef)]
        for function in methods:
            if isinstance(self._tree.parents.get(function), ast.ClassDef):
                yield from _receiver(function)

    def usage(self) -> Usage:
        """All of it."""
        of = self._tree.of
        self._attributes()
        # What most nodes are not is seen before anything is called for them: this is done for every file there is.
        for call in of(ast.Call):
            called = call.func
            if (isinstance(called, ast.Name) and called.id in _TELLING) or (
                isinstance(called, ast.Attribute) and called.attr in _TELLING
            ):
                self._call(call)
        for passed in of(ast.Name):
            if passed.id in _TOUCHERS:
                self._passed_on(passed)
        for compare in of(ast.Compare):
            if self._may_have_class(compare.left) or any(map(self._may_have_class, compare.comparators)):
                self._compare(compare)
        for each in of(ast.Set):
            self._hash(*each.elts)
        for display in of(ast.Dict):
            self._hash(*(key for key in display.keys if key is not None and not isinstance(key, ast.Constant)))
        for set_made in of(ast.SetComp):
            self._hash(set_made.elt)
        for dict_made in of(ast.DictComp):
            self._hash(dict_made.key)
        for subscript in of(ast.Subscript):
            self._subscript(subscript)
        functions: list[Function] = [*of(ast.FunctionDef), *of(ast.AsyncFunctionDef)]
        for function in functions:
            self._cached(function)
        for assign in of(ast.Assign):
            if _makes_keys(assign.value):
                self.keyable.update(_last_name(target) for target in assign.targets)
        for declared in of(ast.AnnAssign):
            self._declared(_last_name(declared.target), declared.annotation)
        for parameter in of(ast.arg):
            self._declared(parameter.arg, parameter.annotation)
        classes = of(ast.ClassDef)
        self.uses |= {
            Use(Act.INHERITS, _last(name), name)
            for class_ in classes
            for base in class_.bases
            if (name := _dotted(base.value if isinstance(base, ast.Subscript) else base)) is not None
        }
        self.keyable.discard("")
        imports = frozenset(self._imports())
        return Usage(
            frozenset(self.uses),
            frozenset(self.keyed),
            frozenset(self.keyable),
            imports,
            frozenset(class_.name for class_ in classes),
        )

    # -- attributes -----------------------------------------------------------------------------------------------

    def _attributes(self) -> None:
        for write, node in writes_of(self._statement):
            if write.owner is None:
                self.uses.add(Use(Act.SETS, write.attribute, self.class_of(node.value)))
            elif write.method not in _CONSTRUCTORS:
                self.uses.add(Use(Act.SETS_OWN, write.attribute, write.owner))
        for attribute in self._tree.of(ast.Attribute):
            name = attribute.attr
            if name in TOUCHING:
                if name not in _TOUCHERS:
                    self.uses.add(Use(Act.TOUCHES, name, self.class_of(attribute.value)))
            elif (
                isinstance(attribute.ctx, ast.Load)
                and isinstance(attribute.value, ast.Name)
                and _is_class_name(attribute.value.id)
                and not name.startswith("__")
                and not self._is_called(attribute)
            ):
                self.uses.add(Use(Act.READS, name, attribute.value.id))

    def _is_called(self, attribute: ast.Attribute) -> bool:
        around = self._tree.parents.get(attribute)
        return isinstance(around, ast.Attribute) or (isinstance(around, ast.Call) and around.func is attribute)

    def _imports(self) -> Iterator[tuple[str, str]]:
        for plain in self._tree.of(ast.Import):
            for alias in plain.names:
                self._touched(alias.name.partition(".")[0])
                name = alias.asname or alias.name.partition(".")[0]
                yield name, alias.name if alias.asname else name
        for imported in self._tree.of(ast.ImportFrom):
            module = "." * imported.level + (imported.module or "")
            self._touched(module.partition(".")[0])
            for alias in imported.names:
                self._touched(alias.name)
                separator = "" if module.endswith(".") else "."
                yield alias.asname or alias.name, f"{module}{separator}{alias.name}"

    def _touched(self, word: str) -> None:
        if word in TOUCHING:
            self.uses.add(Use(Act.TOUCHES, word))

    # -- calls ----------------------------------------------------------------------------------------------------

    def _call(self, call: ast.Call) -> None:
        match call:
            # setattr(point, "x", 1), monkeypatch.setattr(point, "x", 1), mock.patch.object(point, "x")
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=[target, ast.Constant(value=str(attribute)), *_]
            ) if name in _SETTERS:
                # object.__setattr__(self, "x", x) is how a frozen class does it.
                if not (name.startswith("__") and isinstance(target, ast.Name) and self._own_class(target)):
                    self.uses.add(Use(Act.SETS, attribute, self.class_of(target)))
            # setattr(point, name, 1)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[target, *_]) if name in _TOUCHERS:
                self.uses.add(Use(Act.TOUCHES, name, self.class_of(target)))
            case ast.Call(func=ast.Name(id="hash"), args=[value]):
                self._hash(value)
            case (
                ast.Call(func=ast.Name(id="set" | "frozenset" | "Counter"), args=[values])
                | ast.Call(func=ast.Attribute(attr="fromkeys"), args=[values, *_])
            ):
                self._hash_each(values)
            case ast.Call(func=ast.Attribute(value=container, attr=method), args=[value, *_]):
                if (of := self.class_of(value)) is None:
                    return
                if method in _KEYING and (name := _last_name(container)):
                    self.keyed.add((name, of))
                if method in _FINDING:
                    self.uses.add(Use(Act.COMPARES, _last(of), of))
            case _:
                pass

    def _passed_on(self, name: ast.Name) -> None:
        """`partial(setattr, point, "x")`: whoever gets the function may set anything."""
        if isinstance(name.ctx, ast.Load):
            around = self._tree.parents.get(name)
            if not isinstance(around, ast.Call) or around.func is not name:
                self.uses.add(Use(Act.TOUCHES, name.id))

    def _hash(self, *values: ast.expr) -> None:
        for value in values:
            if isinstance(value, ast.Tuple):
                self._hash(*value.elts)
            elif (of := self.class_of(value)) is not None:
                self.uses.add(Use(Act.HASHES, _last(of), of))

    def _hash_each(self, values: ast.expr) -> None:
        match values:
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                self._hash(*elements)
            case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element):
                self._hash(element)
            case ast.Name():
                for name in self._elements(values):
                    self.uses.add(Use(Act.HASHES, _last(name), name))
            case _:
                pass

    def _elements(self, values: ast.Name) -> list[str]:
        """The classes of what a collection holds, as its annotation says."""
        match [binding.node for binding in self._bindings(values)]:
            case [ast.arg(annotation=ast.Subscript(value=held, slice=first))] if _last_name(held) in _HOLDING:
                return _names(first.elts[0] if isinstance(first, ast.Tuple) and first.elts else first)
            case _:
                return []

    def _cached(self, function: Function) -> None:
        """A function that remembers its results hashes its arguments."""
        for decorator in function.decorator_list:
            plain = decorator.func if isinstance(decorator, ast.Call) else decorator
            match plain:
                case (
                    ast.Name(id="lru_cache") | ast.Attribute(value=ast.Name(id="functools"), attr="lru_cache" | "cache")
                ):
                    is_certain = True
                case ast.Name(id="cache"):
                    is_certain = False
                case _:
                    continue
            classes = [name for each in parameters(function.args) for name in _names(each.annotation)]
            around = self._tree.parents.get(function)
            if isinstance(around, ast.ClassDef) and not any(
                _last_name(each) in {"staticmethod", "classmethod"} for each in function.decorator_list
            ):
                classes.append(around.name)
            for name in classes:
                if is_certain:
                    self.uses.add(Use(Act.HASHES, _last(name), name))
                else:
                    self.keyed.add(("cache", name))

    # -- types ----------------------------------------------------------------------------------------------------

    def _subscript(self, node: ast.Subscript) -> None:
        held = _last_name(node.value)
        if held in _HASHING:
            first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
            self._hash_declared(first)
        elif (of := self.class_of(node.slice)) is not None and held:
            self.keyed.add((held, of))

    def _hash_declared(self, annotation: ast.expr) -> None:
        for name in _names(annotation):
            self.uses.add(Use(Act.HASHES, _last(name), name))

    def _declared(self, name: str, annotation: ast.expr | None) -> None:
        plain = annotation.value if isinstance(annotation, ast.Subscript) else annotation
        if plain is not None and _last_name(plain) in _HASHING:
            self.keyable.add(name)

    # -- comparisons ----------------------------------------------------------------------------------------------

    def _compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
            match operator:
                case ast.Eq() | ast.NotEq():
                    self._compared(Act.COMPARES, left, right)
                case ast.In() | ast.NotIn():
                    self._compared(Act.COMPARES, left)
                    if (of := self.class_of(left)) is not None and (name := _last_name(right)):
                        self.keyed.add((name, of))
                case ast.Is() | ast.IsNot() if not isinstance(left, ast.Constant) and not isinstance(
                    right, ast.Constant
                ):
                    self._compared(Act.IDENTIFIES, left, right)
                case _:
                    pass

    def _compared(self, act: Act, *values: ast.expr) -> None:
        for value in values:
            if (of := self.class_of(value)) is not None:
                self.uses.add(Use(act, _last(of), of))

    # -- objects --------------------------------------------------------------------------------------------------

    def _may_have_class(self, node: ast.expr) -> bool:
        """Whether `class_of` could give anything."""
        return isinstance(node, ast.Call) or (isinstance(node, ast.Name) and node.id in self._candidates)

    def class_of(self, node: ast.expr) -> str | None:
        """The class of the object that an expression gives, as far as the function around shows it."""
        match node:
            case ast.Call():
                return _constructed(node)
            case ast.Name() if node.id in self._candidates:
                if (own := self._own_class(node)) is not None:
                    return own
                found = {self._bound_to(binding) for binding in self._bindings(node)}
                return found.pop() if len(found) == 1 else None
            case _:
                return None

    def _bindings(self, name: ast.Name) -> list[Binding]:
        scope = self._statement.fact(scopes).at(name).lookup(name.id)
        # What the module binds may be bound in another statement, too.
        return [] if scope is None or scope.parent is None else scope.bindings.get(name.id, [])

    def _own_class(self, name: ast.Name) -> str | None:
        """The class around, if a name is the first parameter of one of its methods."""
        if name.id not in self._candidates:
            return None
        scope = self._statement.fact(scopes).at(name).lookup(name.id)
        if scope is None or not isinstance(scope.node, FUNCTIONS):
            return None
        around = self._tree.parents.get(scope.node)
        if not isinstance(around, ast.ClassDef) or _receiver(scope.node) != [name.id]:
            return None
        is_bound = {"staticmethod", "classmethod"}.isdisjoint(map(_last_name, scope.node.decorator_list))
        return around.name if is_bound and len(scope.bindings[name.id]) == 1 else None

    def _bound_to(self, binding: Binding) -> str | None:
        match binding.node:
            case ast.arg(annotation=ast.expr() as annotation) as parameter if binding.kind is BindingKind.PARAMETER:
                arguments = self._tree.parents.get(parameter)
                if isinstance(arguments, ast.arguments) and parameter in (arguments.vararg, arguments.kwarg):
                    return None
                names = _names(annotation)
                return names[0] if len(names) == 1 else None
            case ast.Name() as target:
                match self._tree.parents.get(target):
                    case ast.Assign(targets=[single], value=value) if single is target:
                        return _constructed(value)
                    # for point in points:
                    case (
                        ast.For(target=each, iter=ast.Name() as values)
                        | ast.comprehension(target=each, iter=ast.Name() as values)
                    ) if each is target:
                        names = self._elements(values)
                        return names[0] if len(names) == 1 else None
                    case ast.AnnAssign(annotation=annotation):
                        names = _names(annotation)
                        return names[0] if len(names) == 1 else None
                    case _:
                        return None
            case ast.NamedExpr(value=value):
                return _constructed(value)
            case _:
                return None


_SETTERS: Final = frozenset({"setattr", "delattr", "__setattr__", "__delattr__", "object"})
_TOUCHERS: Final = frozenset({"setattr", "delattr", "__setattr__", "__delattr__", "vars"})
_TELLING: Final = (
    _SETTERS | _TOUCHERS | _KEYING | _FINDING | frozenset({"hash", "set", "frozenset", "Counter", "fromkeys"})
)
"""The functions and methods of which a call does anything that counts."""


def _makes_keys(value: ast.expr) -> bool:
    match value:
        case ast.Set() | ast.SetComp() | ast.Dict() | ast.DictComp():
            return True
        case ast.Call(func=function):
            return _last_name(function) in _HASHING
        case _:
            return False


def _names(annotation: ast.expr | None) -> list[str]:
    """The classes that an annotation is made of; what is below `type[...]` and other types is not."""
    match annotation:
        case ast.Name(id="None" | "Optional"):
            return []
        case ast.Name() | ast.Attribute():
            name = _dotted(annotation)
            return [name] if name else []
        case ast.Constant(value=str(text)):
            return [text] if text.replace(".", "").isidentifier() else []
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return [*_names(left), *_names(right)]
        case ast.Subscript(value=ast.Name(id=outer) | ast.Attribute(attr=outer), slice=inner) if outer in {
            "Optional", "Union", "Tuple", "tuple", "Annotated", "Final", "ClassVar",
        }:  # fmt: skip
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return [name for part in (parts[:1] if outer == "Annotated" else parts) for name in _names(part)]
        case _:
            return []


def _constructed(value: ast.expr) -> str | None:
    """The class that a call makes an object of, if what is called has the name of a class."""
    if isinstance(value, ast.Call) and (name := _dotted(value.func)) is not None and _is_class_name(_last(name)):
        return name
    return None


def _receiver(method: Function) -> list[str]:
    """The name of `self`."""
    return [parameter.arg for parameter in (*method.args.posonlyargs, *method.args.args)][:1]


def _is_class_name(name: str) -> bool:
    return name.lstrip("_")[:1].isupper()


def _dotted(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            owner = _dotted(value)
            return f"{owner}.{attr}" if owner is not None else None
        case _:
            return None


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=function):
            return _last_name(function)
        case _:
            return ""


__all__ = ["TOUCHING", "Act", "Found", "Usage", "Use", "joined", "together", "usage"]
