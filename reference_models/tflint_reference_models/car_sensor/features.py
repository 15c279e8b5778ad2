"""What CarSensor's networks take, computed from readings as a device would."""

from __future__ import annotations

import numpy as np

from tflint_reference_models.dataset import Floats
from tflint_reference_models.gravity import high_passed, vertical_and_horizontal, without_mean

GRAVITY = 9.80665  # m/s², standard gravity (CGPM 1901)
# A corner at 1/100 of the rate: 0.1 Hz where ten readings come in a second.
SHIFT = 4


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


def streamed(readings: Floats, slow: Floats | None = None) -> tuple[Floats, Floats | None]:
    """Three axes without gravity as they come: (n, 3) in m/s² to (n, 3) in g, and the state (3,).

    The state is what the next call has to be given. See `gravity.high_passed`; for a device
    that decides after every reading and cannot wait for a window's mean.
    """
    out, state = high_passed(readings, slow, SHIFT)
    return out / np.float32(GRAVITY), state
