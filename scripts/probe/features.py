"""What TFLM makes of a file's rarer parts: types, sparsity, data outside the flatbuffer."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence

from probe.cases import Attempt, Feed, T
from probe.control import finished
from probe.tables import Json
from probe.tflm import ALL, ask
from probe.worker import Outcome, try_all
from tflint.model.builder import ModelBuilder
from tflint.model.schema import (
    BUILTIN_OPERATORS,
    AddOptions,
    DimensionMetadata,
    Int32Vector,
    SparsityParameters,
    TensorType,
    VarHandleOptions,
)
from tflint.model.tables import CUSTOM, Buffer

SHAPE = (1, 4)
FED = (1.0, 2.0, 3.0, 4.0)
CONSTANT = (10.0, 20.0, 30.0, 40.0)

# The names under which MicroMutableOpResolver adds operators that are not builtin.
CUSTOM_OPERATORS = (
    "CIRCULAR_BUFFER",
    "SignalDelay",
    "SignalEnergy",
    "SignalFftAutoScale",
    "SignalFilterBank",
    "SignalFilterBankLog",
    "SignalFilterBankSpectralSubtraction",
    "SignalFilterBankSquareRoot",
    "SignalFramer",
    "SignalIrfft",
    "SignalOverlapAdd",
    "SignalPCAN",
    "SignalRfft",
    "SignalStacker",
    "SignalWindow",
    "TFLM_DECODE",
    "TFLite_Detection_PostProcess",
)


def registered(names: Sequence[str]) -> list[str]:
    """Those of these operators that the wheel's resolver finds, whatever it says next."""

    def lone(name: str) -> Attempt:
        model = ModelBuilder()
        x = model.input(SHAPE)
        # The wheel counts variables itself and stumbles over a handle without options.
        options = VarHandleOptions(shared_name="") if name == "VAR_HANDLE" else None
        model.operator(name, [x], [model.tensor(SHAPE)], options)
        return finished(model)

    outcomes = try_all([lone(name) for name in names], ask)
    return [
        name
        for name, outcome in zip(names, outcomes, strict=True)
        if "Failed to get registration" not in outcome.says
    ]


def builtin_operators() -> list[str]:
    """Every builtin operator of the schema that is registered."""
    names = [name for name in BUILTIN_OPERATORS if BUILTIN_OPERATORS.index(name) != CUSTOM]
    return sorted(registered(names))


def tensor_types() -> dict[str, Json]:
    """The types that no tensor may have, not even one that nothing uses."""

    def idle(type: TensorType) -> Attempt:
        model = ModelBuilder()
        model.output(model.softmax(model.input(SHAPE)))
        model.tensor(SHAPE, type)
        return finished(model)

    def used(type: TensorType) -> Attempt:
        model = ModelBuilder()
        x, y = model.input(SHAPE, type), model.tensor(SHAPE, type)
        model.operator("RESHAPE", [x], [y])
        return finished(model)

    outcomes = try_all([idle(type) for type in ALL], ask)
    refused = [t for t, outcome in zip(ALL, outcomes, strict=True) if not outcome.accepted]
    messages = {outcome.says for outcome in try_all([used(type) for type in refused], ask)}
    return {
        "refused": sorted(type.name for type in refused),
        # The part about the file; what follows is the kernel that came across the tensor.
        "says": " ".join(sorted({text.partition(" tensorflow/")[0] for text in messages})),
    }


def ignores_versions() -> bool:
    """Whether an operator of a version that nothing has implemented runs all the same."""
    model = ModelBuilder()
    x, y = model.input(SHAPE), model.tensor(SHAPE)
    model.operator("RELU", [x], [y], version=9999)
    return try_all([finished(model)], ask)[0].accepted


def sum_with(constant: Buffer, sparsity: SparsityParameters | None = None) -> Attempt:
    """ADD of an input and a constant that is stored in an unusual way."""
    model = ModelBuilder()
    x, w, y = model.input(SHAPE), model.constant(SHAPE, T.FLOAT32), model.tensor(SHAPE)
    model.operator("ADD", [x, w], [y], AddOptions())
    model.output(y)
    model.tensors[w] = dataclasses.replace(model.tensors[w], sparsity=sparsity)
    model.buffers[model.tensors[w].buffer] = constant
    feeds = Feed(T.FLOAT32, SHAPE, struct.pack("<4f", *FED))
    return finished(model, feeds)


def unusual_storage() -> dict[str, Json]:
    """What happens to sparse constants, and to constants behind the flatbuffer."""
    data = struct.pack("<4f", *CONSTANT)
    # Of four values only the second and the last are there, in compressed sparse rows.
    compressed = SparsityParameters(
        traversal_order=(0, 1),
        dim_metadata=(
            DimensionMetadata(format=0, dense_size=1),
            DimensionMetadata(
                format=1,
                array_segments=Int32Vector(values=(0, 2)),
                array_indices=Int32Vector(values=(1, 3)),
            ),
        ),
    )
    # TFLM may read past the two values: what lies there must not look like the rest.
    sparse = Buffer(struct.pack("<4f", CONSTANT[1], CONSTANT[3], -1, -1))
    plain, behind, sparse_outcome = try_all(
        [
            sum_with(Buffer(data)),
            sum_with(Buffer(data, offset=2, size=len(data))),
            sum_with(sparse, compressed),
        ],
        ask,
    )
    assert plain.results == (tuple(a + b for a, b in zip(FED, CONSTANT, strict=True)),)
    return {
        "external_buffers": verdict(behind, CONSTANT),
        "sparsity": verdict(sparse_outcome, (0, CONSTANT[1], 0, CONSTANT[3])),
    }


def verdict(outcome: Outcome, constant: Sequence[float]) -> dict[str, Json]:
    """Whether a constant was understood, in a word, and the numbers that were used."""
    if not outcome.accepted:
        return {"outcome": "crashes" if outcome.crashed else "refused", "says": outcome.says}
    assert outcome.results is not None
    used = [got - fed for got, fed in zip(outcome.results[0], FED, strict=True)]
    if used == list(constant):
        return {"outcome": "understood"}
    return {"outcome": "ignored", "stored": list(constant), "used": used}
