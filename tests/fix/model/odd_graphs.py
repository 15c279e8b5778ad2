"""Graphs that no converter writes, for repairs that must take any."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.record import Record
from tflint.model.schema import (
    AddOptions,
    ConcatenationOptions,
    FullyConnectedOptions,
    SoftmaxOptions,
    TensorType,
)
from tflint.model.tables import Model, QuantizationParameters

FLOAT32 = TensorType.FLOAT32
TYPES = (
    *[FLOAT32] * 3,
    *[TensorType.INT8] * 3,
    TensorType.UINT8,
    TensorType.INT16,
    TensorType.INT32,
    TensorType.BOOL,
)
SHAPES = ((), (0,), (1,), (4,), (2, 2), (1, 4), (1, 2, 2, 1), (-1, 4), (2**31 - 1, 2**31 - 1))
HUGE = (1,) * 9
GRIDS: tuple[QuantizationParameters | None, ...] = (
    None,
    *[per_tensor(0.05, 3)] * 4,
    per_tensor(1 / 256, -128),
    per_tensor(0.0),
    per_tensor(float("nan")),
    per_tensor(float("inf")),
    per_tensor(1e-38),
    per_tensor(3e38),
    per_tensor(0.05, 2**40),
    per_channel((0.1, 0.2), 0),
    per_channel((0.1, 0.2, 0.3, 0.4), 7),
    QuantizationParameters(scale=(0.1,)),
    QuantizationParameters(zero_point=(1,)),
)


def odd_graph(seed: int, names: Sequence[str]) -> Model:
    """Operators over tensors drawn at random: what they read may come later, or not at all."""
    rng = random.Random(seed)
    model = ModelBuilder(seed=seed)

    def grid(type: TensorType) -> QuantizationParameters | None:
        return rng.choice(GRIDS) if type is not FLOAT32 or rng.random() < 0.1 else None

    def shape() -> Sequence[int]:
        return HUGE if rng.random() < 0.05 else rng.choice(SHAPES)

    for _ in range(rng.randint(1, 3)):
        type = rng.choice(TYPES)
        model.input(shape(), type, grid(type))
    is_tame = rng.random() < 0.7
    for _ in range(0 if is_tame else rng.randint(2, 12)):
        type = rng.choice(TYPES)
        if rng.random() < 0.3:
            values = rng.randbytes(rng.randint(1, 64))
            model.constant(shape(), type, values, grid(type))
        else:
            model.tensor(shape(), type, grid(type), is_variable=rng.random() < 0.05)
    count = len(model.tensors)
    options: tuple[Record | None, ...] = (
        None,
        AddOptions(),
        ConcatenationOptions(axis=rng.randint(-9, 9)),
        FullyConnectedOptions(),
        SoftmaxOptions(beta=rng.choice((1.0, 0.0, float("nan")))),
    )
    # Along a chain of one shape, so that there is something to find, or any way round.
    for place in range(rng.randint(1, 12)):
        name = rng.choice(names)
        inputs = [rng.randrange(count) for _ in range(rng.randint(0, 4))]
        outputs = [rng.randrange(count) for _ in range(rng.randint(0, 2))]
        if is_tame:
            x = min(place, count - 1)
            type = rng.choice(TYPES[:7])
            y = model.tensor(model.shape(x), type, grid(type) and rng.choice(GRIDS[1:6]))
            conversion = (model.type(x) is FLOAT32, type is FLOAT32)
            name = {(False, True): "DEQUANTIZE", (True, False): "QUANTIZE"}.get(conversion, name)
            inputs, outputs = [x, *inputs[:1]] if rng.random() < 0.3 else [x], [y]
            count += 1
        model.operator(name, inputs, outputs, rng.choice(options))
    model.output(*(rng.randrange(count) for _ in range(rng.randint(0, 2))), count - 1)
    return model.build()
