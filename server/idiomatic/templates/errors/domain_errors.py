"""A base of all errors of a domain, with what a handler has to know.

## Why
One `except` catches all that the domain raises, and no bug besides. What happened is in the message, what it happened
to in `details`: logs can be searched for it, and the message needs no formatting. Whether another attempt makes sense,
and what an HTTP response says, is decided once for each class, not by every handler. Errors survive a trip between
processes (`multiprocessing`, task queues) with all of this, also those of subclasses with a constructor of their own.

## Use
```python
raise ConflictError("the order has been shipped", order_id=order.id)
```
"""

from typing import ClassVar

PREFIXES = ("domainerror", "errors")
WHERE = ("module",)
TAB_STOPS = ("DomainError", "ConflictError", "UnavailableError")
SINCE = (3, 10)
REUSES = ("DomainError",)


class DomainError(Exception):
    """What the domain raises.

    Attributes:
        message: what happened, for people.
        details: what it happened to, for logs and responses.
        retryable: whether the same may work later.
        status_code: of an HTTP response.
    """

    retryable: ClassVar[bool] = False
    status_code: ClassVar[int] = 500

    def __init__(self, message: str, /, **details: object) -> None:
        """Say what happened.

        Args:
            message: for people.
            **details: what it happened to.
        """
        super().__init__(message)
        self.message = message
        self.details = details

    def __repr__(self) -> str:
        """The class, the message and the details."""
        details = "".join(f", {key}={value!r}" for key, value in self.details.items())
        return f"{type(self).__name__}({self.message!r}{details})"

    def __reduce__(self) -> tuple[object, ...]:
        """Be copied and pickled without the constructor.

        Exceptions call it with `args`, which is not what a subclass may want.
        """
        return Exception.__new__, (type(self), *self.args), self.__dict__


class ConflictError(DomainError):
    """What was asked for does not go with how things are now."""

    status_code = 409


class UnavailableError(DomainError):
    """Something that is needed does not answer, at the moment."""

    retryable = True
    status_code = 503
