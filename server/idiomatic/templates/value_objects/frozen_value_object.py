"""A value that is valid as long as it exists.

## Why
Who has one need not check it again: there is no invalid one, and none becomes invalid later. `frozen` makes it
immutable and gives it a hash, so that it can be a key and a member of sets; `slots` keeps it small and lets no misspelt
attribute in.

## Use
```python
recipient = EmailAddress("ada@example.org")
```
"""

from dataclasses import dataclass

PREFIXES = ("valueobject", "frozen", "vo")
WHERE = ("module",)
TAB_STOPS = ("EmailAddress", "value")
SINCE = (3, 10)


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address to which mail can be sent.

    Attributes:
        value: the address as it is written.

    Raises:
        ValueError: there is nothing before or after the `@`.
    """

    value: str

    def __post_init__(self) -> None:
        """Let no invalid one come into being."""
        name, _, domain = self.value.rpartition("@")
        if not name or not domain:
            msg = f"not an email address: {self.value!r}"
            raise ValueError(msg)

    def __str__(self) -> str:
        """The address as it is written."""
        return self.value
