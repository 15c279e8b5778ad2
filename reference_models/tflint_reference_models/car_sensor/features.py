"""What CarSensor's networks take, computed from readings as a device would."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tflint_reference_models.dataset import Floats
from tflint_reference_models.gravity import high_passed, vertical_and_horizontal, without_mean

GRAVITY = 9.80665  # m/s², standard gravity (CGPM 1901)
# A corner at 1/100 of the rate: 0.1 Hz where ten readings come in a second.
SHIFT = 4
# Amounts are counted from here, in g: about one step of the coarser sensors.
FLOOR = 0.003
FURTHER = 4  # readings: a change slower than that between two
# Where the logarithms of the six amounts lie in the recordings, and how far they spread.
CENTRES, SPREAD = (-3.0, -3.0, -1.7, -3.0, -1.7, -3.0), 1.5


def axes(windows: Floats) -> Floats:
    """Three axes without gravity: (..., n, 3) in m/s² to (..., n, 3) in g.

    See `gravity.without_mean`: no multiplications but one a value, to g.
    """
    found: Floats = without_mean(windows) / np.float32(GRAVITY)
    return found


def series(windows: Floats) -> Floats:
    """Vertical and horizontal acceleration: (..., n, 3) in m/s² to (..., n, 2) in g.

    The same however the phone lies. See `gravity.vertical_and_horizontal`: 700
    multiply-accumulates and 100 square roots for 100 readings, and one a value, to g.
    """
    found: Floats = vertical_and_horizontal(windows) / np.float32(GRAVITY)
    return found


def amounts(windows: Floats) -> Floats:
    """How much each axis moves, six ways: (..., n, 3) in m/s² to (..., 18), within -1 and 1.

    With x an axis in g without its mean, over a window: the standard deviation, the mean of |x|,
    the largest |x|, the mean and the largest of |x[k] - x[k-1]|, and the mean of
    |x[k] - x[k-4]|; three axes each, in this order; of each value a, ln(a + 0.003) / 6. None of
    them asks when a reading was taken. Time-domain features as in D. Figo et al.,
    "Preprocessing techniques for context recognition from accelerometer data", Personal and
    Ubiquitous Computing 14, 2010.

    For 100 readings, beside `axes`: 300 multiply-accumulates, about 1,800 additions and
    comparisons, three square roots and 18 logarithms.
    """
    found: Floats = (_logarithms(axes(windows)) / 6).astype(np.float32)
    return found


def movement(windows: Floats) -> Floats:
    """The amounts of the three axes, and the same six of the vertical and the horizontal:
    (..., n, 3) in m/s² to (..., 30), within -3 and 5 for sensors of up to 16 g.

    The first 18 say how much a phone is moved, however slightly; the last 12, of `series`, the
    same however it lies. Of each value a, (ln(a + 0.003) - c) / 1.5, where c is -1.7 for the
    largest and -3 for the means: about its mean and spread in the recordings, without which a
    network learns but slowly. For 256 readings, beside both: 1,280 multiply-accumulates, about
    7,500 additions and comparisons, five square roots and 30 logarithms.
    """
    signals = (axes(windows), series(windows))
    parts = [_logarithms(signal) - np.repeat(CENTRES, signal.shape[-1]) for signal in signals]
    found: Floats = (np.concatenate(parts, axis=-1) / SPREAD).astype(np.float32)
    return found


def _logarithms(signals: Floats) -> NDArray[np.float64]:
    """(..., n, channels) in g to (..., 6 * channels): one amount of each channel, then the next."""
    level = signals.astype(np.float64)
    size = np.abs(level)
    change = np.abs(level[..., 1:, :] - level[..., :-1, :])
    slower = np.abs(level[..., FURTHER:, :] - level[..., :-FURTHER, :])
    held = [
        np.sqrt(np.square(level).mean(axis=-2)),
        size.mean(axis=-2),
        size.max(axis=-2),
        change.mean(axis=-2),
        change.max(axis=-2),
        slower.mean(axis=-2),
    ]
    found: NDArray[np.float64] = np.log(np.concatenate(held, axis=-1) + FLOOR)
    return found


def streamed(readings: Floats, slow: Floats | None = None) -> tuple[Floats, Floats | None]:
    """Three axes without gravity as they come: (n, 3) in m/s² to (n, 3) in g, and the state (3,).

    The state is what the next call has to be given. See `gravity.high_passed`; for a device
    that decides after every reading and cannot wait for a window's mean.
    """
    out, state = high_passed(readings, slow, SHIFT)
    return out / np.float32(GRAVITY), state
