"""A class with slots, for very many objects.

## Why
Each object has room for its attributes and for nothing else: it takes less memory, and a misspelt attribute
is an error instead of a new one. `__weakref__` is among the slots because weak references (caches, some
frameworks) need it. A class whose constructor only takes its fields is better off with `@dataclass(slots=True)`.

## References
- [`__slots__`](https://docs.python.org/3/reference/datamodel.html#slots)
"""

PREFIXES = ("slots",)
WHERE = ("module",)
TAB_STOPS = ("Vertex", "name", "connect")
SINCE = (3, 10)


class Vertex:
    """A vertex of a graph.

    Attributes:
        name: what it is called.
        neighbours: the vertices it is connected with.
    """

    __slots__ = ("__weakref__", "name", "neighbours")

    def __init__(self, name: str) -> None:
        """Make one that is connected with none.

        Args:
            name: what to call it.
        """
        self.name = name
        self.neighbours: set[Vertex] = set()

    def connect(self, other: "Vertex") -> None:
        """Connect it with another one, in both directions."""
        self.neighbours.add(other)
        other.neighbours.add(self)

    def __repr__(self) -> str:
        """The name, but not the neighbours: they would name this one again."""
        return f"{type(self).__name__}({self.name!r})"
