"""What a test needs, made before it and cleaned up after it.

## Why
A test says in its parameters what it needs, and gets a new one: no test depends on what another left behind. What
stands behind the `yield` is run however the test ended. The `with` block closes as well when making the rest fails,
which a line behind the `yield` would not.

## Use
```python
def test_nothing_is_there_at_first(connection: sqlite3.Connection) -> None:
    assert connection.execute("SELECT * FROM orders").fetchall() == []
```

## References
- [pytest: teardown](https://docs.pytest.org/en/stable/how-to/fixtures.html#teardown-cleanup-aka-fixture-finalization)
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

PREFIXES = ("fixture", "syncfixture")
WHERE = ("test module", "conftest")
TAB_STOPS = ("connection",)
REQUIRES = ("pytest>=7",)
SINCE = (3, 9)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """An empty database, closed after the test."""
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)")
        yield connection
