"""Errors that most domains have: not found, not valid, not known who it is.

## Why
A caller tells them apart by class, not by reading a message, and each says with which status an HTTP response tells of
it. They derive from one base, so that a handler can also catch all of them; a base that is there already is used.

## Use
```python
raise NotFoundError(f"there is no order {order_id}")
```
"""

PREFIXES = ("notfound", "validationerror", "authenticationerror")
WHERE = ("module",)
TAB_STOPS = ("NotFoundError", "ValidationError", "AuthenticationError")
SINCE = (3, 10)
REUSES = ("DomainError",)


class DomainError(Exception):
    """What the domain raises."""

    retryable = False
    status_code = 500


class NotFoundError(DomainError):
    """What was asked for does not exist, or not for whoever asked."""

    status_code = 404


class ValidationError(DomainError):
    """What was given breaks a rule of the domain; the message says which."""

    status_code = 422


class AuthenticationError(DomainError):
    """It is not known who asks; the message does not say why."""

    status_code = 401
