"""A test of what is true of all values, and not of some examples.

## Why
Hypothesis makes up the values: the empty, the huge and the odd ones that nobody thinks of. When it finds one for which
the test fails, it looks for the smallest such value and shows that one. What is written and read again is as it was:
such an invariant says more than a dozen examples. One that failed once is kept with `@example`.

## Use
Describe the values with a strategy, and assert what must always hold.

## References
- [Hypothesis: strategies](https://hypothesis.readthedocs.io/en/latest/reference/strategies.html)
"""

import json

import hypothesis.strategies as st
from hypothesis import example, given

PREFIXES = ("hypothesis", "property", "given")
WHERE = ("test module",)
TAB_STOPS = ("test_what_is_written_is_read_again", "values", "value")
REQUIRES = ("hypothesis>=6",)
SINCE = (3, 9)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(value=values)
@example(value={"": [1e308, -0.0]})
def test_what_is_written_is_read_again(value: object) -> None:
    """Nothing is lost on the way."""
    assert json.loads(json.dumps(value)) == value
