"""One test for several cases, each with a name.

## Why
Each case passes or fails by itself, and its name says in the report what is broken: `test_words[two-spaces]`. A loop
would stop at the first failure and not say which it was. A case is a line, so that the next one is written as soon as
somebody thinks of it.

## Use
`pytest -k two-spaces` runs the one.

## References
- [pytest: parametrizing tests](https://docs.pytest.org/en/stable/how-to/parametrize.html)
"""

import pytest

PREFIXES = ("parametrize", "parametrise")
WHERE = ("test module",)
TAB_STOPS = ("test_words", "text", "expected")
REQUIRES = ("pytest>=7",)
SINCE = (3, 9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("tea", ["tea"], id="one-word"),
        pytest.param("tea  milk", ["tea", "milk"], id="two-spaces"),
        pytest.param("tea\n", ["tea"], id="line-break"),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    """What is between words makes no difference."""
    assert text.split() == expected
