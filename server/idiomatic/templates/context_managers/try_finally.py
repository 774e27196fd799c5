"""Clean up, however a block ends.

## Why
What stands in the `finally` happens normally, after an exception, after a `return`, and when a task is cancelled at an
`await` in the block. What is to be undone is begun before the `try`: else the `finally` would undo what never happened.
A `return`, `break` or `continue` in the `finally` would swallow the exception. Where the same clean-up stands in more
than one place, a context manager is better: `context-manager`, `async-resource`.

## Use
Anywhere, or around lines that are selected.

## References
- [The try statement](https://docs.python.org/3/reference/compound_stmts.html#finally-clause)
"""

PREFIXES = ("tryfinally", "finally")
WHERE = ("module", "function", "async function")
TAB_STOPS = ("work", "clean_up")
SINCE = (3, 8)

log: list[str] = []


def work() -> None:
    """What may fail."""
    log.append("worked")


def clean_up() -> None:
    """What has to happen in any case."""
    log.append("cleaned up")


def main() -> None:
    """What the template is inserted into."""
    # template: begin
    try:
        # template: selection
        work()
        # template: end selection
    finally:
        clean_up()
    # template: end
