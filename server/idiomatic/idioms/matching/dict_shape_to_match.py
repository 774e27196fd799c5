"""Say with `match` which shapes of a dictionary are told apart, and what is taken out of each.

## Why
Where messages or records come as dictionaries, one key says what the others are. A chain of `if`s reads that key again
and again, and which other keys a branch needs is scattered over its body. A mapping pattern shows the whole shape at
the head of the case, and gives the values names.

## Example
```python
def describe(event: dict[str, str]) -> str:
    if event["type"] == "created":
        return f"{event['user']} created {event['item']}"
    elif event["type"] == "renamed":
        return f"{event['old']} is now {event['new']}"
    elif event["type"] in ("deleted", "expired"):
        return f"{event['item']} is gone"
    else:
        return "nothing happened"
```
becomes
```python
def describe(event: dict[str, str]) -> str:
    match event:
        case {"type": "created", "user": user, "item": item}:
            return f"{user} created {item}"
        case {"type": "renamed", "old": old, "new": new}:
            return f"{old} is now {new}"
        case {"type": "deleted" | "expired", "item": item}:
            return f"{item} is gone"
        case _:
            return "nothing happened"
```

## Fix safety
Always unsafe: without a key that it names, a case does not match, where the branch raised a `KeyError`; what is no
`Mapping` (a row of a database) matches nothing, whatever it can do; and the values are read when the pattern is tried,
not where they are used. A key is named only if the branch reads it in any case, changes nothing in the dictionary, and
if nothing else in the function has the name. The second action matches the value of the one key, and leaves the bodies
as they are.

Refused like `literal-chain-to-match`, which also has the chains that read no other keys, those with `None` or types
among the branches, and those about a `TypedDict`, which type checkers see less of in a mapping pattern.

## References
- [Mapping patterns](https://docs.python.org/3/reference/compound_stmts.html#mapping-patterns)
- [PEP 636: Going to the cloud, mappings](https://peps.python.org/pep-0636/#going-to-the-cloud-mappings)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

from idiomatic.core.analysis.captures import shape_of
from idiomatic.core.analysis.chains import chain_at
from idiomatic.core.analysis.patterns import doubts, fault
from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Unsafe
from idiomatic.core.writing import match_statement
from idiomatic.core.writing.match_statement import case_of, to_match

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.analysis.captures import Capture, Shape
    from idiomatic.core.analysis.chains import Branch, Chain
    from idiomatic.core.writing.match_statement import Case

KIND = Kind.IDIOM
SINCE = (3, 10)
TRIGGERS = ('["', "['", ".get(")
ALSO = ()

MISSING: Final = "Without a key that it names, a case does not match, where the branch raised a `KeyError`."


def detect(statement: ast.If, code: Analysis) -> Iterator[Finding]:
    chain = chain_at(statement, code)
    if chain is None or not isinstance(chain.subject, ast.Subscript | ast.Call):
        return
    if (shape := shape_of(chain, code)) is None:
        return
    shown = ast.unparse(shape.owner)
    message = f"These {len(chain.branches)} tests of `{ast.unparse(chain.subject)}` can be a `match` of `{shown}`"
    yield Finding(statement.test, message, tuple(_fixes(chain, shape, code)))


def _fixes(chain: Chain, shape: Shape, code: Analysis) -> Iterator[Fix]:
    where = (chain.statements[0], chain.last)
    title = "Convert to `match` with the keys that are read"
    if reason := fault(chain, code):
        yield Fix(title, Refused(reason), where)
        return
    found = doubts(chain, code)
    plain = {branch.node: case_of(branch, code) for branch in chain.branches}
    cases = {branch.node: _with_keys(branch, shape, plain[branch.node], code) for branch in chain.branches}
    yield Fix(
        f"{title} (no `KeyError` for a missing one)",
        Unsafe((*_reasons(shape), *list(found)[1:])),
        where,
        partial(to_match, chain, shape.owner, cases),
    )
    consequence = next(iter(found.values()))
    rewrite = partial(to_match, chain, chain.subject, plain)
    yield Fix(f"Convert to `match` ({consequence})", Unsafe(tuple(found)), where, rewrite)


def _reasons(shape: Shape) -> Iterator[str]:
    shown = ast.unparse(shape.owner)
    yield MISSING
    yield f"If `{shown}` is no `Mapping`, such as a row of a database, no case matches."
    yield "The values are read when the pattern is tried, not where they are used."


def _with_keys(branch: Branch, shape: Shape, plain: Case, code: Analysis) -> Case:
    captures: Sequence[Capture] = shape.captures.get(branch.node, ())
    tag = code.source(shape.tag)
    quote = "'" if tag.startswith("'") else '"'
    values = " | ".join(plain.patterns)
    named = "".join(f", {quote}{each.key}{quote}: {each.name}" for each in captures)
    return match_statement.Case([f"{{{tag}: {values}{named}}}"], branch.guards, captures)
