"""The words for what a file does with attributes and classes; loaded without anything else."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Act(StrEnum):
    """What is done. Each says what the word of a `Use` is."""

    SETS = "sets"
    """An attribute is set or deleted, `setattr` with a constant name included: its name."""
    SETS_OWN = "sets own"
    """A method that is no constructor does it to its own `self`: the attribute's name."""
    INHERITS = "inherits"
    """A class inherits from another one: the last name of that."""
    HASHES = "hashes"
    """An object is a key, in a set or hashed otherwise: the last name of its class."""
    COMPARES = "compares"
    """An object is compared by `==`, or looked for in a list: the last name of its class."""
    IDENTIFIES = "identifies"
    """An object is compared by `is` with another one: the last name of its class."""
    READS = "reads"
    """An attribute is read from a class itself, not from an object: its name."""
    TOUCHES = "touches"
    """Something that looks behind attributes is used, one of `TOUCHING`: its name."""


TOUCHING: Final = frozenset(
    {
        "setattr", "delattr", "vars", "__dict__", "__setattr__", "__delattr__",
        "weakref", "WeakSet", "WeakKeyDictionary", "WeakValueDictionary", "WeakMethod", "finalize", "__weakref__",
        "pickle", "copyreg", "shelve", "dill", "cloudpickle", "joblib", "multiprocessing", "celery",
    }
)  # fmt: skip
"""What sets attributes by names that can't be seen, or needs more of an object than its attributes."""


class Use(NamedTuple):
    """Something that a text does.

    Attributes:
        act: what.
        word: with which attribute or class, see `Act`.
        of: the class of the object: a dotted name as it is written in one statement, where it is imported from in the
            usage of a file; `None` if nothing is known of it.
    """

    act: Act
    word: str
    of: str | None = None


class Found(NamedTuple):
    """A `Use` that was found in the project.

    Attributes:
        file: where, relative to the folder of the project.
        of: the class of the object: the dotted name under which it is imported there, absolute; `None` if nothing is
            known of it.
    """

    file: str
    of: str | None = None
