"""From what a tensor's values are to the range that its integers shall cover.

`minmax` covers everything that was seen. `percentile` leaves out the rarest values at either end.
`mse` takes the range with the smallest mean squared error of rounding and clipping together.
Which is best depends on the network: rare values may be noise or the very answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tflint.fix.quantize.histogram import Histogram

Range = tuple[float, float]
# The share of values that `percentile` keeps at each end.
PERCENTILE = 99.99
LOW_PERCENTILE = 99.9
# How many ends `mse` tries for each side, from the widest range down to a tenth of it.
_CANDIDATES = 64
_NARROWEST = 0.1
# exp(-8) is less than a tenth of the step of int8 probabilities.
_BEHIND = 8.0
_SLACK = 0.1


def minmax(histogram: Histogram, levels: int) -> Range:
    """From the smallest to the largest value."""
    return _with_zero(histogram.low, histogram.high)


def percentile(histogram: Histogram, levels: int, *, share: float = PERCENTILE) -> Range:
    """The range in which `share` percent of the values lie, as many outside at each end."""
    counts, total = histogram.counts, int(histogram.counts.sum())
    if total == 0 or histogram.reach == 0:
        return minmax(histogram, levels)
    outside = total * (1 - share / 100)
    below = np.cumsum(counts)
    edges = histogram.edges()
    first = int(np.searchsorted(below, outside, side="right"))
    last = int(np.searchsorted(below, total - outside, side="left"))
    low = max(float(edges[min(first, len(counts) - 1)]), histogram.low)
    high = min(float(edges[min(last, len(counts) - 1) + 1]), histogram.high)
    return _with_zero(min(low, high), max(low, high))


def mse(histogram: Histogram, levels: int) -> Range:
    """The range whose rounding and clipping together err least, for `levels` steps.

    Both ends are moved in turn until neither gains: the error is convex enough in each for that.
    """
    widest = minmax(histogram, levels)
    used = np.flatnonzero(histogram.counts)
    if len(used) == 0 or histogram.reach == 0:
        return widest
    edges = histogram.edges()
    values = (edges[used] + edges[used + 1]) / 2
    weights = histogram.counts[used].astype(np.float64)
    best, least = widest, _error(values, weights, *widest, levels)
    shares = [float(share) for share in np.linspace(1.0, _NARROWEST, _CANDIDATES)]
    for _ in range(3):
        before = best
        for end in (0, 1):
            if widest[end] == 0:
                continue
            for share in shares:
                candidate = (
                    (widest[0] * share, best[1]) if end == 0 else (best[0], widest[1] * share)
                )
                error = _error(values, weights, *candidate, levels)
                if error < least:
                    best, least = candidate, error
        if best == before:
            break
    return best


def saturating(histogram: Histogram, limit: float) -> Range:
    """The range for a value that only a function reads which does not change beyond `limit`."""
    low, high = histogram.low, histogram.high
    return _with_zero(max(low, -limit), min(high, limit))


def competing(histogram: Histogram, top: float) -> Range:
    """The range for logits, of which only those count that are near the largest of their row.

    `top` is the smallest that the largest of a row was. Below it by `_BEHIND` a softmax gives
    nothing; rows of other samples may have theirs somewhat lower.
    """
    low = top - _BEHIND - _SLACK * (histogram.high - top)
    return _with_zero(max(histogram.low, low), histogram.high)


def _error(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    low: float,
    high: float,
    levels: int,
) -> float:
    """The sum of squared errors: exact for what is clipped, step^2 / 12 for what is rounded."""
    if high <= low:
        return float("inf")
    step = (high - low) / levels
    clipped = values - np.clip(values, low, high)
    inside = clipped == 0
    squares = float(np.dot(weights, clipped * clipped))
    return squares + float(weights[inside].sum()) * step * step / 12


def _with_zero(low: float, high: float) -> Range:
    """A range that holds zero, which padding and rectified values stand for; never empty."""
    low, high = min(low, 0.0), max(high, 0.0)
    return (low, high) if high > low else (0.0, 1.0)


Method = Callable[[Histogram, int], Range]
METHODS: dict[str, Method] = {"minmax": minmax, "percentile": percentile, "mse": mse}
# What the best is chosen from. Rare values may be many: one sample in a hundred, say.
CANDIDATES: dict[str, Method] = {
    "minmax": minmax,
    f"percentile {PERCENTILE:g}": percentile,
    f"percentile {LOW_PERCENTILE:g}": functools.partial(percentile, share=LOW_PERCENTILE),
    "mse": mse,
}
