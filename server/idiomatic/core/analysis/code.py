"""The view of one statement that idioms work on."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from idiomatic.core import module as questions
from idiomatic.core.analysis.scopes import Binding, BindingKind, Scope, scopes
from idiomatic.core.analysis.tree import FUNCTIONS, tree
from idiomatic.core.facts import ClassFact, FunctionFact, class_fact, function_fact
from idiomatic.core.long_class import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence, Set

    from idiomatic.core.analysis.tree import Function, FunctionLike
    from idiomatic.core.dependencies import Question
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement
    from idiomatic.core.text import Span

P = ParamSpec("P")
A = TypeVar("A")
N = TypeVar("N", bound=ast.AST)

Version = tuple[int, int]

_BUILTINS = frozenset(dir(builtins))
_NAMES = (ast.Name, ast.Attribute)


class Analysis:
    """One top-level statement, its scopes, and the module around it.

    Attributes:
        unit: what is analysed: the statement, or one part of it if it is a long class.
        target: the oldest Python the code must run on, as `(3, 11)`.
        answers: the questions asked of the module so far, with their answers.
        is_wide: whether more of a long class was looked at than the unit.
    """

    __slots__ = ("_current", "_names", "_statement", "answers", "is_wide", "target", "unit")

    def __init__(self, module: Module, statement: Statement, target: Version, unit: Statement | None = None) -> None:
        self._current = module.current
        self.is_wide = False
        self._statement = statement
        self.unit = unit or statement
        self.target = target
        self.answers: dict[Question, Any] = {}
        self._names: dict[ast.AST, str | None] | None = {}

    def end(self) -> None:
        """Detection is over: what is asked from now on may be asked in another version of the module."""
        self._names = None

    @property
    def statement(self) -> Statement:
        """The statement, in the version that is being looked at."""
        return self.unit.frame.statement if isinstance(self.unit, Part) else self._statement

    def beside(self, statement: Statement) -> Analysis:
        """The view of another statement of the module: for rewrites, as what is seen there is not an answer."""
        return Analysis(self._current.module, statement, self.target)

    # -- the module around ------------------------------------------------------------------------------------------

    def ask(self, question: Callable[Concatenate[Module, P], A], *args: P.args, **kwargs: P.kwargs) -> A:
        """Ask the module; the statement is analysed again when the answer changes.

        Args:
            question: a pure function whose first parameter is the module (see `idiomatic.core.module`).
            *args: its other arguments, hashable.
            **kwargs: likewise.
        """
        if not isinstance(self.unit, Part):
            answer = self._current.module.ask(question, *args, **kwargs)
        else:
            # What the module looks at in this class counts as its answer, not as something that was looked at.
            frame = self.unit.frame
            statement, was_read = frame.statement, frame.was_read
            answer = self._current.module.ask(question, *args, **kwargs)
            frame.statement, frame.was_read = statement, was_read
        self.answers[question, args, tuple(kwargs.items())] = answer
        return answer

    def facts(self, of: Callable[[Statement], A]) -> Iterator[A]:
        """A fact of the statement, or of each of its parts if it is a long class."""
        if isinstance(self.unit, Part):
            self.unit.frame.was_read = True
        return (part.fact(of) for part in self.statement.parts)

    # -- places -----------------------------------------------------------------------------------------------------

    def _home(self, node: ast.AST) -> Statement:
        """Where what is known of a node is found: in the unit, in the header of its class, or in all of the class."""
        unit = self.unit
        if not isinstance(unit, Part) or node in unit.fact(tree).parents:
            return unit
        # The header is the same in all versions: to look at it is to depend on nothing.
        header = unit.frame.statement.parts[0]
        return header if node in header.fact(tree).parents else unit.frame.statement

    def nodes(self, kind: type[N]) -> Sequence[N]:
        """All nodes of exactly this class, in source order."""
        return self.statement.fact(tree).of(kind)

    def within(self, node: ast.AST, kind: type[N], is_wanted: Callable[[N], bool]) -> Sequence[N]:
        """The nodes of exactly this class below a node that are wanted, in source order: quicker than to walk there."""
        home = self._home(node).fact(tree)
        found = filter(is_wanted, home.of(kind))
        return [each for each in found if any(above is node for above in home.ancestors(each))]

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node directly around; `None` for a top-level statement."""
        if (found := self.unit.fact(tree).parents.get(node)) is not None:
            return found
        if not isinstance(self.unit, Part) or node is self.unit.frame.node:
            return None
        return self._home(node).fact(tree).parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The parent, its parent and so on."""
        while (parent := self.parent(node)) is not None:
            yield parent
            node = parent

    def enclosing(self, node: ast.AST, *kinds: type[N]) -> N | None:
        """The nearest node around `node` of one of the classes."""
        return next((ancestor for ancestor in self.ancestors(node) if isinstance(ancestor, kinds)), None)

    def function_around(self, node: ast.AST) -> FunctionLike | None:
        """The function or lambda in whose own scope a node runs; comprehensions are looked through.

        `None` at module level and directly in a class body.
        """
        scope: Scope | None = self.scope(node)
        while scope is not None:
            match scope.node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                    return scope.node
                case ast.ClassDef():
                    return None
                case _:
                    scope = scope.parent
        return None

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The smallest statement that contains a node (itself, if it is one)."""
        if isinstance(node, ast.stmt):
            return node
        return next(ancestor for ancestor in self.ancestors(node) if isinstance(ancestor, ast.stmt))

    def lines(self, node: ast.AST) -> tuple[ast.stmt, ast.stmt]:
        """The smallest run of neighbouring statements around a node that fills its lines: what a `Fix` can replace.

        Usually the statement itself, twice. `a(); b()` on one line gives both, and a node in `if x: a()` or below an
        `else: a()` gives the whole `if`.
        """
        statement = self.statement_of(node)
        while True:
            # A member of a long class shares its lines with what is in its part at most.
            block = self.unit.nodes if statement in self.unit.nodes else self.siblings(statement)
            first = last = block.index(statement)
            while first and not self._starts_line(block[first]):
                first -= 1
            while last + 1 < len(block) and not self._ends_line(block[last]):
                last += 1
            parent = self.enclosing(statement, ast.stmt)
            if parent is None or (self._starts_line(block[first]) and self._ends_line(block[last])):
                return block[first], block[last]
            statement = parent

    def has_own_lines(self, statement: ast.stmt) -> bool:
        """Whether a statement shares its lines with no other, so that others can be put before, after or around it."""
        return self.lines(statement) == (statement, statement)

    def _starts_line(self, statement: ast.stmt) -> bool:
        home = self._home(statement)
        if isinstance(statement, ast.If) and home.text.startswith("elif", home.span(statement).start):
            return False  # an `elif` is nothing without its `if`
        decorators = getattr(statement, "decorator_list", None)
        start = home.span(statement).start
        if decorators:
            start = home.text.rindex("@", 0, home.span(decorators[0]).start)
        head = home.text[:start]
        return not head[max(head.rfind("\n"), head.rfind("\r")) + 1 :].strip(" \t\f\ufeff")

    def _ends_line(self, statement: ast.stmt) -> bool:
        home = self._home(statement)
        lines, end = home.lines, home.span(statement).end
        rest = lines.line(lines.position(end)[0])[lines.position(end)[1] :].strip(" \t\f")
        return not rest or rest.startswith("#")

    def siblings(self, statement: ast.stmt) -> Sequence[ast.stmt]:
        """The block a statement stands in, itself included."""
        parent = self.parent(statement)
        if parent is None:
            return self.statement.nodes
        for _, value in ast.iter_fields(parent):
            if isinstance(value, list) and statement in value:
                return value
        msg = f"{statement!r} is in no block of its parent"
        raise LookupError(msg)

    # -- text -------------------------------------------------------------------------------------------------------

    def span(self, node: ast.AST) -> Span:
        """Where a node stands in `statement.text`."""
        home = self._home(node)
        if isinstance(home, Part):
            whole = home.frame.statement
            return home.span(node).shifted(whole.offsets[whole.index(home)])
        return self.statement.span(node)

    def source(self, node: ast.AST) -> str:
        """The text of a node, as the user wrote it."""
        return self._home(node).source(node)

    # -- names ------------------------------------------------------------------------------------------------------

    def scope(self, node: ast.AST) -> Scope:
        """The scope in which a node is evaluated."""
        return self._home(node).fact(scopes).at(node)

    def scope_made_by(self, node: ast.AST) -> Scope:
        """The scope of a function's, class's or comprehension's own body."""
        return self._home(node).fact(scopes).by_node[node]

    def local_bindings(self, name: ast.Name) -> Sequence[Binding] | None:
        """What binds a name in the function, class or comprehension it belongs to; `None` if it is the module's."""
        scope = self.scope(name).lookup(name.id)
        if scope is None or scope.parent is None:
            return None
        return scope.bindings[name.id]

    def qualified_name(self, node: ast.AST | None) -> str | None:
        """The full dotted name that an expression stands for, through imports, aliases and scopes.

        Args:
            node: usually the function of a call; anything but names and attributes has no qualified name.

        Returns:
            `asyncio.gather` for `gather` after `from asyncio import gather`, for `aio.gather` after
            `import asyncio as aio`...; `builtins.open` for a builtin that nothing shadows; with leading dots for
            relative imports; `None` for anything local, shadowed, or bound in more than one way.
        """
        if not isinstance(node, _NAMES):
            return None
        # Dozens of idioms ask about the same few nodes.
        if self._names is None:
            return self._qualified_name(node)
        if node not in self._names:
            found = self._qualified_name(node)
            if isinstance(self.unit, Part) and self.unit.frame.was_read:
                return found  # perhaps for this name, and then it is to be noted for whoever asks next, too
            self._names[node] = found
        return self._names[node]

    def _qualified_name(self, node: ast.Name | ast.Attribute) -> str | None:
        match node:
            case ast.Attribute(value=value, attr=attr):
                owner = self.qualified_name(value)
                if owner is None:
                    return None
                return f"{owner}{attr}" if owner.endswith(".") else f"{owner}.{attr}"
            case ast.Name(id=name):
                local = self.local_bindings(node)
                if local is not None:
                    targets = {binding.qualified for binding in local}
                else:
                    found = self.ask(questions.bindings, name)
                    if not found:
                        hidden = name not in _BUILTINS or self.ask(questions.has_star_import)
                        return None if hidden else f"builtins.{name}"
                    targets = {binding.qualified for binding in found}
                return targets.pop() if len(targets) == 1 else None

    def is_name(self, node: ast.AST | None, *qualified: str) -> bool:
        """Whether an expression stands for one of these full dotted names.

        Cheap enough to be the guard of a `case`: an expression that does not end like one of the names is none of them,
        unless something is imported under another name.
        """
        match node:
            case ast.Attribute(attr=last):
                if not any(name.endswith(last) for name in qualified):
                    return False
            case ast.Name(id=last):
                if not any(name.endswith(last) for name in qualified) and last not in self.ask(questions.renamed):
                    return False
            case _:
                return False
        return self.qualified_name(node) in qualified

    def may_be(self, node: ast.AST | None, last_parts: Set[str]) -> bool:
        """Whether an expression ends like the name of something, or may be what was imported under another name.

        Much quicker than `qualified_name`, and enough to leave out most of what is none of many things.

        Args:
            node: the expression.
            last_parts: the last parts of the dotted names.
        """
        match node:
            case ast.Attribute(attr=last):
                return last in last_parts
            case ast.Name(id=last):
                return last in last_parts or last in self.ask(questions.renamed)
            case _:
                return False

    def definition(self, node: ast.AST | None) -> FunctionFact | ClassFact | None:
        """The function or class that an expression stands for, in this file or, through imports, in the project.

        `self.method` and `cls.method` inside a class are looked up in that class.
        """
        match node:
            case ast.Name(id=name):
                local = self.local_bindings(node)
                if local is None and self.ask(questions.definition, name):
                    return self.ask(questions.definition, name)
                if local is not None and len(local) == 1:
                    match local[0].node:
                        case ast.FunctionDef() | ast.AsyncFunctionDef() as function:
                            return function_fact(function)
                        case ast.ClassDef() as class_:
                            return class_fact(class_)
                        case _:
                            pass
            case ast.Attribute(value=ast.Name() as receiver, attr=attr):
                if (around := self.class_of_self(receiver)) is not None:
                    if isinstance(self.unit, Part) and around is self.unit.frame.node:
                        return self.ask(questions.method, self.statement, attr)
                    methods = (each for each in reversed(around.body) if isinstance(each, FUNCTIONS))
                    method = next((each for each in methods if each.name == attr), None)
                    return function_fact(method) if method is not None else None
                if isinstance(owner := self.definition(receiver), ClassFact):
                    return owner.method(attr)
            case _:
                return None
        qualified = self.qualified_name(node)
        if qualified is None or qualified.startswith("builtins."):
            return None
        return self.ask(questions.imported_definition, qualified)

    def class_of_self(self, receiver: ast.Name) -> ast.ClassDef | None:
        """The class around, if a name is the first parameter of one of its methods (`self`) and never rebound."""
        scope = self.scope(receiver).lookup(receiver.id)
        if scope is None or not isinstance(scope.node, FUNCTIONS) or len(scope.bindings[receiver.id]) != 1:
            return None
        method = scope.node
        class_ = self.parent(method)
        first = [*method.args.posonlyargs, *method.args.args][:1]
        is_static = any(self.is_name(decorator, "builtins.staticmethod") for decorator in method.decorator_list)
        if isinstance(class_, ast.ClassDef) and not is_static and [arg.arg for arg in first] == [receiver.id]:
            return class_
        return None

    def uses(self, name: str, within: ast.AST, of: Scope | None = None) -> Iterator[ast.Name]:
        """The places below `within` where `name` is read, written or deleted and means the same variable.

        Args:
            name: the variable.
            within: where to look.
            of: the scope the variable belongs to; default: the one it has at `within`.
        """
        owner = of or self.scope(within).lookup(name)
        index = self._home(within).fact(tree)
        for node in index.named(name):
            if (node is within or within in index.ancestors(node)) and self.scope(node).lookup(name) is owner:
                yield node


def is_method(code: Analysis, function: Function) -> bool:
    """Whether a function stands directly in a class body."""
    return isinstance(code.parent(function), ast.ClassDef)


__all__ = ["Analysis", "Binding", "BindingKind", "Scope", "Version", "is_method"]
