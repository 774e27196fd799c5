"""A value that can be compared and sorted, by something else than its fields one after another.

## Why
One method says what comes first, `total_ordering` derives the other three from it and from `==`; written by hand they
contradict each other sooner or later. `NotImplemented` (returned, not raised) lets Python ask the other operand, and
then raise a `TypeError` that names both types. If comparing the fields in their order is right, `order=True` is enough.

## Use
```python
newest = max(releases)
```
"""

from dataclasses import dataclass
from functools import total_ordering

PREFIXES = ("totalordering", "ordered", "comparable")
WHERE = ("module",)
TAB_STOPS = ("Release", "major", "minor", "preview")
SINCE = (3, 10)


@total_ordering
@dataclass(frozen=True, slots=True)
class Release:
    """A version of a program: previews come before what they lead to.

    Attributes:
        major: goes up with changes that break something.
        minor: goes up with other changes.
        preview: which preview of it this is, from 1; `None` for the real one.
    """

    major: int
    minor: int
    preview: int | None = None

    def __lt__(self, other: object) -> bool:
        """Whether it came before another one."""
        if not isinstance(other, Release):
            return NotImplemented
        return self._key < other._key

    @property
    def _key(self) -> tuple[int, int, bool, int]:
        return self.major, self.minor, self.preview is None, self.preview or 0
