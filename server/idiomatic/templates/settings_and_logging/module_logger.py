"""The logger of a module.

## Why
It has the module's own name, so that configuration can make one part of a program louder or quieter than the rest and
a line in the log says where it comes from. Nothing is configured here: that is the business of the program, once, where
it starts; a library that does it takes the choice from everybody.

## Use
```python
logger.info("loaded %d orders", len(orders))
logger.exception("order %s is lost", order_id)  # in an `except`: with the traceback
```

## References
- [Logging HOWTO: advanced logging](https://docs.python.org/3/howto/logging.html#advanced-logging-tutorial)
"""

import logging

PREFIXES = ("logger", "getlogger", "modulelogger")
WHERE = ("module",)
TAB_STOPS = ("logger",)
SINCE = (3, 9)


logger = logging.getLogger(__name__)
