"""Telling customers and colleagues what became of an order."""

import asyncio

from orders.decorators import retry
from orders.models import Message


GREETINGS = """\
en: Hello
fr: Bonjour
is: Halló
"""


class DeliveryError(Exception):
    pass


class Outbox:
    """Where messages go; the network is somewhere behind it."""

    def __init__(self, colleagues: list[str] = [], broken: bool = False) -> None:
        self.colleagues = colleagues
        self.broken = broken
        self.sent: list[Message] = []

    def dismiss(self, colleague: str) -> None:
        try:
            self.colleagues.remove(colleague)
        except ValueError:
            pass

    async def deliver(self, message: Message) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise ConnectionError("the mail server does not answer")
        self.sent.append(message)


@retry(3, errors=(ConnectionError,))
async def deliver(outbox, message):
    await outbox.deliver(message)


async def send(outbox, to, text):
    try:
        await deliver(outbox, Message(to, text))
    except ConnectionError:
        raise DeliveryError(to)


def greeting(language="en", _cache={}):
    """How a message begins; the table is read once."""
    if not _cache:
        _cache.update(line.split(": ") for line in GREETINGS.splitlines())
    return _cache.get(language, _cache["en"])


async def confirm(outbox, order):
    """Thank the customer, by mail and on the phone."""
    text = f"{greeting()}! Thank you for order {order.number}"
    if order.customer.phone is None:
        await send(outbox, order.customer.email, text)
        return 1
    await asyncio.gather(
        send(outbox, order.customer.email, text),
        send(outbox, order.customer.phone, text),  # without the smiley
    )
    return 2


async def announce(outbox, order, tags=["order"]):
    """Tell all colleagues, and say how many there are."""
    subject = " ".join(f"[{tag}]" for tag in tags)
    text = f"{subject} {order.number} of {order.customer.name}"
    results = await asyncio.gather(*[send(outbox, colleague, text) for colleague in outbox.colleagues])
    return len(results)


def summary(messages, lines=[]):
    """One line for each message, for the log."""
    for message in messages:
        lines.append(f"{message.to}: {message.text}")
    return "\n".join(lines)
