"""What MotionSense's networks take, computed from readings as a device would."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tflint_reference_models.dataset import Floats
from tflint_reference_models.gravity import vertical_and_horizontal

# Lines of a 256-point spectrum at 50 Hz (0.195 Hz each) where a band begins; the last is the end.
# Each line up to 2.5 Hz, where steps are counted; then ever wider, to 20 Hz.
BANDS = (
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    15,
    17,
    20,
    24,
    28,
    33,
    39,
    46,
    54,
    64,
    77,
    90,
    103,
)
# Power is counted from here: about what the sensor's noise leaves, so that rest is one value.
FLOOR = 1e-3


def series(windows: Floats) -> Floats:
    """Vertical and horizontal acceleration: (..., 256, 3) in g to (..., 256, 2) in g.

    See `gravity.vertical_and_horizontal`: 1,792 multiply-accumulates and 256 square roots.
    """
    return vertical_and_horizontal(windows)


def bands(windows: Floats) -> Floats:
    """The logarithm of the power in 24 bands: (..., 256, 3) in g to (..., 24, 2).

    Of the vertical and the horizontal, each less its mean: a periodic Hann window
    w[k] = 0.5 - 0.5 cos(2πk/256), the 256-point FFT X, and ln(mean of |X|² over the lines of a
    band + 0.001) / 8, which is within about -1 and 1.5. Welch's periodogram of one segment
    (P. D. Welch, IEEE Trans. Audio Electroacoustics 15, 1967).

    Costs `series`, and a channel 256 multiplications by the window, 2,304 multiply-accumulates
    of a radix-2 FFT (128 complex points, then parted), 202 for the power, and 24 logarithms:
    about 7,300 multiply-accumulates in all, once in 2.56 s.
    """
    length = windows.shape[-2]
    if length != 256:
        raise ValueError(f"windows of 256 readings, not of {length}")
    moving = series(windows).astype(np.float64)
    moving -= moving.mean(axis=-2, keepdims=True)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    lines = np.fft.rfft(moving * hann[:, np.newaxis], axis=-2)
    power = np.square(lines.real) + np.square(lines.imag)
    edges = np.array(BANDS)
    total = np.add.reduceat(power[..., : edges[-1], :], edges[:-1], axis=-2)
    mean = total / np.diff(edges)[:, np.newaxis]
    found: Floats = (np.log(mean + FLOOR) / 8).astype(np.float32)
    return found


def recurrence_plot(readings: Floats, size: int = 32, step: float = 0.1, most: int = 100) -> Floats:
    """How alike each two moments are: (..., n, columns) to (..., size, size), within 0 to 1.

    D[i, j] = min(floor(|x_i - x_j| / step), most), scaled down and divided by `most`. Scaling is
    a Gaussian of standard deviation (n / size - 1) / 2 with zeros outside the plot (so its rim is
    darker), cut off at four of them, then linear interpolation at the pixels' centres. That was
    found by comparing with the original's plots, with which it correlates by 0.985 to 1, and
    ways without the zeros by as little as 0.74. Eckmann, Kamphorst, Ruelle: "Recurrence plots of
    dynamical systems", Europhysics Letters 4, 1987.

    Not for a device: n² / 2 distances of as many multiply-accumulates as there are columns
    (13.5 million for 1,500 rows of 12) and n² bytes. Raises `ValueError` for fewer than 2 * size
    rows.
    """
    count = readings.shape[-2]
    if count < 2 * size:
        raise ValueError(f"{count} rows for a plot of {size}")
    wide = readings.astype(np.float64)
    squares = np.square(wide).sum(axis=-1)
    products = wide @ np.swapaxes(wide, -1, -2)
    between = squares[..., :, np.newaxis] + squares[..., np.newaxis, :] - 2 * products
    distances = np.sqrt(np.maximum(between, 0))
    plot = np.minimum(np.floor(distances / step), most)
    smaller = _scaled_down(count, size)
    found: Floats = (smaller @ plot @ smaller.T / most).astype(np.float32)
    return found


def _scaled_down(count: int, size: int) -> NDArray[np.float64]:
    """The weights (size, count) that scale one side of a plot down."""
    factor = count / size
    spread = (factor - 1) / 2
    reach = int(4 * spread + 0.5)
    kernel = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / spread))
    kernel /= kernel.sum()
    centres = (np.arange(size) + 0.5) * factor - 0.5
    left = np.floor(centres).astype(np.int64)
    weights = np.zeros((size, count + 2 * reach + 1))
    for row, (first, part) in enumerate(zip(left, centres - left, strict=True)):
        weights[row, first : first + len(kernel)] += (1 - part) * kernel
        weights[row, first + 1 : first + 1 + len(kernel)] += part * kernel
    return weights[:, reach : reach + count]
