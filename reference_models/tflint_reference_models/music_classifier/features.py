"""Five seconds of music as 216 frames of 13 coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tflint_reference_models.dataset import Floats
from tflint_reference_models.mfcc import Recipe, Stream, mfcc

RATE = 22050  # Hz
PIECE = 5 * RATE  # samples
RECIPE = Recipe(rate=RATE, size=2048, hop=512, mels=128, coefficients=13)
FRAMES = RECIPE.frames(PIECE)
SHAPE = (FRAMES, RECIPE.coefficients)


def features(samples: NDArray[np.int16]) -> Floats:
    """The coefficients of five seconds at 22,050 Hz: (110250,) int16 to (216, 13) float32.

    x = samples / 32768; MFCC (`tflint_reference_models.mfcc`) with frames of 2048, a hop of 512
    and 128 mels. Source: the recipe of the original, librosa's `feature.mfcc`; the recordings have
    the same of whole songs. It costs 216 frames of 30,310 multiply-accumulates, 6,546,960 in five
    seconds, and 27,648 logarithms.

    Raises `ValueError` for another shape or type.
    """
    if samples.dtype != np.int16 or samples.shape != (PIECE,):
        raise ValueError(f"{samples.dtype} {samples.shape}, not int16 ({PIECE},)")
    return mfcc(samples.astype(np.float32) / np.float32(32768), RECIPE)


def stream() -> Stream:
    """The same as sound comes in, a frame of 13 every 512 samples.

    What is 80 dB below the loudest is cut off; here that is the loudest so far, as 216 frames of
    128 levels do not fit a device.
    """
    return Stream(RECIPE)


# Of whole songs, to whole numbers: a mean, and what most differ from it by, for each coefficient.
MEAN = (-144, 99, -9, 36, -1, 15, -5, 10, -7, 8, -6, 5, -5)
SPREAD = (117, 41, 30, 22, 18, 16, 14, 14, 12, 12, 11, 11, 10)


def standardised(coefficients: Floats) -> Floats:
    """Coefficients (..., 13) in units of their spread, so that one step of int8 suits them all.

    With `SPREAD` and the step of the network's input as constants that is one multiplication and
    one addition each.
    """
    mean, spread = np.array(MEAN, np.float32), np.array(SPREAD, np.float32)
    return np.asarray((coefficients - mean) / spread, np.float32)
