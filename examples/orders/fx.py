"""What other currencies are worth, from a service that is not always there."""

import time

from orders.retrying import retry


class Rates:
    """Rates of the day."""

    def __init__(self, service):
        self._service = service

    @retry(OSError, attempts=2)
    def names(self):
        """All currencies there are."""
        return sorted(self._service.names())

    def rate(self, currency):
        """What one euro is worth."""
        for attempt in range(4):
            try:
                return self._service.rate(currency)
            except OSError:
                if attempt == 3:
                    raise
                time.sleep(0.01 * 2**attempt)

    def all_rates(self, currencies, attempts=3):
        """What one euro is worth in each currency."""
        rates = {}
        for currency in currencies:
            for attempt in range(attempts):
                try:
                    found = self._service.rate(currency)
                    break
                except (OSError, ValueError):
                    if attempt == attempts - 1:
                        raise
                    time.sleep(0.01)
            rates[currency] = found
        return rates
