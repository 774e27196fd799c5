"""The thing of the user's that a template is about: `Order`, `order` and `orders` become `Customer`, `customer`..."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.templates.type_parameters import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence, Set
    from pathlib import PurePath

    from idiomatic.core.document import Document
    from idiomatic.core.statement import Statement

_ROLES: Final = (
    *("Repository", "Service", "Protocol", "Mixin", "Base", "Handler", "Factory", "Manager", "Client", "Config"),
    *("Settings", "Error", "Exception", "Warning", "Group", "Test", "Tests", "TestCase", "Middleware", "Adapter"),
    *("Gateway", "Store", "Registry", "Work", "Encoder", "Decoder", "Router", "View", "Admin", "Meta", "Enum", "Flag"),
    *("Provider", "Builder", "Validator", "Serializer", "Schema", "Formatter", "Filter", "Worker", "Server", "Fake"),
    *("Id", "ID", "Status", "State", "Kind", "Options"),
)
"""How classes are called that do something with the things of a domain or say something of them, and are none."""

_NO_ENTITIES: Final = {
    *("Protocol", "ABC", "Enum", "StrEnum", "IntEnum", "Flag", "IntFlag", "Exception", "BaseException", "Warning"),
    *("TestCase", "IsolatedAsyncioTestCase", "Generic", "DeclarativeBase", "BaseSettings", "ExceptionGroup"),
}

_NO_NOUNS: Final = {
    *("utils", "helpers", "models", "views", "settings", "routes", "schemas", "services", "repositories", "tests"),
    *("types", "exceptions", "errors", "handlers", "constants", "queries", "events", "commands", "entities", "tasks"),
    *("decorators", "fixtures", "dependencies", "adapters", "clients", "metrics", "tools", "urls", "forms", "signals"),
    *("fields", "mixins", "managers", "plugins", "resources", "sources", "values", "options", "jobs", "workers"),
    *("files", "paths", "strings", "dates", "numbers", "args", "kwargs", "users_test", "status", "process", "access"),
    *("address", "class", "news", "series", "analysis", "basis", "bus", "canvas", "pandas", "aliases", "stats", "logs"),
}

_OF_A_ROLE: Final = re.compile(r"(\w+?)_(?:repository|repo|service|repositories|services)")


class Forms(Struct, frozen=True):
    """A name in the forms in which code has it.

    Attributes:
        camel: as a class has it.
        camels: the plural of that.
        snake: as a variable has it.
        snakes: the plural of that.
        upper: as a constant has it.
        uppers: the plural of that.
    """

    camel: str
    camels: str
    snake: str
    snakes: str
    upper: str
    uppers: str


def forms(camel: str) -> Forms:
    """The forms of a class's name."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", camel).lower()
    snakes = plural(snake)
    return Forms(camel, plural(camel), snake, snakes, snake.upper(), snakes.upper())


def plural(word: str) -> str:
    """Several of what a word names, by the rules that most English nouns keep to."""
    if re.search(r"[^aeiou]y\Z", word, re.IGNORECASE):
        return f"{word[:-1]}ies"
    return word + ("es" if re.search(r"(?:s|x|z|ch|sh)\Z", word, re.IGNORECASE) else "s")


def singular(word: str) -> str | None:
    """One of what a word names several of; `None` if it seems to name no things."""
    if word.rpartition("_")[2] in _NO_NOUNS or len(word) < 4 or not word.endswith("s") or word.endswith("ss"):
        return None
    for ending, one in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", "")):
        if word.endswith(ending):
            return word.removesuffix(ending) + one
    return None


def entity(document: Document, offset: int, local: Set[str]) -> str | None:
    """The class of the module that a template at an offset is about: the nearest above that seems to be a thing."""
    for start, name in reversed(document.fact(_things)):
        if start < offset and name not in local:
            return name
    return None


def _things(document: Document) -> Sequence[tuple[int, str]]:
    return [
        (document.offset(statement), name)
        for statement in document.statements
        if "class" in statement.text
        for name in statement.fact(_entities)
    ]


def of_file(path: PurePath | None) -> str | None:
    """What a file is about by its name: `Order` for `orders.py` and `order_repository.py`."""
    if path is None or path.suffix != ".py":
        return None
    # A test is named for what it tests.
    stem = path.stem.removeprefix("test_").removesuffix("_test")
    role = _OF_A_ROLE.fullmatch(stem)
    word = (singular(role[1]) or role[1]) if role else singular(stem)
    return "".join(part.capitalize() for part in word.split("_")) if word else None


def _entities(statement: Statement) -> tuple[str, ...]:
    return tuple(node.name for node in statement.nodes if isinstance(node, ast.ClassDef) and _is_entity(node))


def _is_entity(node: ast.ClassDef) -> bool:
    if node.name.startswith(("_", "Test", "Abstract", "Base")) or node.name.endswith(_ROLES):
        return False
    if getattr(node, "type_params", None):
        return False  # it is for things of any type
    bases = {re.split(r"[\[(]", ast.unparse(base))[0].rpartition(".")[2] for base in node.bases}
    return not bases & _NO_ENTITIES and not any(base.endswith(("Error", "Exception", "Warning")) for base in bases)


# -- replacing --------------------------------------------------------------------------------------------------------


def pattern(own: Forms) -> re.Pattern[str]:
    """Where the forms of a name stand, as words or as parts of names."""
    camel = rf"(?<![A-Z])(?:{own.camels}|{own.camel})(?![a-z])"
    low = rf"(?<![A-Za-z0-9])(?:{own.snakes}|{own.snake}|{own.uppers}|{own.upper})(?![A-Za-z0-9])"
    return re.compile(f"{camel}|{low}")


def about(code: str, subject: str, other: str, defines: Set[str]) -> str:
    """The code about something else than its subject.

    Args:
        code: of a template.
        subject: what it is about.
        other: what it is to be about.
        defines: the names that the template defines, see `defined_names`.
    """
    own, new = forms(subject), forms(other)
    become = _pairs(own, new)
    prose = _prose(code) if "_" in new.snake else []
    starts = [0]
    for line in code.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    spans = [(starts[a - 1] + b, starts[c - 1] + d) for (a, b), (c, d) in prose]

    def replaced(match: re.Match[str]) -> str:
        if not is_own(code, match, defines):
            return match[0]
        text = become[match[0]]
        before, after = code[match.start() - 1 : match.start()], code[match.end() : match.end() + 1]
        is_word = before in {" ", '"'} and (after in set(" .,;\n") or code[match.end() :].startswith("'s"))
        if is_word and match[0] in {own.snake, own.snakes} and any(a <= match.start() < b for a, b in spans):
            return text.replace("_", " ")
        return text

    result = pattern(own).sub(replaced, code)
    return _with_articles(result, own, new)


def _pairs(own: Forms, new: Forms) -> Mapping[str, str]:
    return {
        own.camel: new.camel,
        own.camels: new.camels,
        own.snake: new.snake,
        own.snakes: new.snakes,
        own.upper: new.upper,
        own.uppers: new.uppers,
    }


def _with_articles(code: str, own: Forms, new: Forms) -> str:
    """`an order` is `a customer`."""
    was, now = own.snake[0] in "aeiou", new.snake[0] in "aeiou"
    if was == now:
        return code
    words = "|".join({new.camel, new.snake, new.snake.replace("_", " ")})
    old, article = ("an", "a") if was else ("a", "an")
    pattern = re.compile(rf"\b({old[0]}|{old[0].upper()}){old[1:]}( `?(?:{words})\b)")
    return pattern.sub(lambda match: f"{match[1]}{article[1:]}{match[2]}", code)


def is_own(code: str, match: re.Match[str], defines: Set[str]) -> bool:
    """Whether what was found is about the subject: `order_by` of a library is not."""
    start, end = match.span()
    while start and (code[start - 1].isalnum() or code[start - 1] == "_"):
        start -= 1
    while end < len(code) and (code[end].isalnum() or code[end] == "_"):
        end += 1
    is_foreign = code[start - 1 : start] == "." or re.match(r"=[^=]", code[end : end + 2])
    return not is_foreign or code[start:end] in defines


def defined_names(*pieces: str) -> frozenset[str]:
    """All names that pieces of code define: variables, parameters, attributes, methods."""
    return frozenset(name for piece in pieces for name in _defined(piece))


def _defined(code: str) -> Iterator[str]:
    for node in ast.walk(parsed(code)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case _:
                pass


def _prose(code: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where comments and docstrings stand."""
    found = []
    previous = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        is_docstring = token.type == tokenize.STRING and previous in {tokenize.NEWLINE, tokenize.INDENT}
        if token.type == tokenize.COMMENT or is_docstring:
            found.append((token.start, token.end))
        if token.type not in {tokenize.NL, tokenize.COMMENT}:
            previous = token.type
    return found
