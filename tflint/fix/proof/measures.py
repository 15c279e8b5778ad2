"""How far the outputs of a model are from those of another, over samples.

All arrays are (samples, *shape of the output), real values in float64 where they are reals.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tflint.fix.proof.interface import Array

# What equal values may differ by in the last places of a float32, as a share of the range.
_FLOAT_NOISE = 1e-5


@dataclass(frozen=True, slots=True)
class Error:
    """The error of an output: absolute, its greatest and its mean, and the ratio to the signal.

    `range` is from the least to the greatest value of the original, `magnitude` its greatest
    absolute value. `signal` and `noise` are sums of squares.
    """

    maximum: float
    mean: float
    range: float
    magnitude: float
    signal: float
    noise: float

    @property
    def snr_db(self) -> float:
        """The signal-to-noise ratio in decibels; infinite without noise."""
        if not self.noise:
            return math.inf
        ratio = self.signal / self.noise
        return 10 * math.log10(ratio) if ratio > 0 else -math.inf


@dataclass(frozen=True, slots=True)
class Decisions:
    """How often two models decide alike: `agreeing` of `judged` samples.

    Samples that the original itself hardly decides are not judged. `positives` are the original's
    positive answers where there are two; `kept` are those that stayed, `claimed` all there now are.
    """

    judged: int
    agreeing: int
    positives: int | None = None
    kept: int = 0
    claimed: int = 0

    @property
    def agreement(self) -> float | None:
        """The share of decisions that are the same; None where there are none."""
        return self.agreeing / self.judged if self.judged else None

    @property
    def recall(self) -> float | None:
        """The share of the original's positive answers that stayed."""
        return self.kept / self.positives if self.positives else None

    @property
    def precision(self) -> float | None:
        """The share of the positive answers that were the original's."""
        return self.kept / self.claimed if self.claimed else None


def same_bits(before: Array, after: Array) -> Array:
    """For each sample whether all values are the same to the bit, (samples,).

    Zeros of either sign differ. NaNs do not: which one an operation gives is up to the processor.
    """
    if before.dtype != after.dtype:
        return np.zeros(len(before), np.bool_)
    count = len(before)
    left, right = before.reshape(count, -1), after.reshape(count, -1)
    width = before.dtype.itemsize
    raw = [
        np.ascontiguousarray(values).view(np.uint8).reshape(count, -1, width)
        for values in (left, right)
    ]
    same: Array = (raw[0] == raw[1]).all(axis=2)
    if before.dtype.kind in "fc":
        same |= np.isnan(left) & np.isnan(right)
    equal: Array = np.all(same, axis=1)
    return equal


def error(before: Array, after: Array) -> Error:
    """The error of reals. What is infinite or NaN in both in the same way is no error."""
    left, right = before.astype(np.float64).ravel(), after.astype(np.float64).ravel()
    with np.errstate(all="ignore"):
        difference = np.abs(left - right)
        difference[(left == right) | (np.isnan(left) & np.isnan(right))] = 0
        difference[np.isnan(difference)] = np.inf
        finite = left[np.isfinite(left)]
        return Error(
            maximum=float(difference.max(initial=0)),
            mean=float(difference.mean()) if difference.size else 0.0,
            range=float(np.ptp(finite)) if finite.size else 0.0,
            magnitude=float(np.abs(finite).max(initial=0)),
            signal=float(np.square(finite).sum()),
            noise=float(np.square(difference).sum()),
        )


def classes(values: Array) -> Array:
    """The greatest of each row, (rows,): rows are along the last axis."""
    chosen: Array = values.reshape(-1, values.shape[-1]).argmax(axis=1)
    return chosen


def top1(before: Array, after: Array, margin: float, *, is_logarithmic: bool = False) -> Decisions:
    """Decisions between the classes along the last axis.

    Not judged where the original's best is less than `margin` ahead of its second, by difference
    or, of probabilities that were made of logits, by the logarithm of their ratio.
    """
    rows = before.reshape(-1, before.shape[-1])
    best = np.partition(rows, -2, axis=1)[:, -2:]
    if is_logarithmic:
        with np.errstate(divide="ignore", invalid="ignore"):
            best = np.log(best)
    with np.errstate(invalid="ignore"):
        ahead = best[:, 1] - best[:, 0]
    is_judged = ahead >= max(margin, _noise(before))
    same = classes(before) == classes(after)
    return Decisions(int(is_judged.sum()), int((same & is_judged).sum()))


def yes_or_no(before: Array, after: Array, threshold: float, margin: float) -> Decisions:
    """Decisions whether a single value is above a threshold, where it is not within `margin`."""
    left, right = before.ravel(), after.ravel()
    is_judged = np.abs(left - threshold) >= max(margin, _noise(before))
    was, is_now = (left > threshold) & is_judged, (right > threshold) & is_judged
    return Decisions(
        judged=int(is_judged.sum()),
        agreeing=int(((was == is_now) & is_judged).sum()),
        positives=int(was.sum()),
        kept=int((was & is_now).sum()),
        claimed=int(is_now.sum()),
    )


def equal_values(before: Array, after: Array) -> Decisions:
    """Values that are decisions themselves, such as the indices of classes: a row is a sample."""
    count = len(before)
    same = (before.reshape(count, -1) == after.reshape(count, -1)).all(axis=1)
    return Decisions(count, int(same.sum()))


def _noise(before: Array) -> float:
    finite = before[np.isfinite(before)]
    return float(np.ptp(finite)) * _FLOAT_NOISE if finite.size else 0.0


def softmax(values: Array) -> Array:
    """Probabilities of logits, along the last axis."""
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    shares: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return shares


def logistic(values: Array) -> Array:
    """The probability of a logit."""
    with np.errstate(over="ignore"):
        share: Array = 1 / (1 + np.exp(-values))
    return share


# What the original's output is of the new one, by the names in `OutputChange.now`.
CHANGES: dict[str, Callable[[Array], Array]] = {"softmax": softmax, "logistic": logistic}
