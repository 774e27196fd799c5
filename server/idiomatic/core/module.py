"""One version of a file, as the rest of it is seen from a statement.

A statement is analysed alone. What it needs of the other statements it asks for: a **question** is a function of the
module and some plain arguments, with an answer that can be compared. Questions are remembered with their answers, so
that after an edit a statement is analysed again exactly if its own text or one of its answers changed.

Questions may be written anywhere (an idiom may bring its own). They are pure, take a `Module` first and hashable
arguments after it, and answer with values, never with syntax trees: two trees are never equal.
"""

from __future__ import annotations

import ast
import unicodedata
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, Protocol, TypeVar, cast

from msgspec import Struct

from idiomatic.core.analysis.scopes import BindingKind, bound_at_module_level
from idiomatic.core.analysis.tree import tree
from idiomatic.core.dependencies import Dependencies, Record, closure
from idiomatic.core.facts import ClassFact, FunctionFact, class_fact, function_fact, method_facts
from idiomatic.core.lazy import regex
from idiomatic.core.long_class import LongClass, Part

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence, Set

    from idiomatic.core.dependencies import Question
    from idiomatic.core.document import Document
    from idiomatic.core.statement import Statement
    from idiomatic.core.usage import Act, Found

P = ParamSpec("P")
A = TypeVar("A")


class Role(StrEnum):
    """What a file is for, as its name and its folders tell."""

    SOURCE = "source"
    """Code like any other."""
    INTERFACE = "interface"
    """`__init__.py`: what it imports may be meant for others, so no import is superfluous."""
    STUB = "stub"
    """`.pyi`: declarations, without code."""
    TEST = "test"
    """A test, or what tests are helped with."""


class Project(Protocol):
    """What may be known of the files around a module: answered by `idiomatic.project`, never by running user code."""

    @property
    def role(self) -> Role:
        """What the module is for."""
        ...

    def definition(self, qualified: str) -> FunctionFact | ClassFact | None:
        """The function or class of that dotted name; `None` where it can't be found (or has not been found yet).

        Args:
            qualified: `package.module.name`, or with leading dots relative to the module that asks;
                `package.module.Class.method` for a method.
        """
        ...

    def uses(self, act: Act, word: str) -> tuple[Found, ...] | None:
        """Where other files of the project do something; `None` as long as that is not known.

        Args:
            act: what.
            word: with which attribute or class.
        """
        ...


class NoProject:
    """A file on its own."""

    @property
    def role(self) -> Role:
        """Nothing says that it is anything special."""
        return Role.SOURCE

    def definition(self, qualified: str) -> FunctionFact | ClassFact | None:
        """Nothing is known."""
        return None

    def uses(self, act: Act, word: str) -> tuple[Found, ...] | None:
        """Nothing is known."""
        return None


class ModuleBinding(Struct, frozen=True):
    """A binding of a name at module level, as a value.

    Attributes:
        kind: by what.
        qualified: for an import the dotted name of what is imported, else `None`.
        type_checking: whether it happens only for type checkers (below `if TYPE_CHECKING:`).
    """

    kind: BindingKind
    qualified: str | None
    type_checking: bool


def about(
    words: Callable[..., Collection[str]], of: Callable[[Statement], object] | None = None
) -> Callable[[Callable[P, A]], Callable[P, A]]:
    """Say of a question which words it is about, so that it is not asked again after edits that have to do with none.

    Args:
        words: of the question's arguments but for the module, the words of which a statement must have one in its text
            to have a say in the answer. They are looked for as parts of longer words, too; the empty one is in all.
        of: a fact of the leaves, comparable by value, if the answer depends on nothing but theirs, in their order: then
            an edit after which it is what it was has no say either. That of a part may not read its class.
    """

    def mark(question: Callable[P, A]) -> Callable[P, A]:
        _WORDS[question] = words
        if of is not None:
            _FACTS[question] = of
        return question

    return mark


_WORDS: Final[dict[Callable[..., Any], Callable[..., Collection[str]]]] = {}
_FACTS: Final[dict[Callable[..., Any], Callable[[Statement], object]]] = {}


def about_project(question: Callable[P, A]) -> Callable[P, A]:
    """Say of a question that it is about the files around and nothing else: see `Module.project_version`."""
    _ABOUT_PROJECT.add(question)
    return question


_ABOUT_PROJECT: Final[set[Callable[..., Any]]] = set()


class Module:
    """A document with the project around it, and the answers given so far.

    Attributes:
        document: the document.
        project: what is known of the files around.
        project_version: a value that is another one whenever the project may say something else than before; `None`:
            who knows.
        statements: what questions look at: the statements, but in the place of each that does not parse what stood
            there when it last did. What other statements know of it is not lost while somebody types.
        current: the version that analyses of this one ask.
        doubtful: while this one takes the place of another: the questions whose answers may have changed.
    """

    __slots__ = (
        "_answers",
        "_bound",
        "_open",
        "_previous",
        "_records",
        "current",
        "document",
        "doubtful",
        "project",
        "project_version",
        "statements",
    )

    def __init__(
        self, document: Document, project: Project | None = None, project_version: Hashable | None = None
    ) -> None:
        self.document = document
        self.project: Project = project or NoProject()
        self.project_version = project_version
        self.statements = _as_known(document)
        self.current = Current(self)
        self.doubtful: Set[Question] = frozenset()
        self._bound: Mapping[str, tuple[ModuleBinding, ...]] | None = None
        self._answers: dict[Question, Any] = {}
        self._records: dict[Question, Record] = {}
        self._open: list[Record] = []
        self._previous: Module | None = None

    def follow(self, previous: Module) -> None:
        """Take the place of an earlier version, with its answers where nothing changed that they are about."""
        self.current = previous.current
        self.current.module = self
        changed = _changed(previous.statements, self.statements)
        is_same_project = self.project_version is not None and self.project_version == previous.project_version
        self.doubtful = self.current.dependencies.doubtful(
            changed.words(),
            lambda question: changed.keeps(_FACTS.get(question)),
            has_project_changed=not is_same_project,
        )
        if changed.keeps(_module_bindings):
            self._bound = previous._bound
        self._previous = previous
        self._answers = dict(previous._answers)
        self._records = dict(previous._records)
        for question in self.doubtful:
            self._answers.pop(question, None)

    @property
    def bound(self) -> Mapping[str, tuple[ModuleBinding, ...]]:
        """All that is bound at module level, by name: for questions, which say what they are about."""
        if self._bound is None:
            found: dict[str, tuple[ModuleBinding, ...]] = {}
            for statement in self.statements:
                for leaf in statement.parts:
                    for name, bindings in leaf.fact(_module_bindings).items():
                        found[name] = found.get(name, ()) + bindings
            self._bound = found
        return self._bound

    def mentioning(self, word: str) -> Iterator[Statement]:
        """The statements that have a word in their text, perhaps as part of a longer one: the others need no look."""
        return (statement for statement in self.statements if statement.mentions(word))

    def ask(self, question: Callable[Concatenate[Module, P], A], *args: P.args, **kwargs: P.kwargs) -> A:
        """The answer to a question, computed once."""
        return cast("A", self.answer((question, args, tuple(kwargs.items()))))

    def answer(self, asked: Question) -> Any:
        """The answer to a question with its arguments, computed once."""
        if self._open:
            self._open[-1].asked.append(asked)
        if asked in self._answers:
            return self._answers[asked]
        if self._previous is not None and self._holds(asked, self._previous):
            answer = self._answers[asked] = self._previous._answers[asked]
            return answer
        question, args, kwargs = asked
        record = Record([], [])
        self._open.append(record)
        try:
            answer = self._answers[asked] = question(self, *args, **dict(kwargs))
        finally:
            self._open.pop()
        if is_declared := question in _WORDS:
            record.words.extend(_WORDS[question](*args, **dict(kwargs)))
            self._records[asked] = record
        is_about_project = question in _ABOUT_PROJECT
        self.current.dependencies.note(asked, record, is_declared=is_declared, is_about_project=is_about_project)
        return answer

    def also_about(self, word: str) -> None:
        """Say of the question that is being answered that it is about one more word, see `about`."""
        if self._open:
            self._open[-1].words.append(word)

    def _holds(self, asked: Question, previous: Module) -> bool:
        """Whether a doubtful answer of the earlier version is right after all: what it asked has the same answers."""
        record = previous._records.get(asked)
        known = previous._answers
        # What was doubtful there and was not asked again has no answer there.
        if record is None or asked not in known or self.current.dependencies.is_touched(asked):
            return False
        # What it asked in turn is not asked by whoever asks now.
        self._open.append(Record([], []))
        try:
            return all(each in known and self.answer(each) == known[each] for each in record.asked)
        finally:
            self._open.pop()

    def end(self) -> None:
        """Nothing is asked any more of the module or of what was found in it: it goes with whoever holds it.

        Who looks at thousands of files leaves no circles: to find out that they are garbage takes a sixth of the time.
        """
        if hasattr(self.current, "module"):
            del self.current.module

    def settle(self, wanted: Iterable[Question] | None = None) -> None:
        """Forget the earlier version: what is asked from now on is found out.

        Args:
            wanted: if given, the questions that matter; all others are forgotten.
        """
        self._previous = None
        self.doubtful = frozenset()
        if wanted is None:
            return
        kept = closure(wanted, self._records)
        self._answers = {question: answer for question, answer in self._answers.items() if question in kept}
        self._records = {question: record for question, record in self._records.items() if question in kept}
        self.current.dependencies = Dependencies()
        for question in self._answers:
            record = self._records.get(question)
            self.current.dependencies.note(
                question,
                record or Record([], []),
                is_declared=record is not None,
                is_about_project=question[0] in _ABOUT_PROJECT,
            )


class Current:
    """Which version of a module is asked: there is one of these for all versions that follow each other.

    Attributes:
        module: that version.
        dependencies: what the answers of all versions depend on.
    """

    __slots__ = ("dependencies", "module")

    def __init__(self, module: Module) -> None:
        self.module = module
        self.dependencies = Dependencies()


def _as_known(document: Document) -> tuple[Statement, ...]:
    if not any(leaf.is_broken for leaf in document.leaves):
        return document.statements
    found: list[Statement] = []
    for statement in document.statements:
        if isinstance(statement, LongClass):
            found.append(statement.good)
        elif not statement.is_broken:
            found.append(statement)
        else:
            found += statement.last_good
    return tuple(found)


class _Changed:
    """What is different between two versions: some leaves stand in the place of some others.

    Attributes:
        old: those.
        new: these.
    """

    def __init__(self, old: Sequence[Statement], new: Sequence[Statement]) -> None:
        self.old = old
        self.new = new
        self._kept: dict[Callable[[Statement], object], bool] = {}

    def words(self) -> str:
        """The text of all leaves that only one of the versions has."""
        old, new = dict.fromkeys(self.old), dict.fromkeys(self.new)
        in_order = [leaf for leaf in old if leaf in new] == [leaf for leaf in new if leaf in old]
        changed = old.keys() ^ new.keys() if in_order else old.keys() | new.keys()
        # Who asks for a class by its name asks for all of it.
        headers = {part.frame.statement.parts[0] for part in changed if isinstance(part, Part)}
        return "\0".join([part.text for part in changed | headers])

    def keeps(self, fact: Callable[[Statement], object] | None) -> bool:
        """Whether a fact is what it was."""
        if fact is None:
            return False
        if (known := self._kept.get(fact)) is None:
            known = self._kept[fact] = [leaf.fact(fact) for leaf in self.old] == [leaf.fact(fact) for leaf in self.new]
        return known


def _changed(before: Sequence[Statement], now: Sequence[Statement]) -> _Changed:
    old, new = _between(before, now)
    return _Changed(
        *_between([part for each in old for part in each.parts], [part for each in new for part in each.parts])
    )


def _between(before: Sequence[Statement], now: Sequence[Statement]) -> tuple[Sequence[Statement], Sequence[Statement]]:
    """What stands between the first and the last difference."""
    start, end = 0, 0
    shorter = min(len(before), len(now))
    while start < shorter and before[start] is now[start]:
        start += 1
    while end < shorter - start and before[-1 - end] is now[-1 - end]:
        end += 1
    return before[start : len(before) - end], now[start : len(now) - end]


def _module_bindings(leaf: Statement) -> dict[str, tuple[ModuleBinding, ...]]:
    """What one leaf binds at module level, by name."""
    bound = leaf.fact(bound_at_module_level)
    # What stands below no `if TYPE_CHECKING:` does so without a look at what stands around it.
    is_checked = "TYPE_CHECKING" in leaf.text or not leaf.text.isascii()
    parents = leaf.fact(tree).parents if is_checked else {}
    return {
        name: tuple(
            ModuleBinding(binding.kind, binding.qualified, is_for_type_checkers(parents, binding.node))
            for binding in bindings
        )
        for name, bindings in bound.items()
    }


def is_for_type_checkers(parents: Mapping[ast.AST, ast.AST], node: ast.AST) -> bool:
    """Whether a node stands below `if TYPE_CHECKING:` and so is never executed."""
    child = node
    while (parent := parents.get(child)) is not None:
        match parent:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")) if (
                child in parent.body
            ):
                return True
            case _:
                child = parent
    return False


@about(lambda name: (name,), of=_module_bindings)
def bindings(module: Module, name: str) -> tuple[ModuleBinding, ...]:
    """Question: everything that binds `name` at module level, in order."""
    return module.bound.get(name, ())


@about(lambda: ("*",))
def has_star_import(module: Module) -> bool:
    """Question: whether names may come from a `from x import *`."""
    return bool(module.ask(bindings, "*"))


_RENAMING: Final = regex(r"\bas[ \t\\\r\n]+(\w+)")


def _renamed(leaf: Statement) -> frozenset[str]:
    """What may stand for something imported under another name in a leaf; too many rather than too few."""
    if "import" not in leaf.text:
        return frozenset()
    text = leaf.text if leaf.text.isascii() else unicodedata.normalize("NFKC", leaf.text)
    return frozenset(_RENAMING.findall(text))


@about(lambda: ("import",), of=_renamed)
def renamed(module: Module) -> frozenset[str]:
    """Question: the names of which one may be something imported under another name, at module level or anywhere else.

    That is `np` after `import numpy as np`; some names are among them that have nothing to do with an import.
    """
    leaves = (part for statement in module.mentioning("import") for part in statement.parts)
    return frozenset[str]().union(*(leaf.fact(_renamed) for leaf in leaves))


def _definitions(statement: Statement) -> dict[str, FunctionFact | ClassFact]:
    found: dict[str, FunctionFact | ClassFact] = {}
    for name, bound in (each for part in statement.parts for each in part.fact(bound_at_module_level).items()):
        match bound[-1].node:
            case ast.ClassDef() as node if isinstance(statement, LongClass) and node is statement.frame.node:
                methods = (method for part in statement.parts for method in part.fact(_methods))
                found[name] = class_fact(node, tuple(methods))
            case ast.ClassDef() as node:
                found[name] = class_fact(node, may_yield=statement.mentions("yield"))
            case ast.FunctionDef() | ast.AsyncFunctionDef() as node:
                found[name] = function_fact(node, may_yield=statement.mentions("yield"))
            case _:
                pass
    return found


def _outside(leaf: Statement) -> object:
    """What a leaf has a say in of how functions and classes look from outside."""
    if not isinstance(leaf, Part):
        return leaf.fact(_definitions)
    attributes = [ast.unparse(each) for each in leaf.nodes if isinstance(each, ast.Assign | ast.AnnAssign)]
    return leaf.fact(_methods), attributes, leaf.text if leaf.is_header else ""


@about(lambda name: (name,), of=_outside)
def definition(module: Module, name: str) -> FunctionFact | ClassFact | None:
    """Question: the function or class that `name` is at module level; `None` if it is bound otherwise or twice."""
    if len(module.ask(bindings, name)) != 1:
        return None
    for statement in module.statements:
        # Only what binds the name is looked into: what a long class looks like from outside takes a while.
        if (statement.mentions(name) or not statement.text.isascii()) and any(
            name in part.fact(_module_bindings) for part in statement.parts
        ):
            return statement.fact(_definitions).get(name)
    return None


def version(module: Module, statement: Statement) -> Statement | None:
    """The version of a statement that the module has, if it is still there; of a long class it may be another one."""
    return next((each for each in module.statements if each == statement), None)


def _methods(statement: Statement) -> tuple[FunctionFact, ...]:
    return method_facts(statement.nodes, may_yield=statement.mentions("yield"))


@about(lambda statement, name: (name,))
def method(module: Module, statement: Statement, name: str) -> FunctionFact | None:
    """Question: the method of a long class that has a name."""
    if (whole := version(module, statement)) is None:
        return None
    found = [each for part in whole.parts for each in part.fact(_methods) if each.name == name]
    return found[-1] if found else None


@about_project
def imported_definition(module: Module, qualified: str) -> FunctionFact | ClassFact | None:
    """Question: the function or class of a dotted name in another file of the project."""
    return module.project.definition(qualified)


@about_project
def role(module: Module) -> Role:
    """Question: what the module is for."""
    return module.project.role


@about(lambda: ())
def is_notebook(module: Module) -> bool:
    """Question: whether the module is the cells of a notebook, run one by one, with an event loop around them."""
    return module.document.is_notebook


@about(lambda: ("__future__",))
def has_future_annotations(module: Module) -> bool:
    """Question: whether annotations are not evaluated (`from __future__ import annotations`, PEP 563)."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for statement in module.statements
        if statement.mentions("__future__")
        for node in statement.nodes
    )


@about(lambda: ("__all__",))
def exported_names(module: Module) -> frozenset[str] | None:
    """Question: the names in `__all__`; `None` if there is none or it is not made of literals."""
    names: set[str] = set()
    seen = False
    for statement in module.statements:
        if not statement.mentions("__all__"):
            continue
        for node in statement.nodes:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=items) | ast.Tuple(elts=items))
                    | ast.AugAssign(target=ast.Name(id="__all__"), value=ast.List(elts=items) | ast.Tuple(elts=items))
                    | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.List(elts=items) | ast.Tuple(elts=items))
                ):
                    seen = True
                    names |= {
                        item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)
                    }
                case _:
                    pass
    return frozenset(names) if seen else None
