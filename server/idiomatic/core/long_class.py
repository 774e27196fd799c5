"""Classes so long that looking at all of them for every keystroke would be noticed.

A `LongClass` is a statement like any other, but made of parts: its header, and one for each member. A part is shared by
all versions of the class in which its text is the same, with everything that is known of it. What is the same for all
versions, and what the parts' trees end in, is the `Frame`: the class as a node, whose body is that of whichever
version is being looked at.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from idiomatic.core.statement import Fault, Remains, Statement
from idiomatic.core.text import Lines, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")

LONG: Final = 100
"""From how many lines on a class is taken apart: in shorter ones a method is hardly less than the class."""


class _ClassNode(ast.ClassDef):
    """The class as its parts see it. To read `body` is to depend on the other parts, and is noted."""

    frame: Frame

    @property
    def body(self) -> list[ast.stmt]:  # type: ignore[override]
        return self.frame.body


# It is a `ClassDef` for whoever goes by the name, as `ast.dump` does.
_ClassNode.__name__ = "ClassDef"


class Frame:
    """What all versions of a long class share.

    Not for several threads at a time: it always means one version, the last one whose nodes were asked for.

    Attributes:
        node: the class.
        indent: the white space in front of every member.
        statement: the version that is being looked at.
        was_read: whether more than one part was looked at since this was last made false.
        scopes: what the parts' scopes end in; made and used by `idiomatic.core.analysis.scopes`.
    """

    __slots__ = ("indent", "node", "scopes", "statement", "was_read")

    statement: LongClass

    def __init__(self, node: ast.ClassDef, indent: str) -> None:
        self.node = _ClassNode.__new__(_ClassNode)
        for name in (*node._fields, *node._attributes):
            if name != "body":
                setattr(self.node, name, getattr(node, name))
        self.node.frame = self
        self.indent = indent
        self.was_read = False
        self.scopes: Any = None

    def end(self) -> None:
        """Nobody looks at any version any more: open the circles in which the class refers to itself."""
        if hasattr(self, "statement"):
            self.statement.forget()
            del self.statement
            del self.node.frame
        self.scopes = None

    @property
    def body(self) -> list[ast.stmt]:
        """The members in the version that is being looked at."""
        self.was_read = True
        return self.statement.body


class Part(Statement):
    """The header of a long class, or one of its members.

    Attributes:
        frame: of which class.
        is_header: whether it is the header; the class itself is then its node, but for its body.
    """

    __slots__ = ("frame", "is_header")

    def __init__(
        self,
        frame: Frame,
        text: str,
        nodes: Iterable[ast.stmt] = (),
        base: int = 1,
        fault: Callable[[], Fault] | None = None,
        was: Remains | None = None,
        last_good: tuple[Statement, ...] = (),
        *,
        is_header: bool = False,
    ) -> None:
        super().__init__(text, nodes, base, fault, was, last_good)
        self.frame = frame
        self.is_header = is_header


class LongClass(Statement):
    """One version of a long class; all of them are equal, and no text has two.

    Attributes:
        frame: what it shares with the other versions.
    """

    __slots__ = ("_body", "_good", "_offsets", "_parts", "_places", "_rows", "_text", "frame")

    def __init__(self, frame: Frame, parts: Iterable[Part], good: LongClass | None = None) -> None:
        self.frame = frame
        self._parts = tuple(parts)
        # Only while it is needed: each version would keep all before it.
        self._good = good if any(part.is_broken for part in self._parts) else None
        self._text: str | None = None
        self._lines = None
        self._facts = {}
        self._body: list[ast.stmt] | None = None
        self._offsets: list[int] | None = None
        self._rows: list[int] | None = None
        self._places: dict[ast.AST, int] | None = None
        self.base = self._parts[0].base
        self._fault = None
        self.is_broken = False
        self.was = None
        self.last_good = ()
        if not hasattr(frame, "statement"):
            frame.statement = self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LongClass) and other.frame is self.frame

    def __hash__(self) -> int:
        return hash(self.frame)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The header and the members, in order."""
        return self._parts

    @property
    def good(self) -> LongClass:
        """The same with what stood, when it last did parse, in the place of the parts that do not: itself if all do."""
        if not any(part.is_broken for part in self._parts):
            return self
        parts = tuple(
            good for part in self._parts for good in (cast("Any", part.last_good) if part.is_broken else (part,))
        )
        # While somebody types, it is always the same one.
        if self._good is None or self._good.parts != parts:
            self._good = LongClass(self.frame, parts)
        return self._good

    def replaced(self, first: int, last: int, parts: Sequence[Part]) -> LongClass:
        """The version in which other parts stand in the place of some."""
        return LongClass(self.frame, (*self._parts[:first], *parts, *self._parts[last:]), self.good)

    @property
    def text(self) -> str:  # type: ignore[override]
        """Its whole lines."""
        if self._text is None:
            self._text = "".join(part.text for part in self._parts)
        return self._text

    def mentions(self, word: str) -> bool:
        """Whether a word is in the text, perhaps as part of a longer one."""
        # To put the text together takes longer: each version of the class has one of its own.
        return any(word in part.text for part in self._parts)

    @property
    def nodes(self) -> tuple[ast.stmt, ...]:  # type: ignore[override]
        """The class."""
        self.bind()
        return (self.frame.node,)

    @property
    def body(self) -> list[ast.stmt]:
        """The members that parse."""
        if self._body is None:
            self._body = [node for part in self._parts for node in part.nodes]
        return self._body

    def bind(self) -> None:
        """Make the frame mean this version."""
        self.frame.statement = self

    def fact(self, of: Callable[[Statement], T]) -> T:
        """`of(self)`, computed once: what can be known from this statement alone."""
        self.bind()
        self.frame.was_read = True
        return super().fact(of)

    def forget(self) -> None:
        """Forget what is known of all of it."""
        self._facts.clear()

    # -- parts --------------------------------------------------------------------------------------------------------

    @property
    def offsets(self) -> Sequence[int]:
        """Where the parts begin."""
        if self._offsets is None:
            self._offsets = [0, *accumulate(len(part.text) for part in self._parts)]
        return self._offsets

    @property
    def rows(self) -> Sequence[int]:
        """The lines, from 0, on which the parts begin."""
        if self._rows is None:
            self._rows = [0, *accumulate(len(part.lines) - 1 for part in self._parts)]
        return self._rows

    def index(self, part: Statement) -> int:
        """Which part it is.

        Raises:
            ValueError: none of this version.
        """
        return self._parts.index(cast("Part", part))

    def part_at(self, line: int) -> tuple[Part, int]:
        """The part a line belongs to, and the line within it, both from 0."""
        index = min(bisect_right(self.rows, line), len(self._parts)) - 1
        return self._parts[index], line - self.rows[index]

    def part_of(self, node: ast.AST) -> Part:
        """The part that a node belongs to.

        Raises:
            LookupError: none of this version.
        """
        from idiomatic.core.analysis.tree import tree

        if node is self.frame.node:
            return self._parts[0]
        if self._places is None:
            self._places = {each: index for index, part in enumerate(self._parts) for each in part.nodes}
        if (index := self._places.get(node)) is not None:
            return self._parts[index]
        for part in self._parts:
            if node in part.fact(tree).parents:
                return part
        msg = f"{node!r} is in no part of {self!r}"
        raise LookupError(msg)

    # -- positions ----------------------------------------------------------------------------------------------------

    @property
    def lines(self) -> Lines:
        """The lines of `text`."""
        if self._lines is None:
            self._lines = Lines(self.text)
        return self._lines

    def _last(self) -> tuple[Part, ast.stmt]:
        """The last member and its part; the class itself while none of them parses."""
        for part in reversed(self._parts):
            if part.nodes:
                return part, part.nodes[-1]
        return self._parts[0], self.frame.node

    def span(self, node: ast.AST) -> Span:
        """The range of `text` that a node covers; decorators are not part of the definition they decorate."""
        if node is self.frame.node:
            header = self._parts[0]
            start = header.lines.byte_offset(self.frame.node.lineno - header.base, self.frame.node.col_offset)
            part, last = self._last()
            return Span(start, start if last is node else self.span(last).end)
        part = self.part_of(node)
        return part.span(node).shifted(self.offsets[self.index(part)])

    def line(self, node: ast.AST) -> int:
        """The line of `text`, from 0, on which a node begins; decorators count as for `span`."""
        part = self.part_of(node)
        return part.line(node) + self.rows[self.index(part)]

    def end_line(self, node: ast.AST) -> int:
        """The line of `text`, from 0, on which a node ends."""
        part, last = self._last() if node is self.frame.node else (self.part_of(node), node)
        return (part.line(last) if last is self.frame.node else part.end_line(last)) + self.rows[self.index(part)]
