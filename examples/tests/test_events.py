import pytest
from orders.events import Paid, Returned, Sent, as_json, days_to, priority, read_event, sentence, stock_change


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"kind": "payment", "order": 7, "amount": 19.9}, "order 7 was paid: 19.90"),
        ({"kind": "shipment", "order": 7, "carrier": "west"}, "order 7 is with west"),
        ({"kind": "refusal", "order": 8}, "order 8 came back"),
        ({"kind": "ping"}, "nothing happened"),
    ],
)
def test_what_the_shop_tells(message, text):
    assert sentence(read_event(message)) == text


def test_events():
    assert read_event({"kind": "payment", "order": 7, "amount": 1}) == Paid(7, 1)
    assert read_event({"kind": "shipment", "order": 7, "carrier": "west"}) == Sent(7, "west")
    assert sentence(Returned(9, "broken")) == "order 9 came back: broken"


def test_what_the_warehouse_tells():
    assert stock_change({"type": "arrival", "sku": "A", "pieces": 2}) == ("A", 2)
    assert stock_change({"type": "loss", "sku": "A", "pieces": 2}) == ("A", -2)
    assert stock_change({"type": "inventory"}) is None
    with pytest.raises(ValueError, match="dance"):
        stock_change({"type": "dance"})


def test_json():
    assert as_json({1: {2, 1}, "a": (None, 1.5)}) == {"1": [1, 2], "a": [None, 1.5]}
    with pytest.raises(TypeError):
        as_json(object())


def test_levels():
    assert [priority(each) for each in ("lost", "late", "returned", "open", "paid")] == [3, 2, 2, 1, 0]
    assert [days_to("home", True), days_to("islands", True), days_to("islands", False), days_to("far", False)] == [1, 3, 7, 5]
