"""Which loops try something again after it failed: how often, after which failures, and how long do they wait?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct, field

from idiomatic.core.analysis.flow import leaving
from idiomatic.core.analysis.tree import FUNCTIONS, walk_block
from idiomatic.core.facts import is_generator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.analysis.tree import Function

Loop: TypeAlias = ast.For | ast.While

SLEEPS: Final = ("time.sleep", "asyncio.sleep")


class Amount(Struct, frozen=True):
    """An expression and a number that is added to it.

    Attributes:
        of: the expression; `None` if there is none, and the number is all.
        plus: the number.
    """

    of: ast.expr | None
    plus: int

    def __add__(self, other: int) -> Amount:
        return Amount(self.of, self.plus + other)

    def is_same(self, other: Amount) -> bool:
        """Whether the two are equal whatever the variables are."""
        return _dump(self.of) == _dump(other.of) and self.plus == other.plus


def _dump(node: ast.expr | None) -> str:
    return ast.dump(node) if node is not None else ""


class Retry(Struct, eq=False):
    """A loop that tries something again.

    Attributes:
        loop: it.
        function: around it.
        attempt: the `try` in it.
        handler: what catches the failures.
        work: what is tried, without what ends the loop after it worked.
        ending: the statement that ends the loop after it worked.
        is_async: whether it waits with `await`.
        attempts: how often it is tried at most.
        delay: how long it waits after the first failure.
        limit: how long it waits at most, if that is said; the delay itself where all waits are the same.
        is_constant: whether all waits are the same.
        kept: what the handler does besides, for each failure.
        is_kept_longer: whether it is not yet done for the last failure.
        gone: the statements around the loop that belong to it: the counter's first value, what is raised in the end.
        raises: the statement that raises another error in the end, instead of what failed.
        result: the variable that is assigned by the work and read after the loop.
    """

    loop: Loop
    function: Function
    attempt: ast.Try
    handler: ast.ExceptHandler
    work: Sequence[ast.stmt] = ()
    ending: ast.Return | ast.Break | None = None
    is_async: bool = False
    attempts: Amount = field(default_factory=lambda: Amount(None, 0))
    delay: ast.expr | None = None
    limit: ast.expr | None = None
    is_constant: bool = True
    kept: list[ast.stmt] = field(default_factory=list)
    is_kept_longer: bool = False
    gone: list[ast.stmt] = field(default_factory=list)
    raises: ast.Raise | None = None
    result: str | None = None


class NoRetry(Struct, frozen=True):
    """A loop that tries something again, in a way that a decorator does not.

    Attributes:
        reason: why, a sentence.
    """

    reason: str


class _OtherwiseError(Exception):
    """It tries again, but not as a decorator does; the message says how."""


def retry(loop: Loop, code: Analysis) -> Retry | NoRetry | None:
    """How a loop tries something again, if that is what it does."""
    attempts = [each for each in loop.body if isinstance(each, ast.Try)]
    function = code.function_around(loop)
    if len(attempts) != 1 or not attempts[0].handlers or not isinstance(function, FUNCTIONS):
        return None
    waits = [call for statement in loop.body for call in _sleeps(statement, code)]
    inside = {id(each) for each in walk_block(attempts[0].body)}
    waits = [call for call in waits if id(call) not in inside]
    if not waits or is_generator(function):
        return None
    found = Retry(loop, function, attempts[0], attempts[0].handlers[0])
    if not _find_ending(found) or not _counts(found, code):
        return None
    try:
        _Reader(found, code).read(waits)
    except _OtherwiseError as error:
        return NoRetry(str(error))
    return found


def _sleeps(statement: ast.stmt, code: Analysis) -> Iterator[ast.Call]:
    for node in walk_block([statement]):
        if isinstance(node, ast.Call) and code.is_name(node.func, *SLEEPS):
            yield node


def _find_ending(found: Retry) -> bool:
    """What ends the loop when it worked: the last statement of the `try:` block, its `else`, or what follows it."""
    attempt, body = found.attempt, found.loop.body
    after = body[body.index(attempt) + 1 :]
    if isinstance(attempt.body[-1], ast.Return | ast.Break):
        found.ending, found.work = attempt.body[-1], attempt.body[:-1]
    elif len(attempt.orelse) == 1 and isinstance(attempt.orelse[0], ast.Return | ast.Break):
        found.ending, found.work = attempt.orelse[0], attempt.body
    elif after and isinstance(after[0], ast.Return | ast.Break) and len(after) == 1 and not attempt.orelse:
        if not isinstance(found.handler.body[-1], ast.Continue | ast.Raise):
            return False
        found.ending, found.work = after[0], attempt.body
    else:
        return False
    if attempt.orelse and found.ending is not attempt.orelse[0]:
        return False
    if isinstance(found.ending, ast.Break) or not found.work:
        return not any(True for _ in leaving(found.work))
    return not any(isinstance(each, ast.Break | ast.Continue) for each in leaving(found.work))


def _counts(found: Retry, code: Analysis) -> bool:
    """Whether the loop ends some time: it counts, or is told how often."""
    match found.loop:
        case ast.For(iter=ast.Call(func=function, keywords=[], args=[_] | [_, _]), target=ast.Name()):
            return code.is_name(function, "builtins.range")
        case ast.While(test=ast.Constant(value=True | 1)):
            return _counter_in(found.loop) is not None
        case ast.While(test=ast.Compare(left=ast.Name(id=name), ops=[ast.Lt() | ast.LtE()])):
            return _counter_in(found.loop) == name
        case _:
            return False


def _counter_in(loop: ast.While) -> str | None:
    """The variable that a loop counts its rounds or failures with."""
    names = [name for node in walk_block(loop.body) if (name := _counted(node)) is not None]
    return names[0] if len(names) == 1 else None


def _counted(node: ast.AST) -> str | None:
    """The variable to which a statement adds one."""
    match node:
        case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=ast.Constant(value=1)):
            return name
        case ast.Assign(
            targets=[ast.Name(id=name)],
            value=ast.BinOp(left=ast.Name(id=read), op=ast.Add(), right=ast.Constant(value=1)),
        ) if name == read:
            return name
        case _:
            return None


def amount(node: ast.expr) -> Amount:
    """An expression without the numbers that are added to it and subtracted from it."""
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return Amount(None, number)
        case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=int(number))):
            return amount(left) + number
        case ast.BinOp(left=ast.Constant(value=int(number)), op=ast.Add(), right=right):
            return amount(right) + number
        case ast.BinOp(left=left, op=ast.Sub(), right=ast.Constant(value=int(number))):
            return amount(left) + -number
        case _:
            return Amount(node, 0)


class _Reader:
    """Reads the parts of a loop into a `Retry`.

    Raises `_OtherwiseError` where a decorator would do something else.
    """

    def __init__(self, found: Retry, code: Analysis) -> None:
        self._found = found
        self._code = code
        self._saved: str | None = None
        self._updated: str | None = None
        self._counted_at: str | None = None
        self._limit: Amount | None = None

    def read(self, waits: Sequence[ast.Call]) -> None:
        """Read all of it.

        Args:
            waits: the calls by which it waits.
        """
        found, code = self._found, self._code
        if len(waits) > 1:
            raise _OtherwiseError("It waits in more than one place.")
        if len(found.attempt.handlers) > 1:
            raise _OtherwiseError("It has more than one handler.")
        if found.attempt.finalbody:
            raise _OtherwiseError("It has a `finally` for each attempt.")
        (wait,) = waits
        found.is_async = isinstance(code.parent(wait), ast.Await)
        if found.is_async != code.is_name(wait.func, "asyncio.sleep") or len(wait.args) != 1 or wait.keywords:
            raise _OtherwiseError("It waits in an unusual way.")
        tried = [*found.work, *([found.ending] if found.ending is not None else [])]
        if not found.is_async and any(isinstance(each, ast.Await) for each in walk_block(tried)):
            raise _OtherwiseError("It stops the event loop while it waits.")
        if isinstance(found.ending, ast.Return) and any(
            isinstance(each, ast.Await | ast.Call) for each in walk_block([found.ending])
        ):
            self._ending_is_tried()
        body = found.loop.body
        place = body.index(found.attempt)
        for statement in body[:place]:
            self._around(statement, "before")
        self._handled(found.handler.body, wait)
        for statement in body[place + 1 :]:
            if statement is not found.ending:
                self._around(statement, "after", wait)
        self._count()
        self._fail()
        self._wait(wait.args[0])
        self._forget_saved()
        self._variables()

    def _ending_is_tried(self) -> None:
        """A `return call()` outside of the `try:` is not tried again when it fails."""
        if self._found.ending is not self._found.attempt.body[-1]:
            raise _OtherwiseError("What it returns is not tried again when it fails.")

    # -- the statements -----------------------------------------------------------------------------------------------

    def _around(self, statement: ast.stmt, where: str, wait: ast.Call | None = None) -> None:
        if _counted(statement) is not None:
            self._counted_at = self._counted_at or where
        elif wait is not None and self._is_wait(statement, wait):
            pass
        elif not self._updates(statement):
            raise _OtherwiseError("The loop does more than try.")

    def _is_wait(self, statement: ast.stmt, wait: ast.Call) -> bool:
        value = statement.value if isinstance(statement, ast.Expr) else None
        return value is wait or (isinstance(value, ast.Await) and value.value is wait)

    def _handled(self, block: Sequence[ast.stmt], wait: ast.Call) -> None:
        """Take the handler's statements for what they are."""
        for index, statement in enumerate(block):
            rest = block[index + 1 :]
            match statement:
                case ast.Pass():
                    pass
                case ast.Continue() if not rest:
                    pass
                # raise, behind `if attempt < last: ...; continue`
                case ast.Raise() if not rest and self._limit is not None:
                    self._raised(statement)
                case ast.If(test=test, body=body, orelse=orelse) if (last := self._last(test)) is not None:
                    limit, is_last = last
                    failing, going_on = (body, orelse) if is_last else (orelse, body)
                    if not is_last and not orelse:
                        if not rest and not isinstance(body[-1], ast.Continue):
                            # if attempt < last: time.sleep(1)
                            self._handled(going_on, wait)
                            continue
                        failing = list(rest) if isinstance(body[-1], ast.Continue) else []
                    if len(failing) != 1 or not isinstance(failing[0], ast.Raise) or self._limit is not None:
                        raise _OtherwiseError("When it gives up, it does more than raise.")
                    self._limit = limit
                    self._raised(failing[0])
                    self._handled(going_on, wait)
                    if not is_last and not orelse:
                        return
                case _ if self._is_wait(statement, wait):
                    pass
                case _ if _counted(statement) is not None:
                    self._counted_at = self._counted_at or ("before" if self._limit is None else "after")
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=error)) if (
                    error == self._found.handler.name
                ):
                    self._saved = name
                case ast.Expr(value=ast.Call()):
                    self._found.kept.append(statement)
                    self._found.is_kept_longer |= self._limit is not None
                case _ if self._updates(statement):
                    pass
                case _:
                    raise _OtherwiseError("The handler does more than wait.")

    def _raised(self, statement: ast.Raise) -> None:
        match statement.exc:
            case None:
                pass
            case ast.Name(id=name) if name in {self._found.handler.name, self._saved}:
                pass
            case _:
                self._found.raises = statement

    def _updates(self, statement: ast.stmt) -> bool:
        """Whether it makes the next wait longer: `delay *= 2`, `delay = min(delay * 2, 60)`."""
        match statement:
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Mult(), value=ast.Constant()):
                self._updated = name
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_longer(value, name):
                self._updated = name
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(func=function, args=[one, other], keywords=[])
            ) if self._code.is_name(function, "builtins.min") and (_is_longer(one, name) or _is_longer(other, name)):
                self._updated = name
                self._found.limit = other if _is_longer(one, name) else one
            case _:
                return False
        return True

    # -- how often ----------------------------------------------------------------------------------------------------

    @property
    def _counter(self) -> str | None:
        match self._found.loop:
            case ast.For(target=ast.Name(id=name)):
                return name
            case ast.While() as loop:
                return _counter_in(loop)
            case _:
                return None

    def _last(self, test: ast.expr) -> tuple[Amount, bool] | None:
        """From which value of the counter on there is no further attempt, and whether the test says that it is so."""
        match test:
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                pass
            case _:
                return None
        one, other = amount(left), amount(right)
        if not (isinstance(one.of, ast.Name) and one.of.id == self._counter):
            if not (isinstance(other.of, ast.Name) and other.of.id == self._counter):
                return None
            one, other = other, one
            operator = _TURNED.get(type(operator), ast.Is)()
        limit = Amount(other.of, other.plus - one.plus)
        match operator:
            case ast.Eq() | ast.GtE():
                return limit, True
            case ast.Gt():
                return limit + 1, True
            case ast.Lt() | ast.NotEq():
                return limit, False
            case ast.LtE():
                return limit + 1, False
            case _:
                return None

    def _count(self) -> None:
        """How often it is tried, and whether what the handler asks for agrees with the loop."""
        found = self._found
        match found.loop:
            case ast.For(iter=ast.Call(args=[stop])):
                self._count_range(0, amount(stop))
            case ast.For(iter=ast.Call(args=[ast.Constant(value=int(start)), stop])):
                self._count_range(start, amount(stop))
            case ast.While(test=test) as loop:
                start = self._first_value(loop)
                shift = 0 if self._counted_at == "before" else 1
                if self._limit is not None:
                    found.attempts = self._limit + (shift - start)
                elif isinstance(test, ast.Compare):
                    more = 1 if isinstance(test.ops[0], ast.LtE) else 0
                    found.attempts = amount(test.comparators[0]) + (more - start)
                else:
                    raise _OtherwiseError("It never gives up.")
                if self._limit is not None and isinstance(test, ast.Compare):
                    raise _OtherwiseError("It counts its attempts in two places.")
            case _:
                raise _OtherwiseError("It counts its attempts in an unusual way.")
        if found.attempts.of is None and found.attempts.plus < 2:
            raise _OtherwiseError("It is tried only once.")

    def _count_range(self, start: int, stop: Amount) -> None:
        if self._limit is not None and not self._limit.is_same(stop + -1):
            raise _OtherwiseError("It gives up at another attempt than the last.")
        self._found.attempts = stop + -start

    def _first_value(self, loop: ast.While) -> int:
        """The counter's value before the loop, from the statement that sets it."""
        siblings = self._code.siblings(loop)
        counter = self._counter
        for statement in reversed(siblings[: siblings.index(loop)]):
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int(start))) if name == counter:
                    self._found.gone.append(statement)
                    return start
                case ast.Assign(targets=[ast.Name()]) | ast.AnnAssign(target=ast.Name()):
                    pass
                case _:
                    break
        raise _OtherwiseError("It does not count its attempts from a number.")

    # -- the end ------------------------------------------------------------------------------------------------------

    def _fail(self) -> None:
        """What happens after the last attempt."""
        loop = self._found.loop
        siblings = self._code.siblings(loop)
        following = siblings[siblings.index(loop) + 1 :]
        is_endless = isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant)
        if self._limit is not None or is_endless:
            if loop.orelse:
                raise _OtherwiseError("The loop has an `else`.")
            # What follows a loop that only ends by raising or returning is there for a type checker.
            if isinstance(self._found.ending, ast.Return) and [type(each) for each in following] == [ast.Raise]:
                self._found.gone.append(following[0])
            return
        if len(loop.orelse) == 1 and isinstance(loop.orelse[0], ast.Raise):
            self._raised(loop.orelse[0])
        elif isinstance(self._found.ending, ast.Return) and following and isinstance(following[0], ast.Raise):
            self._found.gone.append(following[0])
            self._raised(following[0])
        else:
            raise _OtherwiseError("After the last attempt it goes on without raising anything.")

    def _forget_saved(self) -> None:
        """`last = None` before the loop goes away with it."""
        loop, siblings = self._found.loop, self._code.siblings(self._found.loop)
        for statement in siblings[: siblings.index(loop)]:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant())
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant() | None)
                ) if name == self._saved:
                    self._found.gone.append(statement)
                case _:
                    pass

    # -- how long -----------------------------------------------------------------------------------------------------

    def _wait(self, seconds: ast.expr) -> None:
        found, counter = self._found, self._counter
        match seconds:
            case ast.Call(func=function, args=[one, other], keywords=[]) if self._code.is_name(
                function, "builtins.min"
            ):
                found.limit, seconds = (other, one) if _names(one) & {counter, self._updated} else (one, other)
            case _:
                pass
        if isinstance(seconds, ast.Name) and seconds.id == self._updated:
            found.delay, found.is_constant = self._first_delay(seconds.id), False
            return
        if counter is None or counter not in _names(seconds):
            found.delay = seconds
            return
        found.delay, found.is_constant = self._growing(seconds), False

    def _growing(self, seconds: ast.expr) -> ast.expr:
        """The first of waits that grow with the number of the attempt."""
        match seconds:
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                for factor, other in ((left, right), (right, left)):
                    if self._is_number_of_attempt(other) and self._counter not in _names(factor):
                        return factor
            case _ if self._is_number_of_attempt(seconds):
                return ast.copy_location(ast.Constant(value=1), seconds)
            case _:
                pass
        raise _OtherwiseError("How long it waits can't be said to a decorator.")

    def _is_number_of_attempt(self, node: ast.expr) -> bool:
        """Whether it is `attempt`, `attempt + 1`, `2 ** attempt`."""
        match node:
            case ast.BinOp(left=ast.Constant(), op=ast.Pow(), right=right):
                found = amount(right)
            case _:
                found = amount(node)
        return isinstance(found.of, ast.Name) and found.of.id == self._counter

    def _first_delay(self, name: str) -> ast.expr:
        siblings = self._code.siblings(self._found.loop)
        for statement in reversed(siblings[: siblings.index(self._found.loop)]):
            match statement:
                case ast.Assign(targets=[ast.Name(id=assigned)], value=value) if assigned == name:
                    self._found.gone.append(statement)
                    return value
                case ast.Assign(targets=[ast.Name()]) | ast.AnnAssign(target=ast.Name()):
                    pass
                case _:
                    break
        raise _OtherwiseError("How long it waits first can't be seen.")

    # -- variables ----------------------------------------------------------------------------------------------------

    def _variables(self) -> None:
        """See that the work can be a function of its own."""
        found, code = self._found, self._code
        scope = code.scope_made_by(found.function)
        private = {name for name in (self._counter, self._updated, self._saved) if name is not None}
        tried: list[ast.AST] = [*found.work, *([found.ending] if isinstance(found.ending, ast.Return) else [])]
        inside = {id(each) for part in (*tried, *found.kept) for each in ast.walk(part)}
        belonging = {id(each) for part in (found.loop, *found.gone) for each in ast.walk(part)}
        stored: set[str] = set()
        for part in tried:
            for each in ast.walk(part):
                if isinstance(each, ast.Name) and each.id in private:
                    raise _OtherwiseError(f"What is tried uses `{each.id}`.")
                if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load) and code.scope(each) is scope:
                    stored.add(each.id)
        if found.raises is not None and _names(found.raises) & (private | stored):
            raise _OtherwiseError("What it raises in the end says how it was tried.")
        if any(_names(part) & private for part in found.kept):
            raise _OtherwiseError("The handler uses the number of the attempt.")
        if stored & scope.elsewhere.keys():
            raise _OtherwiseError("What is tried assigns a variable of a function around it.")
        # The first value of a wait is handed to the decorator.
        for name in private - ({self._updated} if self._updated is not None else set()):
            for use in code.uses(name, found.function, scope):
                if id(use) not in belonging:
                    raise _OtherwiseError(f"`{name}` is used after the loop.")
        results: set[str] = set()
        for name in stored:
            uses = list(code.uses(name, found.function, scope))
            others = [use for use in uses if id(use) not in inside]
            if any(isinstance(use.ctx, ast.Load) for use in others):
                results.add(name)
            if any(not isinstance(use.ctx, ast.Load) for use in others) and _reads_first(found.work, name):
                raise _OtherwiseError(f"What is tried changes `{name}`.")
        decided = private | stored | {found.handler.name}
        if any(_names(each) & decided for each in (found.delay, found.limit, found.attempts.of)):
            raise _OtherwiseError("How often it is tried, or how long it waits, is decided in the loop.")
        if isinstance(found.ending, ast.Return):
            if results:
                raise _OtherwiseError(f"`{min(results)}` is used after the loop.")
            return
        if len(results) > 1:
            raise _OtherwiseError("What is tried has more than one result.")
        if results:
            (found.result,) = results
            match found.work[-1]:
                case ast.Assign(targets=[ast.Name(id=name)]) if name == found.result:
                    pass
                case _:
                    raise _OtherwiseError(f"What is tried assigns `{found.result}` on its way.")


_TURNED: Final = {
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
}


def _names(node: ast.AST | None) -> set[str | None]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} if node is not None else set()


def _is_longer(value: ast.expr, name: str) -> bool:
    """Whether it is `delay * 2`."""
    match value:
        case ast.BinOp(left=ast.Name(id=read), op=ast.Mult(), right=ast.Constant()):
            return read == name
        case ast.BinOp(left=ast.Constant(), op=ast.Mult(), right=ast.Name(id=read)):
            return read == name
        case _:
            return False


def _reads_first(work: Sequence[ast.stmt], name: str) -> bool:
    """Whether statements may read a variable before they assign it."""
    for statement in work:
        for each in ast.walk(statement):
            match each:
                case ast.AugAssign(target=ast.Name(id=found)) | ast.Name(id=found, ctx=ast.Load() | ast.Del()):
                    if found == name:
                        return True
                case _:
                    pass
    return False
