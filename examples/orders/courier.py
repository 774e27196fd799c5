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
        self.door = asyncio.Lock()
        self.notes = []

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

    async def call_in(self, numbers):
        """Ask the depot for several parcels at once; those it does not have are noted."""
        missing = []
        try:
            async with asyncio.TaskGroup() as depot:
                for number in numbers:
                    depot.create_task(self.fetch(number))
        except CourierError as e:
            missing.append(str(e))
        return missing

    async def is_there(self, number):
        """Whether the depot has a parcel; asks twice, the depot forgets."""
        try:
            async with asyncio.TaskGroup() as depot:
                depot.create_task(self.fetch(number))
                depot.create_task(self.fetch(number))
        except CourierError:
            return False
        return True

    async def fetch(self, number):
        await asyncio.sleep(0)
        if number < 0:
            raise CourierError(f"no parcel {number}")

    async def unload(self):
        """How many parcels come out; one person at a time fits through the door."""
        await self.door.acquire()
        try:
            await asyncio.sleep(0)
            count = len(self.parcels)
            self.parcels.clear()
            return count
        finally:
            self.door.release()

    async def depart(self, town):
        self.note(f"leaving for {town}")
        await asyncio.sleep(0)
        self.note("on the road")
        return len(self.parcels)

    async def note(self, text):
        await asyncio.sleep(0)
        self.notes.append(text)

    async def repair(self):
        """Nobody comes in meanwhile."""
        with self.door:
            await asyncio.sleep(0)
            self.notes.append("repaired")

    async def wash(self, seconds=5):
        with asyncio.timeout(seconds):
            await asyncio.sleep(0)

    async def stops(self):
        """Where the van stops; the driver wants to know when nobody needs the list any more."""
        try:
            for parcel in self.parcels:
                await asyncio.sleep(0)
                yield parcel
        finally:
            self.notes.append("stops read")

    async def next_stop(self):
        async for stop in self.stops():
            return stop

    async def stops_before(self, number):
        count = 0
        async for stop in self.stops():
            if stop == number:
                break
            count += 1
        return count

    async def weigh(self, scale):
        """In a thread: the scale is slow."""
        return await asyncio.get_event_loop().run_in_executor(None, scale, self.parcels)


def night_shift(courier):
    """For the cron job: what is left in the van."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(courier.unload())
    finally:
        loop.close()
