"""A method that gives a copy with something changed, for a frozen dataclass.

## Why
What never changes can be shared without a second thought, and a change is a new value. `dataclasses.replace` goes
through the constructor, so that `__post_init__` checks the copy as it checked the original, and a field that is added
later is copied without a change here. A method says which changes make sense; `Self` keeps the type in subclasses.

## Use
```python
moved = address.with_city("Leeds")
```
"""

from dataclasses import dataclass, replace
from typing import Self

PREFIXES = ("withmethod", "copymethod")
WHERE = ("class",)
TAB_STOPS = ("with_city", "city", "str")
SINCE = (3, 11)


@dataclass(frozen=True, slots=True)
class Address:
    """What the template is inserted into."""

    street: str
    city: str

    def __post_init__(self) -> None:
        """Let no address without a city come into being."""
        if not self.city:
            msg = "an address has a city"
            raise ValueError(msg)

    # template: begin
    def with_city(self, city: str) -> Self:
        """A copy with another city."""
        return replace(self, city=city)

    # template: end
