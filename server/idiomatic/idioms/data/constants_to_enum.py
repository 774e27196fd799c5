"""Make a `StrEnum` of strings that are the alternatives of one thing.

## Why
A state that is one of three strings looks to everyone like any string: a misspelt one is found at run time or never,
and which ones there are stands nowhere. An enumeration lists them, gives the parameter a type, and lets a type checker
see which branch is missing. The members of a `StrEnum` are still the strings they were.

## Example
A group of constants with a common prefix:
```python
STATE_OPEN = "open"
STATE_WAITING = "waiting"
# Nobody looks at it again.
STATE_CLOSED = "closed"


def can_answer(state: str) -> bool:
    return state != STATE_CLOSED


def label(state: str) -> str:
    return "!" if state == STATE_WAITING else state
```
becomes
```python
from enum import StrEnum


class State(StrEnum):
    OPEN = "open"
    WAITING = "waiting"
    # Nobody looks at it again.
    CLOSED = "closed"


def can_answer(state: str) -> bool:
    return state != State.CLOSED


def label(state: str) -> str:
    return "!" if state == State.WAITING else state
```

Literals that one thing is compared with again and again:
```python
def price(order: Order) -> int:
    if order.size == "small":
        return 3
    elif order.size == "medium":
        return 5
    elif order.size == "extra-large":
        return 9
    return 0
```
becomes
```python
from enum import StrEnum


class Size(StrEnum):
    SMALL = "small"
    MEDIUM = "medium"
    EXTRA_LARGE = "extra-large"


def price(order: Order) -> int:
    if order.size == Size.SMALL:
        return 3
    elif order.size == Size.MEDIUM:
        return 5
    elif order.size == Size.EXTRA_LARGE:
        return 9
    return 0
```

## Fix safety
Unsafe: a member equals its value and prints like it, but has a type and a `repr()` of its own, which pickles and strict
serialisers see, and is not the same object, which `is` sees. Modules that import the constants have to follow; a second
action keeps the old names for them, and is the only one where the names stand in `__all__` or in another string.

Refused: a `Literal` names one of the strings, for which a type checker takes no member.

Offered for constants only that stand next to each other, are bound once, have different strings for values, and are
compared here, or nowhere used here and called like their values. Offered for literals in three branches or more; they
are replaced wherever an attribute or variable of that name is compared with them.

## References
- [`enum.StrEnum`](https://docs.python.org/3/library/enum.html#enum.StrEnum)
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.scopes import scopes
from idiomatic.core.analysis.tree import tree
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.module import about, bindings
from idiomatic.core.writing.definitions import blank_lines, put_above, spaced
from idiomatic.core.writing.names import class_case
from idiomatic.core.writing.replacing import replace, replaced

if TYPE_CHECKING:
    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.module import Module
    from idiomatic.core.statement import Statement

KIND = Kind.REFACTOR
SINCE = (3, 11)
TRIGGERS = ('= "', "= '")
ALSO = ()

MEMBERS: Final = (
    "A member equals its value and prints like it, but has another type and `repr()`, which pickles and strict "
    "serialisers see."
)
IDENTITY: Final = "`is` compares one of them here: a plain string is equal to a member, and not the same object."
FOLLOW: Final = "Other modules that import the constants have to be changed, too."
NAMESPACES: Final = frozenset(
    {
        "ARG", "ATTR", "COL", "COLUMN", "CONF", "CONFIG", "DEFAULT", "DIR", "ENV", "ERR", "ERROR", "FIELD", "FILE",
        "FMT", "HEADER", "HELP", "KEY", "MAX", "MESSAGE", "MIN", "MSG", "NAME", "OPT", "OPTION", "PARAM", "PATH", "RE",
        "REGEX", "SQL", "TEMPLATE", "TEST", "URL",
    }
)  # fmt: skip
"""Prefixes that say what the strings are for, not what they are alternatives of."""
_LEAST: Final = 3
"""In how many branches a thing has to be compared."""


def detect(node: ast.Assign | ast.AnnAssign | ast.If, code: Analysis) -> Iterator[Finding]:
    if isinstance(node, ast.If):
        yield from _of_literals(node, code)
    elif code.parent(node) is None and (constant := _constant(node)) is not None:
        group = next((each for each in code.ask(groups) if constant[0] in each.names), None)
        if group is not None:
            yield from _of_constants(node, group, code)


# -- constants --------------------------------------------------------------------------------------------------------


class Group(Struct, frozen=True):
    """Constants that stand next to each other.

    Attributes:
        prefix: what their names have in common, without the underscore after it.
        names: as they are bound, in order.
        values: the strings.
        gap: the blank lines below them.
    """

    prefix: str
    names: tuple[str, ...]
    values: tuple[str, ...]
    gap: int

    def member(self, name: str) -> str:
        """What a constant is called in the enumeration."""
        return name[len(self.prefix) + 1 :]

    @property
    def is_evident(self) -> bool:
        """Whether each value says what the name says."""
        return all(
            _words(value) == self.member(name).lower() for name, value in zip(self.names, self.values, strict=True)
        )


def _words(value: str) -> str:
    return re.sub(r"\W+", "_", value).strip("_").lower()


def _constant(node: ast.stmt) -> tuple[str, str] | None:
    """The name and value of `STATE_OPEN = "open"`, with or without an annotation."""
    match node:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(value)))
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(value)))
        ) if name.isupper() and "_" in name.strip("_"):
            return name, value
        case _:
            return None


def _constant_of(statement: Statement) -> tuple[str, str] | None:
    return _constant(statement.nodes[0]) if len(statement.nodes) == 1 else None


def groups(module: Module) -> tuple[Group, ...]:
    """Question: the groups of constants that may be an enumeration, going by their names and values."""
    return tuple(_groups(module))


def _groups(module: Module) -> Iterator[Group]:
    statements = module.statements
    start = 0
    while start < len(statements):
        run = _run(statements, start)
        end = start + max(1, len(run))
        prefix = _prefix([name for name, _ in run])
        if prefix and len({value for _, value in run}) == len(run):
            names, values = zip(*run, strict=True)
            if all(len(module.ask(bindings, name)) == 1 for name in names):
                yield Group(prefix, names, values, _gap(statements[end]) if end < len(statements) else 2)
        start = end


def _run(statements: Sequence[Statement], start: int) -> Sequence[tuple[str, str]]:
    """The constants from some statement on whose names begin with the same word."""
    found: list[tuple[str, str]] = []
    for statement in statements[start:]:
        constant = statement.fact(_constant_of)
        if constant is None or (found and _first_word(constant[0]) != _first_word(found[0][0])):
            break
        found.append(constant)
    return found


def _first_word(name: str) -> str:
    return name[: name.index("_", len(name) - len(name.lstrip("_")))]


def _prefix(names: Sequence[str]) -> str:
    """The words that several names begin with, if what is left of each can be the name of a member."""
    if len(names) < 2:
        return ""
    common = takewhile(lambda words: len(set(words)) == 1, zip(*(name.split("_")[:-1] for name in names), strict=False))
    prefix = "_".join(words[0] for words in common)
    rests = [name[len(prefix) + 1 :] for name in names]
    return prefix if all(rest.isidentifier() and not rest.startswith("_") for rest in rests) else ""


def _gap(statement: Statement) -> int:
    return len(re.findall(r"\r\n|\r|\n", re.match(r"\s*", statement.text)[0]))  # type: ignore[index]


def _of_constants(node: ast.Assign | ast.AnnAssign, group: Group, code: Analysis) -> Iterator[Finding]:
    found = code.ask(roles, group.names)
    compared = {name for name, role in found if role == "compared"}
    is_used = any(role in {"compared", "used"} for _, role in found)
    if (len(compared) < 2 and not (compared and group.is_evident)) and (
        is_used or not group.is_evident or group.prefix.strip("_") in NAMESPACES
    ):
        return
    if group.prefix.strip("_") in NAMESPACES and len(compared) < len(group.names):
        return
    message = f"These {len(group.names)} constants are alternatives, as the members of an enumeration are"
    title = f"Make a `StrEnum` of the `{group.prefix}_` constants"
    where = code.lines(node)
    if reason := _refusal(group.values, code):
        yield Finding(node, message, (Fix(title, Refused(reason), where),))
        return
    if any(role == "hidden" for _, role in found):
        reason = "A class uses one of the names for an attribute of its own, and which one is meant can't be seen."
        yield Finding(node, message, (Fix(title, Refused(reason), where),))
        return
    reasons = [MEMBERS, *([IDENTITY] if any(role == "identity" for _, role in found) else [])]
    fixes = [
        Fix(
            f"{title} and keep their names (members instead of plain strings)",
            Unsafe(tuple(reasons)),
            where,
            partial(constants_to_enum, group, True),
            from_top=True,
        )
    ]
    if not any(role == "named" for _, role in found):
        if not group.prefix.startswith("_"):
            reasons.append(FOLLOW)
        rewrite = partial(constants_to_enum, group, False)
        consequence = (
            "members instead of plain strings" if group.prefix.startswith("_") else "other modules must follow"
        )
        fixes.insert(0, Fix(f"{title} ({consequence})", Unsafe(tuple(reasons)), where, rewrite, from_top=True))
    yield Finding(node, message, tuple(fixes))


def _refusal(values: Collection[str], code: Analysis) -> str:
    named = sorted(set(values) & code.ask(literal_types))
    return f"`Literal` names `{named[0]}` here, for which a type checker takes no member." if named else ""


# -- what the module does with them -----------------------------------------------------------------------------------


@about(lambda: ("Literal",))
def literal_types(module: Module) -> frozenset[str]:
    """Question: the strings that a `Literal[...]` names."""
    return frozenset[str]().union(
        *(each.fact(_literal_types) for each in module.statements if each.mentions("Literal"))
    )


def _literal_types(statement: Statement) -> frozenset[str]:
    return frozenset(
        node.value
        for subscript in statement.fact(tree).of(ast.Subscript)
        if ast.unparse(subscript.value).endswith("Literal")
        for node in ast.walk(subscript.slice)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@about(lambda names: names)
def roles(module: Module, names: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """Question: what is done with constants: each name with `compared`, `identity`, `hidden`, `named` or `used`."""
    return frozenset(
        (name, role)
        for statement in module.statements
        if any(statement.mentions(name) for name in names)
        for name, role in statement.fact(_roles)
        if name in names
    )


def _roles(statement: Statement) -> frozenset[tuple[str, str]]:
    return frozenset(_found_roles(statement))


def _found_roles(statement: Statement) -> Iterator[tuple[str, str]]:
    index, known = statement.fact(tree), statement.fact(scopes)
    for name in index.of(ast.Name):
        if not name.id.isupper() or not isinstance(name.ctx, ast.Load):
            continue
        scope = known.at(name).lookup(name.id)
        if scope is not None and scope.parent is None:
            yield name.id, _role(name, index.parents)
        elif scope is not None and isinstance(scope.node, ast.ClassDef):
            yield name.id, "hidden"
    for string in index.of(ast.Constant):
        # In `__all__`, for `getattr`
        if isinstance(string.value, str) and string.value.isupper() and string not in _values(statement):
            yield string.value, "named"


def _values(statement: Statement) -> Collection[ast.AST]:
    return [node.value for node in statement.nodes if isinstance(node, ast.Assign) and _constant(node)]


def _role(name: ast.Name, parents: Mapping[ast.AST, ast.AST]) -> str:
    parent = parents.get(name)
    match parent:
        case ast.Compare(ops=[ast.Eq() | ast.NotEq(), *_]):
            return "compared"
        case ast.Compare(ops=[ast.Is() | ast.IsNot(), *_]):
            return "identity"
        # state in (STATE_OPEN, STATE_WAITING)
        case ast.Tuple() | ast.List() | ast.Set() if isinstance(parents.get(parent), ast.Compare):
            return "compared"
        case _:
            return "used"


# -- literals ---------------------------------------------------------------------------------------------------------

WORDS: Final = frozenset(
    {
        "arg", "argument", "attr", "attribute", "char", "cls", "column", "ext", "extension", "field",
        "filename", "key", "line", "name", "opt", "option", "param", "parameter", "path", "prefix", "string",
        "args", "kwargs", "opts", "suffix", "tag", "text", "token", "value", "word",
    }
)  # fmt: skip
"""What is compared with one string after the other without being one of a few."""


def _of_literals(chain: ast.If, code: Analysis) -> Iterator[Finding]:
    first = next(_comparisons(chain.test), None)
    if first is None or _is_elif(chain, code):
        return
    word = _word(first[0])
    if word is None or len(word) < 3 or word.rpartition("_")[2] in WORDS or code.qualified_name(first[0]) is not None:
        return
    subject = ast.unparse(first[0])
    branches = [
        [string for each, _, string in _comparisons(test) if ast.unparse(each) == subject] for test in _tests(chain)
    ]
    strings = tuple(dict.fromkeys(string for branch in branches for string in branch))
    members = {_name(string) for string in strings}
    if sum(map(bool, branches)) < _LEAST or len(members) < max(_LEAST, len(strings)):
        return
    if not all(member.isidentifier() and len(member) > 1 for member in members):
        return
    outermost = next((each for each in (chain, *code.ancestors(chain)) if code.parent(each) is None), chain)
    message = f"`{subject}` is compared with {len(strings)} strings, which the members of an enumeration could be"
    title = f"Make a `StrEnum` of the strings that `{word}` is compared with"
    where = code.lines(outermost)
    place = first[0]
    if reason := _refusal(strings, code):
        yield Finding(place, message, (Fix(title, Refused(reason), where),))
        return
    rewrite = partial(literals_to_enum, word, strings)
    yield Finding(
        place,
        message,
        (Fix(f"{title} (members instead of plain strings)", Unsafe((MEMBERS,)), where, rewrite, from_top=True),),
    )


def _is_elif(statement: ast.If, code: Analysis) -> bool:
    parent = code.parent(statement)
    return isinstance(parent, ast.If) and parent.orelse == [statement]


def _tests(chain: ast.If) -> Iterator[ast.expr]:
    """The tests of an `if` and its `elif`s."""
    yield chain.test
    match chain.orelse:
        case [ast.If() as following]:
            yield from _tests(following)
        case _:
            return


def _word(subject: ast.expr) -> str | None:
    match subject:
        case ast.Name(id=name) | ast.Attribute(attr=name) if not name.startswith("__"):
            return name.strip("_").lower()
        case _:
            return None


def _comparisons(test: ast.AST) -> Iterator[tuple[ast.expr, ast.Constant, str]]:
    """What a test compares with strings, with each of them."""
    match test:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _comparisons(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _comparisons(operand)
        # state == "open"
        case ast.Compare(
            left=subject, ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Constant(value=str(string)) as literal]
        ):
            yield subject, literal, string
        # state in ("open", "waiting")
        case ast.Compare(
            left=subject,
            ops=[ast.In() | ast.NotIn()],
            comparators=[ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements)],
        ):
            for element in elements:
                if isinstance(element, ast.Constant) and isinstance(element.value, str):
                    yield subject, element, element.value
        case _:
            return


# -- the rewrites -----------------------------------------------------------------------------------------------------


def constants_to_enum(group: Group, keeps_names: bool, draft: Draft) -> Sequence[cst.BaseStatement]:
    own = _constant_of(draft.code.statement)
    assert own is not None
    drafts = {own[0]: draft}
    others: list[Analysis] = []
    for code in draft.elsewhere(*group.names):
        constant = _constant_of(code.statement)
        if constant is not None and constant[0] in group.names:
            drafts[constant[0]] = draft.part(code, code.statement.nodes[0], from_top=True)
        else:
            others.append(code)
    first = drafts[group.names[0]]
    enum = draft.fresh(*(f"{class_case(group.prefix)}{end}" for end in ("", "Value", "Constant")))
    new = {name: cst.Attribute(cst.Name(enum), cst.Name(group.member(name))) for name in group.names}
    for code in others:
        names = [node for node in code.nodes(ast.Name) if node.id in new and isinstance(node.ctx, ast.Load)]
        names = [name for name in names if code.local_bindings(name) is None]
        replace(draft, code, {name: new[name.id] for name in names})
    lines = [cst.ensure_type(drafts[name].body[0], cst.SimpleStatementLine) for name in group.names]
    made = _with_members(
        _enumeration(enum, first),
        [_member(line, group.member(name)) for name, line in zip(group.names, lines, strict=True)],
        first,
    )
    below = blank_lines(2)[group.gap :]
    aliases = [_alias(line, new[name]) for name, line in zip(group.names, lines, strict=True)] if keeps_names else []
    if aliases:
        aliases[0] = aliases[0].with_changes(leading_lines=blank_lines(2))
    else:
        made = made.with_deep_changes(made.body, footer=below)
    for name, part in drafts.items():
        if part is not draft:
            part.become([made, *aliases] if name == group.names[0] else [])
    return [made, *aliases] if first is draft else []


def _enumeration(name: str, first: Draft) -> cst.ClassDef:
    base = first.reference("enum.StrEnum", first.code.statement.nodes[0])
    return cst.ensure_type(cst.parse_statement(f"class {name}({base}):\n    pass\n"), cst.ClassDef)


def _with_members(class_: cst.ClassDef, members: Sequence[cst.SimpleStatementLine], draft: Draft) -> cst.ClassDef:
    """The class with its members; what stood above the first of them stands above the class."""
    first, *others = members
    above = list(first.leading_lines)
    own: list[cst.EmptyLine] = []
    if any(line.comment is not None for member in others for line in member.leading_lines[-1:]):
        # Where others have a comment, that of the first is not about all of them.
        while above and above[-1].comment is not None:
            own.insert(0, above.pop())
    body = [first.with_changes(leading_lines=own), *others]
    return class_.with_deep_changes(class_.body, body=body).with_changes(leading_lines=spaced(above, draft))


def _member(line: cst.SimpleStatementLine, name: str) -> cst.SimpleStatementLine:
    """`OPEN = "open"`."""
    lines = [each if each.comment is not None else cst.EmptyLine(indent=False) for each in line.leading_lines]
    match line.body[0]:
        case cst.Assign(targets=[target], value=value):
            assigned = cst.Assign([target.with_changes(target=cst.Name(name))], value)
        case cst.AnnAssign(value=cst.BaseExpression() as value):
            assigned = cst.Assign([cst.AssignTarget(cst.Name(name))], value)
        case _:
            raise AssertionError(line)
    return line.with_changes(body=[assigned], leading_lines=lines)


def _alias(line: cst.SimpleStatementLine, member: cst.BaseExpression) -> cst.SimpleStatementLine:
    """`STATE_OPEN = State.OPEN`."""
    assigned = line.body[0].with_changes(value=member, semicolon=cst.MaybeSentinel.DEFAULT)
    return cst.SimpleStatementLine([assigned])


def literals_to_enum(word: str, strings: Sequence[str], draft: Draft) -> Sequence[cst.BaseStatement]:
    enum = draft.fresh(*(f"{class_case(word)}{end}" for end in ("", "Value", "Name")))
    # The first statement in which something is replaced, below the new class.
    host = draft
    for code in draft.elsewhere(*strings):
        new = _replacements(word, strings, enum, code)
        if new and host is draft and draft.is_below(code):
            host = draft.part(code, *code.lines(code.statement.nodes[0]), from_top=True)
        elif new:
            replace(draft, code, new)
    made = _enumeration(enum, host)
    members = [cst.parse_statement(f"{_name(string)} = {_quoted(string)}\n") for string in strings]
    made = made.with_deep_changes(made.body, body=members)
    if host is draft:
        return put_above(made, replaced(draft, _replacements(word, strings, enum, draft.code)), draft)
    host.become(put_above(made, replaced(host, _replacements(word, strings, enum, host.code)), host))
    return replaced(draft, _replacements(word, strings, enum, draft.code))


def _replacements(
    word: str, strings: Collection[str], enum: str, code: Analysis
) -> Mapping[ast.expr, cst.BaseExpression]:
    """What becomes of the literals with which something of a name is compared in a statement."""
    return {
        literal: cst.Attribute(cst.Name(enum), cst.Name(_name(string)))
        for comparison in code.nodes(ast.Compare)
        for subject, literal, string in _comparisons(comparison)
        if string in strings
        and _word(subject) == word
        and code.enclosing(literal, ast.JoinedStr) is None
        and code.source(literal)[:1] in {"'", '"'}
    }


def _name(string: str) -> str:
    return _words(string).upper()


def _quoted(string: str) -> str:
    return f'"{string}"' if string.isprintable() and not {'"', "\\"} & set(string) else repr(string)
