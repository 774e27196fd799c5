"""Goods that come back: a draft, nothing uses it yet."""

import threading
from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, datetime

Shelf = namedtuple("Shelf", "aisle level", defaults=["returns", 0])


class Label(namedtuple("Label", ["text", "copies"])):
    """What is printed for a parcel."""

    __slots__ = ()

    @property
    def is_printed_often(self) -> bool:
        return self.copies > 10


@dataclass
class Return:
    """What a customer sends back, and why."""

    number: int
    reasons: list[str] = []
    registered_at: datetime = datetime.now(UTC)


@dataclass
class Refund(Return):
    """A return that is paid back; the amount is in cents."""

    amount: int


@dataclass
class Courier:
    """Who brings parcels, and where they can be followed."""

    name: str
    tracking: str = "https://example.org/parcels"

    def link(self, number: int) -> str:
        return f"{self.tracking}/{number}"


@dataclass
class Parcel:
    """What arrives; the weight is in grams."""

    carrier: str = "post"
    weight: int
    lock: threading.Lock = threading.Lock()


@dataclass(frozen=True)
class Inspection:
    """What was found in a parcel."""

    skus: tuple[str, ...]
    notes: str = ""
    missing: int = 0

    def __post_init__(self):
        self.notes = self.notes.strip()

    def lose(self, number: int) -> None:
        self.missing += number

    def with_notes(self, notes: str) -> "Inspection":
        return dataclass.replace(self, notes=notes)

    def without_notes(self) -> "Inspection":
        return dataclass.replace(self, notes="")
