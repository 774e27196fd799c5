"""An abstract base class: what all subclasses have to define, and what they share.

## Why
A subclass that leaves something out cannot be made into an object, and the error says what is missing. What follows
from the abstract methods is written once, here. Where nothing is shared, a `Protocol` is the smaller promise: it is
met without inheriting from anything.

## Use
```python
class FolderStorage(Storage): ...
```
"""

from abc import ABC, abstractmethod

PREFIXES = ("abc", "abstract")
WHERE = ("module",)
TAB_STOPS = ("Storage", "location")
SINCE = (3, 10)


class Storage(ABC):
    """Keeps content under names; a subclass says where."""

    @property
    @abstractmethod
    def location(self) -> str:
        """Where the content is, for people to read."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The content under a name.

        Raises:
            KeyError: there is none.
        """

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Keep content under a name, in place of what was there."""

    def copy(self, source: str, target: str) -> None:
        """Keep the same content under another name, too.

        Raises:
            KeyError: there is none under the first.
        """
        self.write(target, self.read(source))

    def __repr__(self) -> str:
        """The class and the place."""
        return f"<{type(self).__name__} {self.location}>"
