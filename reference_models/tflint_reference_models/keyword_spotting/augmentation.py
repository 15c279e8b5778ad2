"""Other recordings that the same words might have been, from their coefficients alone.

Whole word folders come without samples. 20 coefficients give back the levels of 128 mels, smoothed:
there a voice, a microphone and a room can be changed nearly as in sound, and taken to coefficients
again. What changes all mels of a frame alike, or adds to them, needs no way there and back.

Sources: N. Jaitly, G. Hinton, "Vocal tract length perturbation (VTLP) improves speech recognition",
ICML workshop on deep learning for audio, speech and language, 2013.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from tflint_reference_models.dataset import Floats
from tflint_reference_models.keyword_spotting.features import RECIPE
from tflint_reference_models.mfcc import Doubles, cosines, frequency, mel

# Vocal tracts from those of children to those of large men, as factors of frequencies.
_TRACTS = np.exp(np.linspace(np.log(0.8), np.log(1.25), 45))


@dataclass(frozen=True, slots=True)
class Variation:
    """How much utterances vary. All but the last two are standard deviations.

    `tract` is of the logarithm of the factor of frequencies, `stretch` of that of durations;
    `shift` is in frames, `gain` in dB. `channel` in dB is that of the mean level of all mels, if
    the first coefficient were varied like the others: a microphone's response, and a room's.
    `noisy` is the part of the utterances that get noise, of any colour, its loudest mel up to
    `faintest` dB below the loudest of the word.
    """

    tract: float = 0.08
    stretch: float = 0.08
    shift: float = 0.8
    gain: float = 6.0
    channel: float = 0.6
    noisy: float = 0.2
    faintest: float = 40.0


def varied(features: Floats, variation: Variation, rng: np.random.Generator) -> Floats:
    """Utterances (n, 20, 11) as others might have spoken them, or elsewhere."""
    frames = np.ascontiguousarray(features.transpose(0, 2, 1))
    count = len(frames)
    stretches = np.exp(rng.normal(0, variation.stretch, count))
    frames = moved(frames, rng.normal(0, variation.shift, count), stretches)
    frames = with_tracts(frames, np.exp(rng.normal(0, variation.tract, count)))
    noisy = np.flatnonzero(rng.random(count) < variation.noisy)
    frames[noisy] = with_noise(frames[noisy], variation.faintest, rng)
    frames += channels(count, variation, rng)[:, np.newaxis]
    return np.ascontiguousarray(frames.transpose(0, 2, 1))


def moved(frames: Floats, shifts: Doubles, stretches: Doubles) -> Floats:
    """Utterances (n, 11, 20) later by `shifts` (n,) frames, and `stretches` (n,) times as long.

    Frames are interpolated linearly; before the first and after the last it is quiet, like the
    quietest frame of the utterance.
    """
    count, length, _ = frames.shape
    every = np.arange(count)
    quiet = frames[every, frames[:, :, 0].argmin(axis=1)][:, np.newaxis]
    wider = np.concatenate([quiet, frames, quiet], axis=1)
    middle = (length - 1) / 2
    at = (np.arange(length) - middle - shifts[:, np.newaxis]) / stretches[:, np.newaxis] + middle
    at = np.clip(at + 1, 0, length + 1)
    left = np.minimum(at.astype(np.int64), length)
    part = (at - left)[:, :, np.newaxis].astype(np.float32)
    rows = every[:, np.newaxis]
    found: Floats = wider[rows, left] * (1 - part) + wider[rows, left + 1] * part
    return found


@cache
def _tracts() -> Floats:
    """What frames are multiplied by, to the right, for each of `_TRACTS`: (tracts, 20, 20)."""
    mels = RECIPE.mels
    highest = float(mel(np.array(RECIPE.rate / 2)))
    centres = np.linspace(0, highest, mels + 2)[1:-1]
    there_and_back = cosines(mels, RECIPE.coefficients)
    found = []
    for factor in _TRACTS:
        at = np.interp(mel(frequency(centres) / factor), centres, np.arange(mels))
        left = np.minimum(at.astype(np.int64), mels - 2)
        taken = np.zeros((mels, mels))
        taken[np.arange(mels), left] = 1 - (at - left)
        taken[np.arange(mels), left + 1] = at - left
        found.append(there_and_back @ taken.T @ there_and_back.T)
    return np.array(found, np.float32)


def with_tracts(frames: Floats, factors: Doubles) -> Floats:
    """Utterances (n, 11, 20) with all frequencies multiplied by `factors` (n,), of 0.8 to 1.25.

    Factors are rounded to one of 45. A third of the samples was kept without a filter: what was
    folded down moves along, the wrong way, as it may between two speakers.
    """
    middles = np.sqrt(_TRACTS[1:] * _TRACTS[:-1])
    nearest = np.searchsorted(middles, factors)
    found = np.empty_like(frames)
    for number in np.unique(nearest):
        chosen = nearest == number
        found[chosen] = frames[chosen] @ _tracts()[number]
    return found


def with_noise(frames: Floats, faintest: float, rng: np.random.Generator) -> Floats:
    """Utterances (n, 11, 20) and a steady noise each, of any colour: powers add up.

    Its loudest mel is 0 to `faintest` dB below the utterance's loudest.
    """
    count = len(frames)
    order = np.arange(1, RECIPE.coefficients)
    back = cosines(RECIPE.mels, RECIPE.coefficients)
    levels = frames.astype(np.float64) @ back
    colour = (rng.normal(0, 40, (count, len(order))) / order) @ back[1:]
    below = rng.uniform(0, faintest, count)
    loudest = levels.max(axis=(1, 2), initial=-np.inf) - below
    steady = colour - colour.max(axis=1, keepdims=True) + loudest[:, np.newaxis]
    flickering = steady[:, np.newaxis] + rng.normal(0, 1, (count, frames.shape[1], 1))
    power = np.power(10, levels / 10) + np.power(10, flickering / 10)
    return np.asarray(10 * np.log10(power) @ back.T, np.float32)


def channels(count: int, variation: Variation, rng: np.random.Generator) -> Floats:
    """What to add to the coefficients of utterances: (count, 20).

    A gain of 1 dB is sqrt(mels) in the first coefficient; responses are smooth, so that later
    coefficients vary less, by the square root of their order.
    """
    unit = np.sqrt(RECIPE.mels)
    order = np.arange(1, RECIPE.coefficients + 1)
    found = rng.normal(0, variation.channel, (count, len(order))) * unit / np.sqrt(order)
    found[:, 0] += rng.normal(0, variation.gain, count) * unit
    return np.asarray(found, np.float32)
