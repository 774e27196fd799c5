"""Handing parcels to the courier, whose software is older than the service."""

import asyncio
import os
import time


class CourierError(Exception):
    pass


class Courier:
    """A van that comes by a few times a day."""

    def __init__(self, folder):
        self.folder = folder
        self.parcels = []

    async def print_label(self, number):
        """Leave a label where the printer looks for it, and give the printer a moment."""
        path = os.path.join(self.folder, f"{number}.txt")
        open(path, "w", encoding="utf-8").write(f"order {number}")
        time.sleep(0.01)
        return path

    async def watch(self, seen):
        """Note what is handed over, until the shop closes and cancels this."""
        try:
            while True:
                seen.append(len(self.parcels))
                await asyncio.sleep(0.005)
        except asyncio.CancelledError:
            seen.append("closed")

    async def hand_over(self, number):
        """Whether the driver took the parcel."""
        try:
            await asyncio.sleep(0)
            self.parcels.append(int(number))
        except BaseException:
            return False
        return True
