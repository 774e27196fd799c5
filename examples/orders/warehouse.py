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
