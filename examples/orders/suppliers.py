"""Asking the suppliers, all of them and not for too long."""

import asyncio

from orders.models import Message

PATIENCE = 0.05


class Suppliers:
    """Who sells what, and at which price in cents."""

    def __init__(self, prices):
        self.prices = prices
        self.asked = []

    async def ask(self, name, sku):
        self.asked.append((name, sku))
        await asyncio.sleep(10 if name == "west" else 0)
        return self.prices[name][sku]

    async def cheapest(self, sku):
        """Who sells it for the lowest price; all are asked at the same time."""
        tasks = []
        for name in self.prices:
            tasks.append(asyncio.create_task(self.ask(name, sku)))
        prices = await asyncio.gather(*tasks)
        return min(zip(prices, self.prices))

    async def compare(self, first, second, sku):
        """How much more the first one wants."""
        of_first = asyncio.create_task(self.ask(first, sku))
        of_second = asyncio.create_task(self.ask(second, sku))
        return await of_first - await of_second

    async def ask_in_time(self, name, sku):
        """The price, or nothing from those who let us wait."""
        try:
            return await asyncio.wait_for(self.ask(name, sku), timeout=PATIENCE)
        except asyncio.TimeoutError:
            return None

    async def is_cheap(self, name, sku, limit):
        # No answer is no yes.
        if await asyncio.wait_for(self.ask(name, sku), PATIENCE) < limit:
            return True
        return False

    async def price_of_a_set(self, name):
        """What a pot of tea costs with the cup."""
        tea = await self.ask(name, "tea")
        cup = await self.ask(name, "cup")
        return tea + cup

    async def renew(self, name):
        await self.ask(name, "tea")
        await self.ask(name, "cup")
        return len(self.asked)

    async def prices_of(self, sku, names):
        return await asyncio.gather(*[self.ask(name, sku) for name in names])

    async def ask_for_all(self, name, skus):
        """Nobody needs the answers: the supplier should know that we are interested."""
        async with asyncio.TaskGroup() as tg:
            for sku in skus:
                tg.create_task(self.ask(name, sku))

    def remember(self, name, sku):
        """Have a price at hand when it is needed; nobody waits for it."""
        asyncio.get_running_loop().create_task(self.ask(name, sku))


def complain(outbox, name):
    """Write to a supplier when there is time."""
    asyncio.ensure_future(outbox.deliver(Message(name, "Where is our tea?")))
