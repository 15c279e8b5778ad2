"""How far a share that was counted may be off."""

from __future__ import annotations

import math

# The 97.5 % quantile of the normal distribution: 95 % lie within as many deviations.
Z_95 = 1.959963984540054


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of a binomial share: its least and greatest value, parts of 1.

    They are the shares p at which the score test just does not reject `successes` of `trials`:
    |successes / trials - p| = z sqrt(p (1 - p) / trials). Unlike the textbook's interval it never
    leaves 0 to 1 and does not shrink to nothing where all trials succeed. Without trials nothing is
    known: (0, 1).

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927), pages 209-212. For its coverage with
    few trials see Brown, Cai and DasGupta, Statistical Science 16 (2001), pages 101-133.
    """
    if trials == 0:
        return 0.0, 1.0
    share, square = successes / trials, z * z / trials
    middle = share + square / 2
    reach = math.sqrt(square * (share * (1 - share) + square / 4))
    # The ends where none or all succeed are exact, which rounding would miss.
    low = 0.0 if successes == 0 else max((middle - reach) / (1 + square), 0.0)
    high = 1.0 if successes == trials else min((middle + reach) / (1 + square), 1.0)
    return low, high
