"""Tell the types of a value apart, all of them.

## Why
Each `case` says what the value looks like, and inside it type checkers know that it does. No type is forgotten:
`assert_never` is an error for the type checker as long as one could still arrive there, also when somebody adds another
to the union later. Should one arrive in a running program, it raises an `AssertionError` instead of going on as if
nothing were the matter.

## Use
Anywhere, or around lines that are selected.

## References
- [PEP 634](https://peps.python.org/pep-0634/): structural pattern matching
- [typing.assert_never](https://docs.python.org/3/library/typing.html#typing.assert_never)
"""

from typing import assert_never

PREFIXES = ("matchblock", "matchtypes")
WHERE = ("module", "function", "async function")
TAB_STOPS = ("value", "int", "str", "use", "use_text")
SINCE = (3, 11)

log: list[object] = []


def use(value: int) -> None:
    """What is done with a number."""
    log.append(value + 1)


def use_text(value: str) -> None:
    """What is done with a text."""
    log.append(value.upper())


def main(value: int | str) -> None:
    """What the template is inserted into."""
    # template: begin
    match value:
        case int():
            # template: selection
            use(value)
            # template: end selection
        case str():
            use_text(value)
        case _:
            assert_never(value)
    # template: end
