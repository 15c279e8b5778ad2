"""Shares as cards show them: never better than they are."""

from __future__ import annotations

import math

from tflint_reference_models.training.counts import Interval

# A share that is a tenth of a percent is one, whatever the last bit of a float says.
_SLACK = 1e-9


def percent(share: float, digits: int = 1) -> str:
    """A part of 1 in percent, the rest cut off: 0.88449 is `88.4 %`."""
    return f"{_down(share, digits):.{digits}f} %"


def percent_at_most(share: float, digits: int = 1) -> str:
    """The same of what had better be small, rounded up: 0.04901 is `5.0 %`."""
    return f"{_up(share, digits):.{digits}f} %"


def interval_text(interval: Interval | None) -> str:
    """An interval in percent, its ends rounded outwards: `86.2 to 89.1 %`; a dash for none."""
    if interval is None:
        return "–"
    return f"{_down(interval[0]):.1f} to {_up(interval[1]):.1f} %"


def _down(share: float, digits: int = 1) -> float:
    factor: int = 10**digits
    return math.floor(100 * factor * share + _SLACK) / factor


def _up(share: float, digits: int = 1) -> float:
    factor: int = 10**digits
    return math.ceil(100 * factor * share - _SLACK) / factor
