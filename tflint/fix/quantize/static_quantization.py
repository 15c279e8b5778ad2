"""Integers throughout: ranges from samples, several ways, and the one that does best."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tflint.errors import TflintError
from tflint.execution.beside import Beside
from tflint.fix.quantize import agreement
from tflint.fix.quantize.agreement import Real, Score
from tflint.fix.quantize.equalization import equalized, pairs
from tflint.fix.quantize.histogram import Histogram, merged
from tflint.fix.quantize.identities import name_of, origin, with_plain_names
from tflint.fix.quantize.ranges import (
    CANDIDATES,
    METHODS,
    PERCENTILE,
    Range,
    competing,
    saturating,
)
from tflint.fix.quantize.remaining_operators import (
    FIXED_SCALE,
    SAME_SCALE,
    without_float_operators,
)
from tflint.fix.quantize.worker_process import Progress, corrected, quantized, statistics
from tflint.model.graph import Graph, Node, graphs
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.printable import counted, printable
from tflint.target.target import Target

FLOAT32 = TensorType.FLOAT32
BEST = "best"
CALIBRATIONS = (BEST, *METHODS)
ACTIVATIONS = {"int8": TensorType.INT8, "int16x8": TensorType.INT16}
_LEVELS = {"int8": 255, "int16x8": 65534}
# Samples are parted in two, each to calibrate what the other measures, if there are this many.
_MIN_PARTED = 16
# A choice needs no more samples than these of each part.
_MOST_COMPARED = 150
# Corrections may turn the order of recipes that are near each other.
_MOST_FINISHED = 2
# From here on these operators' outputs, whose scales are fixed, change by less than half a step:
# the logistic function is 1 / 512 at -6.24, the hyperbolic tangent 1 - 1 / 256 at 3.12.
_SATURATION = {
    "LOGISTIC": {"int8": 6.25, "int16x8": 11.1},
    "TANH": {"int8": 3.15, "int16x8": 5.6},
}


class NotQuantized(TflintError):
    """The model cannot be quantised as it was asked for; what stands in the way."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How ranges are found: of the tensors in between, and of what the model takes."""

    inner: str
    inputs: str = "minmax"

    @property
    def text(self) -> str:
        """For people."""
        if self.inputs in (self.inner, "minmax"):
            return self.inner
        return f"{self.inner} ({self.inputs} for the inputs)"


@dataclass(frozen=True, slots=True)
class Calibrated:
    """An integer model, with plain names, and how its ranges were found."""

    model: Model
    text: str


@dataclass(frozen=True, slots=True)
class _Part:
    """Samples and what they make of the model: see `Statistics`."""

    inputs: list[Real]
    histograms: dict[int, Histogram]
    tops: dict[int, float]


class StaticQuantization:
    """One float model on its way to integers.

    `inputs` are real, (samples, *shape of the input). Raises what the workers do, and
    `NotQuantized` for samples on which the model becomes infinite.
    """

    def __init__(
        self,
        model: Model,
        mode: str,
        inputs: Sequence[Real],
        target: Target,
        calibration: str = BEST,
        progress: Progress | None = None,
    ) -> None:
        self._mode = mode
        self._calibration = calibration
        self._target = target
        self._count = len(inputs[0])
        is_parted = calibration == BEST and self._count >= _MIN_PARTED
        self._inputs = list(inputs)
        model = self._equalized(with_plain_names(model), progress)
        self._data = write_model(model)
        self._graph: Graph = graphs(model)[0]
        # Every other sample: neighbours in a recording are alike, and would be in one part.
        starts = (0, 1) if is_parted else (0,)
        values = [v for v in self._graph.values if v.type is FLOAT32 and not v.is_constant]
        wanted = [value.index for value in values]
        self._parts = [self._part(wanted, start, len(starts), progress) for start in starts]
        self._whole = self._parts[0]
        if is_parted:
            left, right = self._parts
            self._whole = _Part(
                self._inputs,
                {key: merged(left.histograms[key], right.histograms[key]) for key in wanted},
                {key: min(left.tops[key], right.tops[key]) for key in left.tops},
            )

    def calibrated(self) -> Calibrated:
        """The model by the calibration that was asked for."""
        calibration = self._calibration
        if calibration != BEST:
            name = f"{calibration} {PERCENTILE:g}" if calibration == "percentile" else calibration
            data, _ = self._finished([Recipe(name, name)])
            return Calibrated(parse_model(data), name)
        scores = self._scored()
        ordered = sorted(scores, key=lambda recipe: scores[recipe].value, reverse=True)
        data, place = self._finished(ordered[:_MOST_FINISHED])
        recipe = ordered[place]
        how = "not calibrated with" if len(self._parts) > 1 else "calibrated with"
        seen = f"{scores[recipe].text} on {counted(self._count, 'sample')} {how}"
        text = f"{recipe.text}, the best of {', '.join(METHODS)}: {seen}"
        return Calibrated(parse_model(data), text)

    def _finished(self, recipes: Sequence[Recipe]) -> tuple[bytes, int]:
        """The best of these recipes with all samples and corrections, and which of them it is."""
        plain = self._quantized([self._ranges(self._whole, recipe) for recipe in recipes])
        # A process each, side by side: what takes longest.
        running = [Beside(functools.partial(self._corrected, data)) for data in plain]
        tried = [
            (model, place)
            for place, (data, beside) in enumerate(zip(plain, running, strict=True))
            for model in (data, *beside.result())
        ]
        scores = self._scores([model for model, _ in tried], self._inputs)
        return tried[max(range(len(tried)), key=lambda n: scores[n].value)]

    def _corrected(self, data: bytes) -> list[bytes]:
        return corrected(self._data, data, self._pairs(data), self._inputs)

    def _pairs(self, data: bytes) -> dict[int, int]:
        """For tensors of a quantised model the float ones that they stand for."""
        pairs = {}
        for index, tensor in enumerate(parse_model(data).subgraphs[0].tensors):
            place = origin(tensor)
            if place is not None and self._graph.values[place[1]].shape == tensor.shape:
                pairs[index] = place[1]
        return pairs

    def _scored(self) -> dict[Recipe, Score]:
        """How well each recipe does: first of what is in between, then, with the best of those,
        of the inputs.
        """
        found = self._compared([Recipe(inner) for inner in CANDIDATES])
        best = max(found, key=lambda recipe: found[recipe].value)
        more = [Recipe(best.inner, inputs) for inputs in CANDIDATES if inputs != "minmax"]
        return {**found, **self._compared(more)}

    def _compared(self, recipes: Sequence[Recipe]) -> dict[Recipe, Score]:
        """The mean score of each recipe: ranges from one part, outputs of the other."""
        totals: dict[Recipe, list[Score]] = {recipe: [] for recipe in recipes}
        every = [(part, recipe) for part in self._parts for recipe in recipes]
        # All in one process: starting one takes longer than what it does.
        models = iter(self._quantized([self._ranges(part, recipe) for part, recipe in every]))
        for other in reversed(self._parts):
            made = [next(models) for _ in recipes]
            for recipe, score in zip(recipes, self._scores(made, other.inputs), strict=True):
                totals[recipe].append(score)
        return {recipe: _mean(scores) for recipe, scores in totals.items()}

    def _scores(self, models: Sequence[bytes], inputs: Sequence[Real]) -> list[Score]:
        step = -(-len(inputs[0]) // _MOST_COMPARED)
        part = [values[::step] for values in inputs]
        original, *found = agreement.real_outputs([self._data, *models], part)
        return [agreement.score(original, outputs) for outputs in found]

    def _quantized(self, ranges: Sequence[Mapping[int, Range]]) -> list[bytes]:
        named = [
            {
                name_of(0, index): (len(self._graph.values[index].shape), *ends)
                for index, ends in each.items()
            }
            for each in ranges
        ]
        kind, runtime = ACTIVATIONS[self._mode], self._target.runtime
        models = quantized(self._data, self._mode, named)
        return [
            write_model(without_float_operators(parse_model(data), each, kind, runtime))
            for data, each in zip(models, ranges, strict=True)
        ]

    def _equalized(self, model: Model, progress: Progress | None) -> Model:
        wanted = [pair.value.index for pair in pairs(model)]
        if not wanted:
            return model
        found = statistics(write_model(model), [], self._inputs, channels=wanted)
        return equalized(model, found.peaks)

    def _part(
        self, wanted: Sequence[int], start: int, step: int, progress: Progress | None
    ) -> _Part:
        inputs = [np.ascontiguousarray(values[start::step]) for values in self._inputs]
        rows = [n.inputs[0].index for n in self._graph.nodes if _is_softmax(n) and n.inputs[0]]

        def report(done: int, total: int) -> None:
            if progress is not None:
                progress(start * total + done, step * total)

        found = statistics(self._data, wanted, inputs, rows=rows, progress=report)
        for index, histogram in found.histograms.items():
            if not histogram.is_finite:
                raise NotQuantized(
                    f"{self._made_by(index)} becomes infinite or NaN on these samples"
                )
        return _Part(inputs, found.histograms, found.tops)

    def _made_by(self, index: int) -> str:
        node = self._graph.values[index].producer
        return "an input" if node is None else f"what {printable(node.name)} #{node.index} makes"

    def _ranges(self, part: _Part, recipe: Recipe) -> dict[int, Range]:
        """Each tensor's range. What the model gives, and what it decides by, is not clipped by
        how rare values are: those are the answers.
        """
        levels = _LEVELS[self._mode]
        methods = {value.index: recipe.inputs for value in self._graph.inputs}
        methods.update((value.index, "minmax") for value in self._graph.outputs)
        kept = {}
        for value in self._graph.values:
            names = {node.name for node in value.consumers}
            if value.index not in part.histograms or len(names) != 1 or value.is_output:
                continue
            found = part.histograms[value.index]
            if names <= _SATURATION.keys():
                kept[value.index] = saturating(found, _SATURATION[names.pop()][self._mode])
            elif value.index in part.tops:
                kept[value.index] = competing(found, part.tops[value.index])
        ranges = {
            index: kept[index]
            if index in kept
            else CANDIDATES[methods.get(index, recipe.inner)](histogram, levels)
            for index, histogram in part.histograms.items()
        }
        for node in self._graph.nodes:
            if node.name in FIXED_SCALE and self._mode == "int8":
                scale, zero_point = FIXED_SCALE[node.name]
                ends = (scale * (-128 - zero_point), scale * (127 - zero_point))
                ranges.update((value.index, ends) for value in node.outputs)
            known = [v.index for v in node.inputs if v is not None and v.index in ranges]
            if node.name in SAME_SCALE and known:
                ranges.update((v.index, ranges[known[0]]) for v in node.outputs)
        return ranges


def _is_softmax(node: Node) -> bool:
    first = node.input(0)
    return (
        node.name == "SOFTMAX" and first is not None and not first.is_constant and bool(first.shape)
    )


def _mean(scores: Sequence[Score]) -> Score:
    def mean(values: Sequence[float | None]) -> float | None:
        known: NDArray[np.float64] = np.array([v for v in values if v is not None])
        return float(known.mean()) if len(known) else None

    return Score(
        mean([s.error for s in scores]),
        mean([s.agreement for s in scores]),
        mean([s.decibels for s in scores]) or 0.0,
    )
