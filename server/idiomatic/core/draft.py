"""A rewrite in the making: the user's statements as a libcst tree, and what the new ones need.

libcst keeps every comment, blank line and space, and is slow on whole files, so a draft holds only the lines of the
statements that are replaced. Everything outside them stays as it is because it is never touched.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter, defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeVar, cast

import libcst as cst
from msgspec import Struct

from idiomatic.core import imports
from idiomatic.core.constants import new_constants
from idiomatic.core.document import UNPARSABLE
from idiomatic.core.edits import difference
from idiomatic.core.lazy import regex
from idiomatic.core.long_class import LongClass, Part
from idiomatic.core.module import Role, role
from idiomatic.core.parsing import MEMBER_OF
from idiomatic.core.text import BOM, Edit, Span, apply_edits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.document import Document
    from idiomatic.core.idiom import Fix
    from idiomatic.core.statement import Statement

C = TypeVar("C", bound="cst.CSTNode")

_WORD: Final = regex(r"\b[^\W\d]\w*\b")
_WRAPPER: Final = "if 0:\n"
_MARKS: Final = "\ufeff\f"


# libcst recurses, and takes minutes for a sum of some ten thousand terms.
_DEEPEST: Final = 150


class DraftError(Exception):
    """There is no rewrite after all; the message is a sentence for the user and says why."""


class Rewriting(Struct, frozen=True):
    """What a fix does to a document.

    Attributes:
        edits: in the document's offsets, without overlaps.
        elsewhere: the statements that change besides the one the fix was found in.
    """

    edits: tuple[Edit, ...]
    elsewhere: frozenset[Statement] = frozenset()

    def apply(self, text: str) -> str:
        """The document's text afterwards."""
        return apply_edits(text, self.edits)


class Draft:
    """The statements a fix replaces.

    Attributes:
        code: the analysis the fix was found with; for a part, that of its statement.
        body: the statements, parsed by libcst.
    """

    def __init__(
        self, document: Document, code: Analysis, first: ast.stmt, last: ast.stmt, *, from_top: bool = False
    ) -> None:
        self.code = code
        self._document = document
        self._new: str | None = None
        self._parts: list[Draft] = []
        self._imports: list[imports.Import] = []
        self._needs: list[ast.AST] = []
        self._constants: list[str] = []
        self._names: set[str] = set()
        statement = code.statement
        lines = statement.lines
        start, end = 0 if from_top else statement.first_line(first), statement.end_line(last)
        # A byte order mark or a form feed before the first statement is no indentation, and libcst stumbles over both.
        line = lines.line(start)
        self._lead = len(line) - len(line.lstrip(_MARKS))
        self._span = Span(lines.starts[start] + self._lead, lines.line_span(end).end)
        self._line = start
        self._old = _readable(statement.text[self._span.start : self._span.end])
        self._is_nested = self._old[:1] in {" ", "\t"}
        # libcst takes the first line's ending for the usual one.
        self._wrapper = _WRAPPER.replace("\n", _newline(document)) if self._is_nested else ""
        source = self._wrapper + self._old
        block = code.siblings(first)
        if _depth(block[block.index(first) : block.index(last) + 1]) > _DEEPEST:
            raise DraftError("This code nests too deeply to be rewritten.")
        config = cst.PartialParserConfig(default_newline=_newline(document))
        try:
            module = _indented_by(cst.parse_module(source, config), _indentation(document))
        except (cst.ParserSyntaxError, RecursionError, *UNPARSABLE) as error:
            raise DraftError("This code can't be taken apart and put together again without loss.") from error
        if from_top:
            module = _without_header(module)
        if module.code != source:
            raise DraftError("This code can't be taken apart and put together again without loss.")
        from libcst.metadata import MetadataWrapper, PositionProvider

        wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
        self._module = wrapper.module
        self.body: Sequence[cst.BaseStatement] = self._block(self._module).body
        self._positions = wrapper.resolve(PositionProvider)
        self._by_start: defaultdict[tuple[int, int], list[cst.CSTNode]] = defaultdict(list)
        for node, position in self._positions.items():
            self._by_start[position.start.line, position.start.column].append(node)

    def _block(self, module: cst.Module) -> cst.Module | cst.IndentedBlock:
        if not self._is_nested:
            return module
        wrapper = cst.ensure_type(module.body[0], cst.If)
        return cst.ensure_type(wrapper.body, cst.IndentedBlock)

    # -- reading ----------------------------------------------------------------------------------------------------

    def node(self, of: ast.AST, kind: type[C]) -> C:
        """The libcst node of a syntax-tree node.

        Args:
            of: a node with a position, inside the statements of the draft.
            kind: its libcst class: `cst.Call` for an `ast.Call`. For a statement that is a single line `kind` may be
                the small statement (`cst.Raise`) or its line (`cst.SimpleStatementLine`).

        Raises:
            DraftError: there is none.
        """
        span = self.code.span(of)
        line, column = self._position(span.start)
        end = self._position(span.end)
        found = [node for node in self._by_start[line, column] if isinstance(node, kind)]
        exact = [node for node in found if self._end(node) == end]
        match exact or found:
            case [node, *_]:
                return node
            case _:
                raise DraftError(f"The {kind.__name__} in line {line} could not be found again.")

    def _end(self, node: cst.CSTNode) -> tuple[int, int]:
        end = self._positions[node].end
        return end.line, end.column

    def _position(self, offset: int) -> tuple[int, int]:
        line, column = self.code.statement.lines.position(offset)
        return line - self._line + (2 if self._is_nested else 1), column - (self._lead if line == self._line else 0)

    def replaced(self, new: Mapping[cst.CSTNode, cst.CSTNode]) -> Sequence[cst.BaseStatement]:
        """The statements with some of their nodes, by identity, replaced."""
        replacer = _replacer(new)
        return [cast("cst.BaseStatement", statement.visit(replacer)) for statement in self.body]

    @property
    def indent(self) -> str:
        """The white space by which the document indents a block."""
        return self._module.default_indent

    def code_for(self, node: cst.CSTNode) -> str:
        """The source of a libcst node of this draft, old or new."""
        return self._module.code_for_node(node)

    # -- names ------------------------------------------------------------------------------------------------------

    def reference(self, qualified: str, at: ast.AST, *, as_module: bool = False) -> str:
        """How to write a dotted name at a place; imported if it is not yet, never under a name the user has.

        Args:
            qualified: `functools.wraps`.
            at: where it is going to stand: decides which names are visible.
            as_module: if it has to be imported, then as `import functools`.

        Returns:
            `wraps`, `functools.wraps`, `ft.wraps`..., as fits the imports of the file.
        """
        if (known := imports.spelling(self.code, qualified, at)) is not None:
            return known
        planned = imports.new_import(self.code, qualified, at, as_module=as_module, taken=self._imports)
        self._imports.append(planned)
        self._needs.append(at)
        if planned.name:
            return planned.binds
        return f"{planned.alias or planned.module}.{qualified.rpartition('.')[2]}"

    def module(self, name: str, at: ast.AST) -> str:
        """How to write a module at a place; imported if it is not yet, never under a name the user has."""
        member = f"{name}._"
        if (known := imports.spelling(self.code, member, at)) is not None:
            return known.removesuffix("._")
        planned = imports.new_import(self.code, member, at, as_module=True, taken=self._imports)
        if planned.name is not None:
            planned = imports.Import(name, None, self.fresh(f"_{name}"))
        self._imports.append(planned)
        self._needs.append(at)
        return planned.alias or planned.module

    def expression(self, qualified: str, at: ast.AST, *, as_module: bool = False) -> cst.BaseExpression:
        """`reference`, as a libcst expression."""
        return cst.parse_expression(self.reference(qualified, at, as_module=as_module))

    def fresh(self, *wanted: str, within: ast.AST | None = None, apart: Sequence[ast.AST] = ()) -> str:
        """A name that nothing uses yet: the first of `wanted` that is free, else the last one numbered.

        Args:
            *wanted: what it should be called, the best first.
            within: the function it is local to, in which alone it has to be free; default: the whole file.
            apart: parts of that function whose uses of the name don't matter.
        """
        names = [*wanted, *(f"{wanted[-1]}_{number}" for number in range(2, 1000))]
        text = self._document.text if within is None else self._without(within, apart)
        name = next(n for n in names if n not in self._names and not re.search(rf"\b{re.escape(n)}\b", text))
        self._names.add(name)
        return name

    @property
    def document(self) -> Document:
        """The file, as it is before the rewrite."""
        return self._document

    def constant(self, assignment: str) -> None:
        """Have a variable assigned, or something defined, at module level, below the imports.

        Args:
            assignment: the statement, on one line, or definitions; what it needs has to be imported at module level.
        """
        self._constants.append(assignment)

    def _without(self, within: ast.AST, apart: Sequence[ast.AST]) -> str:
        """The text of a node, with some of its parts left out."""
        whole = self.code.span(within)
        gone = [Edit(self.code.span(each).shifted(-whole.start), " ") for each in apart]
        return apply_edits(self.code.source(within), gone)

    # -- elsewhere in the file --------------------------------------------------------------------------------------

    def elsewhere(self, *words: str) -> Iterator[Analysis]:
        """The other statements of the file in whose text one of the words occurs, from top to bottom.

        Raises:
            DraftError: one of them does not parse at the moment.
        """
        for statement in self._document.statements:
            if statement == self.code.statement or not any(statement.mentions(word) for word in words):
                continue
            if any(part.is_broken for part in statement.parts):
                raise DraftError("A statement that has to change with this one does not parse at the moment.")
            yield self.code.beside(statement)

    @property
    def is_first(self) -> bool:
        """Whether nothing of the module stands above its statement: new imports then go right above."""
        return self._document.statements[0] == self.code.statement

    def is_below(self, code: Analysis) -> bool:
        """Whether these statements stand below another one of the module."""
        return self._document.offset(code.statement) < self._document.offset(self.code.statement)

    def part(self, code: Analysis, first: ast.stmt, last: ast.stmt | None = None, *, from_top: bool = False) -> Draft:
        """Other statements that change with these: all of it happens or nothing. `become` says what they become.

        Args:
            code: one of `elsewhere`, or the draft's own for other lines of its statement.
            first: the first of neighbouring statements that fill their lines (see `Analysis.lines`).
            last: the last one; default: the first.
            from_top: with the comments and blank lines above a top-level statement.
        """
        part = Draft(self._document, code, first, last or first, from_top=from_top)
        # What one of them imports or names is there for all.
        part._imports, part._constants, part._names = self._imports, self._constants, self._names
        self._parts.append(part)
        return part

    def become(self, body: Sequence[cst.BaseStatement]) -> None:
        """Put statements, or none, in the place of those of this part."""
        block = self._block(self._module)
        if not body:
            new = ""  # in which libcst would put a `pass` or an empty line
        elif isinstance(block, cst.Module):
            new = block.with_changes(body=list(body)).code
        else:
            new = self._module.with_deep_changes(block, body=list(body)).code.removeprefix(self._wrapper)
        if not self._old.endswith(("\n", "\r")):
            new = new.rstrip("\r\n")
        self._new = new

    # -- the result -------------------------------------------------------------------------------------------------

    def finish(self, body: Sequence[cst.BaseStatement]) -> Rewriting:
        """The edits that put `body` in the place of the old statements, and change the imports.

        Raises:
            DraftError: a comment would be lost, or the result would not be Python.
        """
        self.become(body)
        drafts = sorted((self, *(part for part in self._parts if part._new is not None)), key=Draft._start)
        old, new = "".join(each._old for each in drafts), "".join(each._new or "" for each in drafts)
        comments = sum((_comments(each._new or "") for each in drafts), Counter[str]())
        if lost := sum((_comments(each._old) for each in drafts), Counter[str]()) - comments:
            raise DraftError(f"The comment {next(iter(lost))!r} would be lost.")
        document = self._document
        edits = [edit for each in drafts for edit in each._edits()]
        needing = (each.code.statement for each in drafts if not each._is_needed_later())
        gone = set(_WORD.findall(old)) - set(_WORD.findall("\n".join([new, *self._constants])))
        if self.code.ask(role) is Role.INTERFACE:
            gone = set()
        dropped = imports.droppable(document, apply_edits(document.text, edits), gone) if gone else ()
        if self._constants:
            edits.insert(0, new_constants(document, drafts[0].code.statement, self._constants))
        # Before the others: where the statement begins with new text, the imports go above that.
        above = next(needing, None)
        edits[:0] = imports.plan(document, self._imports, dropped, above, constants=bool(self._constants))
        for _, group in groupby(drafts, key=lambda each: each.code.statement):
            _check(list(group))
        return Rewriting(tuple(edits), frozenset(each.code.statement for each in drafts) - {self.code.statement})

    def _start(self) -> int:
        return self._document.offset(self.code.statement) + self._span.start

    def _is_needed_later(self) -> bool:
        """Whether what is imported for these statements is not yet needed when the module is being imported.

        A function in a cell of a notebook is called before the cells below are run.
        """
        if self._document.is_notebook:
            return not self._needs
        return all(self.code.function_around(node) is not None for node in self._needs)

    def _edits(self) -> Iterator[Edit]:
        """The edits of these statements, in the document's offsets."""
        restored, new = self.code.statement.text[self._span.start : self._span.end], self._new or ""
        if "\r" in restored and "\r\n" not in restored:
            new = new.replace("\n", "\r")
        for edit in difference(_readable(restored, keep=True), new):
            yield edit.shifted(self._start())


def _without_header(module: cst.Module) -> cst.Module:
    """The same module, with all lines above its first statement belonging to that."""
    match module.body:
        case [cst.SimpleStatementLine() | cst.BaseCompoundStatement() as first, *others]:
            lines = [*module.header, *first.leading_lines]
            return module.with_changes(header=[], body=[first.with_changes(leading_lines=lines), *others])
        case _:
            return module


def _check(drafts: Sequence[Draft]) -> None:
    """See that the result is Python, for all that changes in one statement.

    In a long class that is only the method that changes, if it is one.

    Raises:
        DraftError: it is not.
    """
    code = drafts[0].code
    unit, start, head = code.unit, 0, ""
    whole = code.statement
    if isinstance(unit, Part) and isinstance(whole, LongClass):
        start, head = whole.offsets[whole.index(unit)], MEMBER_OF
        own = Span(start, start + len(unit.text))
        if unit.is_header or not all(own.contains(each._span) for each in drafts):
            unit, start, head = whole, 0, ""
    edits = [Edit(each._span.shifted(-start), each._new or "") for each in drafts]
    try:
        ast.parse(head + apply_edits(unit.text, edits).removeprefix(BOM))
    except UNPARSABLE as error:
        raise DraftError("The result would not be valid Python.") from error


def _replacer(new: Mapping[cst.CSTNode, cst.CSTNode]) -> cst.CSTTransformer:
    class Replacer(cst.CSTTransformer):
        def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
            return new.get(original_node, updated_node)

    return Replacer()


def _explicit_indent(indent: str) -> cst.CSTTransformer:
    class ExplicitIndent(cst.CSTTransformer):
        def leave_IndentedBlock(
            self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
        ) -> cst.IndentedBlock:
            return updated_node if updated_node.indent is not None else updated_node.with_changes(indent=indent)

    return ExplicitIndent()


def _indented_by(module: cst.Module, indent: str) -> cst.Module:
    """The same module, in which new blocks are indented like those of the document.

    libcst takes the first indentation it sees for the usual one, which in a draft is how deep the old code stood.
    """
    if module.default_indent == indent:
        return module
    explicit = module.visit(_explicit_indent(module.default_indent))
    return explicit.with_changes(default_indent=indent)


def draft(document: Document, code: Analysis, fix: Fix) -> Rewriting:
    """Carry out a fix.

    Raises:
        DraftError: it turns out that there is none, and why.
    """
    if fix.edits:
        offset = document.offset(code.unit)
        return Rewriting(tuple(edit.shifted(offset) for edit in fix.edits))
    if fix.rewrite is None or fix.where is None:
        raise DraftError("There is nothing to apply.")
    sketch = Draft(document, code, *fix.where, from_top=fix.from_top)
    return sketch.finish(list(fix.rewrite(sketch)))


def _depth(statements: Sequence[ast.AST]) -> int:
    """How deeply the nodes of some statements nest."""
    depth, level = 0, list(statements)
    while level:
        depth, level = depth + 1, [child for node in level for child in ast.iter_child_nodes(node)]
    return depth


def _comments(source: str) -> Counter[str]:
    wrapped = _WRAPPER + source if source[:1] in {" ", "\t"} else source
    tokens = tokenize.generate_tokens(io.StringIO(wrapped, newline="").readline)
    return Counter(token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT)


def _readable(text: str, *, keep: bool = False) -> str:
    """The text in a form that libcst reads without loss, of the same length.

    It takes a lone carriage return for an ordinary character in some places, and a form feed for a fault.
    """
    if "\r" in text and "\r\n" not in text and not keep:
        text = text.replace("\r", "\n")
    if "\f" in text:
        text = re.sub(r"^[ \t\f]+$", lambda match: " " * len(match.group()), text, flags=re.MULTILINE)
    return text


def _indentation(document: Document) -> str:
    text = re.sub(r"\r\n?", "\n", document.text)
    found = re.search(r"^(?:[^\s#].*:[ \t]*(?:#.*)?\n)([ \t]+)\S", text, flags=re.MULTILINE)
    return found.group(1) if found else "    "


def _newline(document: Document) -> str:
    return "\n" if document.newline == "\r" else document.newline
