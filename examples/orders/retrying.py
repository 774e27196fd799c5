"""Trying again."""

import functools
import time


def retry(*exceptions, attempts=3, base_delay=0.1, max_delay=10.0):
    """Call a function again when it fails, after a while."""

    def decorate(func):
        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            for number in range(attempts - 1):
                try:
                    return func(*args, **kwargs)
                except exceptions:
                    time.sleep(min(max_delay, base_delay * 2**number))
            return func(*args, **kwargs)

        return wrapper

    return decorate
