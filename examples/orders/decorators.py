"""What several parts of the service are wrapped in."""

import asyncio
import logging
import time

logger = logging.getLogger(__name__)


def timed(func):
    """Log how long a call took."""

    def wrapper(*args, **kwargs):
        start = time.perf_counter()
        try:
            return func(*args, **kwargs)
        finally:
            logger.debug("%s took %.3f s", func.__name__, time.perf_counter() - start)

    return wrapper


def retry(times, delay=0.0, errors=(OSError,)):
    """Try again when the network does not answer."""

    def decorator(func):
        async def wrapper(*args, **kwargs):
            for attempt in range(1, times + 1):
                try:
                    return await func(*args, **kwargs)
                except errors:
                    if attempt == times:
                        raise
                    await asyncio.sleep(delay * attempt)

        return wrapper

    return decorator


def only_open(method):
    """Leave orders alone that are done."""

    def wrapper(self, order):
        if order.status != "open":
            raise ValueError(f"order {order.number} is {order.status}")
        return method(self, order)

    return wrapper
