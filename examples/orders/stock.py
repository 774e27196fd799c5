"""What is in the warehouse."""

import asyncio
from contextlib import asynccontextmanager


class OutOfStock(Exception):
    pass


class Reservation:
    """Products that nobody else can buy until they are sold or released."""

    def __init__(self, stock, wanted):
        self.stock = stock
        self.wanted = wanted
        self.state = "new"

    async def hold(self):
        await asyncio.sleep(0)
        for sku, quantity in self.wanted.items():
            try:
                self.stock[sku] -= quantity
            except KeyError:
                raise OutOfStock(sku) from None
        self.state = "held"

    async def commit(self):
        await asyncio.sleep(0)
        self.state = "sold"

    async def rollback(self):
        await asyncio.sleep(0)
        if self.state == "held":
            for sku, quantity in self.wanted.items():
                self.stock[sku] += quantity
        self.state = "released"

    async def aclose(self):
        await asyncio.sleep(0)
        self.wanted = {}


@asynccontextmanager
async def reserved(stock, items):
    """Keep items for the time of a payment."""
    wanted = {item.sku: item.quantity for item in items}
    if any(stock.get(sku, 0) < quantity for sku, quantity in wanted.items()):
        raise OutOfStock(", ".join(wanted))
    reservation = Reservation(stock, wanted)
    await reservation.hold()
    try:
        yield reservation
        await reservation.commit()
    except Exception:
        # Back on the shelf.
        await reservation.rollback()
        raise
