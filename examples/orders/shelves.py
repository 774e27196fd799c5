"""Where the goods are: shelves in rows, rows in halls."""

import asyncio
import logging

from orders.decorators import timed

logger = logging.getLogger(__name__)

missed = []


def noted(method):
    """Note who looks for what."""

    def wrapper(self, *args, **kwargs):
        logger.debug("%s in %s", method.__name__, self.name)
        return method(self, *args, **kwargs)

    return wrapper


def counted(func):
    """Remember what was not there."""

    def wrapper(place, sku):
        try:
            return func(place, sku)
        except LookupError:
            missed.append(sku)
            raise

    return wrapper


class Place:
    """A hall, a row or a shelf."""

    def __init__(self, name, goods=(), inside=()):
        self.name = name
        self.goods = list(goods)
        self.inside = list(inside)

    def walk(self):
        """This place and all in it."""
        yield self
        for place in self.inside:
            for each in place.walk():
                yield each

    def everything(self):
        """All goods, those at hand first."""
        for sku in sorted(self.goods):
            yield sku
        for place in self.inside:
            yield from place.everything()

    @noted
    def has(self, sku):
        """Whether something is here, or anywhere in here."""
        return sku in self.everything()


@counted
async def fetch(place, sku):
    """Have something brought from a place."""
    await asyncio.sleep(0)
    if not place.has(sku):
        raise LookupError(sku)
    return sku


@timed
async def fetch_all(place, skus):
    return [await fetch(place, sku) for sku in skus]
