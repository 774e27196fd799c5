"""What the warehouse sends and gets: files, for the time being."""

import asyncio
import contextlib
import json
import os


def read_delivery(path):
    """The goods of a delivery, by SKU."""
    file = open(path, encoding="utf-8")
    lines = [line.split() for line in file]
    # The driver keeps the original.
    file.close()
    return {sku: int(quantity) for sku, quantity in lines}


def read_shelves(path):
    return json.load(open(path, encoding="utf-8"))


@contextlib.contextmanager
def in_directory(path):
    """Work in another directory for a while."""
    before = os.getcwd()
    os.chdir(path)
    yield before
    os.chdir(before)


class Scanner:
    """What reads the labels."""

    def __init__(self):
        self.light = "off"

    @contextlib.contextmanager
    def switched_on(self):
        before = self.light
        self.light = "red"
        yield self
        self.light = before


class Gate:
    """Open as long as somebody is there."""

    def __init__(self, name, keeper=None):
        self.name = name
        self.keeper = keeper
        self.is_open = False

    async def open(self):
        await asyncio.sleep(0)
        self.is_open = True

    async def close(self):
        await asyncio.sleep(0)
        self.is_open = False


class Conveyor:
    """What brings the goods to the gate."""

    speed = 0

    async def start(self):
        await asyncio.sleep(0)
        self.speed = 3

    def stop(self):
        self.speed = 0

    async def bring(self, gate, items):
        """Bring goods to a gate that is open for the time being."""
        await gate.open()
        self.speed += 1
        try:
            return [f"{gate.name}: {item}" for item in items]
        finally:
            self.speed -= 1
            await gate.close()


def count_by_hand(scanner, items):
    before = scanner.light
    scanner.light = "green"
    try:
        return len(items)
    finally:
        scanner.light = before


class Lifted:
    """A box that is in the air for a while."""

    def __init__(self, box, heights):
        self.box = box
        self.heights = heights

    def __enter__(self):
        self.before = self.heights.get(self.box, 0)
        self.heights[self.box] = self.before + 2
        return self.heights[self.box]

    def __exit__(self, kind, error, traceback):
        self.heights[self.box] = self.before


class Unloading:
    """A gate is open while a lorry is unloaded."""

    def __init__(self, gate):
        self._gate = gate

    async def __aenter__(self):
        await self._gate.open()
        return self._gate

    async def __aexit__(self, *exc_info):
        await self._gate.close()


async def unload(gate, boxes):
    heights = {}
    async with Unloading(gate) as opened:
        for box in boxes:
            with Lifted(box, heights) as height:
                print(f"{box} goes through {opened.name}, {height} m above the ground")
    return heights


def order_more(suppliers, sku):
    """Ask all suppliers for more."""
    import httpx  # not needed for anything else

    answers = []
    for supplier in suppliers:
        with httpx.Client(timeout=10) as client:
            answers.append(client.post(supplier, json={"sku": sku}).status_code)
    return answers


async def ask_price(supplier, sku):
    import httpx

    async with httpx.AsyncClient() as client:
        response = await client.get(supplier, params={"sku": sku})
        return response.json()


async def prices(suppliers, sku):
    """What each supplier asks for; they don't like to be asked all at once."""
    found = {}
    for supplier in suppliers:
        found[supplier] = await ask_price(supplier, sku)
    return found
