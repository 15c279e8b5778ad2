"""Mel-frequency cepstral coefficients, from samples, by a recipe that is fixed.

    power   |FFT(Hann window x samples)|^2 of the frames, which are centred on multiples of the hop;
            the signal is mirrored at its ends, the outermost sample not repeated
    mel     triangles of area 1 on Slaney's scale: linear to 1 kHz (200/3 Hz a mel), then
            27 mels for each factor of 6.4
    level   10 log10(max(mel, 1e-10)), and nothing lower than `top_db` under the loudest
    cepstra orthonormal DCT-II of the levels, its first coefficients

Sources: Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word
recognition", IEEE Trans. ASSP 28(4), 1980; Slaney, "Auditory Toolbox", Interval Research technical
report 1998-010; the values are those of librosa's `feature.mfcc`.

Sums are made in 64 bits and rounded once at the end, so that all machines give the same; a device
computes in 32 bits what the tests hold to within 0.01.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tflint_reference_models.dataset import Floats

Doubles = NDArray[np.float64]

LEAST = 1e-10
LINEAR_HZ, LINEAR_STEP, LOG_STEP = 1000.0, 200.0 / 3, float(np.log(6.4) / 27)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What makes coefficients out of samples.

    `rate` in Hz is what the mel scale is laid out for, `size` the samples of a frame (a power of
    two), `hop` from one frame to the next. `top_db` is how far below the loudest level is heard.
    """

    rate: int
    size: int
    hop: int
    mels: int
    coefficients: int
    top_db: float = 80.0

    def frames(self, samples: int) -> int:
        """The frames that so many samples give."""
        return 1 + samples // self.hop

    @property
    def multiply_accumulates(self) -> int:
        """What a frame costs a device, logarithms left aside.

        The window, a complex FFT of half the size (four a butterfly), two a bin to part the real
        spectrum and two for its power, the triangles, the DCT.
        """
        half = self.size // 2
        butterflies = half // 2 * (half.bit_length() - 1)
        triangles = int(np.count_nonzero(filters(self)))
        bins = half + 1
        return self.size + 4 * butterflies + 4 * bins + triangles + self.coefficients * self.mels


def hann(size: int) -> Doubles:
    """A periodic Hann window, (size,)."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)


def mel(hertz: Doubles) -> Doubles:
    """Slaney's mels of frequencies in Hz."""
    above = LINEAR_HZ / LINEAR_STEP + np.log(np.maximum(hertz, LINEAR_HZ) / LINEAR_HZ) / LOG_STEP
    return np.where(hertz < LINEAR_HZ, hertz / LINEAR_STEP, above)


def frequency(mels: Doubles) -> Doubles:
    """The frequencies in Hz of Slaney's mels."""
    knee = LINEAR_HZ / LINEAR_STEP
    above = LINEAR_HZ * np.exp(LOG_STEP * (np.maximum(mels, knee) - knee))
    return np.where(mels < knee, mels * LINEAR_STEP, above)


@cache
def filters(recipe: Recipe) -> Doubles:
    """The triangles, (mels, size // 2 + 1): each rises from an edge to the next and falls again."""
    bins = np.fft.rfftfreq(recipe.size, 1 / recipe.rate)
    highest = mel(np.array(recipe.rate / 2))
    edges = frequency(np.linspace(0, float(highest), recipe.mels + 2))
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low))


@cache
def cosines(mels: int, coefficients: int) -> Doubles:
    """The orthonormal DCT-II, (coefficients, mels)."""
    angles = np.pi / mels * np.outer(np.arange(coefficients), np.arange(mels) + 0.5)
    scale = np.full((coefficients, 1), np.sqrt(2 / mels))
    scale[0] = np.sqrt(1 / mels)
    return np.asarray(np.cos(angles) * scale)


def levels(frames: Doubles, recipe: Recipe) -> Doubles:
    """The mel levels in dB of frames of samples: (frames, size) to (frames, mels).

    A frame asks for nothing but its own samples, so a device may do this as they come in.
    """
    spectrum = np.fft.rfft(frames * hann(recipe.size), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.asarray(10 * np.log10(np.maximum(power @ filters(recipe).T, LEAST)))


def cepstra(heard: Doubles, loudest: float, recipe: Recipe) -> Floats:
    """Coefficients of levels: (frames, mels) to (frames, coefficients).

    `loudest` in dB is the highest level of the whole window, or, in a stream, of what was heard.
    """
    audible = np.maximum(heard, loudest - recipe.top_db)
    return np.asarray(audible @ cosines(recipe.mels, recipe.coefficients).T, np.float32)


def mfcc(samples: Floats, recipe: Recipe) -> Floats:
    """The coefficients of a window: (samples,) to (frames, coefficients).

    Samples are in -1..1. Raises `ValueError` for fewer samples than can be mirrored, and for what
    is no row of finite numbers.
    """
    half = recipe.size // 2
    if samples.ndim != 1 or len(samples) <= half or not np.isfinite(samples).all():
        raise ValueError(f"a row of more than {half} finite samples")
    mirrored = np.pad(samples.astype(np.float64), half, mode="reflect")
    starts = np.arange(recipe.frames(len(samples))) * recipe.hop
    heard = levels(mirrored[starts[:, None] + np.arange(recipe.size)], recipe)
    return cepstra(heard, float(np.max(heard)), recipe)


class Stream:
    """Coefficients of samples as they come in, a frame as soon as it is whole.

    Nothing is mirrored: a frame has its own neighbours. `loudest` is what was heard since the
    start, or since `forget`. It holds `size` samples and no levels.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.held = np.zeros(0, np.float64)
        self.loudest = -np.inf

    def forget(self) -> None:
        """Start anew: no samples, nothing heard."""
        self.held, self.loudest = np.zeros(0, np.float64), -np.inf

    def feed(self, samples: Floats) -> Floats:
        """The frames that some more samples, in -1..1, complete: (frames, coefficients)."""
        recipe = self.recipe
        self.held = np.concatenate([self.held, samples.astype(np.float64)])
        found = [np.zeros((0, recipe.coefficients), np.float32)]
        while len(self.held) >= recipe.size:
            heard = levels(self.held[None, : recipe.size], recipe)
            self.loudest = max(self.loudest, float(np.max(heard)))
            found.append(cepstra(heard, self.loudest, recipe))
            self.held = self.held[recipe.hop :]
        return np.concatenate(found)
