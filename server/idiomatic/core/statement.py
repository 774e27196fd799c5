"""A statement with its text and its trees: what is known of it belongs to it, wherever in a file it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from msgspec import Struct

from idiomatic.core.text import Lines, Span

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable

T = TypeVar("T")


class Fault(Struct, frozen=True):
    """Why a text does not parse; `line` and `column` (code points) count from 0."""

    message: str
    line: int
    column: int


class Remains(Struct, frozen=True):
    """What a statement that does not parse was before the edit that broke it.

    Attributes:
        statements: the neighbours that the edit touched.
        offset: where the broken statement begins, from the start of the first of `statements`, in the new text.
        edited: the characters the edit replaced, from the start of the first of `statements`.
        growth: by how many code points the edit lengthened the text.
    """

    statements: tuple[Statement, ...]
    offset: int
    edited: Span
    growth: int

    def moved(self, span: Span) -> Span | None:
        """Where a span of the old neighbours lies in the broken statement; `None` if the edit touched it."""
        if span.end <= self.edited.start:
            return span.shifted(-self.offset)
        if span.start >= self.edited.end:
            return span.shifted(self.growth - self.offset)
        return None


class Statement:
    """A statement with the comments and blank lines above it (several, where they share a line).

    Attributes:
        text: its whole lines.
        nodes: its syntax trees; empty for trailing comments and for text that does not parse.
        base: the `lineno` that the trees give the first line of `text`.
        is_broken: whether it does not parse.
        was: for a statement that does not parse, what it was before, until the engine has taken it over.
        last_good: for a statement that does not parse, what stood there when it last did.
    """

    __slots__ = ("__weakref__", "_facts", "_fault", "_lines", "base", "is_broken", "last_good", "nodes", "text", "was")

    text: str
    nodes: tuple[ast.stmt, ...]

    def __init__(
        self,
        text: str,
        nodes: Iterable[ast.stmt] = (),
        base: int = 1,
        fault: Callable[[], Fault] | None = None,
        was: Remains | None = None,
        last_good: tuple[Statement, ...] = (),
    ) -> None:
        self.text = text
        self.nodes = tuple(nodes)
        self.base = base
        self.is_broken = fault is not None
        self._fault = fault
        self.was = was
        self.last_good = last_good
        self._lines: Lines | None = None
        self._facts: dict[Callable[..., object], object] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text[:40]!r}{', broken' if self.is_broken else ''})"

    @property
    def fault(self) -> Fault | None:
        """Why it does not parse, if it does not: found out when somebody asks, which no keystroke does."""
        return self._fault() if self._fault is not None else None

    @property
    def parts(self) -> tuple[Statement, ...]:
        """What it is made of: itself, but for a long class."""
        return (self,)

    def mentions(self, word: str) -> bool:
        """Whether a word is in the text, perhaps as part of a longer one."""
        return word in self.text

    @property
    def lines(self) -> Lines:
        """The lines of `text`."""
        if self._lines is None:
            self._lines = Lines(self.text)
        return self._lines

    def fact(self, of: Callable[[Statement], T]) -> T:
        """`of(self)`, computed once: what can be known from this statement alone."""
        facts: dict[Callable[[Statement], T], T] = self._facts  # type: ignore[assignment]
        try:
            return facts[of]
        except KeyError:
            found = facts[of] = of(self)
            return found

    def span(self, node: ast.AST) -> Span:
        """The range of `text` that a node covers; decorators are not part of the definition they decorate.

        Raises:
            AttributeError: the node has no position (operators, contexts, `ast.arguments`).
        """
        lines, base = self.lines, self.base
        start = lines.byte_offset(node.lineno - base, node.col_offset)  # type: ignore[attr-defined]
        return Span(start, lines.byte_offset(node.end_lineno - base, node.end_col_offset))  # type: ignore[attr-defined]

    def line(self, node: ast.AST) -> int:
        """The line of `text`, from 0, on which a node begins; decorators count as for `span`."""
        return cast("int", node.lineno - self.base)  # type: ignore[attr-defined]

    def end_line(self, node: ast.AST) -> int:
        """The line of `text`, from 0, on which a node ends."""
        return cast("int", node.end_lineno - self.base)  # type: ignore[attr-defined]

    def first_line(self, node: ast.AST) -> int:
        """The line of `text`, from 0, on which a node begins with its decorators."""
        return min([self.line(node), *(self.line(each) for each in getattr(node, "decorator_list", ()))])

    def source(self, node: ast.AST) -> str:
        """The text of a node, as the user wrote it."""
        span = self.span(node)
        return self.text[span.start : span.end]
