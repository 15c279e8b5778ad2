"""`tflint fix --quantize`: from a float, float16 or dynamic-range model to integers.

    parse -> float weights -> repairs -> no reshapes around one-dimensional layers -> repairs
          -> ranges from the samples -> ai-edge-quantizer -> what it left in float -> repairs

The ranges are found here: the tool's own are a moving average, which ends below the rare values
that are the answer. Whether the result is what was asked for is verified, because the tool says
nothing when it leaves an operator as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tflint.errors import UnknownName, UsageError
from tflint.fix.model.repair import repair, start
from tflint.fix.quantize.agreement import Real
from tflint.fix.quantize.dilated_convolutions import with_dilated_convolutions
from tflint.fix.quantize.float_model import with_float_weights
from tflint.fix.quantize.identities import with_names_of, with_plain_names
from tflint.fix.quantize.known_operators import (
    KEEPING_STATE,
    with_known_operators,
    with_pools_for_maxima,
)
from tflint.fix.quantize.one_dimension import without_reshapes
from tflint.fix.quantize.static_quantization import (
    ACTIVATIONS,
    BEST,
    CALIBRATIONS,
    NotQuantized,
    StaticQuantization,
)
from tflint.fix.quantize.verification import (
    has_quantised_activations,
    is_integer,
    quantization_faults,
)
from tflint.fix.quantize.worker_process import Progress, check_installed, quantized
from tflint.model.graph import dangling_indices, graphs
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.printable import counted, printable
from tflint.target.target import Target

if TYPE_CHECKING:
    from tflint.fix.proof.samples import Samples

MODES = ("int8", "int16x8", "dynamic", "float16")
# Repairs that change what the model gives back, or that are about integers of another kind.
_UNWANTED = frozenset(("TFL107", "TFL309", "TFL404"))
_FEW_SAMPLES = 50
_DTYPES: dict[TensorType, type[np.generic]] = {
    TensorType.FLOAT32: np.float32,
    TensorType.INT32: np.int32,
    TensorType.INT64: np.int64,
    TensorType.BOOL: np.bool_,
}
_MOST_FAULTS = 3


@dataclass(frozen=True, slots=True)
class Requantized:
    """A quantised model. `calibration` says how its ranges were found, empty where none were
    needed; `notes` are what the user has to know.
    """

    data: bytes
    mode: str
    calibration: str
    notes: tuple[str, ...] = ()


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
    if mode in ACTIVATIONS and samples is None:
        raise UsageError(
            f"--quantize {mode} needs inputs to find the ranges of values with: --calibrate DATA "
            "with real ones (.npy, .npz or a folder of .npy), or --calibrate random, whose "
            "result is for measuring size and speed only"
        )
    check_installed()
    normal = _normalised(model, target, mode)
    if samples is None or mode not in ACTIVATIONS:
        return _weights_only(normal, mode, target)
    return _static(normal, mode, samples, target, calibration, progress)


def _already_quantized(data: bytes, model: Model, mode: str, target: Target) -> Requantized:
    """A model that computes in integers: as it is, or with the float parts taken out."""
    if mode not in ACTIVATIONS:
        raise NotQuantized(f"the model computes in integers already; {mode} is for float models")
    wanted = ACTIVATIONS[mode]
    if is_integer(model) and not list(quantization_faults(model, wanted)):
        return Requantized(data, mode, "", (f"it is {mode} throughout already: left as it is",))
    known = with_known_operators(model)
    work = start(data if known is model else write_model(known), target)
    repair(work, target, is_wanted=lambda code: code != "TFL309", unsafe=True)
    faults = list(quantization_faults(work.model, wanted))
    if not is_integer(work.model) or faults:
        raise NotQuantized(
            f"the model is quantised already, and what was rounded cannot be had back: "
            f"{_shortened(faults) or 'it computes in float in part'}; quantise the float original"
        )
    return Requantized(work.data, mode, "", ("it was quantised already: no ranges were needed",))


def _normalised(model: Model, target: Target, mode: str) -> Model:
    """The float model that all ways to store one network have in common, simplified."""
    model = _repaired(with_dilated_convolutions(with_float_weights(model)), target)
    if mode in ACTIVATIONS:
        model = with_known_operators(without_reshapes(model))
        if mode == "int16x8":
            model = without_reshapes(with_pools_for_maxima(model))
        model = _repaired(model, target)
    return model


def _repaired(model: Model, target: Target) -> Model:
    """Repaired as far as the results stay within rounding, which the proof measures."""
    work = start(write_model(model), target)
    repair(work, target, is_wanted=lambda code: code not in _UNWANTED, unsafe=True)
    return work.model


def _weights_only(model: Model, mode: str, target: Target) -> Requantized:
    """Smaller weights under float operators."""
    (data,) = quantized(write_model(with_plain_names(model)), mode, [{}])
    result = parse_model(data)
    small = TensorType.INT8 if mode == "dynamic" else TensorType.FLOAT16
    values = (value for graph in graphs(result) for value in graph.values)
    if not any(value.type is small and value.is_constant for value in values):
        raise NotQuantized(
            f"ai-edge-quantizer has found no weights to store as {small.name.lower()}: it knows "
            "those of convolutions, dense layers and embeddings"
        )
    runtime = target.runtime
    notes = (
        (f"{runtime.title} executes no {mode} models: int8 is for it",) if runtime.is_mcu else ()
    )
    return Requantized(_finished(result, model, target), mode, "", notes)


def _static(
    model: Model,
    mode: str,
    samples: Samples,
    target: Target,
    calibration: str,
    progress: Progress | None,
) -> Requantized:
    """Integers throughout, by the ranges of the samples."""
    if len(model.subgraphs) > 1:
        raise NotQuantized(
            f"the model has {len(model.subgraphs)} subgraphs, and there is no {mode} for control "
            "flow; a recurrent network becomes one without: `tflint fix MODEL.keras --reconvert "
            "--calibrate DATA`"
        )
    custom = [n for n in graphs(model)[0].nodes if n.code.is_custom]
    if custom:
        named = _shortened([f"{printable(n.name, 40)} #{n.index}" for n in custom])
        raise NotQuantized(f"no builtin operator is known to equal {named}, which is custom")
    keeping = [f"{n.name} #{n.index}" for n in graphs(model)[0].nodes if n.name in KEEPING_STATE]
    if keeping:
        raise NotQuantized(
            f"tflint makes no integers of {_shortened(keeping)}; TensorFlow's own quantiser does, "
            "of the Keras original: `tflint fix MODEL.keras --reconvert --calibrate DATA`"
        )
    inputs = _shaped(model, samples)
    found = StaticQuantization(model, mode, inputs, target, calibration, progress).calibrated()
    data = _finished(found.model, model, target)
    after = parse_model(data)
    faults = list(quantization_faults(after, ACTIVATIONS[mode]))
    if faults or not is_integer(after):
        raise NotQuantized(
            f"{mode} is not had throughout: {_shortened(faults) or 'nothing was quantised'}"
        )
    return Requantized(data, mode, found.text, what_to_know(samples, model, after))


def what_to_know(samples: Samples, before: Model, after: Model) -> tuple[str, ...]:
    """Of what worth the ranges are, and how the inputs and outputs are stored now."""
    notes = []
    if samples.is_random:
        notes.append(
            "ranges come from random inputs: right for measuring size and speed, not for use"
        )
    elif samples.count < _FEW_SAMPLES:
        notes.append(f"ranges come from {counted(samples.count, 'sample')}: a hundred are usual")
    return (*notes, *_interface(before, after))


def _shaped(model: Model, samples: Samples) -> list[Real]:
    """Each input's samples, (samples, *shape of the input)."""
    found = []
    graph = graphs(model)[0]
    if len(samples.inputs) != len(graph.inputs) or not samples.inputs:
        raise UsageError(
            f"the samples are for {counted(len(samples.inputs), 'input')}, the model has "
            f"{len(graph.inputs)}"
        )
    for value, given in zip(graph.inputs, samples.inputs, strict=True):
        if len(given) == 0:
            raise UsageError("there is not one sample to calibrate with")
        dtype = _DTYPES.get(value.type)
        if dtype is not None:
            given = np.asarray(given, dtype)
        if not np.isfinite(given).all():
            raise UsageError(f"the samples of `{printable(value.name)}` hold NaN or infinity")
        if given.size != len(given) * value.elements:
            raise UsageError(
                f"the samples of `{printable(value.name)}` are {list(given.shape[1:])}, the model "
                f"takes {list(value.shape)}"
            )
        found.append(given.reshape(len(given), *value.shape))
    return found


def _finished(model: Model, original: Model, target: Target) -> bytes:
    work = start(write_model(with_names_of(model, original)), target)
    repair(work, target, is_wanted=lambda code: code != "TFL309", unsafe=True)
    return work.data


def _shortened(faults: list[str]) -> str:
    more = f" and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
    return "; ".join(faults[:_MOST_FAULTS]) + more


def _interface(before: Model, after: Model) -> list[str]:
    """How inputs and outputs are stored now."""
    notes = []
    for kind in ("inputs", "outputs"):
        old, new = before.subgraphs[0], after.subgraphs[0]
        for was, now in zip(getattr(old, kind), getattr(new, kind), strict=True):
            tensor, found = new.tensors[now], new.tensors[now].quantization
            if old.tensors[was].type is tensor.type or found is None or not found.scale:
                continue
            zero = found.zero_point[0] if found.zero_point else 0
            shifted = f"(value {'-' if zero > 0 else '+'} {abs(zero)})" if zero else "value"
            notes.append(
                f"{kind[:-1]} `{printable(tensor.name or '')}` is {tensor.type.name.lower()} now: "
                f"real = {found.scale[0]:.9g} * {shifted}"
            )
    return notes
