"""A second of sound as 11 frames of 20 coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tflint_reference_models.dataset import Floats
from tflint_reference_models.mfcc import Recipe, Stream, mfcc

RATE = 16000  # Hz, of the microphone
SECOND = 16000  # samples
KEPT = 3  # every third sample is looked at, without a filter: the recordings' recipe
# The mel scale is laid out as though what is kept had the rate of the microphone.
RECIPE = Recipe(rate=16000, size=2048, hop=512, mels=128, coefficients=20)
FRAMES = RECIPE.frames(-(-SECOND // KEPT))
SHAPE = (RECIPE.coefficients, FRAMES)


def features(samples: NDArray[np.int16]) -> Floats:
    """The coefficients of a second of sound: (16000,) int16 to (20, 11) float32.

    x = samples / 32768, every third; MFCC (`tflint_reference_models.mfcc`) with frames of 2048, a
    hop of 512 and 128 mels. Source: the recipe of the recordings of whole word folders, which hold
    features only. It costs 11 frames of 31,208 multiply-accumulates, 343,288 a second of sound,
    and 1,408 logarithms.

    Raises `ValueError` for another shape or type: a shorter second is no second.
    """
    if samples.dtype != np.int16 or samples.shape != (SECOND,):
        raise ValueError(f"{samples.dtype} {samples.shape}, not int16 ({SECOND},)")
    heard = samples[::KEPT].astype(np.float32) / np.float32(32768)
    return np.ascontiguousarray(mfcc(heard, RECIPE).T)


def stream() -> Stream:
    """The same as sound comes in: feed it every third sample / 32768; a frame of 20 every 96 ms.

    Frames have their own neighbours where a window's first and last two are mirrored, and the
    loudest is that of all that was heard: `forget` it now and then.
    """
    return Stream(RECIPE)
