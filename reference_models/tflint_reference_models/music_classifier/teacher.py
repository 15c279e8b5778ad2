"""What teaches the network: a kernel machine on statistics of five seconds.

Few artists are known, and a network of this size learns them by heart. A ridge regression with a
Gaussian kernel (C. Saunders, A. Gammerman, V. Vovk: "Ridge regression learning algorithm in dual
variables", 1998) on what does not depend on the order of phrases does so less: it is right more
often about somebody new. It needs megabytes, but it answers any five seconds, mixtures and
variations too, so that the network can learn what it does from as many as it takes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tflint_reference_models.dataset import Floats, Integers

# Frames between which coefficients are compared: 23 ms to 0.74 s.
_LAGS = (1, 2, 4, 8, 16, 32)
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_LEAST = 1e-3  # of a standard deviation: silence has none
_AT_ONCE = 512


def statistics(windows: Floats) -> Floats:
    """Statistics of standardised coefficients: (n, frames, 13, 1) to (n, 364).

    Of each coefficient the mean, the logarithm of the standard deviation, of those of differences
    over one and four frames, the skewness, autocorrelations, and quantiles; of each pair the
    correlation of the two, and that of their differences.
    """
    x = windows[..., 0]
    frames, count = x.shape[1:]
    pairs = np.triu_indices(count, 1)
    mean = x.mean(axis=1)
    centred = x - mean[:, np.newaxis]
    deviation, correlation = _second_moments(centred, pairs)
    steps = x[:, 1:] - x[:, :-1]
    step_deviation, step_correlation = _second_moments(steps, pairs)
    unit = centred / deviation[:, np.newaxis]
    places = [round(part * (frames - 1)) for part in _QUANTILES]
    ordered = np.partition(x, places, axis=1)
    found = [
        mean,
        np.log(deviation),
        np.log(step_deviation),
        np.log((x[:, 4:] - x[:, :-4]).std(axis=1) + _LEAST),
        correlation,
        step_correlation,
        (unit**3).mean(axis=1),
        *((unit[:, lag:] * unit[:, : frames - lag]).mean(axis=1) for lag in _LAGS),
        *(ordered[:, place] for place in places),
    ]
    return np.concatenate(found, axis=1).astype(np.float32)


def _second_moments(centred: Floats, pairs: tuple[Integers, Integers]) -> tuple[Floats, Floats]:
    """Standard deviations (n, 13), and correlations of pairs (n, 78)."""
    products = np.matmul(centred.transpose(0, 2, 1), centred) / centred.shape[1]
    deviation = np.sqrt(np.einsum("nii->ni", products)) + _LEAST
    one, other = pairs
    found = products[:, one, other] / (deviation[:, one] * deviation[:, other])
    return deviation, found


@dataclass(frozen=True)
class Machine:
    """A kernel machine: `examples` (n, statistics) in units of `spread` from `mean`, `weights`
    (n, classes), and what is answered far from all examples, `prior` (classes,).

    `width` is the kernel's: exp(-width x the mean square of what two differ by).
    """

    mean: Floats
    spread: Floats
    examples: Floats
    weights: Floats
    prior: Floats
    width: float

    def answers(self, windows: Floats, sharpness: float) -> Floats:
        """Probabilities (n, classes) of windows (n, frames, 13, 1).

        The scores are about 1 for the class and -1 for others; a softmax of `sharpness` times
        them.
        """
        parts = []
        for first in range(0, len(windows), _AT_ONCE):
            taken = statistics(windows[first : first + _AT_ONCE])
            taken = (taken - self.mean) / self.spread
            scores = _kernel(taken, self.examples, self.width) @ self.weights + self.prior
            odds = np.exp(sharpness * (scores - scores.max(axis=1, keepdims=True)))
            parts.append(odds / odds.sum(axis=1, keepdims=True))
        return np.concatenate(parts).astype(np.float32)


def fitted(windows: Floats, labels: Integers, classes: int, ridge: float, width: float) -> Machine:
    """The machine that answers labels (n,) to windows (n, frames, 13, 1).

    `ridge` is how far it may be off, `width` how soon examples stop to count.
    """
    taken = statistics(windows)
    mean, spread = taken.mean(axis=0), taken.std(axis=0) + np.float32(1e-6)
    examples = (taken - mean) / spread
    wanted = 2 * np.eye(classes, dtype=np.float32)[labels] - 1
    prior = wanted.mean(axis=0)
    products = _kernel(examples, examples, width)
    products[np.diag_indices(len(products))] += np.float32(ridge)
    weights = np.linalg.solve(products, wanted - prior)
    return Machine(mean, spread, examples, weights, prior, width)


def _kernel(some: Floats, others: Floats, width: float) -> Floats:
    distances = some @ others.T
    distances *= -2
    distances += np.square(some).sum(axis=1)[:, np.newaxis]
    distances += np.square(others).sum(axis=1)
    np.maximum(distances, 0, out=distances)
    distances *= -width / some.shape[1]
    return np.asarray(np.exp(distances, out=distances), np.float32)
