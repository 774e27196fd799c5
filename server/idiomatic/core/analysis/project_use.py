"""What do other files of the project do with a class, its objects and their attributes?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from idiomatic.core.analysis.tree import tree
from idiomatic.core.facts import ClassFact
from idiomatic.core.module import about, about_project, definition, imported_definition
from idiomatic.core.usage import Act, together, usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement
    from idiomatic.core.usage import Found

NOT_KNOWN_YET: Final = "The other files of the project have not been looked at, which may use its objects otherwise."


@about_project
def project_uses(module: Module, act: Act, word: str) -> tuple[Found, ...] | None:
    """Question: where other files of the project do something; `None`: that is not known yet."""
    return module.project.uses(act, word)


class Elsewhere(Struct, frozen=True):
    """In which other files of the project something happens.

    Attributes:
        certain: where it is known to happen to this very class or its objects.
        possible: where it happens to something of that name.
    """

    certain: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.certain or self.possible)


@about(lambda act, class_name, word=None: ())
def elsewhere(module: Module, act: Act, class_name: str, word: str | None = None) -> Elsewhere | None:
    """Question: where in the project something happens to a class of this module or its objects.

    Args:
        module: the module.
        act: what happens.
        class_name: the class, defined at module level.
        word: the attribute, or what is used; not given for what happens to whole objects.

    Returns:
        `None` as long as it is not known. What certainly happens to another class of the same name is left out.
    """
    found = module.ask(project_uses, act, class_name if word is None else word)
    if found is None:
        return None
    certain: set[str] = set()
    possible: set[str] = set()
    for file, of in found:
        match _is_same(module, class_name, of):
            case True:
                certain.add(file)
            case None:
                possible.add(file)
            case False:
                pass
    return Elsewhere(tuple(sorted(certain)), tuple(sorted(possible - certain)))


def _is_same(module: Module, class_name: str, of: str | None) -> bool | None:
    """Whether the class that has a name in another file is the one of this module; `None`: who knows."""
    if of is None:
        return None
    last = of.rpartition(".")[2]
    if last != class_name:
        # What is called like a class is one, but for names that stand for any of several.
        return None if not last.lstrip("_")[:1].isupper() or last in _ANYTHING or last.endswith("T") else False
    own, other = module.ask(definition, class_name), module.ask(imported_definition, of)
    if own is None or not isinstance(other, ClassFact):
        return None
    return own == replace(other, origins=())


_ANYTHING: Final = frozenset({"Any", "Self", "T", "K", "V"})


@about(lambda act, class_name: (class_name,))
def here(module: Module, act: Act, class_name: str) -> bool:
    """Question: whether the module itself does something to a class or its objects.

    Not if it has several classes of that name: in functions, each means its own.
    """
    # Whoever does something to objects of a class says near it that they are of that class; for a method of a long
    # class that may be its header.
    texts = [
        leaf
        for statement in module.statements
        for leaf in statement.parts
        if class_name in leaf.text or class_name in statement.parts[0].text or not leaf.text.isascii()
    ]
    if sum(_defined(leaf).count(class_name) for leaf in texts) != 1:
        return False
    near = [leaf.fact(usage) for leaf in texts]
    if any(use.act is act and use.of == class_name for each in near for use in each.uses):
        return True
    # What is hashed if something is a set or a dictionary: that is decided anywhere.
    keyed = {name for each in near for name, of in each.keyed if of == class_name}
    if act is not Act.HASHES or not keyed:
        return False
    for name in ("cache", *keyed):
        module.also_about(name)
    everywhere = (leaf.fact(usage) for statement in module.statements for leaf in statement.parts)
    return any(use.act is act and use.of == class_name for use in together(everywhere))


def _defined(leaf: Statement) -> list[str]:
    return [class_.name for class_ in leaf.fact(tree).of(ast.ClassDef)]


def is_known(code: Analysis) -> bool:
    """Whether the other files of the project have been looked at."""
    return code.ask(_is_known)


@about(lambda: ())
def _is_known(module: Module) -> bool:
    return module.ask(project_uses, Act.TOUCHES, "vars") is not None


class Reason(Struct, frozen=True):
    """Something in other files that stands in the way.

    Attributes:
        text: a sentence.
        is_certain: whether it happens to objects of this very class; else it may.
    """

    text: str
    is_certain: bool


_SETTING: Final = ("setattr", "delattr", "__setattr__", "__delattr__", "vars", "__dict__")
_BESIDES_SLOTS: Final = ("vars", "__dict__")
_WEAK: Final = ("weakref", "WeakSet", "WeakKeyDictionary", "WeakValueDictionary", "finalize", "__weakref__")
_PICKLING: Final = ("pickle", "copyreg", "shelve", "dill", "cloudpickle", "joblib", "multiprocessing", "celery")


def against_frozen(class_name: str, attributes: tuple[str, ...], code: Analysis) -> Iterator[Reason]:
    """What other files do with objects of a class that could not be done if these were read-only."""
    if not is_known(code):
        yield Reason(NOT_KNOWN_YET, is_certain=False)
        return
    yield from _inherits(class_name, code)
    for attribute in attributes:
        if found := code.ask(elsewhere, Act.SETS, class_name, attribute):
            what = "sets or deletes" if len(_files(found)) == 1 else "set or delete"
            whose = "of its objects" if found.certain else "perhaps of one of its objects"
            yield Reason(f"{in_files(_files(found))} {what} an attribute `{attribute}`, {whose}.", bool(found.certain))
    yield from _touches(class_name, _SETTING, "may change its objects", code)


def against_slots(class_name: str, code: Analysis) -> Iterator[Reason]:
    """What other files do with objects of a class that could not be done if these had slots."""
    if not is_known(code):
        yield Reason(NOT_KNOWN_YET, is_certain=False)
        return
    yield from _inherits(class_name, code)
    yield from _touches(class_name, _BESIDES_SLOTS, "needs its objects to have a `__dict__`", code)
    yield from _touches(class_name, _WEAK, "needs its objects to have a `__weakref__`", code)
    yield from _touches(class_name, _PICKLING, "may read objects that were written without slots", code)


def _inherits(class_name: str, code: Analysis) -> Iterator[Reason]:
    if found := code.ask(elsewhere, Act.INHERITS, class_name):
        certain = bool(found.certain)
        what = "a class inherits from it" if certain else "a class inherits from one of that name"
        yield Reason(f"In {in_files(_files(found))} {what}.", certain)


def _touches(class_name: str, words: tuple[str, ...], consequence: str, code: Analysis) -> Iterator[Reason]:
    for word in words:
        if found := code.ask(elsewhere, Act.TOUCHES, class_name, word):
            yield Reason(f"`{word}` in {in_files(_files(found))} {consequence}.", bool(found.certain))


def _files(found: Elsewhere) -> tuple[str, ...]:
    return found.certain or found.possible


def in_files(files: tuple[str, ...]) -> str:
    """The first of some files, as a part of a sentence."""
    first, *more = files
    return f"`{first}`" + (f" and {len(more)} more file{'s' * (len(more) > 1)}" if more else "")
