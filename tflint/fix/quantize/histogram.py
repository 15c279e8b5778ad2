"""What values a tensor takes over many samples: exact ends, and a histogram of bounded size."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# Even, so that two bins become one when the range doubles and zero stays an edge.
BINS = 8192
# More than these of one tensor and sample are not counted one by one; the ends are exact anyway.
# Odd steps through them meet every channel, as there are mostly a power of two of those.
MAX_COUNTED = 1 << 16


@dataclass(slots=True)
class Histogram:
    """Values of one tensor, counted in bins from -`reach` to `reach`, a power of two.

    `counts` has the elements a bin; `low` and `high` are the exact smallest and largest value,
    `samples` the number of arrays seen. `is_finite` is False once a value was infinite or NaN.
    """

    low: float = np.inf
    high: float = -np.inf
    reach: float = 0.0
    samples: int = 0
    is_finite: bool = True
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))

    def add(self, values: NDArray[np.float32]) -> None:
        """Count an array's elements, or a part of them that no channel is left out of."""
        self.samples += 1
        if values.size == 0:
            return
        low, high = float(np.min(values)), float(np.max(values))
        if not (np.isfinite(low) and np.isfinite(high)):
            self.is_finite = False
            return
        self.low, self.high = min(self.low, low), max(self.high, high)
        self._widen(max(-low, high))
        flat = values.reshape(-1)
        flat = flat[:: 2 * (flat.size // (2 * MAX_COUNTED)) + 1]
        if self.reach == 0:
            self.counts[BINS // 2] += flat.size
            return
        places = (flat.astype(np.float64) + self.reach) * (BINS / (2 * self.reach))
        index = np.minimum(places.astype(np.int64), BINS - 1)
        self.counts += np.bincount(index, minlength=BINS)

    def _widen(self, extent: float) -> None:
        """Make room for values up to this far from zero, by joining bins."""
        if extent <= self.reach:
            return
        reach = float(2.0 ** np.ceil(np.log2(max(extent, 1e-30))))
        reach = reach if reach >= extent else 2 * reach
        if self.reach == 0:
            # All zeros so far; they lie at the edge that is zero.
            self.reach = reach
            return
        steps = round(np.log2(reach / self.reach))
        for _ in range(min(steps, BINS.bit_length())):
            joined = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts = np.zeros(BINS, np.int64)
            self.counts[BINS // 4 : BINS // 4 + BINS // 2] = joined
        self.reach = reach

    def widened(self, reach: float) -> NDArray[np.int64]:
        """The counts in bins for a reach at least as large."""
        copy = Histogram(reach=self.reach, counts=self.counts.copy())
        copy._widen(reach)
        return copy.counts

    def edges(self) -> NDArray[np.float64]:
        """The `BINS + 1` edges of the bins."""
        return np.linspace(-self.reach, self.reach, BINS + 1)


def merged(left: Histogram, right: Histogram) -> Histogram:
    """What both have seen."""
    reach = max(left.reach, right.reach)
    return Histogram(
        min(left.low, right.low),
        max(left.high, right.high),
        reach,
        left.samples + right.samples,
        left.is_finite and right.is_finite,
        left.widened(reach) + right.widened(reach),
    )
