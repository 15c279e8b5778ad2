"""`tflint fix --quantize`: from a float, float16 or dynamic-range model to integers.

    parse -> float weights -> repairs -> no reshapes around one-dimensional layers -> repairs
          -> ranges from the samples -> ai-edge-quantizer -> what it left in float -> repairs

The ranges are found here: the tool's own are a moving average, which ends below the rare values
that are the answer. Whether the result is what was asked for is verified, because the tool says
nothing when it leaves an operator as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tflint.errors import TflintError, UnknownName, UsageError
from tflint.fix.model.repair import repair, start
from tflint.fix.quantize import agreement
from tflint.fix.quantize.float_model import with_float_weights
from tflint.fix.quantize.histogram import Histogram, merged
from tflint.fix.quantize.identities import name_of, with_names_of, with_plain_names
from tflint.fix.quantize.one_dimension import without_reshapes
from tflint.fix.quantize.ranges import METHODS, PERCENTILE, Range
from tflint.fix.quantize.remaining_operators import (
    KEEPS_SCALE,
    SAME_SCALE,
    without_float_operators,
)
from tflint.fix.quantize.verification import (
    has_quantised_activations,
    is_integer,
    quantization_faults,
)
from tflint.fix.quantize.worker_process import (
    LIMITS,
    Progress,
    check_installed,
    histograms,
    quantized,
)
from tflint.model.graph import Graph, dangling_indices, graphs
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.printable import counted, printable
from tflint.target.target import Target

if TYPE_CHECKING:
    from tflint.fix.proof.samples import Samples

MODES = ("int8", "int16x8", "dynamic", "float16")
BEST = "best"
CALIBRATIONS = (BEST, *METHODS)
_ACTIVATIONS = {"int8": TensorType.INT8, "int16x8": TensorType.INT16}
_LEVELS = {"int8": 255, "int16x8": 65534}
# Repairs that change what the model gives back, or that are about integers of another kind.
_UNWANTED = frozenset(("TFL107", "TFL309", "TFL404"))
# Every so manieth sample is held out to choose a calibration by, if there are this many.
_HELD_OUT_EVERY = 4
_MIN_HELD_OUT = 8
_FEW_SAMPLES = 50
# Running candidates on reference kernels is slow, and a choice needs no more.
_MOST_COMPARED = 100

Real = agreement.Real


@dataclass(frozen=True, slots=True)
class Requantized:
    """A quantised model. `calibration` says how its ranges were found, empty where none were
    needed; `notes` are what the user has to know.
    """

    data: bytes
    mode: str
    calibration: str
    notes: tuple[str, ...] = ()


class NotQuantized(TflintError):
    """The model cannot be quantised as it was asked for; what stands in the way."""


def requantize(
    data: bytes,
    mode: str,
    samples: Samples | None,
    target: Target,
    *,
    calibration: str = BEST,
    progress: Progress | None = None,
) -> Requantized:
    """The model quantised to `mode`, one of `MODES`; its first subgraph's samples are real-valued.

    Raises `UsageError` for a mode or calibration that there is not, and where samples are missing;
    `MissingExtra` without LiteRT and ai-edge-quantizer; `NotQuantized` with the operators that
    stand in the way; `QuantizerRefused`, `HostFailed` and what reading and writing models raise.
    """
    if mode not in MODES:
        raise UnknownName("quantization", mode, MODES)
    if calibration not in CALIBRATIONS:
        raise UnknownName("calibration", calibration, CALIBRATIONS)
    model = parse_model(data)
    if next(dangling_indices(model), None) is not None or not model.subgraphs:
        raise NotQuantized("the model refers to what is not there (TFL003); nothing to quantise")
    if has_quantised_activations(model):
        return _already_quantized(data, model, mode, target)
    if mode in _ACTIVATIONS and samples is None:
        raise UsageError(
            f"--quantize {mode} needs inputs to find the ranges of values with: --calibrate DATA "
            "with real ones (.npy, .npz or a folder of .npy), or --calibrate random, whose "
            "result is for measuring size and speed only"
        )
    check_installed()
    work = _Work(target, mode, _normalised(model, target, mode))
    if mode not in _ACTIVATIONS:
        return work.weights_only()
    assert samples is not None
    return work.static(samples, calibration, progress)


def _already_quantized(data: bytes, model: Model, mode: str, target: Target) -> Requantized:
    """A model that computes in integers: as it is, or with the float parts taken out."""
    if mode not in _ACTIVATIONS:
        raise NotQuantized(f"the model computes in integers already; {mode} is for float models")
    wanted = _ACTIVATIONS[mode]
    if is_integer(model) and not list(quantization_faults(model, wanted)):
        return Requantized(data, mode, "", (f"it is {mode} throughout already: left as it is",))
    work = start(data, target)
    repair(work, target, is_wanted=lambda code: code != "TFL309", unsafe=True)
    faults = list(quantization_faults(work.model, wanted))
    if not is_integer(work.model) or faults:
        raise NotQuantized(
            f"the model is quantised already, and what was rounded cannot be had back: "
            f"{'; '.join(faults) or 'it computes in float in part'}; quantise the float original"
        )
    return Requantized(work.data, mode, "", ("it was quantised already: no ranges were needed",))


def _normalised(model: Model, target: Target, mode: str) -> Model:
    """The float model that all ways to store one network have in common, simplified."""
    model = _repaired(with_float_weights(model), target)
    if mode in _ACTIVATIONS:
        model = _repaired(without_reshapes(model), target)
    return model


def _repaired(model: Model, target: Target) -> Model:
    """Repaired as far as the results stay within rounding, which the proof measures."""
    work = start(write_model(model), target)
    repair(work, target, is_wanted=lambda code: code not in _UNWANTED, unsafe=True)
    return work.model


@dataclass
class _Work:
    """One model on its way, as ai-edge-quantizer takes it: with plain names and a signature."""

    target: Target
    mode: str
    original: Model
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plain = write_model(with_plain_names(self.original))
        self.graph: Graph = graphs(self.original)[0]

    def weights_only(self) -> Requantized:
        """Smaller weights under float operators."""
        result = parse_model(quantized(self.plain, self.mode, {}))
        small = TensorType.INT8 if self.mode == "dynamic" else TensorType.FLOAT16
        if not any(
            value.type is small and value.is_constant
            for graph in graphs(result)
            for value in graph.values
        ):
            raise NotQuantized(
                f"ai-edge-quantizer has found no weights to store as {small.name.lower()}: it "
                "knows those of convolutions, dense layers and embeddings"
            )
        finished = self._finished(result)
        if self.target.runtime.is_mcu:
            self.notes.append(
                f"{self.target.runtime.title} executes no {self.mode} models: int8 is for it"
            )
        return Requantized(finished, self.mode, "", tuple(self.notes))

    def static(self, samples: Samples, calibration: str, progress: Progress | None) -> Requantized:
        """Integers throughout, by the ranges of the samples."""
        if len(self.original.subgraphs) > 1:
            raise NotQuantized(
                f"the model has {len(self.original.subgraphs)} subgraphs; ai-edge-quantizer "
                f"has no {self.mode} for control flow"
            )
        inputs = self._shaped(samples)
        count = len(inputs[0]) if inputs else 0
        if count == 0:
            raise UsageError("there is not one sample to calibrate with")
        if samples.is_random:
            self.notes.append(
                "ranges come from random inputs: right for measuring size and speed, not for use"
            )
        elif count < _FEW_SAMPLES:
            self.notes.append(f"ranges come from {counted(count, 'sample')}: a hundred are usual")
        chosen, held_out = _split(count, calibration)
        found = self._histograms([values[chosen] for values in inputs], progress)
        if calibration != BEST:
            return self._result(self._quantized(found, calibration), _title(calibration))
        tried = {name: self._quantized(found, name) for name in METHODS}
        method, score = self._best(tried, [values[held_out] for values in inputs])
        if len(chosen) < count:
            rest = np.setdiff1d(np.arange(count), chosen)
            more = self._histograms([values[rest] for values in inputs], None)
            every = {key: merged(found[key], more[key]) for key in found}
            data = self._quantized(every, method)
        else:
            data = tried[method]
        how = "held out" if len(chosen) < count else "that it was calibrated with"
        compared = f"{counted(len(held_out), 'sample')} {how}"
        measured = f"{100 * score[0]:.1f} % agreement, {score[1]:.1f} dB on {compared}"
        others = ", ".join(METHODS)
        return self._result(data, f"{_title(method)}, the best of {others}: {measured}")

    def _result(self, data: bytes, calibration: str) -> Requantized:
        model = parse_model(data)
        faults = list(quantization_faults(model, _ACTIVATIONS[self.mode]))
        if faults or not is_integer(model):
            raise NotQuantized(
                f"{self.mode} is not had throughout: {'; '.join(faults) or 'nothing was quantised'}"
            )
        self.notes += _interface(self.original, model)
        return Requantized(data, self.mode, calibration, tuple(self.notes))

    def _shaped(self, samples: Samples) -> list[Real]:
        """Each input's samples, (samples, *shape of the input)."""
        found = []
        for value, given in zip(self.graph.inputs, samples.inputs, strict=True):
            if value.type is TensorType.FLOAT32:
                given = np.asarray(given, np.float32)
            if not np.isfinite(given).all():
                raise UsageError(f"the samples of `{printable(value.name)}` hold NaN or infinity")
            found.append(given.reshape(len(given), *value.shape))
        return found

    def _histograms(
        self, inputs: Sequence[Real], progress: Progress | None
    ) -> dict[int, Histogram]:
        values = [
            value
            for value in self.graph.values
            if value.type is TensorType.FLOAT32 and not value.is_constant
        ]
        wanted = [value.index for value in values]
        counted_values = histograms(self.plain, wanted, inputs, progress=progress)
        for value, histogram in zip(values, counted_values, strict=True):
            if not histogram.is_finite:
                raise NotQuantized(
                    f"`{printable(value.name)}` becomes infinite or NaN on these samples"
                )
        return dict(zip(wanted, counted_values, strict=True))

    def _quantized(self, found: Mapping[int, Histogram], method: str) -> bytes:
        ranges = self._ranges(found, method)
        named = {
            name_of(0, index): (len(self.graph.values[index].shape), *ends)
            for index, ends in ranges.items()
        }
        model = parse_model(quantized(self.plain, self.mode, named))
        kind = _ACTIVATIONS[self.mode]
        model = without_float_operators(model, ranges, kind, self.target.runtime)
        return self._finished(model)

    def _ranges(self, found: Mapping[int, Histogram], method: str) -> dict[int, Range]:
        """Each tensor's range. What the model takes and gives, and what it decides by, is not
        clipped: values that are rare there are the answers.
        """
        levels = _LEVELS[self.mode]
        whole = {value.index for value in (*self.graph.inputs, *self.graph.outputs)}
        for value in self.graph.outputs:
            if value.producer is not None and value.producer.name in ("SOFTMAX", "LOGISTIC"):
                whole.update(v.index for v in value.producer.inputs if v is not None)
        ranges = {
            index: METHODS["minmax" if index in whole else method](histogram, levels)
            for index, histogram in found.items()
        }
        for node in self.graph.nodes:
            if node.name in SAME_SCALE | KEEPS_SCALE and node.inputs and node.inputs[0] is not None:
                for value in node.outputs:
                    if value.index in ranges and node.inputs[0].index in ranges:
                        ranges[value.index] = ranges[node.inputs[0].index]
        return ranges

    def _best(
        self, tried: Mapping[str, bytes], inputs: Sequence[Real]
    ) -> tuple[str, agreement.Score]:
        """The method whose model agrees best with the float one; of equals the first."""
        step = -(-len(inputs[0]) // _MOST_COMPARED)
        part = [values[::step] for values in inputs]
        models = list(dict.fromkeys(tried.values()))
        outputs = agreement.real_outputs([write_model(self.original), *models], part, LIMITS)
        original = outputs[0]
        scores = {
            model: agreement.score(original, found) if original and found else (0.0, 0.0)
            for model, found in zip(models, outputs[1:], strict=True)
        }
        best = max(tried, key=lambda name: scores[tried[name]])
        return best, scores[tried[best]]

    def _finished(self, model: Model) -> bytes:
        work = start(write_model(with_names_of(model, self.original)), self.target)
        repair(work, self.target, is_wanted=lambda code: code != "TFL309", unsafe=True)
        return work.data


def _split(count: int, calibration: str) -> tuple[list[int], list[int]]:
    """Samples to calibrate on and to choose by: the same where there are too few to part."""
    every = list(range(count))
    held_out = every[_HELD_OUT_EVERY - 1 :: _HELD_OUT_EVERY]
    if calibration != BEST or len(held_out) < _MIN_HELD_OUT:
        return every, every
    return [n for n in every if n % _HELD_OUT_EVERY != _HELD_OUT_EVERY - 1], held_out


def _title(method: str) -> str:
    return f"percentile ({PERCENTILE:g} %)" if method == "percentile" else method


def _interface(before: Model, after: Model) -> list[str]:
    """How inputs and outputs are stored now."""
    notes = []
    for kind in ("inputs", "outputs"):
        old, new = before.subgraphs[0], after.subgraphs[0]
        for was, now in zip(getattr(old, kind), getattr(new, kind), strict=True):
            tensor, found = new.tensors[now], new.tensors[now].quantization
            if old.tensors[was].type is tensor.type or found is None or not found.scale:
                continue
            notes.append(
                f"{kind[:-1]} `{printable(tensor.name or '')}` is {tensor.type.name.lower()} now: "
                f"real = {found.scale[0]:.9g} * (value - {found.zero_point[0]})"
            )
    return notes
