"""Which of two models decides better, judged on the same samples.

Both see the same samples, so only those count that one decides right and the other does not:
far less is left to chance than between two accuracies with an interval each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from tflint.bench.intervals import wilson_interval
from tflint.report.bench_compare_result import AccuracyDifference


def paired_accuracy(before: Sequence[int], after: Sequence[int]) -> AccuracyDifference | None:
    """The difference of two models of which it is known whether each decides each sample right.

    None without samples. Raises `ValueError` for different numbers of them.
    """
    counts = [0, 0, 0, 0]
    for left, right in zip(before, after, strict=True):
        counts[2 * (not left) + (not right)] += 1
    both, only_before, only_after, neither = counts
    if not before:
        return None
    low, high = _newcombe(both, only_before, only_after, neither)
    return AccuracyDifference(
        both, only_before, only_after, neither, low, high, _mcnemar(only_before, only_after)
    )


def _newcombe(both: int, only_before: int, only_after: int, neither: int) -> tuple[float, float]:
    """The interval of the difference of paired parts: method 10 of Newcombe 1998, Statistics in
    Medicine 17, 2635-2650.
    """
    n = both + only_before + only_after + neither
    first, second = (both + only_before) / n, (both + only_after) / n
    first_low, first_high = wilson_interval(both + only_before, n)
    second_low, second_high = wilson_interval(both + only_after, n)
    sides = (both + only_before) * (only_after + neither) * (both + only_after)
    sides *= only_before + neither
    product: float = both * neither - only_before * only_after
    if product > 0:
        product = max(product - n / 2, 0)
    phi = product / math.sqrt(sides) if sides else 0.0

    def distance(a: float, b: float) -> float:
        return math.sqrt(max(a * a - 2 * phi * a * b + b * b, 0.0))

    difference = second - first
    low = difference - distance(second - second_low, first_high - first)
    high = difference + distance(second_high - second, first - first_low)
    return max(low, -1.0), min(high, 1.0)


def _mcnemar(first: int, second: int) -> float:
    """McNemar's exact test: how likely it is that fair coins fall at least so unevenly."""
    total, least = first + second, min(first, second)
    ways, tail = 1, 0
    for heads in range(least + 1):
        tail += ways
        ways = ways * (total - heads) // (heads + 1)
    return min(float(Fraction(2 * tail, 1 << total)), 1.0)
