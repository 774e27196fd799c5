"""Structured logging, to be read by people or by machines.

## Why
An event with fields can be searched and counted; a sentence with numbers in it cannot. In development it is a coloured
line, in production a line of JSON with the traceback as data. What libraries log with `logging` goes the same way, so
that one log has one form. Values bound with `structlog.contextvars.bind_contextvars` (a request's id, say) stand in
every event of that task.

## Use
Once, where the program starts:
```python
configure_logging(development=settings.debug)
log = structlog.stdlib.get_logger(__name__)
log.info("order_placed", order_id=order.id, total=str(order.total))
```

## References
- [structlog: standard library logging](https://www.structlog.org/en/stable/standard-library.html)
"""

import logging

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

PREFIXES = ("structlog", "configurelogging", "jsonlogging")
WHERE = ("module",)
TAB_STOPS = ("configure_logging", "development")
REQUIRES = ("structlog>=23.1",)
SINCE = (3, 9)


def configure_logging(*, development: bool, level: int = logging.INFO) -> None:
    """Send the events of structlog and of `logging` to standard error, in one form.

    Args:
        development: as readable lines instead of JSON.
        level: the least severe that is kept.
    """
    enrich: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    render: list[Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if development
        else [
            structlog.processors.ExceptionRenderer(
                # Local variables may hold secrets.
                ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(),
        ]
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*enrich, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *render,
            ],
        )
    )
    # `force`: a library or the test runner may have been faster.
    logging.basicConfig(handlers=[handler], level=level, force=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *enrich,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
