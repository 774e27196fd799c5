"""The service does what it did, whatever its source looks like."""

import asyncio
from datetime import timedelta

import pytest

from orders import notify
from orders.decorators import retry, timed
from orders.models import Customer, LineItem, Message, Order
from orders.notify import Outbox
from orders.service import PaymentError, Service
from orders.stock import OutOfStock
from orders.store import OrderNotFound, Store, StoreError, read_timestamps


class Payments:
    def __init__(self, broken=False):
        self.broken = broken
        self.charged = []

    async def charge(self, customer, cents):
        await asyncio.sleep(0)
        if self.broken:
            raise ConnectionError("the bank does not answer")
        self.charged.append((customer.email, cents))


def new_order(number=1, phone=None, quantity=2):
    customer = Customer("Ada", "ada@example.org", phone=phone)
    return Order(number, customer, [LineItem("tea", quantity, 450), LineItem("cup", 1, 900)])


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "orders.db")


@pytest.fixture
def service(store):
    return Service(store, {"tea": 5, "cup": 5}, Outbox(["eve@example.org", "bob@example.org"]), Payments())


def test_items_are_equal_by_value():
    assert LineItem("tea", 2, 450) == LineItem("tea", 2, 450)
    assert LineItem("tea", 2, 450) != LineItem("tea", 3, 450)
    assert repr(LineItem("tea", 2, 450)) == "LineItem(sku='tea', quantity=2, price=450)"
    assert LineItem("tea", 2, 450).total_cents == 900


def test_customers_have_a_name():
    customer = Customer("Ada", "ada@example.org")
    assert (customer.name, customer.email, customer.phone) == ("Ada", "ada@example.org", None)


def test_orders_add_up():
    order = new_order()
    assert order.total_cents() == 1800
    assert order.total_cents({"tea": 50}) == 1350
    assert order.total_cents(discounts={}) == 1800
    with pytest.raises(ValueError, match="at least one item"):
        Order(2, order.customer, [])


def test_orders_become_overdue():
    order = new_order()
    assert not order.is_overdue()
    order.placed_at -= timedelta(days=15)
    assert order.is_overdue()
    order.status = "paid"
    assert not order.is_overdue()


def test_orders_are_stored(store):
    order = new_order()
    store.save(order)
    loaded = store.load(1)
    assert (loaded.number, loaded.status, loaded.placed_at) == (1, "open", order.placed_at)
    assert loaded.items == order.items
    assert loaded.customer.email == "ada@example.org"
    assert not loaded.is_overdue()


def test_missing_and_broken_orders(store):
    with pytest.raises(OrderNotFound):
        store.load(7)
    store._execute("insert into orders values (8, 'yesterday', 'open', '{}')")
    with pytest.raises(StoreError, match="order 8 can't be read"):
        store.load(8)
    with pytest.raises(StoreError):
        store._execute("select nothing from nowhere")


def test_exports(store, tmp_path):
    store.save(new_order(1))
    store.save(new_order(2))
    store.export(tmp_path / "orders.csv", ["number", "status"])
    assert (tmp_path / "orders.csv").read_text("utf-8").split() == ["number,status", "1,open", "2,open"]
    store.export(tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_text("utf-8").startswith("number,status,placed_at")
    (tmp_path / "old.txt").write_text("0\n86400\n", "utf-8")
    first, second = read_timestamps(tmp_path / "old.txt")
    assert (first.year, second - first) == (1970, timedelta(days=1))


def test_orders_are_placed(service, store):
    order = new_order(phone="555")
    assert asyncio.run(service.place(order)) == 4
    assert store.load(1).status == "paid"
    assert service.stock == {"tea": 3, "cup": 4}
    assert service.payments.charged == [("ada@example.org", 1800)]
    told = {message.to: message.text for message in service.outbox.sent}
    assert told["555"] == told["ada@example.org"] == "Hello! Thank you for order 1"
    assert told["eve@example.org"] == told["bob@example.org"] == "[order] 1 of Ada"


def test_what_is_not_there_is_not_sold(service):
    with pytest.raises(OutOfStock):
        asyncio.run(service.place(new_order(quantity=6)))
    assert service.payments.charged == []


def test_what_is_not_paid_goes_back(service, store):
    service.payments.broken = True
    with pytest.raises(PaymentError):
        asyncio.run(service.place(new_order()))
    assert service.stock == {"tea": 5, "cup": 5}
    with pytest.raises(OrderNotFound):
        store.load(1)


def test_an_order_is_an_order_even_if_nobody_hears_of_it(service, store):
    service.outbox.broken = True
    assert asyncio.run(service.place(new_order(phone="555"))) == 0
    assert store.load(1).status == "paid"


def test_returned_goods_and_questions(service):
    assert asyncio.run(service.top_up("tea", 2)) == 7
    assert asyncio.run(service.check(new_order().items)) is True
    assert asyncio.run(service.check(new_order(quantity=9).items)) is False
    assert service.stock == {"tea": 7, "cup": 5}


def test_only_open_orders_are_cancelled(service):
    order = new_order()
    assert service.cancel(order).status == "cancelled"
    with pytest.raises(ValueError, match="order 1 is cancelled"):
        service.cancel(order)


def test_retries():
    calls = []

    @retry(3)
    async def flaky():
        calls.append(1)
        if len(calls) < 3:
            raise OSError("not yet")
        return "done"

    assert asyncio.run(flaky()) == "done"

    @retry(2)
    async def broken():
        calls.append(1)
        raise OSError("never")

    calls.clear()
    with pytest.raises(OSError, match="never"):
        asyncio.run(broken())
    assert len(calls) == 2


def test_timing_passes_everything_on():
    @timed
    def add(a, b=1):
        return a + b

    assert (add(1), add(1, 2), add(a=2, b=3)) == (2, 3, 5)


def test_messages_know_their_time():
    first = Message("a", "one")
    second = Message("b", "two")
    assert timedelta(0) <= second.sent_at - first.sent_at < timedelta(minutes=1)
    assert notify.summary([first, second], []) == "a: one\nb: two"


def test_greetings():
    assert [notify.greeting(language) for language in ("en", "is", "xx")] == ["Hello", "Halló", "Hello"]


def test_what_is_not_there_need_not_go(store, tmp_path):
    path = tmp_path / "orders.csv"
    store.export(path)
    store.forget_export(path)
    store.forget_export(path)
    assert not path.exists()
    outbox = Outbox(["ann"])
    outbox.dismiss("ann")
    outbox.dismiss("bob")
    assert outbox.colleagues == []
