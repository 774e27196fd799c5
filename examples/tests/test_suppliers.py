"""What the suppliers are asked, and what becomes of the answers."""

import asyncio

import pytest

from orders.notify import Outbox
from orders.suppliers import Suppliers, complain


@pytest.fixture
def suppliers():
    return Suppliers({"north": {"tea": 300, "cup": 700}, "south": {"tea": 280, "cup": 750}})


def test_nobody_waits_for_a_reminder(suppliers):
    async def main():
        suppliers.remember("north", "tea")
        assert suppliers.asked == []
        await asyncio.sleep(0.01)
        assert suppliers.asked == [("north", "tea")]

    asyncio.run(main())


def test_complaints_are_sent_in_the_end():
    outbox = Outbox()

    async def main():
        complain(outbox, "south")
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert [message.to for message in outbox.sent] == ["south"]


def test_the_cheapest_is_found(suppliers):
    assert asyncio.run(suppliers.cheapest("tea")) == (280, "south")
    assert asyncio.run(suppliers.compare("north", "south", "cup")) == -50
    with pytest.raises((KeyError, ExceptionGroup)):
        asyncio.run(suppliers.cheapest("milk"))


def test_nobody_is_waited_for_too_long(suppliers):
    assert asyncio.run(suppliers.ask_in_time("north", "tea")) == 300
    assert asyncio.run(suppliers.ask_in_time("west", "tea")) is None
    assert asyncio.run(suppliers.is_cheap("south", "tea", 290)) is True
    assert asyncio.run(suppliers.is_cheap("north", "tea", 290)) is False
    with pytest.raises(TimeoutError):
        asyncio.run(suppliers.is_cheap("west", "tea", 290))


def test_sets_are_sold(suppliers):
    assert asyncio.run(suppliers.price_of_a_set("south")) == 1030
    assert asyncio.run(suppliers.renew("south")) == 4


def test_all_are_asked(suppliers):
    assert asyncio.run(suppliers.prices_of("cup", ["south", "north", "south"])) == [750, 700, 750]
    suppliers.asked.clear()
    asyncio.run(suppliers.ask_for_all("north", ["cup", "tea"]))
    assert suppliers.asked == [("north", "cup"), ("north", "tea")]
