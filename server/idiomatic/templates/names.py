"""Names: what a template binds, which of them are free, and how what it imports is written in the user's file."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from idiomatic.core import imports
from idiomatic.core.module import Module
from idiomatic.templates.template import Place
from idiomatic.templates.type_parameters import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

    from idiomatic.core.document import Document
    from idiomatic.templates.places import Site
    from idiomatic.templates.template import Needed

_FUNCTIONS: Final = {Place.FUNCTION, Place.ASYNC_FUNCTION}
_NAME: Final = re.compile(r"(?<![\w.])[^\W\d]\w*")
_IN_BRACES: Final = re.compile(r"(?<!\{)\{(?!\{)[^{}]*\}")


@lru_cache(maxsize=512)
def bound(code: str) -> Sequence[str]:
    """The names that code binds in the scope it is inserted into, in order."""
    found: list[str] = []
    todo: list[ast.AST] = list(parsed(code).body)
    while todo:
        node = todo.pop(0)
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.append(name)
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                pass
            case ast.Name(id=name, ctx=ast.Store()):
                found.append(name)
            case ast.ExceptHandler(name=str(name)):
                found.append(name)
                todo[:0] = ast.iter_child_nodes(node)
            case _:
                todo[:0] = ast.iter_child_nodes(node)
    return list(dict.fromkeys(found))


@lru_cache(maxsize=512)
def mentioned(code: str) -> frozenset[str]:
    """The names that code mentions, those of attributes left out; its syntax may be newer than this Python's."""
    found: set[str] = set()
    previous = ""
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.NAME and previous != ".":
            found.add(token.string)
        elif token.type == tokenize.STRING and _is_formatted(token.string):
            # Before 3.12 it is one token.
            found.update(word for braces in _IN_BRACES.findall(token.string) for word in _NAME.findall(braces))
        previous = token.string
    return frozenset(found)


def free_names(taken: Iterable[str], code: str, others: Set[str]) -> Mapping[str, str]:
    """Other names for those that are taken, which neither the code nor others have."""
    renamed: dict[str, str] = {}
    for name in taken:
        names = (f"{name}_{number}" for number in range(2, 1000))
        renamed[name] = next(each for each in names if each not in others and each not in code)
    return renamed


def words(names: Iterable[str]) -> re.Pattern[str]:
    """Where names stand for a template's variables, in code, comments and strings; `other.name` is another one."""
    return re.compile(rf"(?:(?<=\bself\.)|(?<![\w.]))(?:{'|'.join(map(re.escape, names))})\b")


def is_taken(name: str, module: Module, at: Site) -> bool:
    """Whether the user has a name that would be bound at a place."""
    return name in at.local or (at.place is Place.MODULE and name in module.bound)


# -- imports ----------------------------------------------------------------------------------------------------------


def spelled(
    needs: Iterable[Needed], used: Set[str], module: Module, at: Site
) -> tuple[Mapping[str, str], Sequence[imports.Import]]:
    """How what the template imports is written in this file, and what has to be imported for that."""
    found: dict[str, str] = {}
    added: list[imports.Import] = []
    for need in needs:
        if (known := _known(need, module, at)) is not None:
            found[need.name] = known
            continue
        made = next(form for form in _forms(need) if _is_free(form.binds, module, used))
        added.append(made)
        found[need.name] = made.binds
    return found, added


def _known(need: Needed, module: Module, at: Site) -> str | None:
    """How something is written with the imports there are."""
    names = module.document.fact(_imported)
    candidates = [(need.qualified, "")]
    if need.attribute is not None:
        candidates.append((need.module, f".{need.attribute}"))
    for qualified, rest in candidates:
        for name in names.get(qualified, ()):
            if _is_visible(name, module.document, at):
                return name + rest
    return None


def _imported(document: Document) -> Mapping[str, Sequence[str]]:
    """The names that module-level imports, and nothing else, bind to each dotted name at run time."""
    found: dict[str, list[str]] = {}
    for name, all_bound in document.fact(Module).bound.items():
        qualified = all_bound[0].qualified
        is_one = all(each.qualified == qualified for each in all_bound)
        if qualified is not None and is_one and not all(each.type_checking for each in all_bound):
            found.setdefault(qualified, []).append(name)
    return found


def _is_visible(name: str, document: Document, at: Site) -> bool:
    """Whether a name that the module imports means that at the place."""
    if at.place in _FUNCTIONS:
        return name not in at.local
    # Code of the module and of its classes runs in order.
    return document.fact(_first_imports).get(name, at.span.start) < at.span.start


def _first_imports(document: Document) -> Mapping[str, int]:
    """Where unindented statements first import each name."""
    found: dict[str, int] = {}
    for statement in document.statements:
        if "import" in statement.text:
            for node in statement.nodes:
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    start = document.place(statement, statement.span(node)).start
                    for alias in node.names:
                        found.setdefault(alias.asname or alias.name.partition(".")[0], start)
    return found


def _forms(need: Needed) -> Iterator[imports.Import]:
    alias = need.name if need.name != (need.attribute or need.module) else None
    yield imports.Import(need.module, need.attribute, alias)
    yield imports.Import(need.module, need.attribute, f"_{need.name}")
    for number in range(2, 1000):
        yield imports.Import(need.module, need.attribute, f"_{need.name}_{number}")


def _is_free(name: str, module: Module, used: Set[str]) -> bool:
    return name not in used and name not in module.bound


def with_names(code: str, names: Mapping[str, str]) -> str:
    """The code with other names for what it imports; attributes, keywords and strings are left alone."""
    others = tuple((old, new) for old, new in names.items() if old != new)
    return _with_names(code, others) if others else code


@lru_cache(maxsize=512)
def _with_names(code: str, others: tuple[tuple[str, str], ...]) -> str:
    names = dict(others)
    lines = code.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    in_strings = words(names)
    depth = 0
    changes: list[tuple[tuple[int, int], tuple[int, int], str]] = []
    for index, token in enumerate(tokens):
        depth += (token.string in {"(", "["}) - (token.string in {")", "]"}) if token.type == tokenize.OP else 0
        if token.type == tokenize.NAME and token.string in names:
            is_keyword = depth > 0 and tokens[index + 1].string == "=" and tokens[index - 1].string in {"(", ","}
            if tokens[index - 1].string != "." and not is_keyword:
                changes.append((token.start, token.end, names[token.string]))
        elif token.type == tokenize.STRING and token.start[0] == token.end[0] and _is_formatted(token.string):
            # Before 3.12 it is one token.
            for braces in _IN_BRACES.finditer(token.string):
                for word in in_strings.finditer(token.string, braces.start(), braces.end()):
                    row, column = token.start
                    changes.append(((row, column + word.start()), (row, column + word.end()), names[word[0]]))
    for (row, start), (_, end), name in reversed(changes):
        line = lines[row - 1]
        lines[row - 1] = line[:start] + name + line[end:]
    return "".join(lines)


def _is_formatted(string: str) -> bool:
    return "f" in re.match(r"[a-zA-Z]*", string)[0].lower()  # type: ignore[index]


def renaming(names: Mapping[str, str]) -> Callable[[str], str]:
    """Gives code other names for what it binds, in comments and strings as well."""
    if not names:
        return lambda code: code
    pattern = words(names)
    return lambda code: pattern.sub(lambda match: names[match[0]], code)
