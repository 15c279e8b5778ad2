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
# Of each coefficient over all frames of the utterances that are trained on: one scale serves all of
# a network's input once they are integers, and the first coefficient spreads 18 times as far as the
# last.
# fmt: off
MEANS = (
    -319.1, 29.7, -23.8, -5.5, -8.9, -6.5, -9.0, -4.2, -3.6, -0.2,
    0.3, 0.0, -0.4, -1.0, -0.1, 0.5, 1.2, 1.9, 1.7, 1.8,
)
SPREADS = (
    190.8, 46.2, 38.0, 29.8, 20.4, 18.3, 15.8, 13.9, 13.1, 13.3,
    12.8, 12.6, 12.2, 11.7, 11.3, 10.7, 10.6, 11.0, 11.1, 11.1,
)
# fmt: on


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


def standardised(coefficients: Floats) -> Floats:
    """Coefficients (n, 20, 11) of mean 0 and spread 1.

    A subtraction and a multiplication each, 440 a second of sound, of which the scale of a
    network's input may be made part.
    """
    means, spreads = np.array(MEANS, np.float32), np.array(SPREADS, np.float32)
    found: Floats = (coefficients - means[:, np.newaxis]) / spreads[:, np.newaxis]
    return found


def as_frames(coefficients: Floats) -> Floats:
    """What our network takes: 11 frames, one after the other, of 20 channels (n, 11, 1, 20).

    A device writes each frame behind the last as it comes in.
    """
    standard = standardised(coefficients)
    return np.ascontiguousarray(standard.transpose(0, 2, 1)[:, :, np.newaxis])


def as_image(coefficients: Floats) -> Floats:
    """What the original's network takes, on these coefficients: (n, 20, 11, 1)."""
    return np.ascontiguousarray(standardised(coefficients)[..., np.newaxis])


def stream() -> Stream:
    """The same as sound comes in: feed it every third sample / 32768; a frame of 20 every 96 ms.

    Frames have their own neighbours where a window's first and last two are mirrored, and the
    loudest is that of all that was heard: `forget` it now and then.
    """
    return Stream(RECIPE)
