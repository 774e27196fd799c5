"""Open files, sockets and archives in a `with` block, so that they are closed on every path.

## Why
A file that is opened without `with` stays open when something between `open` and `close` raises, and a file that
nobody closes stays open until the garbage collector finds it: at once in CPython, some time later anywhere else. Until
then what was written may not be on disk, the file can't be deleted on Windows, and a server runs out of descriptors.

## Example
```python
def first_line(path):
    file = open(path)
    line = file.readline()
    file.close()
    return line
```
becomes
```python
def first_line(path):
    with open(path) as file:
        line = file.readline()
    return line
```

What nobody closes gets a block as well:
```python
import json


def settings(path):
    return json.load(open(path))
```
becomes
```python
import json


def settings(path):
    with open(path) as file:
        return json.load(file)
```

## Fix safety
Safe where the file is closed today, further down in the same block and on the way there by nothing but an exception:
the block ends where `close()` stood. If opening it alone stands in a `try`, the open file is put into `with file:`.

Unsafe, with the reason:

- nothing closes it today, or not everything: the block closes it after the last statement that uses it;
- a `return`, `break` or `continue` leaves before `close()`;
- it is passed to a function that can't be seen and might keep it;
- the file is opened before something else in its statement is evaluated;
- only an annotation says that it is a file.

Refused: the variable is used outside of the block in which the file is opened, or gets another value there; it is
returned, stored or handed to a thread or task although it is closed here; the file is opened in a lambda, under a
condition inside an expression, or in the head of a compound statement; a line that goes away has a comment for a linter
or a type checker.

Not found: what is returned, yielded or stored without being closed here, or passed to a class, an exit stack or
anything else that keeps it; what a `finally`, a later `with` or, on failure only, an `except` closes; an archive in a
file that is open already; variables of the module, which live as long as the program.

## References
- [Reading and writing files](https://docs.python.org/3/tutorial/inputoutput.html#reading-and-writing-files)
- [`ResourceWarning`](https://docs.python.org/3/library/exceptions.html#ResourceWarning)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import libcst as cst
from msgspec import Struct

from idiomatic.core.analysis.escapes import escapes, is_used_elsewhere
from idiomatic.core.analysis.evaluation import is_first
from idiomatic.core.analysis.file_uses import FILES, Passed, destinations, gets_out, is_used_up, statements_that_need
from idiomatic.core.analysis.flow import is_read_after, leaving
from idiomatic.core.analysis.held_files import (
    closes,
    has_other_values,
    is_closed_before,
    is_taken_care_of,
    life_of,
)
from idiomatic.core.analysis.instances import declaration, instance_of
from idiomatic.core.analysis.names import last_name
from idiomatic.core.analysis.resources import FACTORIES, MANAGERS, SAME
from idiomatic.core.analysis.tool_comments import FOR_TOOLS
from idiomatic.core.analysis.tree import walk_block
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.writing.comments import comment_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.held_files import Assignment
    from idiomatic.core.draft import Draft

KIND = Kind.PROBLEM
SINCE = (3, 2)
TRIGGERS = ("open", "File", "socket", "create_connection", "create_server")
ALSO = ("SIM115",)


OTHERS: Final = frozenset(
    {
        "shelve.Shelf",
        "dbm.open",
        "socket.socket",
        "tempfile.TemporaryFile",
        "tempfile.SpooledTemporaryFile",
        "tempfile.NamedTemporaryFile",
    }
)

_OPENING: Final = frozenset(
    name.rpartition(".")[2]
    for name in (*FILES, *OTHERS, *SAME, *(name for name, made in FACTORIES.items() if made.makes in {*FILES, *OTHERS}))
)
"""The last names of everything that opens one of them."""

NAMES: Final = {
    "http.client.HTTPResponse": "response",
    "zipfile.ZipFile": "archive",
    "zipfile.PyZipFile": "archive",
    "tarfile.TarFile": "archive",
}
"""What a file is called that had no name, if not `file`."""


class Opened(Struct, frozen=True, eq=False):
    """A file in a variable.

    Attributes:
        name: the variable.
        call: opens it.
        assignment: of the call to the variable.
        body: the statements the file is needed for.
        close: the statement that closes it, right behind them.
    """

    name: str
    call: ast.Call
    assignment: Assignment
    body: Sequence[ast.stmt]
    close: ast.stmt | None

    def statements(self, code: Analysis) -> Sequence[ast.stmt]:
        """Those that make room for the block: the assignment is one of them if it stands right above the others."""
        below = [*self.body, *([self.close] if self.close is not None else [])]
        is_there = not below or below[0] in code.siblings(self.assignment)
        return [self.assignment, *below] if is_there else below


def detect(call: ast.Call, code: Analysis) -> Iterator[Finding]:
    kind = _kind(call, code)
    if kind is None:
        return
    match code.parent(call):
        # file = open(path)
        # file: TextIO = open(path)
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name), simple=1) as assignment:
            yield from _in_variable(name, call, assignment, kind, code)
        # open(path).read()
        # for line in open(path): ...
        case _ if kind in FILES and is_used_up(call, code):
            yield from _in_expression(call, kind, code)
        case _:
            pass


def _kind(call: ast.Call, code: Analysis) -> str | None:
    """The type of what a call opens, if it is one that should be closed."""
    match call.func:
        case ast.Name():
            pass
        case ast.Attribute(value=ast.Name() | ast.Attribute()):
            pass
        # Path(path).open()
        case ast.Attribute(attr="open"):
            pass
        case _:
            return None
    if isinstance(code.parent(call), ast.withitem | ast.Expr):
        return None
    # Whatever else it makes, a call by another name opens nothing: most need not be looked into, nor other files read.
    if not code.may_be(call.func, _OPENING) and last_name(call.func).lstrip("_") not in _OPENING:
        return None
    name = code.qualified_name(call.func) or last_name(call.func).lstrip("_")
    if name.rpartition(".")[2] not in _OPENING:
        return None
    found = instance_of(code, call)
    if found is None or not (found.of in FILES or found.of in OTHERS) or _is_made_of_file(call, code):
        return None
    return found.of


def _is_made_of_file(call: ast.Call, code: Analysis) -> bool:
    """Whether it is about an open file that it is given, which somebody else closes: `ZipFile(BytesIO(data))`."""
    if any(keyword.arg in {"fileobj", "closefd"} for keyword in call.keywords):
        return True
    if code.is_name(call.func, "http.client.HTTPResponse"):
        return True
    given = instance_of(code, call.args[0]) if call.args else None
    return given is not None and given.of in MANAGERS


# -- a file in a variable ---------------------------------------------------------------------------------------------


def _in_variable(name: str, call: ast.Call, assignment: Assignment, kind: str, code: Analysis) -> Iterator[Finding]:
    scope = code.scope(assignment)
    if isinstance(scope.node, ast.ClassDef) or scope.lookup(name) is not scope:
        return
    if scope.node is None and (code.parent(assignment) is None or code.ask(is_used_elsewhere, name, code.statement)):
        return
    within = _scope_node(assignment, code)
    uses = [use for use in code.uses(name, within, scope) if isinstance(use.ctx, ast.Load)]
    if any(is_taken_care_of(use, code) for use in uses):
        return
    life, is_rebound = life_of(name, assignment, code)
    is_closed = any(closes(code.statement_of(use), name) for use in uses)
    close = next((each for each in life if closes(each, name)), None)
    message = f"`{name}` is opened without `with`: it stays open if something raises before it is closed"
    if close is not None:
        if close is life[0] and close not in code.siblings(assignment):
            # try: file = open(path)
            # except FileNotFoundError: ...
            # else: file.close()
            return
        opened = Opened(name, call, assignment, life[: life.index(close)], close)
        reasons = list(_reasons_when_closed(opened, code))
        title = "Use `with` (closed on every path)" if reasons else "Use `with`"
    else:
        if gets_out(name, uses, assignment, within, kind, code) or has_other_values(name, assignment, code):
            return
        if not is_rebound and is_read_after(code, life[-1] if life else assignment, name):
            reason = f"`{name}` is used outside of the block in which it is opened."
            yield Finding(call, message, (Fix("Use `with`", Refused(reason), code.lines(assignment)),))
            return
        needed = statements_that_need(name, life, code)
        if needed is None:
            return
        if not is_closed:
            message = f"`{name}` is opened without `with` and never closed"
        opened = Opened(name, call, assignment, needed, None)
        today = "only on some paths" if is_closed else "it stays open until it is collected"
        reasons = [
            f"`{name}` is closed at the end of the block; today {today}.",
            *_reasons_when_passed(name, needed, code),
        ]
        title = "Use `with` (closed at the end of the block)"
    if declared := declaration(code, call.func):
        reasons.append(f"That `{name}` is closed by leaving the block rests on the declared type, `{declared}`.")
    if (refusal := next(_refusals(opened, kind, code), None)) is not None:
        yield Finding(call, message, (Fix("Use `with`", Refused(refusal), code.lines(assignment)),))
        return
    where = opened.statements(code)
    fix = Fix(title, safe_unless(reasons), (where[0], where[-1]), partial(to_with, opened, where[0] is assignment))
    yield Finding(call, message, (fix,))


def _scope_node(node: ast.AST, code: Analysis) -> ast.AST:
    """The function around, or the top-level statement."""
    around = code.function_around(node)
    if around is not None:
        return around
    return next(each for each in (node, *code.ancestors(node)) if code.parent(each) is None)


# -- what changes -----------------------------------------------------------------------------------------------------


def _reasons_when_passed(name: str, body: Sequence[ast.stmt], code: Analysis) -> Iterator[str]:
    for node in walk_block(body):
        if isinstance(node, ast.Name) and node.id == name:
            for fate in destinations(node, code):
                if isinstance(fate, Passed):
                    yield f"`{fate.function}` gets `{name}`, and could not use it any more if it kept it."


def _reasons_when_closed(opened: Opened, code: Analysis) -> Iterator[str]:
    exits: set[ast.AST] = set(leaving(opened.body))
    for node in walk_block(opened.body):
        if node in exits and not is_closed_before(cast("ast.stmt", node), opened.name, code):
            word = type(node).__name__.lower()
            yield f"`{opened.name}` is also closed where a `{word}` leaves early; today it stays open there."


def _refusals(opened: Opened, kind: str, code: Analysis) -> Iterator[str]:
    name = opened.name
    statements = opened.statements(code)
    if not all(map(code.has_own_lines, statements)):
        yield "It shares a line with another statement."
    if opened.close is not None and (comment := _comment_for_a_tool(opened.close, code)):
        yield f"The comment `{comment}` belongs to a line that goes away."
    manager = MANAGERS.get(kind)
    if manager is not None and manager.unless is not None and kind.startswith("tempfile."):
        difference = manager.unless(opened.call)
        if difference is not None:
            yield difference
    for node in walk_block(opened.body):
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            yield f"`{name}` gets another value while the file is open."
    for each in opened.body:
        yield from escapes(code, name, each)
    for use in code.uses(name, _scope_node(opened.assignment, code), code.scope(opened.assignment)):
        handler = code.enclosing(use, ast.ExceptHandler)
        if handler is not None and code.parent(handler) in list(code.ancestors(opened.assignment)):
            yield f"An `except` clause around uses `{name}`, which would then be closed."


def _comment_for_a_tool(statement: ast.stmt, code: Analysis) -> str | None:
    lines, end = code.statement.lines, code.span(statement).end
    line, column = lines.position(end)
    found = FOR_TOOLS.search(lines.line(line)[column:])
    return lines.line(line)[column:][found.start() :].strip() if found is not None else None


# -- a file in an expression ------------------------------------------------------------------------------------------


def _in_expression(call: ast.Call, kind: str, code: Analysis) -> Iterator[Finding]:
    message = f"`{ast.unparse(call.func)}(...)` opens without `with`, and nothing closes it"
    statement = code.statement_of(call)
    if (refusal := _refusal_in_expression(call, statement, code)) is not None:
        yield Finding(call, message, (Fix("Use `with`", Refused(refusal), code.lines(statement)),))
        return
    reasons = ["It is closed at the end of the block; today when it is collected, which is at once in CPython only."]
    if not is_first(code, call, statement):
        reasons.append("It is opened before the rest of the statement is evaluated.")
    if declared := declaration(code, call.func):
        reasons.append(f"That it is a file rests on the declared type, `{declared}`.")
    fix = Fix(
        "Use `with` (closed at the end of the block)",
        safe_unless(reasons),
        code.lines(statement),
        partial(to_block, call, statement, NAMES.get(kind, "file")),
    )
    yield Finding(call, message, (fix,))


def _refusal_in_expression(call: ast.Call, statement: ast.stmt, code: Analysis) -> str | None:
    child: ast.AST = call
    for parent in code.ancestors(call):
        match parent:
            case ast.Lambda():
                return "A lambda has no room for a `with` statement."
            case ast.IfExp(test=test) if child is not test:
                return "It is opened under a condition."
            case ast.BoolOp(values=[first, *_]) if child is not first:
                return "It is opened under a condition."
            case ast.comprehension():
                owner = code.parent(parent)
                if not isinstance(
                    owner, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
                ) or parent is not (owner.generators[0] if child is parent.iter else None):
                    return "It is opened again for each round of a comprehension."
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() if not isinstance(
                child, ast.comprehension
            ):
                return "It is opened again for each round of a comprehension."
            case ast.stmt():
                break
            case _:
                pass
        child = parent
    is_simple = isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return | ast.Assert)
    if not is_simple and not (isinstance(statement, ast.For) and child is statement.iter):
        return "It stands in the head of a compound statement."
    if isinstance(code.scope(statement).node, ast.ClassDef):
        return "The block would leave a variable in the class."
    if not code.has_own_lines(statement):
        return "It shares a line with another statement."
    return None


# -- the rewrite ------------------------------------------------------------------------------------------------------


def to_with(opened: Opened, is_opened_here: bool, draft: Draft) -> Sequence[cst.BaseStatement]:
    body = [*draft.body]
    item, header = cst.WithItem(cst.Name(opened.name)), cst.TrailingWhitespace()
    above: list[cst.BaseStatement] = []
    lines: Sequence[cst.EmptyLine] = ()
    if is_opened_here:
        first = cst.ensure_type(body.pop(0), cst.SimpleStatementLine)
        header, lines = first.trailing_whitespace, first.leading_lines
        match first.body[0]:
            case cst.Assign(value=value):
                pass
            case cst.AnnAssign(value=cst.BaseExpression() as value) as old:
                declared = old.with_changes(value=None, equal=cst.MaybeSentinel.DEFAULT)
                above.append(cst.SimpleStatementLine([declared], leading_lines=lines))
                lines = ()
            case _:
                msg = "an assignment was found"
                raise TypeError(msg)
        item = cst.WithItem(_in_one_piece(value, draft), cst.AsName(cst.Name(opened.name)))
    end = comment_lines(body.pop()) if opened.close is not None else []
    if body:
        own: Sequence[cst.EmptyLine] = getattr(body[0], "leading_lines", ())
        if not is_opened_here:
            lines = [line for line in own if line.comment is None]
        body[0] = body[0].with_changes(leading_lines=[line for line in own if line.comment is not None])
    block = cst.IndentedBlock(body or [cst.SimpleStatementLine([cst.Pass()])], header=header, footer=end)
    return [*above, cst.With([item], block, leading_lines=lines)]


def _in_one_piece(value: cst.BaseExpression, draft: Draft) -> cst.BaseExpression:
    if "\\\n" in draft.code_for(value) and not value.lpar:
        return value.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return value


def to_block(call: ast.Call, statement: ast.stmt, word: str, draft: Draft) -> Sequence[cst.BaseStatement]:
    old = draft.node(call, cst.Call)
    name = draft.fresh(word, within=draft.code.function_around(statement))
    [changed] = draft.replaced({old: cst.Name(name)})
    lines: Sequence[cst.EmptyLine] = getattr(changed, "leading_lines", ())
    item = cst.WithItem(_in_one_piece(old.with_changes(lpar=[], rpar=[]), draft), cst.AsName(cst.Name(name)))
    return [cst.With([item], cst.IndentedBlock([changed.with_changes(leading_lines=[])]), leading_lines=lines)]
