"""Goods that come back: a draft, nothing uses it yet."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime


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
class Parcel:
    """What arrives; the weight is in grams."""

    carrier: str = "post"
    weight: int
    lock: threading.Lock = threading.Lock()
