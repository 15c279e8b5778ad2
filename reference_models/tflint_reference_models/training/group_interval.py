"""Intervals for samples that are alike in groups: windows of a subject, of a song, of a session."""

from __future__ import annotations

import math
from collections.abc import Sequence

# What `t_quantile` is right to, far below what a figure shows.
_PRECISION = 1e-10


def interval_over_groups(
    share: float, influences: Sequence[float], level: float = 0.95
) -> tuple[float, float] | None:
    """How far a share may be off where groups, not samples, were drawn: its ends, parts of 1.

    `influences` has for each group what it moves the share by (they add up to 0), as Taylor's
    linearisation of a ratio or of a mean of ratios gives it. Their variance, with Student's t of
    one degree less than there are groups, is taken over to the logit, where the interval stays
    within 0 to 1. None for fewer than two groups, and where all or nothing is right or no group
    differs: there the groups tell nothing.

    Source: E. L. Korn and B. I. Graubard, "Confidence intervals for proportions with small expected
    number of positive counts estimated from survey data", Survey Methodology 24 (1998), pages
    193-201; W. G. Cochran, "Sampling techniques" (1977), chapter 9A, for samples in clusters.
    """
    groups = len(influences)
    if groups < 2 or not 0 < share < 1:
        return None
    variance = groups / (groups - 1) * math.fsum(one * one for one in influences)
    if variance <= 0:
        return None
    middle = math.log(share / (1 - share))
    reach = t_quantile((1 + level) / 2, groups - 1) * math.sqrt(variance) / (share * (1 - share))
    return _logistic(middle - reach), _logistic(middle + reach)


def _logistic(value: float) -> float:
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    power = math.exp(value) if value > -700 else 0.0
    return power / (1 + power)


def t_quantile(part: float, degrees: int) -> float:
    """Student's t that a `part` (0.5 to 1) of the distribution lies below.

    The distribution of whole degrees of freedom is a finite sum (Abramowitz and Stegun, "Handbook
    of mathematical functions", 26.7.3 and 26.7.4), which is halved down to.
    """
    low, high = 0.0, 1.0
    while _below(high, degrees) < part:
        high *= 2
    while high - low > _PRECISION * high:
        middle = (low + high) / 2
        if _below(middle, degrees) < part:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _below(t: float, degrees: int) -> float:
    """The part of Student's distribution that is below `t`, which is not negative."""
    angle = math.atan(t / math.sqrt(degrees))
    cosine, sine = math.cos(angle), math.sin(angle)
    is_odd = degrees % 2 == 1
    term = cosine if is_odd else 1.0
    total = term if degrees > 1 else 0.0
    for step in range(3 if is_odd else 2, degrees - 1, 2):
        term *= cosine * cosine * (step - 1) / step
        total += term
    within = 2 / math.pi * (angle + sine * total) if is_odd else sine * total
    return 0.5 + within / 2
