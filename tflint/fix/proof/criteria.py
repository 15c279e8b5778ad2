"""When a repair counts as proved: the one place that says what is enough.

**Exact** (safe repairs): for every input, samples or made up, each output has the same bytes as
the original's, on LiteRT's reference kernels and on TFLM, wherever the original runs; LiteRT's
optimised kernels stand in where there is no reference kernel for an operator. A zero of the other
sign is a difference; which NaN an operation gives is not.

**Within a tolerance T** (0.02 unless the user says otherwise), for repairs that round differently
and for quantisation. Judged are the samples that were given, else random inputs; on each runtime
that runs the result, against the original on the same runtime, or on one that runs it:

- Decisions: at least 1 - T of them stay the same. An output decides between classes when it is one
  row of two or more values, or made by SOFTMAX (then each row along the last axis), and between yes
  and no when it is one value: a probability (of LOGISTIC) above 0.5, else its sign. Integers, such
  as the result of ARG_MAX, are decisions themselves. A decision whose margin in the original is
  below two steps of the quantised output does not count: one step is what rounding may move either
  of two values by, so that such a margin says nothing.
- Positive answers: rare ones hardly show in the agreement (a model that never says yes agrees in
  98 % of the cases where 2 % are yes). So recall and precision of the yes are at least 1 - 2.5 T
  (95 % by default), however few there are: who has too few to tell gives more, or a tolerance.
- Mean absolute error: at most T times the range of the original's output over what is judged, or
  the range from 0 to 1 of a probability. This also holds regressions, which decide nothing.
- Accuracy, where labels are given: at most T less than the original's.

**By rounding alone**, for a float model that is held against the framework it comes from: no
output is off by more than 2^-12 of the greatest value of the original's output. Both compute in
float32 and sum in another order: a sum of n products is off by at most about n 2^-24 of the sum of
the magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, 3.1), 2^-14 for a thousand
products, and what a layer is off by, the next ones hand on. A wrong layout or weight in the wrong
place shows in the first digits.

All other inputs (random ones where samples were given, extremes) have to run and to give finite
numbers where the original does; their error is not judged: what a quantised model does far outside
the ranges that it was made for is no measure of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.fix.proof.interface import Array, Port
from tflint.fix.proof.measures import Decisions, Error, classes, equal_values, top1, yes_or_no
from tflint.printable import counted

# How many times rarer answers than the agreement as a whole may change.
POSITIVE_FACTOR = 2.5
# A margin of this many quantised steps is the least that says something.
MARGIN_STEPS = 2
# What floats may differ by, as a share of the greatest magnitude.
ROUNDING = 2.0**-12
_LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an output of the original holds.

    `maker` is the operator that made it. `step` is that of the quantised output, 0 for reals.
    `change` is what the original's output is of the new one.
    """

    port: Port
    maker: str
    step: float
    change: str | None = None

    @property
    def is_probability(self) -> bool:
        """Whether its values are from 0 to 1 by what made them."""
        return self.maker in ("SOFTMAX", "LOGISTIC")

    @property
    def threshold(self) -> float:
        """What a yes is above."""
        return 0.5 if self.is_probability else 0.0


def decisions(before: Array, after: Array, meaning: Meaning) -> Decisions | None:
    """The decisions of an output, real values in both; None where it holds none."""
    if not meaning.port.is_real:
        return equal_values(before, after)
    shape = before.shape[1:]
    size = before[0].size
    margin = MARGIN_STEPS * meaning.step
    if size == 1:
        if meaning.change is not None:
            margin /= 4  # The steepest slope of the logistic function: p' = p (1 - p).
        return yes_or_no(before, after, meaning.threshold, margin)
    if shape[-1] >= 2 and (shape[-1] == size or meaning.maker == "SOFTMAX"):
        is_logarithmic = meaning.change == "softmax" and meaning.step > 0
        return top1(before, after, margin, is_logarithmic=is_logarithmic)
    return None


def correct(values: Array, labels: Array, meaning: Meaning) -> float | None:
    """The share of samples whose decision is that of their label; None where none is made."""
    if not meaning.port.is_real and values[0].size == 1:
        return float((values.ravel() == labels).mean())
    if values[0].size == 1:
        return float(((values.ravel() > meaning.threshold) == (labels > 0)).mean())
    if values.shape[-1] == values[0].size:
        return float((classes(values) == labels).mean())
    return None


def shortcoming(
    error: Error | None, found: Decisions | None, meaning: Meaning, tolerance: float
) -> str | None:
    """Why an output is not near enough, None where it is."""
    if found is not None:
        for kept, of, least, said in _shares(found, tolerance):
            if kept / of < least:
                return said
    if error is None:
        return None
    # A constant has no range; then the error is held against what it is.
    scope = 1.0 if meaning.is_probability else error.range or error.magnitude
    if not error.mean <= tolerance * scope:
        return (
            f"the mean error is {error.mean:.3g}, more than {_share(tolerance)} of the range"
            f" {scope:.3g} of the original's output"
        )
    return None


def not_rounding(error: Error) -> str | None:
    """Why an output is off by more than floats are rounded; None where it is not."""
    # What is zero throughout has no magnitude to be off by a share of.
    if error.maximum <= ROUNDING * (error.magnitude or _LEAST):
        return None
    return (
        f"it is off by up to {error.maximum:.3g}, which is more than rounding: {ROUNDING:.2g} of"
        f" the greatest value {error.magnitude:.3g} of the original's output"
    )


def _shares(found: Decisions, tolerance: float) -> Iterator[tuple[int, int, float, str]]:
    """Agreement, recall and precision: how many, of how many, the least share, and what is said
    of fewer.
    """
    least = 1 - tolerance
    if found.agreement is not None:
        share = f"{_share(found.agreement)} of {counted(found.judged, 'decision')}"
        said = f"{share} are the same, less than {_share(least)}"
        yield found.agreeing, found.judged, least, said
    least = 1 - POSITIVE_FACTOR * tolerance
    if found.positives:
        of = counted(found.positives, "positive answer")
        said = f"{found.kept:,} of {of} are left, less than {_share(least)}"
        yield found.kept, found.positives, least, said
    if found.claimed:
        new, of = found.claimed - found.kept, counted(found.claimed, "positive answer")
        said = f"{new:,} of {of} are new, more than {_share(1 - least)}"
        yield found.kept, found.claimed, least, said


def _share(share: float) -> str:
    return f"{100 * share:.4g} %"
