"""What things cost, in all currencies."""

from functools import lru_cache


class PriceList:
    """Prices in cents, and how many cents of another currency one is worth."""

    def __init__(self, prices, rates):
        self._prices = prices
        self._rates = rates

    @property
    @lru_cache(maxsize=None)
    def cheapest(self):
        """What costs least."""
        return min(self._prices, key=self._prices.get)

    @lru_cache(maxsize=1000)
    def price(self, sku, currency="eur"):
        """What one piece costs."""
        return round(self._prices[sku] * self._rates[currency])
