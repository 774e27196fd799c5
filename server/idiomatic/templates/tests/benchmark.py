"""How long something takes, measured with the tests.

## Why
It is called until the numbers are steady, and the report has the median and the spread, where a single measurement
says little. The result is checked as well: what is quick and wrong is no help. What it works on is made outside, the
same for every run.

## Use
`pytest --benchmark-autosave` keeps the numbers, `pytest --benchmark-compare --benchmark-compare-fail=median:10%` fails
when they get worse, `--benchmark-skip` leaves benchmarks out.

## References
- [pytest-benchmark](https://pytest-benchmark.readthedocs.io/en/stable/usage.html)
"""

import random

from pytest_benchmark.fixture import BenchmarkFixture

PREFIXES = ("benchmark", "pytestbenchmark")
WHERE = ("test module",)
TAB_STOPS = ("test_sorting", "numbers")
REQUIRES = ("pytest-benchmark>=4",)
SINCE = (3, 9)


def test_sorting(benchmark: BenchmarkFixture) -> None:
    """Sort numbers that are in no order."""
    numbers = random.Random(0).sample(range(1_000), 1_000)
    result = benchmark(sorted, numbers)
    assert result == list(range(1_000))
