"""Something that holds for the length of a `with` block.

## Why
What stands before the `yield` sets up, what stands in the `finally` takes back, and it does so however the block ends:
normally, with an exception, or with a `return`. Both stand in one place, so nobody who uses it can forget the second.
What was there before is put back, and not what one takes for the default. The setting is made inside the `try`: if it
fails halfway, the half that was made is taken back.

## Use
```python
with environment(TZ="UTC", LANG="C"):
    subprocess.run(["report"], check=True)
```

## References
- [contextlib.contextmanager](https://docs.python.org/3/library/contextlib.html#contextlib.contextmanager)
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

PREFIXES = ("contextmanager", "cm")
WHERE = ("module",)
TAB_STOPS = ("environment", "variables")
SINCE = (3, 9)


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set environment variables for the length of a `with` block.

    Args:
        **variables: their names and values. They are those of the whole process: other
            threads see them as well.
    """
    before = {name: os.environ.get(name) for name in variables}
    try:
        os.environ.update(variables)
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
