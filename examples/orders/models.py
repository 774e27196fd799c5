"""What the shop knows about customers, orders and messages."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

PAYMENT_PERIOD = timedelta(days=14)


class LineItem:
    """A product and how many of it; the price is in cents."""

    def __init__(self, sku: str, quantity: int, price: int) -> None:
        self.sku = sku
        self.quantity = quantity
        self.price = price

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(sku={self.sku!r}, quantity={self.quantity!r}, price={self.price!r})"

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return (self.sku, self.quantity, self.price) == (other.sku, other.quantity, other.price)

    @property
    def total_cents(self) -> int:
        return self.quantity * self.price


class Customer:
    """Who orders. A customer without a phone number gets no text messages."""

    def __init__(self, name: str, email: str, phone: str | None = None) -> None:
        self.name = name
        self.email = email
        self.phone = phone


class Order:
    """What a customer wants, and since when."""

    def __init__(self, number: int, customer: Customer, items: list[LineItem], placed_at: datetime | None = None):
        if not items:
            raise ValueError("an order has at least one item")
        self.number = number
        self.customer = customer
        self.items = items
        # All times are UTC.
        self.placed_at = placed_at or datetime.utcnow()
        self.status = "open"

    def total_cents(self, discounts: dict[str, int] = {}) -> int:
        """The sum, with discounts in percent by product."""
        return sum(item.total_cents * (100 - discounts.get(item.sku, 0)) // 100 for item in self.items)

    def is_overdue(self) -> bool:
        return self.status == "open" and datetime.utcnow() > self.placed_at + PAYMENT_PERIOD


@dataclass
class Message:
    """Something a customer was told."""

    to: str
    text: str
    sent_at: datetime = field(default_factory=datetime.utcnow)
