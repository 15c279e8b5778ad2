"""Models that a proof is tried on, and the same ones with something wrong."""

from __future__ import annotations

import dataclasses
import math
import struct

import numpy as np

from tflint.fix.proof.samples import Samples
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import FullyConnectedOptions, SVDFOptions, TensorType, WhileOptions
from tflint.model.tables import Model, SignatureDef, TensorMap
from tflint.model.writer import write_model

FLOAT32, INT8, INT32 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT32


def dense(build: ModelBuilder, x: int, weights: list[list[float]], bias: list[float]) -> int:
    """A FULLY_CONNECTED of reals."""
    units, depth = len(weights), len(weights[0])
    w = build.constant((units, depth), FLOAT32, [value for row in weights for value in row])
    b = build.constant((units,), FLOAT32, bias)
    y = build.tensor((1, units))
    build.operator("FULLY_CONNECTED", [x, w, b], [y], FullyConnectedOptions())
    return y


def linear(weights: list[list[float]], bias: list[float] | None = None) -> bytes:
    """A single layer."""
    build = ModelBuilder()
    x = build.input((1, len(weights[0])))
    build.output(dense(build, x, weights, bias or [0.0] * len(weights)))
    return write_model(build.build())


def detector(bias: float, *, tail: bool = True) -> bytes:
    """Says yes where its input is above `-bias`, as a probability or (no tail) as a logit."""
    build = ModelBuilder()
    y = dense(build, build.input((1, 1)), [[10.0]], [10 * bias])
    build.output(build.unary("LOGISTIC", y) if tail else y)
    return write_model(build.build())


def classifier(*, tail: bool = True, swapped: bool = False, shift: float = 0.0) -> bytes:
    """Three classes, the greatest of three inputs; with two of them taken for one another."""
    build = ModelBuilder()
    rows = [[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]]
    if swapped:
        rows[0], rows[1] = rows[1], rows[0]
    y = dense(build, build.input((1, 3)), rows, [shift, 0.0, 0.0])
    build.output(build.softmax(y) if tail else y)
    return write_model(build.build())


def network(type: TensorType = FLOAT32, *, seed: int = 0) -> Model:
    """A convolution and a classifier with random weights, without a SOFTMAX where it is int8."""
    build = ModelBuilder(seed=seed)
    x = build.conv_2d(build.input((1, 6, 6, 2), type), 3, 3)
    y = build.fully_connected(x, 4)
    build.output(build.softmax(y))
    return build.build()


def framed(*, islands: bool) -> bytes:
    """An int8 body with reals at both ends, or (without islands) with integers there."""
    build = ModelBuilder()
    shape, scale = (1, 8), per_tensor(0.05, 3)
    if islands:
        real = build.input(shape)
        x = build.tensor(shape, INT8, scale)
        build.operator("QUANTIZE", [real], [x])
    else:
        x = build.input(shape, INT8, scale)
    y = build.fully_connected(x, 4)
    if islands:
        out = build.tensor((1, 4))
        build.operator("DEQUANTIZE", [y], [out])
        y = out
    build.output(y)
    return write_model(build.build())


def custom() -> bytes:
    """An operator that nothing on this host runs."""
    build = ModelBuilder()
    build.output(build.unary("Mystery", build.input((1, 4))))
    return write_model(build.build())


def hybrid(shift: float = 0.0) -> bytes:
    """Real activations with int8 weights: LiteRT runs it, TFLM does not."""
    build = ModelBuilder()
    y = build.fully_connected(build.input((1, 8)), 4, weights=INT8)
    bias = build.constant((4,), FLOAT32, [shift] * 4)
    z = build.tensor((1, 4))
    build.operator("ADD", [y, bias], [z])
    build.output(z)
    return write_model(build.build())


def endless() -> bytes:
    """A loop that never ends."""
    build = ModelBuilder()
    x, y = build.input((1,)), build.tensor((1,))
    condition, body = build.subgraph("condition"), build.subgraph("body")
    a = condition.input((1,))
    truth = condition.tensor((1,), TensorType.BOOL)
    condition.operator("EQUAL", [a, a], [truth])
    condition.output(truth)
    body.output(body.unary("ABS", body.input((1,))))
    build.operator("WHILE", [x], [y], WhileOptions(cond_subgraph_index=1, body_subgraph_index=2))
    build.output(y)
    return write_model(build.build())


def memory(*past: float) -> bytes:
    """Its output is the input plus what came before it, each times a factor."""
    build = ModelBuilder()
    x = build.input((1, 1))
    feature = build.constant((1, 1), FLOAT32, (1.0,))
    time = build.constant((1, len(past) + 1), FLOAT32, (*reversed(past), 1.0))
    bias = build.constant((1,), FLOAT32, (0.0,))
    state = build.tensor((1, len(past) + 1), is_variable=True)
    y = build.tensor((1, 1))
    build.operator("SVDF", [x, feature, time, bias, state], [y], SVDFOptions(rank=1))
    build.output(y)
    return write_model(build.build())


def two_ways(factor: float, *, key: str = "second") -> bytes:
    """A second subgraph, reached by a signature only, that multiplies its input."""
    build = ModelBuilder()
    build.output(build.unary("ABS", build.input((1, 2))))
    other = build.subgraph("other")
    x, y = other.input((1, 2)), other.tensor((1, 2))
    other.operator("MUL", [x, other.constant((1,), FLOAT32, (factor,))], [y])
    other.output(y)
    signature = SignatureDef((TensorMap("x", x),), (TensorMap("y", y),), key, 1)
    return write_model(dataclasses.replace(build.build(), signature_defs=(signature,)))


def difference(*, turned: bool, signed: bool = True) -> bytes:
    """One input less the other, whose places (but not names) may be turned round."""
    build = ModelBuilder()
    ports = {name: build.input((1, 2)) for name in ("ba" if turned else "ab")}
    y, z = build.tensor((1, 2)), build.tensor((1, 2))
    build.operator("SUB", [ports["a"], ports["b"]], [y])
    build.operator("ADD", [ports["a"], ports["b"]], [z])
    build.output(*((z, y) if turned else (y, z)))
    if signed:
        build.signature(ports, {"difference": y, "sum": z})
    return write_model(build.build())


def nearly(model: bytes, value: float, replacement: float) -> bytes:
    """The model with the first constant of this value replaced."""
    old, new = struct.pack("<f", value), struct.pack("<f", replacement)
    place = model.index(old)
    return model[:place] + new + model[place + 4 :]


def samples(*rows: list[float], labels: list[int] | None = None) -> Samples:
    """Samples of a model of one input."""
    values = np.array(rows, np.float32)[:, np.newaxis]
    return Samples((values,), None if labels is None else np.array(labels))


def rare(count: int = 500, positives: int = 10) -> Samples:
    """Readings for a detector, few of which are positive."""
    return samples(*([0.5 + math.sin(i) / 4 + (i < positives)] for i in range(count)))
