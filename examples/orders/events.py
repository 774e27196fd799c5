"""What the warehouse and the shop tell us, and what we say of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paid:
    number: int
    amount: float


@dataclass(frozen=True)
class Sent:
    number: int
    carrier: str


@dataclass(frozen=True)
class Returned:
    number: int
    reason: str = ""


def read_event(message):
    """The event that a message of the shop is about; None for the messages that only they need."""
    if message["kind"] == "payment":
        return Paid(message["order"], message["amount"])
    elif message["kind"] == "shipment":
        return Sent(message["order"], message["carrier"])
    elif message["kind"] in ("return", "refusal"):
        return Returned(message["order"])
    else:
        return None


def stock_change(message):
    """By how many pieces a message of the warehouse changes which stock."""
    if message.get("type") == "arrival":
        return message["sku"], message["pieces"]
    # Nobody knows where those go.
    if message.get("type") == "loss":
        return message["sku"], -message["pieces"]
    if message.get("type") == "inventory":
        return None
    raise ValueError(message)


def sentence(event):
    """An event for the log."""
    if event is None:
        return "nothing happened"
    elif isinstance(event, Paid):
        return f"order {event.number} was paid: {event.amount:.2f}"
    elif isinstance(event, Sent):
        return f"order {event.number} is with {event.carrier}"
    elif isinstance(event, Returned) and event.reason:
        return f"order {event.number} came back: {event.reason}"
    else:
        return f"order {event.number} came back"


def as_json(value):
    """A value as JSON can have it."""
    if isinstance(value, (str, int, float)) or value is None:
        return value
    if isinstance(value, dict):
        return {str(key): as_json(each) for key, each in value.items()}
    # In no particular order.
    if isinstance(value, (set, frozenset)):
        return sorted(as_json(each) for each in value)
    if isinstance(value, (list, tuple)):
        return [as_json(each) for each in value]
    raise TypeError(f"no JSON for {value!r}")


def priority(status):
    """How soon somebody should look at an order."""
    if status == "lost":
        level = 3
    elif status in ("late", "returned"):
        level = 2
    elif status == "open":
        level = 1
    else:
        level = 0
    return level


def days_to(country, express):
    """After how many days a parcel should be there."""
    if country == "home":
        return 1
    if country == "islands" and express:
        return 3
    if country == "islands":
        return 7
    return 5
