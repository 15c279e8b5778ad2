"""Where the middle of a few measurements lies: Wilcoxon's signed ranks, turned into an interval.

The middle is the median of all averages of two values (Hodges and Lehmann 1963), the interval
has those averages for its ends that the signed-rank test would not reject (Tukey 1949; Hollander,
Wolfe and Chicken, Nonparametric Statistical Methods, 3rd ed., section 3.3). It holds for values
that lie symmetrically around the middle, however heavy their tails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from tflint.report.bench_compare_result import LEVEL

# With fewer values no interval of 95 % exists: all of one sign happens too often by chance.
FEWEST = 6


@dataclass(frozen=True, slots=True)
class Interval:
    """The middle, and where it lies with a confidence of at least `LEVEL`."""

    middle: float
    low: float
    high: float


def signed_rank_interval(values: Sequence[float]) -> Interval | None:
    """The interval of the middle of independent values; None where there are too few.

    Takes time and memory in proportion to the square of their number.
    """
    if len(values) < FEWEST:
        return None
    averages = sorted(
        (values[i] + values[j]) / 2 for i in range(len(values)) for j in range(i, len(values))
    )
    cut = _left_out(len(values))
    count = len(averages)
    middle = (averages[(count - 1) // 2] + averages[count // 2]) / 2
    return Interval(middle, averages[cut], averages[count - 1 - cut])


@cache
def _left_out(count: int) -> int:
    """How many averages are left out at either end: the greatest sum of the ranks of one sign that
    is reached, or undercut, with a probability of at most half of what need not be covered.
    """
    # ways[s]: in how many of the 2**count choices of signs the ranks of one sign sum up to s.
    ways = [1]
    for rank in range(1, count + 1):
        longer = [*ways, *(0 for _ in range(rank))]
        for total, found in enumerate(ways):
            longer[total + rank] += found
        ways = longer
    allowed = (1 - LEVEL) / 2 * 2**count
    below = 0  # Of those choices, the ones with a lower sum.
    for total, found in enumerate(ways):
        below += found
        if below > allowed:
            return total - 1
    raise AssertionError("all choices together are more than some")
