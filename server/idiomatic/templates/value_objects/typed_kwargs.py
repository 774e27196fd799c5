"""Keyword arguments that are handed on, with a type for each.

## Why
`**options: Any` takes everything, also what is misspelt, and no editor can complete it. A `TypedDict` lists the options
once, for all functions that share them, and with `Unpack` they are still passed as plain keywords. `total=False` makes
them optional: what is not given is not handed on, and the default stays where it is defined.

## Use
```python
write_json(Path("orders.json"), orders, indent=2)
```

## References
- [PEP 692](https://peps.python.org/pep-0692/)
"""

import json
from pathlib import Path
from typing import TypedDict, Unpack

PREFIXES = ("typedkwargs", "unpack")
WHERE = ("module",)
TAB_STOPS = ("JsonOptions", "to_json", "write_json")
SINCE = (3, 11)


class JsonOptions(TypedDict, total=False):
    """How JSON is written.

    Attributes:
        indent: how many spaces a level is indented; `None` for one line.
        sort_keys: whether keys are in order.
    """

    indent: int | None
    sort_keys: bool


def to_json(value: object, **options: Unpack[JsonOptions]) -> str:
    """A value as JSON.

    Raises:
        TypeError: it has no form in JSON.
    """
    return json.dumps(value, ensure_ascii=False, **options)


def write_json(path: Path, value: object, **options: Unpack[JsonOptions]) -> None:
    """Write a value to a file as JSON, in UTF-8 and with a line feed at the end.

    Raises:
        TypeError: it has no form in JSON; the file is left as it was.
        OSError: the file cannot be written.
    """
    text = to_json(value, **options)
    path.write_text(f"{text}\n", encoding="utf-8")
