"""What a list of measurements comes to."""

import math
import statistics
from collections.abc import Sequence


def median(samples: Sequence[float]) -> float:
    """The middle one; not a number if there are none."""
    return statistics.median(samples) if samples else math.nan


def p95(samples: Sequence[float]) -> float:
    """The smallest measurement that at least 95 % of them do not exceed; not a number if there are none."""
    if not samples:
        return math.nan
    return sorted(samples)[math.ceil(0.95 * len(samples)) - 1]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How many times their median ours is."""
    return median(ours) / median(theirs) if theirs and median(theirs) else math.nan
