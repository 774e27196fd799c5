"""The courier gets every parcel, whatever the source looks like."""

import asyncio
from pathlib import Path

import pytest

from orders.courier import Courier, night_shift


@pytest.fixture
def courier(tmp_path):
    return Courier(tmp_path)


def test_labels_are_printed(courier):
    path = asyncio.run(courier.print_label(7))
    assert Path(path).read_text("utf-8") == "order 7"


def test_the_van_is_watched_until_the_shop_closes(courier):
    async def day():
        seen = []
        watching = asyncio.create_task(courier.watch(seen))
        await asyncio.sleep(0.001)
        took = [await courier.hand_over("1"), await courier.hand_over("?")]
        await asyncio.sleep(0.02)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        return seen, took

    seen, took = asyncio.run(day())
    assert took == [True, False]
    assert (seen[0], seen[-2:]) == (0, [1, "closed"])


def test_the_depot_is_asked(courier):
    assert asyncio.run(courier.call_in([1, 2])) == []
    assert asyncio.run(courier.is_there(1)) is True


def test_the_van_is_unloaded_once(courier):
    async def day():
        await courier.hand_over("1")
        await courier.hand_over("2")
        return [await courier.unload(), await courier.unload()]

    assert asyncio.run(day()) == [2, 0]
    assert not courier.door.locked()


def test_the_van_departs(courier):
    assert asyncio.run(courier.depart("Reykjavík")) == 0


def test_the_night_shift(courier):
    courier.parcels += [1, 2, 3]
    assert asyncio.run(courier.weigh(sum)) == 6
    assert night_shift(courier) == 3
    assert courier.parcels == []


def test_the_way_of_the_van(courier):
    courier.parcels += [4, 2, 7]
    assert asyncio.run(courier.next_stop()) == 4
    assert asyncio.run(courier.stops_before(7)) == 2
