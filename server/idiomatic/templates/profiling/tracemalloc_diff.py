"""Which lines hold more memory after a block than before it.

## Why
A program that grows keeps something somewhere. Each difference has the line that allocated what is still there after
the block; what became garbage is collected first and does not count. Run the block a few times before: what is only
loaded or cached once is then there already.

## Use
```python
with memory_growth() as growth:
    handle(request)
for difference in growth:
    print(difference)
```

## References
- [`tracemalloc`](https://docs.python.org/3/library/tracemalloc.html)
"""

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

PREFIXES = ("tracemalloc", "memorygrowth")
WHERE = ("module",)
TAB_STOPS = ("memory_growth",)
SINCE = (3, 10)


@contextmanager
def memory_growth(limit: int = 10) -> Iterator[list[tracemalloc.StatisticDiff]]:
    """Find the lines that hold more memory after a block than before.

    It makes the block several times slower, as every allocation is followed.

    Args:
        limit: how many lines at most.

    Yields:
        A list: the lines are in it when the block has ended, those that grew most
        first; `size_diff` is in bytes.
    """
    found: list[tracemalloc.StatisticDiff] = []
    was_tracing = tracemalloc.is_tracing()
    if not was_tracing:
        tracemalloc.start()
    try:
        gc.collect()
        before = tracemalloc.take_snapshot()
        yield found
        gc.collect()
        after = tracemalloc.take_snapshot()
    finally:
        if not was_tracing:
            tracemalloc.stop()
    # The first snapshot is memory, too.
    after = after.filter_traces([tracemalloc.Filter(False, tracemalloc.__file__)])
    differences = after.compare_to(before, "lineno")
    found += [each for each in differences if each.size_diff > 0][:limit]
