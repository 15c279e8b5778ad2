"""Other five seconds that the same songs, or others like them, might have had, for training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tflint_reference_models.dataset import Floats, Integers
from tflint_reference_models.music_classifier.data import PIECES, STARTS
from tflint_reference_models.music_classifier.features import FRAMES

# What numbers are drawn from for a mixture: most are mainly of one of the two.
_MIXING = 0.5  # both parameters of a beta distribution


@dataclass(frozen=True, slots=True)
class Variation:
    """How much windows of standardised coefficients vary.

    `pace` is the most by which the duration differs, as a part of it. A part `mixed` of them has
    some of another's coefficients added. `gain`, `shift` and `loudness` are standard deviations:
    of the logarithm of what multiplies a coefficient's differences from its mean, of what is added
    to each coefficient of a window, and of what is added to its first besides.
    """

    pace: float = 0.15
    mixed: float = 0.5
    gain: float = 0.1
    shift: float = 0.15
    loudness: float = 0.3


@dataclass(frozen=True)
class Stretches:
    """What windows may be cut from: `songs` (n,), and the frames from `begins` (n,) up to, and
    without, `ends` (n,).
    """

    songs: Integers
    begins: Integers
    ends: Integers


def stretches(places: Integers, songs: Integers) -> Stretches:
    """For each window, the longest part of its song that windows among `places` cover.

    Window n is piece n % 6 of `songs[n // 6]`. Five seconds that are not trained on are in none.
    """
    held = np.zeros((len(songs), PIECES), bool)
    held.reshape(-1)[places] = True
    piece = places % PIECES
    first, last = piece.copy(), piece.copy()
    for _ in range(PIECES - 1):
        first -= (first > 0) & held[places // PIECES, np.maximum(first - 1, 0)]
        last += (last < PIECES - 1) & held[places // PIECES, np.minimum(last + 1, PIECES - 1)]
    starts = np.array(STARTS)
    return Stretches(songs[places // PIECES], starts[first], starts[last] + FRAMES)


def varied(
    frames: Floats, where: Stretches, variation: Variation, rng: np.random.Generator
) -> Floats:
    """A window (216, 13, 1) for each of `where`, cut anywhere from it, at another pace.

    `frames` are the songs' standardised coefficients (songs, frames, 13). Those between two frames
    are interpolated linearly.
    """
    count = len(where.songs)
    found = _cut(frames, where, variation.pace, rng)
    mixed = np.flatnonzero(rng.random(count) < variation.mixed)
    others = rng.integers(0, count, len(mixed))
    other = Stretches(where.songs[others], where.begins[others], where.ends[others])
    part = rng.beta(_MIXING, _MIXING, (len(mixed), 1, 1)).astype(np.float32)
    found[mixed] = part * found[mixed] + (1 - part) * _cut(frames, other, variation.pace, rng)
    mean = found.mean(axis=1, keepdims=True)
    wide = (count, 1, frames.shape[2])
    gain = np.exp(rng.normal(0, variation.gain, wide)).astype(np.float32)
    found = mean + (found - mean) * gain
    found += rng.normal(0, variation.shift, wide).astype(np.float32)
    found[:, :, 0] += rng.normal(0, variation.loudness, (count, 1)).astype(np.float32)
    return np.asarray(found[..., np.newaxis], np.float32)


def _cut(frames: Floats, where: Stretches, pace: float, rng: np.random.Generator) -> Floats:
    count = len(where.songs)
    room = where.ends - where.begins - 1
    span = np.minimum((FRAMES - 1) * (1 + rng.uniform(-pace, pace, count)), room)
    begin = where.begins + rng.random(count) * (room - span)
    at = begin[:, np.newaxis] + span[:, np.newaxis] * np.linspace(0, 1, FRAMES)
    # The frame after the last of a stretch is not among what is trained on.
    left = np.minimum(at.astype(np.int64), where.ends[:, np.newaxis] - 2)
    part = (at - left)[:, :, np.newaxis].astype(np.float32)
    song = where.songs[:, np.newaxis]
    found: Floats = frames[song, left] * (1 - part) + frames[song, left + 1] * part
    return found
