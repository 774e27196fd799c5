import asyncio

import pytest
from orders.shelves import Place, fetch, fetch_all


def test_all_places_are_seen():
    hall = Place("hall", ["ladder"], [Place("row", ["tea", "cup"], [Place("shelf", ["pot"])]), Place("empty")])
    assert [place.name for place in hall.walk()] == ["hall", "row", "shelf", "empty"]
    assert list(hall.everything()) == ["ladder", "cup", "tea", "pot"]
    assert hall.has("tea")
    assert not hall.inside[1].has("tea")


def test_goods_are_fetched():
    hall = Place("hall", ["ladder"], [Place("row", ["tea"])])
    assert asyncio.run(fetch_all(hall, ["tea", "ladder"])) == ["tea", "ladder"]
    with pytest.raises(LookupError):
        asyncio.run(fetch(hall, "pot"))
