"""Where the time of a block goes, function by function.

## Why
Guesses about what is slow are usually wrong. The table has the functions in which most of the time was spent, with what
they call: begin to read where `cumtime` drops from one line to the next. It is printed also if the block fails or is
interrupted, since whoever stops a program that hangs wants to know where. Each call costs a little more while it is
counted, so compare shares, not seconds. In a coroutine, other tasks that run meanwhile count as well.

## Use
Anywhere, or around lines that are selected. `profile.dump_stats("out.prof")` keeps the numbers for a viewer.

## References
- [The Python profilers](https://docs.python.org/3/library/profile.html)
"""

import cProfile
import pstats
import sys

PREFIXES = ("cprofile", "profile")
WHERE = ("module", "function", "async function")
TAB_STOPS = ("work", "profile")
SINCE = (3, 10)


def work() -> int:
    """What is too slow."""
    return sum(number * number for number in range(1000))


def main() -> None:
    """What the template is inserted into."""
    # template: begin
    profile = cProfile.Profile()
    profile.enable()
    try:
        # template: selection
        work()
        # template: end selection
    finally:
        profile.disable()
        stats = pstats.Stats(profile, stream=sys.stderr)
        stats.sort_stats(pstats.SortKey.CUMULATIVE).print_stats(20)
    # template: end
