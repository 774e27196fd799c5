"""Which branches of `if` statements ask one thing after another of the same subject, and what do they ask?

A chain is an `if` with its `elif`s (an `if` alone in an `else` counts as one), or several neighbouring `if` statements
whose bodies all leave the block. This looks at syntax only: what the names stand for is for the idioms to find out.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.tree import tree, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from idiomatic.core.analysis.code import Analysis
    from idiomatic.core.statement import Statement

FEWEST: Final = 3
"""A chain of fewer branches has nothing to gain."""


_LONGEST: Final = 10
_DEEPEST: Final = 5


class What(Enum):
    """What a test compares the subject with."""

    CLASS = auto()
    LITERAL = auto()
    VALUE = auto()
    """A dotted name."""
    NONE = auto()
    BOOL = auto()
    OTHER = auto()
    """Something that no pattern can say."""


class How(Enum):
    """How it compares it."""

    ISINSTANCE = auto()
    EQUAL = auto()
    REVERSED = auto()
    """`==` with the subject on the right."""
    IS = auto()
    IN = auto()
    IN_SET = auto()


class Alternative(Struct, frozen=True, eq=False):
    """One thing that a test asks of the subject.

    Attributes:
        what: it is compared with.
        how: it is compared.
        node: the class or the value.
        fault: why no pattern says this; a sentence, empty if one does.
    """

    what: What
    how: How
    node: ast.expr
    fault: str = ""


class Branch(Struct, frozen=True, eq=False):
    """A test and what is done if it is true.

    Attributes:
        node: the `if`, or the one that an `elif` is.
        alternatives: of which one has to be true; empty if the test can only be a guard.
        guards: what else has to be true, in the order in which it is asked.
        early: those of the guards that are asked before the alternatives.
    """

    node: ast.If
    alternatives: tuple[Alternative, ...]
    guards: tuple[ast.expr, ...] = ()
    early: tuple[ast.expr, ...] = ()

    @property
    def fault(self) -> str:
        """Why no pattern says this; empty if one does."""
        return next((each.fault for each in self.alternatives if each.fault), "")

    @property
    def is_loose(self) -> bool:
        """Whether the test can only be a guard."""
        return not self.alternatives or bool(self.fault)


class Chain(Struct, frozen=True, eq=False):
    """Branches that ask the same subject.

    Attributes:
        subject: where it stands first.
        branches: in order.
        statements: the neighbouring `if` statements they belong to.
        otherwise: what is done if all tests are false: the `else`, or a `return` or `raise` below that ends the block.
    """

    subject: ast.expr
    branches: tuple[Branch, ...]
    statements: tuple[ast.If, ...]
    otherwise: Sequence[ast.stmt]

    @property
    def last(self) -> ast.stmt:
        """The last of the statements that become the `match`."""
        return self.otherwise[-1] if self.is_followed else self.statements[-1]

    @property
    def is_followed(self) -> bool:
        """Whether what is done otherwise stands below the last `if`, not in its `else`."""
        return bool(self.otherwise) and not self.branches[-1].node.orelse

    @property
    def patterns(self) -> Sequence[Branch]:
        """The branches that have a pattern."""
        return [branch for branch in self.branches if not branch.is_loose]

    @property
    def fault(self) -> str:
        """Why this can't be a `match` though it asks the same subject all the time; empty if it can."""
        if sum(branch.is_loose for branch in self.branches) <= 1 and not self.branches[0].is_loose:
            return ""
        return next((branch.fault for branch in self.branches if branch.fault), "")

    @property
    def reads_well(self) -> bool:
        """Whether the tests as patterns say more than they do now."""
        loose = sum(branch.is_loose for branch in self.branches)
        if any(not each.alternatives and _is_or(each.node.test) for each in self.branches):
            return False
        guarded = sum(bool(branch.guards) for branch in self.branches)
        if self.fault:
            return len(self.branches) - sum(not branch.alternatives for branch in self.branches) >= FEWEST
        return (
            len(self.patterns) >= FEWEST
            and loose <= 1
            and not self.branches[0].is_loose
            and (loose + guarded) * 2 <= len(self.branches)
        )

    def asks(self, *what: What) -> int:
        """How many branches compare the subject with one of those."""
        return sum(any(each.what in what for each in branch.alternatives) for branch in self.branches)


def _is_or(test: ast.expr) -> bool:
    return isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or)


def chain_at(statement: ast.If, code: Analysis) -> Chain | None:
    """The chain that begins with an `if` statement, if it is worth a `match`."""
    return code.unit.fact(chains).get(statement)


def chains(statement: Statement) -> Mapping[ast.If, Chain]:
    """The chains of a statement by the `if` they begin with: use `statement.fact(chains)`."""
    index = statement.fact(tree)
    found: dict[ast.If, Chain] = {}
    seen: set[ast.If] = set()
    for node in index.of(ast.If):
        parent = index.parents.get(node)
        # Most are no chain at all: the cheapest questions come first.
        if node in seen or _is_elif(node, parent):
            continue
        block = _block(parent, node)
        if _is_alone(node, block) or next(candidates(node.test), None) is None:
            continue
        run = _run(node, block)
        chain = _chain(run, block) if len(run) >= FEWEST else None
        if chain is not None:
            # Where it is too long, its end alone is no better.
            seen.update(branch.node for branch in chain.branches)
            if _has_short_bodies(chain, statement):
                found[node] = chain
    return found


def _is_elif(node: ast.If, parent: ast.AST | None) -> bool:
    return isinstance(parent, ast.If) and parent.orelse == [node] and parent.col_offset == node.col_offset


def _is_alone(node: ast.If, block: Sequence[ast.stmt]) -> bool:
    """Whether no `if` follows that could be the next branch, neither in the `else` nor below."""
    if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        return False
    index = block.index(node) + 1
    return index == len(block) or not isinstance(block[index], ast.If)


def _has_short_bodies(chain: Chain, statement: Statement) -> bool:
    """Whether the tests are a good part of it: deep down and in long bodies, one more level only makes it worse."""
    spans = [statement.span(each) for each in chain.statements]
    line = statement.lines.position
    lines = sum(line(span.end)[0] - line(span.start)[0] + 1 for span in spans)
    tests = len(chain.branches) + bool(chain.branches[-1].node.orelse)
    depth = sum(isinstance(each, ast.stmt) for each in statement.fact(tree).ancestors(chain.statements[0]))
    return lines <= _LONGEST * tests and depth <= _DEEPEST


def leaves(block: Sequence[ast.stmt]) -> bool:
    """Whether control never gets to the end of a block."""
    match block[-1]:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.If(body=yes, orelse=[_, *_] as no):
            return leaves(yes) and leaves(no)
        case ast.Match(cases=[*_, ast.match_case(pattern=ast.MatchAs(pattern=None), guard=None)] as cases):
            return all(leaves(case.body) for case in cases)
        case _:
            return False


def _block(parent: ast.AST | None, node: ast.If) -> Sequence[ast.stmt]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and node in block:
            return block
    return [node]


def _run(first: ast.If, block: Sequence[ast.stmt]) -> Sequence[tuple[ast.If, ast.If]]:
    """All branches that may belong to a chain, each with the statement it belongs to."""
    found: list[tuple[ast.If, ast.If]] = []
    for statement in block[block.index(first) :]:
        if not isinstance(statement, ast.If):
            break
        branches = list(_branches(statement))
        found += [(branch, statement) for branch in branches]
        if branches[-1].orelse or not all(leaves(branch.body) for branch in branches):
            break
    return found


def _branches(statement: ast.If) -> Iterator[ast.If]:
    current: ast.stmt = statement
    while isinstance(current, ast.If):
        yield current
        if len(current.orelse) != 1:
            return
        current = current.orelse[0]


def _chain(run: Sequence[tuple[ast.If, ast.If]], block: Sequence[ast.stmt]) -> Chain | None:
    best: Chain | None = None
    for subject in _subjects(run):
        found = _chain_of(subject, run, block)
        if found is not None and (best is None or len(found.branches) > len(best.branches)):
            best = found
    return best


def _subjects(run: Sequence[tuple[ast.If, ast.If]]) -> Sequence[ast.expr]:
    """What the first branch asks and others ask, too; what most of them ask comes first."""
    first = dict(candidates(run[0][0].test))
    if not first:
        return []
    counted = Counter(key for branch, _ in run for key in dict(candidates(branch.test)))
    wanted = sorted((key for key in first if counted[key] >= FEWEST), key=lambda key: -counted[key])
    return [first[key] for key in wanted]


def _chain_of(subject: ast.expr, run: Sequence[tuple[ast.If, ast.If]], block: Sequence[ast.stmt]) -> Chain | None:
    key = key_of(subject)
    assert key is not None
    found: list[Branch] = []
    statements: list[ast.If] = []
    for branch, statement in run:
        read = _read(branch, key)
        is_new = statement not in statements
        if read is None or (is_new and not read.alternatives and statements):
            if is_new:
                break
            if _is_alone_in_else(branch, found[-1].node):
                break
            # This `elif` asks something else: the statement does not belong to the chain.
            found = [each for each in found if each.node not in set(_branches(statement))]
            statements.remove(statement)
            break
        found.append(read)
        if is_new:
            statements.append(statement)
    while len(statements) > 1 and not all(leaves(each.node.body) for each in found):
        # What goes on below it is no case like those that leave.
        last = set(_branches(statements.pop()))
        found = [each for each in found if each.node not in last]
    if not found:
        return None
    otherwise: Sequence[ast.stmt] = found[-1].node.orelse
    if not otherwise and all(leaves(each.node.body) for each in found):
        match block[block.index(statements[-1]) + 1 :]:
            case [ast.Return() | ast.Raise() as only]:
                otherwise = [only]
            case _:
                pass
    bodies = [each.node.body for each in found]
    if all(len(body) == 1 for body in bodies) and len({ast.dump(body[0]) for body in bodies}) == 1:
        # All of them do the same, such as `continue`: that is one condition.
        return None
    chain = Chain(subject, tuple(found), tuple(statements), otherwise)
    return chain if chain.reads_well else None


def _is_alone_in_else(branch: ast.If, before: ast.If) -> bool:
    """Whether a branch is no `elif` but an `if` in an `else`: that can stay as it is."""
    return branch.col_offset > before.col_offset


# -- what a test asks ------------------------------------------------------------------------------------------------


def key_of(node: ast.expr) -> str | None:
    """A subject as text that can be compared; `None` for what is no subject."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            owner = key_of(value)
            return owner and f"{owner}.{attr}"
        case ast.Subscript(value=value, slice=ast.Constant(value=index)):
            owner = key_of(value)
            return owner and f"{owner}[{index!r}]"
        case ast.Call(func=function, args=args, keywords=[]):
            parts = [key_of(function), *(repr(a.value) if isinstance(a, ast.Constant) else key_of(a) for a in args)]
            return f"{parts[0]}({', '.join(map(str, parts[1:]))})" if all(parts) else None
        case _:
            return None


def candidates(test: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """What a test may have as its subject."""
    match test:
        case ast.Call(func=ast.Name(id="isinstance"), args=[subject, _], keywords=[]):
            yield from _keyed([subject])
        case ast.Compare(
            left=ast.Call(func=ast.Name(id="type"), args=[subject], keywords=[]), ops=[ast.Eq() | ast.Is() | ast.In()]
        ):
            yield from _keyed([subject])
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            yield from _keyed([left, right])
        case ast.Compare(left=left, ops=[ast.In()]):
            yield from _keyed([left])
        case ast.BoolOp(op=ast.Or(), values=values):
            of_all = [dict(candidates(each)) for each in values]
            yield from ((key, node) for key, node in of_all[0].items() if all(key in each for each in of_all))
        case ast.BoolOp(op=ast.And(), values=values):
            for each in values:
                yield from candidates(each)
        case _:
            pass


def _keyed(nodes: Iterable[ast.expr]) -> Iterator[tuple[str, ast.expr]]:
    for node in nodes:
        if (key := key_of(node)) is not None:
            yield key, node


def _read(branch: ast.If, key: str) -> Branch | None:
    """A branch as one of a subject; `None` if its test has nothing to do with it."""
    match branch.test:
        case ast.BoolOp(op=ast.And(), values=values):
            for index, value in enumerate(values):
                if (found := alternatives(value, key)) is not None:
                    early, late = values[:index], values[index + 1 :]
                    if early and not all(map(_is_always_there, found)):
                        return Branch(branch, ())
                    return Branch(branch, found, (*early, *late), tuple(early))
        case test:
            if (found := alternatives(test, key)) is not None:
                return Branch(branch, found)
    return Branch(branch, ()) if _mentions(branch.test, key) else None


def _is_always_there(each: Alternative) -> bool:
    """Whether a pattern for it can be tried in any case: what is asked before may be whether `numpy` is installed."""
    match each.what, each.node:
        case What.CLASS, ast.Name(id=name):
            return hasattr(builtins, name)
        case What.CLASS | What.VALUE, _:
            return False
        case _:
            return True


def _mentions(node: ast.AST, key: str) -> bool:
    return any(isinstance(each, ast.expr) and key_of(each) == key for each in walk(node))


def alternatives(test: ast.expr, key: str) -> tuple[Alternative, ...] | None:
    """What a test asks of a subject, if it asks nothing else."""
    match test:
        case ast.Call(func=ast.Name(id="isinstance"), args=[subject, classes], keywords=[]) if key_of(subject) == key:
            return tuple(_classes(classes))
        case ast.Compare(
            left=ast.Call(func=ast.Name(id="type"), args=[subject], keywords=[]), ops=[ast.Eq() | ast.Is() | ast.In()]
        ) if key_of(subject) == key:
            fault = f"`{ast.unparse(test)}` is not true for subclasses, and a class pattern is."
            return (Alternative(What.CLASS, How.IS, test, fault),)
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[value]) if key_of(left) == key:
            return (_value(value, How.EQUAL),)
        case ast.Compare(left=value, ops=[ast.Eq()], comparators=[right]) if key_of(right) == key:
            return (_value(value, How.REVERSED),)
        case ast.Compare(left=left, ops=[ast.Is()], comparators=[value]) if key_of(left) == key:
            return (_value(value, How.IS),)
        case ast.Compare(left=left, ops=[ast.In()], comparators=[values]) if key_of(left) == key:
            return tuple(_members(values))
        case ast.BoolOp(op=ast.Or(), values=values):
            each = [alternatives(value, key) for value in values]
            if all(found is not None for found in each):
                return tuple(one for found in each if found is not None for one in found)
            return None
        case _:
            return None


def _classes(node: ast.expr) -> Iterator[Alternative]:
    match node:
        case ast.Tuple(elts=[_, *_] as elements):
            for element in elements:
                yield from _classes(element)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _classes(left)
            yield from _classes(right)
        case ast.Constant(value=None) | ast.Call(func=ast.Name(id="type"), args=[ast.Constant(value=None)]):
            yield Alternative(What.NONE, How.ISINSTANCE, node)
        case _ if is_dotted(node):
            yield Alternative(What.CLASS, How.ISINSTANCE, node)
        case _:
            fault = f"A pattern needs the name of a class, and `{ast.unparse(node)}` is none."
            yield Alternative(What.OTHER, How.ISINSTANCE, node, fault)


def _members(values: ast.expr) -> Iterator[Alternative]:
    match values:
        case ast.Tuple(elts=[_, *_] as elements) | ast.List(elts=[_, *_] as elements):
            yield from (_value(each, How.IN) for each in elements)
        case ast.Set(elts=elements):
            yield from (_value(each, How.IN_SET) for each in elements)
        case ast.Constant(value=str() | bytes()):
            fault = "`in` looks for a part of the text here, which no pattern does."
            yield Alternative(What.OTHER, How.IN, values, fault)
        case _:
            fault = (
                f"A pattern needs values that are written out: what is in `{ast.unparse(values)}` can't be seen here."
            )
            yield Alternative(What.OTHER, How.IN, values, fault)


def _value(node: ast.expr, how: How) -> Alternative:
    match node:
        case ast.Constant(value=None):
            return Alternative(What.NONE, how, node)
        case ast.Constant(value=bool()) if how is How.IS:
            return Alternative(What.BOOL, how, node)
        case ast.Constant(value=bool() as value):
            fault = f"`case {value}` is an `is {value}`: `1` and `0` are equal to `True` and `False`, but not the same."
            return Alternative(What.OTHER, how, node, fault)
        case _ if how is not How.IS and is_literal(node):
            return Alternative(What.LITERAL, how, node)
        case ast.Name(id=name):
            fault = f"A bare name in a pattern takes any value and is assigned it: `{name}` would need a dot."
            return Alternative(What.OTHER, how, node, fault)
        case ast.Attribute(value=owner, attr=attr) if is_dotted(node):
            is_member = (key_of(owner) or "").rpartition(".")[2].lstrip("_")[:1].isupper()
            if how is How.IS and not (is_member or attr.isupper()):
                fault = f"`{ast.unparse(node)}` is compared by identity, and a pattern asks `==`."
                return Alternative(What.OTHER, how, node, fault)
            if _is_class(attr) and not is_member:
                fault = f"`case {ast.unparse(node)}` without brackets looks as if it were for objects of that class."
                return Alternative(What.OTHER, how, node, fault)
            return Alternative(What.VALUE, how, node)
        case _:
            fault = f"`{ast.unparse(node)}` can't stand in a pattern: only literals and dotted names can."
            return Alternative(What.OTHER, how, node, fault)


def _is_class(name: str) -> bool:
    """Whether a name is written like that of a class."""
    return name.lstrip("_")[:1].isupper() and not name.isupper()


def is_literal(node: ast.expr) -> bool:
    """Whether an expression is a literal of a pattern that is compared with `==`."""
    match node:
        case ast.Constant(value=value):
            return isinstance(value, (str, bytes, int, float, complex)) and not isinstance(value, bool)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() | complex() as value)):
            return not isinstance(value, bool)
        case _:
            return False


def is_dotted(node: ast.expr) -> bool:
    """Whether an expression is a name, or names with dots in between."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
