"""Say with `match` which values are told apart, instead of with a chain of comparisons.

## Why
A chain repeats the subject and `==` in each test, and readers have to see for themselves that all tests are about the
same thing. `match` says once what is looked at, and each `case` begins with the value it is for. Several values stand
in one case with `|` in between, and type checkers see whether a member of an enumeration was forgotten.

## Example
```python
def run(command: str, argument: str) -> str:
    if command == "greet":
        return f"Hello {argument}"
    elif command in ("upper", "shout"):
        return argument.upper()
    elif command == "repeat" and argument:
        return argument * 2
    else:
        return "?"
```
becomes
```python
def run(command: str, argument: str) -> str:
    match command:
        case "greet":
            return f"Hello {argument}"
        case "upper" | "shout":
            return argument.upper()
        case "repeat" if argument:
            return argument * 2
        case _:
            return "?"
```

## Fix safety
Safe where a variable is compared with literals of built-in types, whichever stands on the left, and where it is
compared with dotted names (the members of an enumeration): a pattern asks the same `==`. What else a test asks becomes
the guard of the case, and is asked after the comparison as before.

Unsafe where

- the subject is an attribute, an item, a `.get(...)` or a length: it is evaluated once, not again for each test;
- the subject is a variable that code called by a guard may assign;
- a dotted name is compared with `is`, stands on the left, or in a tuple, unless value and subject are members of the
  same enumeration: patterns ask `subject == value`, nothing else;
- the subject is looked for in a set: a pattern raises no `TypeError` for what can't be hashed;
- the subject is compared with `None` by `==`: `case None` is an `is None`;
- the comparison comes after another condition, which is then asked later.

Refused where a value can't stand in a pattern: a bare name (it would be assigned to), `True` and `False` with `==` (a
pattern asks `is`, and `1 == True`), a call, an f-string, an item, a sum, a class, and what is compared with `is` and
is not written like a constant; where the subject is looked for in a string or
in something that is not written out; where the subject is a call that would then be made once; and where a test assigns
a variable.

Nothing is offered for fewer than three branches with a pattern, where most branches have other conditions besides,
where the branches ask different things, for long bodies far inside, and for `sys.platform` and its like, which type
checkers understand in an `if` only.

## References
- [Literal and value patterns](https://docs.python.org/3/reference/compound_stmts.html#literal-patterns)
- [PEP 636: Structural Pattern Matching, a tutorial](https://peps.python.org/pep-0636/)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING

from idiomatic.core.analysis.captures import shape_of
from idiomatic.core.analysis.chains import What, chain_at
from idiomatic.core.analysis.patterns import doubts, fault, is_understood
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, safe_unless
from idiomatic.core.writing.match_statement import case_of, to_match

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.chains import Chain

KIND = Kind.IDIOM
SINCE = (3, 10)
TRIGGERS = ("==", " in ", " is ")
ALSO = ()


def detect(statement: ast.If, code: Analysis) -> Iterator[Finding]:
    chain = chain_at(statement, code)
    if chain is None or not _is_about_values(chain) or not is_understood(chain, code):
        return
    if shape_of(chain, code) is not None:
        return  # `dict-shape-to-match`
    message = f"These {len(chain.branches)} tests of `{ast.unparse(chain.subject)}` can be a `match`"
    yield Finding(statement.test, message, (_fix(chain, code),))


def _is_about_values(chain: Chain) -> bool:
    """Whether more branches ask for a value than for a type, and more than one."""
    values = chain.asks(What.LITERAL, What.VALUE, What.BOOL, What.OTHER)
    classes = chain.asks(What.CLASS)
    return values > 1 and (values > classes or classes == 1)


def _fix(chain: Chain, code: Analysis) -> Fix:
    where = (chain.statements[0], chain.last)
    if reason := fault(chain, code):
        return Fix("Convert to `match`", Refused(reason), where)
    found = doubts(chain, code)
    consequence = f" ({next(iter(found.values()))})" if found else ""
    cases = {branch.node: case_of(branch, code) for branch in chain.branches}
    rewrite = partial(to_match, chain, chain.subject, cases)
    return Fix(f"Convert to `match`{consequence}", safe_unless(found), where, rewrite)
