"""Placing, paying and cancelling orders."""

import asyncio

from orders.decorators import only_open
from orders.notify import DeliveryError, announce, confirm
from orders.stock import Reservation, reserved


class PaymentError(Exception):
    pass


class Service:
    def __init__(self, store, stock, outbox, payments):
        self.store = store
        self.stock = stock
        self.outbox = outbox
        self.payments = payments

    async def place(self, order):
        """Reserve, charge, save and tell."""
        async with reserved(self.stock, order.items):
            try:
                await self.payments.charge(order.customer, order.total_cents())
            except ConnectionError as e:
                raise PaymentError(f"order {order.number}: {e}")
            order.status = "paid"
        self.store.save(order)
        return await self.tell(order)

    async def tell(self, order):
        """How many messages went out; an order is an order even if nobody hears of it."""
        told = 0
        try:
            customers, colleagues = await asyncio.gather(confirm(self.outbox, order), announce(self.outbox, order))
            told = customers + colleagues
        except DeliveryError:
            self.store.save(order)
        return told

    async def top_up(self, sku, quantity):
        """Put returned goods back: the reverse of a reservation."""
        returned = Reservation(self.stock, {sku: -quantity})
        try:
            await returned.hold()
            await returned.commit()
        except Exception:
            await returned.rollback()
            raise
        return self.stock[sku]

    async def check(self, items):
        """Whether all items could be reserved now."""
        wanted = Reservation(dict(self.stock), {item.sku: item.quantity for item in items})
        try:
            await wanted.hold()
            return min(wanted.stock.values()) >= 0
        finally:
            await wanted.aclose()

    @only_open
    def cancel(self, order):
        order.status = "cancelled"
        self.store.save(order)
        return order
