"""Say with `match` which types are told apart, instead of with a chain of `isinstance`.

## Why
A chain repeats the subject and `isinstance` in each test, and nothing says that all of them are about the same
object. `match` says once what is looked at, each `case` begins with the type it is for, and for a dataclass it names
the fields it needs. Type checkers see more easily whether a type was forgotten.

## Example
```python
from dataclasses import dataclass


@dataclass(frozen=True)
class Circle:
    radius: float


@dataclass(frozen=True)
class Rectangle:
    width: float
    height: float


def area(shape: object) -> float:
    if isinstance(shape, Circle):
        return 3.14159 * shape.radius**2
    elif isinstance(shape, Rectangle):
        return shape.width * shape.height
    elif isinstance(shape, (int, float)):
        return shape
    else:
        raise TypeError(shape)
```
becomes
```python
from dataclasses import dataclass


@dataclass(frozen=True)
class Circle:
    radius: float


@dataclass(frozen=True)
class Rectangle:
    width: float
    height: float


def area(shape: object) -> float:
    match shape:
        case Circle(radius):
            return 3.14159 * radius**2
        case Rectangle(width, height):
            return width * height
        case int() | float():
            return shape
        case _:
            raise TypeError(shape)
```

## Fix safety
Safe where the subject is a variable and the types are known to be classes: a class pattern asks the same `isinstance`,
in the same order. What else a test asks becomes the guard of the case, and is asked after the `isinstance` as before.

Fields are bound to names only in the cases of dataclasses and named tuples that are known in full: all their fields
exist and no code runs when one is read. In addition the branch must read nothing but the value the field has when the
pattern is tried, nothing else in the function may have the name, and fields of one name are of one type. The second
action leaves the bodies as they are.

Unsafe where

- the subject is an attribute, an item, a `.get(...)` or a length: it is evaluated once, not again for each test;
- the subject is a variable that code called by a guard may assign;
- it can't be seen whether a name is a class: for a tuple of classes or a union, which `isinstance` takes, a pattern
  raises a `TypeError`;
- the `isinstance` comes after another condition, which is then asked later;
- another test of the chain changes its meaning (`x == None`, a set, `is`), see `literal-chain-to-match`.

Refused where a name can't be a class pattern (a tuple of classes, an alias of `typing`, a parameter), where `type(x)`
is compared (a pattern is true for subclasses too), where the subject is a call, and where a test assigns a variable.

Nothing is offered for fewer than three branches with a pattern, where most branches have other conditions besides,
where the branches ask different things, and for long bodies far inside.

## References
- [The `match` statement](https://docs.python.org/3/reference/compound_stmts.html#the-match-statement)
- [PEP 636: Structural Pattern Matching, a tutorial](https://peps.python.org/pep-0636/)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING

from idiomatic.core.analysis.captures import captured_attributes, fields_of
from idiomatic.core.analysis.chains import What, chain_at
from idiomatic.core.analysis.patterns import doubts, fault, is_understood
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.writing import match_statement
from idiomatic.core.writing.match_statement import case_of, to_match

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.captures import Capture
    from idiomatic.core.analysis.chains import Branch, Chain
    from idiomatic.core.writing.match_statement import Case

KIND = Kind.IDIOM
SINCE = (3, 10)
TRIGGERS = ("isinstance", "type(")
ALSO = ()


def detect(statement: ast.If, code: Analysis) -> Iterator[Finding]:
    chain = chain_at(statement, code)
    if chain is None or not _is_about_types(chain) or not is_understood(chain, code):
        return
    shown = ast.unparse(chain.subject)
    message = f"These {len(chain.branches)} tests of `{shown}` can be a `match` with class patterns"
    yield Finding(statement.test, message, tuple(_fixes(chain, code)))


def _is_about_types(chain: Chain) -> bool:
    """Whether at least as many branches ask for a type as for a value, and more than one."""
    classes = chain.asks(What.CLASS)
    return classes > 1 and classes >= chain.asks(What.LITERAL, What.VALUE, What.BOOL, What.OTHER)


def _fixes(chain: Chain, code: Analysis) -> Iterator[Fix]:
    where = (chain.statements[0], chain.last)
    if reason := fault(chain, code):
        yield Fix("Convert to `match`", Refused(reason), where)
        return
    found = doubts(chain, code)
    consequence = f" ({next(iter(found.values()))})" if found else ""
    plain = {branch.node: case_of(branch, code) for branch in chain.branches}
    captures = _captures(chain, code)
    if captures:
        cases = {branch.node: _with_captures(branch, captures, plain[branch.node], code) for branch in chain.branches}
        rewrite = partial(to_match, chain, chain.subject, cases)
        yield Fix(f"Convert to `match` with fields{consequence}", safe_unless(found), where, rewrite)
    rewrite = partial(to_match, chain, chain.subject, plain)
    yield Fix(f"Convert to `match`{consequence}", safe_unless(found), where, rewrite)


def _captures(chain: Chain, code: Analysis) -> Mapping[ast.If, Sequence[Capture]]:
    """The fields that each branch reads, by its `if`."""
    if not isinstance(chain.subject, ast.Name):
        return {}
    found: dict[ast.If, Sequence[Capture]] = {}
    types: dict[str, str] = {}
    for branch in chain.branches:
        match branch.alternatives:
            # A name that is bound stays bound when the guard is false.
            case [only] if only.what is What.CLASS and not branch.guards:
                captures = captured_attributes(chain.subject, only.node, branch.node, code)
                # For a type checker a variable has one type.
                if all(each.name not in types or types[each.name] == each.type != "" for each in captures):
                    found |= {branch.node: captures} if captures else {}
                    types |= {each.name: each.type for each in captures}
            case _:
                pass
    return found


def _with_captures(branch: Branch, captures: Mapping[ast.If, Sequence[Capture]], plain: Case, code: Analysis) -> Case:
    """`Circle(radius)` where all fields are read in their order, `Circle(radius=radius)` otherwise."""
    given = captures.get(branch.node)
    if not given:
        return plain
    (only,) = branch.alternatives
    fields = fields_of(only.node, code)
    is_positional = fields is not None and fields.is_positional and fields.names == tuple(each.key for each in given)
    arguments = ", ".join(each.name if is_positional else f"{each.key}={each.name}" for each in given)
    return match_statement.Case([f"{ast.unparse(only.node)}({arguments})"], captures=given)
