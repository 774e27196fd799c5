"""Several failures at once: raised together as an exception group, and handled with `except*`.

## Why
Where things do not depend on each other, the first failure need not keep the others from being done, or from being
told: all are raised together. `except*` takes those of one type out of the group, however deep they are, and what
nobody takes is raised further. Cancellation and Ctrl-C are no `Exception`: they end the work at once.

## Use
```python
failed = run_and_report([save_orders, send_mails, remove_files])
```

## References
- [PEP 654](https://peps.python.org/pep-0654/)
"""

import logging
from collections.abc import Callable, Iterable, Iterator

PREFIXES = ("exceptiongroup", "excgroup")
WHERE = ("module",)
TAB_STOPS = ("run_all", "run_and_report", "OSError")
SINCE = (3, 11)
REUSES = ("logger",)

logger = logging.getLogger(__name__)


def run_all(steps: Iterable[Callable[[], object]]) -> None:
    """Take all steps, also after one that fails.

    Raises:
        ExceptionGroup: the failures, in the order of the steps.
    """
    failures: list[Exception] = []
    for step in steps:
        try:
            step()
        except Exception as error:
            failures.append(error)
    if failures:
        msg = "not all steps worked"
        raise ExceptionGroup(msg, failures)


def run_and_report(steps: Iterable[Callable[[], object]]) -> int:
    """Take all steps, and log failures of the kind that was to be expected.

    Returns:
        How many there were.

    Raises:
        ExceptionGroup: the failures of other kinds.
    """
    failed = 0
    try:
        run_all(steps)
    except* OSError as group:
        for error in leaves(group):
            failed += 1
            logger.warning("a step failed: %s", error, exc_info=error)
    return failed


def leaves(group: ExceptionGroup[Exception]) -> Iterator[Exception]:
    """The exceptions in a group, and in the groups in it."""
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from leaves(error)
        else:
            yield error
