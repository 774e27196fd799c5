"""Type variables as the target version has them: from 3.12 as type parameters (PEP 695)."""

from __future__ import annotations

import ast
import re
import textwrap
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set

    from idiomatic.core.document import Document
    from idiomatic.core.statement import Statement
    from idiomatic.templates.template import Version

_KINDS: Final = {"TypeVar": "", "ParamSpec": "**", "TypeVarTuple": "*"}
_BLANK_LINES: Final = re.compile(r"\n{4,}")
_HEAD: Final = 1
"""How many lines are put above the code to parse it."""


class TypeVariable(Struct, frozen=True):
    """A type variable that is declared in a statement of its own.

    Attributes:
        name: of it.
        stars: that its parameter begins with.
        bound: what stands after the colon of its parameter; empty if it stands for any type.
    """

    name: str
    stars: str
    bound: str

    @property
    def parameter(self) -> str:
        """How it is written between brackets."""
        return f"{self.stars}{self.name}{self.bound and ': '}{self.bound}"


class _Change(Struct, frozen=True):
    """Characters of a line that become others; the line is one of the tree, from 1."""

    line: int
    start: int
    end: int
    text: str


def with_type_parameters(code: str, target: Version) -> str:
    """The code with type parameters instead of type variables and generic bases, if the target has them."""
    if target < (3, 12):
        return code
    tree = parsed(code)
    variables = {each.name: each for each in declared(tree.body)}
    aliases = [each for each in tree.body if isinstance(each, ast.AnnAssign) and _is_alias(each)]
    if not variables and not aliases:
        return code
    lines = code.splitlines(keepends=True)
    changes = [
        *(change for node in tree.body for change in _changes(node, variables, frozenset(), code)),
        *(change for node in aliases for change in _alias(node, variables)),
    ]
    for change in sorted(changes, key=lambda each: (each.line, each.start, each.end), reverse=True):
        line = lines[change.line - 1 - _HEAD].encode()
        new = line[: change.start - 1] + change.text.encode() + line[change.end - 1 :]
        lines[change.line - 1 - _HEAD] = new.decode()
    for node in reversed(tree.body):
        if isinstance(node, ast.Assign) and (found := _declaration(node)) is not None and found.name in variables:
            del lines[node.lineno - 1 - _HEAD : (node.end_lineno or node.lineno) - _HEAD]
    return _BLANK_LINES.sub("\n\n\n", "".join(lines)).strip("\n") + "\n"


@lru_cache(maxsize=8)  # trees are large
def parsed(code: str) -> ast.AsyncFunctionDef:
    """Code that may stand in a coroutine, below a line and with a space before each of its own."""
    tree = ast.parse(f"async def _():\n{textwrap.indent(code, ' ', lambda _: True)} pass\n").body[0]
    assert isinstance(tree, ast.AsyncFunctionDef)
    return tree


def without_declared(code: str, already: Set[TypeVariable]) -> str:
    """The code without the type variables that the module declares already."""
    if not already:
        return code
    lines = code.splitlines(keepends=True)
    for node in reversed(parsed(code).body):
        if isinstance(node, ast.Assign) and _declaration(node) in already:
            del lines[node.lineno - 1 - _HEAD : (node.end_lineno or node.lineno) - _HEAD]
    return _BLANK_LINES.sub("\n\n\n", "".join(lines)).strip("\n") + "\n"


def declared(statements: Iterable[ast.AST]) -> Iterator[TypeVariable]:
    """The type variables that statements declare."""
    for statement in statements:
        if isinstance(statement, ast.Assign) and (found := _declaration(statement)) is not None:
            yield found


def declared_above(document: Document, offset: int) -> frozenset[TypeVariable]:
    """The type variables that a module declares above an offset."""
    return frozenset(
        variable
        for statement in document.fact(_declaring)
        if document.offset(statement) < offset
        for variable in statement.fact(_declared_in)
    )


def _declaring(document: Document) -> Sequence[Statement]:
    return [each for each in document.statements if "TypeVar" in each.text or "ParamSpec" in each.text]


def _declared_in(statement: Statement) -> Sequence[TypeVariable]:
    return tuple(declared(statement.nodes))


def _declaration(statement: ast.Assign) -> TypeVariable | None:
    match statement:
        # P = ParamSpec("P"), T = TypeVar("T", bound=Sized), S = TypeVar("S", int, str)
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.Call(
                func=ast.Name(id="ParamSpec" | "TypeVar" | "TypeVarTuple" as kind),
                args=[ast.Constant(value=value), *constraints],
                keywords=keywords,
            ),
        ) if name == value:
            bound = f"({', '.join(map(ast.unparse, constraints))})" if constraints else ""
            for keyword in keywords:
                match keyword:
                    case ast.keyword(arg="bound", value=ast.Constant(value=str(text))):
                        bound = text
                    case ast.keyword(arg="bound", value=upper):
                        bound = ast.unparse(upper)
                    case ast.keyword(arg="covariant" | "contravariant", value=ast.Constant(value=True)):
                        pass  # it is found out
                    case _:
                        return None
            return TypeVariable(name, _KINDS[kind], bound)
        case _:
            return None


def _changes(node: ast.AST, variables: Mapping[str, TypeVariable], outer: Set[str], code: str) -> Iterator[_Change]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            signature = [node.args, *([node.returns] if node.returns else [])]
            own = [name for name in _used(signature, variables) if name not in outer]
            if own:
                yield _after_name(node, own, variables, code)
            outer = outer | set(own)
        case ast.ClassDef():
            # The generic base says in which order.
            used = dict.fromkeys([*_used(_generic(node), variables), *_used(node.bases, variables)])
            own = [name for name in used if name not in outer]
            yield from _class(node, own, variables, code)
            outer = outer | set(own)
        case _:
            pass
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield from _changes(child, variables, outer, code)


def _after_name(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    own: Sequence[str],
    variables: Mapping[str, TypeVariable],
    code: str,
) -> _Change:
    # One space is put before each line.
    line = " " + code.splitlines()[node.lineno - 1 - _HEAD]
    found = re.compile(rf"(?:def|class)\s+{re.escape(node.name)}").search(line, node.col_offset)
    assert found is not None
    at = len(line[: found.end()].encode())
    return _Change(node.lineno, at, at, f"[{', '.join(variables[name].parameter for name in own)}]")


def _generic(node: ast.ClassDef) -> Iterator[ast.expr]:
    """The bases that say which type parameters there are."""
    for base in node.bases:
        match base:
            case ast.Subscript(value=ast.Name(id="Generic" | "Protocol")):
                yield base
            case _:
                pass


def _class(
    node: ast.ClassDef, own: Sequence[str], variables: Mapping[str, TypeVariable], code: str
) -> Iterator[_Change]:
    if not own:
        return
    first = node.bases[0]
    yield _after_name(node, own, variables, code)
    for base in _generic(node):
        assert isinstance(base, ast.Subscript)
        assert isinstance(base.value, ast.Name)
        assert base.end_col_offset is not None
        if base.value.id == "Protocol":
            assert base.value.end_col_offset is not None
            yield _Change(base.lineno, base.value.end_col_offset, base.end_col_offset, "")
            continue
        items = [*node.bases, *(keyword.value for keyword in node.keywords)]
        if len(items) == 1:
            # Its brackets go, too.
            yield _Change(base.lineno, base.col_offset - 1, base.end_col_offset + 1, "")
        elif base is first:
            starts = [*(each.col_offset for each in node.bases[1:]), *(each.col_offset for each in node.keywords)]
            yield _Change(base.lineno, base.col_offset, min(starts), "")
        else:
            before = node.bases[node.bases.index(base) - 1]
            assert before.end_col_offset is not None
            yield _Change(base.lineno, before.end_col_offset, base.end_col_offset, "")


def _is_alias(node: ast.AnnAssign) -> bool:
    match node:
        case ast.AnnAssign(target=ast.Name(), annotation=ast.Name(id="TypeAlias"), value=ast.expr()):
            return True
        case _:
            return False


def _alias(node: ast.AnnAssign, variables: Mapping[str, TypeVariable]) -> Iterator[_Change]:
    assert isinstance(node.target, ast.Name)
    assert node.value is not None
    assert node.annotation.end_col_offset is not None
    own = _used([node.value], variables)
    parameters = f"[{', '.join(variables[name].parameter for name in own)}]" if own else ""
    yield _Change(node.lineno, node.col_offset, node.annotation.end_col_offset, f"type {node.target.id}{parameters}")


def _used(nodes: Iterable[ast.AST], variables: Collection[str]) -> Sequence[str]:
    """The type variables that are mentioned, in order."""
    names = [node for each in nodes for node in ast.walk(each) if isinstance(node, ast.Name) and node.id in variables]
    return list(dict.fromkeys(node.id for node in sorted(names, key=lambda node: (node.lineno, node.col_offset))))
