"""An attribute that checks what it is set to, for any class.

## Why
A property would have to be written again for every attribute and every class; a descriptor is written once. Python
tells it its name (`__set_name__`), so that messages can say which attribute is meant. The overloads of `__get__` tell
the type checker that the class gives the descriptor and an object gives a value of the type that is checked.

## Use
```python
def is_positive(number: int) -> bool:
    return number > 0


class Position:
    quantity = Checked(is_positive)

    def __init__(self, quantity: int) -> None:
        self.quantity = quantity
```
The value is kept in the object's `__dict__`: a class with `__slots__` needs `"__dict__"` among them.
"""

from collections.abc import Callable
from typing import Generic, Self, TypeVar, overload

PREFIXES = ("descriptor",)
WHERE = ("module",)
TAB_STOPS = ("Checked", "is_valid")
SINCE = (3, 11)

T = TypeVar("T")


class Checked(Generic[T]):
    """An attribute that only takes valid values.

    Args:
        is_valid: says whether a value is; its name stands in the message if not.
    """

    def __init__(self, is_valid: Callable[[T], bool]) -> None:
        """Check with a function."""
        self._is_valid = is_valid
        self._name = ""

    def __set_name__(self, owner: type[object], name: str) -> None:
        """Learn the attribute's name, when the class around is made."""
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type[object]) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[object]) -> T: ...

    def __get__(self, instance: object | None, owner: type[object]) -> Self | T:
        """The value; of the class, the descriptor.

        Raises:
            AttributeError: it was never set.
        """
        if instance is None:
            return self
        try:
            value: T = instance.__dict__[self._name]
        except KeyError:
            msg = f"{owner.__name__!r} object has no attribute {self._name!r}"
            raise AttributeError(msg, name=self._name, obj=instance) from None
        return value

    def __set__(self, instance: object, value: T) -> None:
        """Take a value.

        Raises:
            ValueError: it is not valid.
        """
        if not self._is_valid(value):
            wanted = getattr(self._is_valid, "__name__", "valid")
            msg = f"{self._name} is {value!r}, but must be: {wanted}"
            raise ValueError(msg)
        # This class has `__set__`, and so comes before the object's dictionary.
        instance.__dict__[self._name] = value
