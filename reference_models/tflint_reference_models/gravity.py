"""Parting what an accelerometer feels from gravity.

An accelerometer at rest shows 1 g upwards. How a phone lies in a pocket or a car is chance, so a
network that sees gravity learns the pockets it was trained on. Two ways out: subtract the mean of
each axis, and turn the readings so that one axis is the vertical.
"""

from __future__ import annotations

import numpy as np

from tflint_reference_models.dataset import Floats


def without_mean(windows: Floats) -> Floats:
    """Windows less the mean of each axis: (..., n, 3) to the same, in the same unit.

    Adds up 3n numbers, divides 3 (a shift where n is a power of two), subtracts 3n; no
    multiplications. Sums are taken in 64 bits: of 16-bit readings they are exact, in any order.
    """
    wide = windows.astype(np.float64)
    moved: Floats = (wide - wide.mean(axis=-2, keepdims=True)).astype(np.float32)
    return moved


def vertical_and_horizontal(windows: Floats) -> Floats:
    """Acceleration along gravity and across it: (..., n, 3) to (..., n, 2), in the same unit.

    With g the mean of a window and d = a - g: the vertical is v = d·g/|g|, signed, and the
    horizontal h = sqrt(d·d - v²), never negative. Turning the sensor changes neither. Where the
    mean is zero there is no vertical: v = 0 and h = |d|. After D. Mizell, "Using gravity to
    estimate accelerometer orientation", ISWC 2003.

    Costs 7n multiply-accumulates and n square roots, and once 6 multiplications, a square root
    and a division. d·d is exact in 64 bits for 16-bit readings and windows of up to 256.
    """
    wide = windows.astype(np.float64)
    mean = wide.mean(axis=-2, keepdims=True)
    moved = wide - mean
    size = np.sqrt(np.square(mean).sum(axis=-1, keepdims=True))
    upwards = np.divide(mean, size, out=np.zeros_like(mean), where=size > 0)
    vertical = (moved * upwards).sum(axis=-1)
    # Rounding may leave a hair less than nothing under the root.
    across = np.maximum(np.square(moved).sum(axis=-1) - np.square(vertical), 0)
    return np.stack([vertical, np.sqrt(across)], axis=-1).astype(np.float32)


def high_passed(readings: Floats, slow: Floats | None, shift: int) -> tuple[Floats, Floats | None]:
    """Readings as they come, less a slow mean of each axis: (n, 3) to (n, 3), and the mean (3,).

    slow += (a - slow) / 2**shift; out = a - slow: a first-order high-pass whose corner is at
    rate / (2π · 2**shift) hertz, one subtraction, one shift, one addition and one subtraction
    an axis and reading, no multiplication. Hand the mean that comes out to the next call; None
    starts with the first reading, so that nothing has to settle. In float32, step by step, as
    the device does it.
    """
    if slow is None:
        if not len(readings):
            return readings.astype(np.float32), None
        slow = readings[0]
    state = slow.astype(np.float32)
    factor = np.float32(2.0**-shift)
    out = np.empty(readings.shape, np.float32)
    for place, reading in enumerate(readings.astype(np.float32)):
        state = state + (reading - state) * factor
        out[place] = reading - state
    return out, state
