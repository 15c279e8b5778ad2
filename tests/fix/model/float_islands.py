"""Integer networks with float islands, put together at random: branches, joins, what no
microcontroller has an integer kernel for, several readers, float inputs and outputs.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.fix.model.passes import installed, outputs_on
from tests.runtimes import Array, random_inputs, run
from tflint.analysis.integer_grids import covering
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    ArgMaxOptions,
    ConcatenationOptions,
    ExpandDimsOptions,
    LeakyReluOptions,
    MulOptions,
    ReducerOptions,
    SoftmaxOptions,
    SqueezeOptions,
    SubOptions,
    TensorType,
    TransposeOptions,
)
from tflint.model.tables import Model, QuantizationParameters, SubGraph, Tensor

FLOAT32, INT8, INT16, UINT8, INT32 = (
    TensorType.FLOAT32,
    TensorType.INT8,
    TensorType.INT16,
    TensorType.UINT8,
    TensorType.INT32,
)
STEPS = (
    "unary",
    "unary",
    "binary",
    "constant",
    "reshape",
    "expand",
    "squeeze",
    "transpose",
    "pool",
    "concat",
    "reduce",
    "softmax",
    "argmax",
    "layer",
)
# Seeds of `random_inputs` that scales are calibrated with.
CALIBRATED = 3
# What scales cover in any case.
REACH = 0.5
UNARY = (
    "RELU",
    "RELU6",
    "ABS",
    "HARD_SWISH",
    "LOGISTIC",
    "TANH",
    "LEAKY_RELU",
    # Without an integer kernel in TFLM.
    "SQUARE",
    "FLOOR",
    "NEG",
)


@dataclass
class Islands:
    """A network under construction, and the float values of it that may be read."""

    model: ModelBuilder
    rng: random.Random
    type: TensorType = INT8
    floats: list[int] = field(default_factory=list)

    def quantisation(self, reach: float) -> QuantizationParameters:
        if self.type is INT16:
            return per_tensor(reach / 32767)
        return per_tensor(reach / 127, self.rng.choice((0, 0, -20, 35)))

    def step(self) -> None:
        """One more float operator."""
        rng = self.rng
        x = rng.choice(self.floats[-3:])
        kind = rng.choice(STEPS)
        y = getattr(self, f"_{kind}")(x)
        if y is not None:
            self.floats.append(y)
        if rng.random() < 0.15:
            narrow = self.requantise(y if y is not None else x, reach=rng.choice((2.0, 4.0)))
            if rng.random() < 0.5:
                # The next island begins where one ends.
                self.floats.append(self._made("DEQUANTIZE", [narrow], self.model.shape(narrow)))

    def requantise(self, x: int, reach: float) -> int:
        y = self.model.tensor(self.model.shape(x), self.type, self.quantisation(reach))
        self.model.operator("QUANTIZE", [x], [y])
        if self.rng.random() < 0.5:
            self.model.output(y)
        return y

    def _unary(self, x: int) -> int:
        name = self.rng.choice(UNARY)
        options = LeakyReluOptions(alpha=0.25) if name == "LEAKY_RELU" else None
        return self._made(name, [x], self.model.shape(x), options)

    def _binary(self, x: int) -> int:
        shape = self.model.shape(x)
        others = [i for i in self.floats if self.model.shape(i) == shape]
        name, options = self.rng.choice(
            (
                ("ADD", AddOptions()),
                ("SUB", SubOptions()),
                ("MUL", MulOptions()),
                ("ADD", AddOptions(fused_activation_function=ActivationFunctionType.RELU)),
                ("MAXIMUM", None),
                ("MINIMUM", None),
                ("SQUARED_DIFFERENCE", None),
            )
        )
        return self._made(name, [x, self.rng.choice(others)], shape, options)

    def _constant(self, x: int) -> int:
        shape = self.model.shape(x)
        other = self.model.constant(shape[-1:], FLOAT32)
        name, options = self.rng.choice((("ADD", AddOptions()), ("MUL", MulOptions())))
        operands = [x, other] if self.rng.random() < 0.7 else [other, x]
        return self._made(name, operands, shape, options)

    def _reshape(self, x: int) -> int:
        shape = self.model.shape(x)
        total = 1
        for size in shape:
            total *= size
        return self.model.reshape(x, self.rng.choice(((1, total), (1, total, 1), (*shape,))))

    def _expand(self, x: int) -> int | None:
        shape = self.model.shape(x)
        if len(shape) > 3:
            return None
        axis = self.model.constant((), INT32, (1,))
        return self._made("EXPAND_DIMS", [x, axis], (shape[0], 1, *shape[1:]), ExpandDimsOptions())

    def _squeeze(self, x: int) -> int | None:
        shape = self.model.shape(x)
        if len(shape) < 3 or shape[1] != 1:
            return None
        return self._made("SQUEEZE", [x], (shape[0], *shape[2:]), SqueezeOptions(squeeze_dims=(1,)))

    def _transpose(self, x: int) -> int:
        shape = self.model.shape(x)
        perm = list(range(len(shape)))
        self.rng.shuffle(perm)
        argument = self.model.constant((len(perm),), INT32, perm)
        return self._made("TRANSPOSE", [x, argument], [shape[p] for p in perm], TransposeOptions())

    def _pool(self, x: int) -> int | None:
        if len(self.model.shape(x)) != 4:
            return None
        _, height, width, _ = self.model.shape(x)
        if min(height, width) < 2:
            return None
        return self.model.pool_2d(x, self.rng.choice(("MAX_POOL_2D", "AVERAGE_POOL_2D")))

    def _concat(self, x: int) -> int:
        shape = list(self.model.shape(x))
        others = [i for i in self.floats if list(self.model.shape(i)) == shape]
        shape[-1] *= 2
        options = ConcatenationOptions(axis=len(shape) - 1)
        return self._made("CONCATENATION", [x, self.rng.choice(others)], shape, options)

    def _reduce(self, x: int) -> int | None:
        shape = self.model.shape(x)
        if len(shape) < 3:
            return None
        axis = self.model.constant((1,), INT32, (1,))
        name = self.rng.choice(("REDUCE_MAX", "MEAN", "REDUCE_MIN"))
        return self._made(name, [x, axis], (shape[0], *shape[2:]), ReducerOptions())

    def _softmax(self, x: int) -> int:
        return self._made("SOFTMAX", [x], self.model.shape(x), SoftmaxOptions(beta=1.0))

    def _argmax(self, x: int) -> None:
        shape = self.model.shape(x)
        axis = self.model.constant((), INT32, (len(shape) - 1,))
        y = self.model.tensor(shape[:-1], INT32)
        self.model.operator("ARG_MAX", [x, axis], [y], ArgMaxOptions(output_type=INT32))

    def _layer(self, x: int) -> int | None:
        shape = self.model.shape(x)
        if len(shape) == 2:
            return self.model.fully_connected(x, units=self.rng.choice((2, 5)))
        if len(shape) != 4:
            return None
        if self.rng.random() < 0.5:
            return self.model.depthwise_conv_2d(x, 3)
        return self.model.conv_2d(x, 3, kernel=(1, 1))

    def _made(self, name: str, inputs: list[int], shape: object, options: object = None) -> int:
        y = self.model.tensor(shape, FLOAT32)  # type: ignore[arg-type]
        self.model.operator(name, inputs, [y], options)  # type: ignore[arg-type]
        return y


def islands(seed: int, *, steps: int = 6, type: TensorType = INT8, edges: bool = False) -> Model:
    """A random network of one island or several; the same seed gives the same network.

    With `edges` its inputs and outputs are float, too.
    """
    rng = random.Random(seed)
    model = ModelBuilder(seed=seed)
    net = Islands(model, rng, type)
    shape = rng.choice(((1, 4, 4, 2), (1, 6, 2), (1, 8), (1, 1, 6, 4)))
    for _ in range(rng.choice((1, 1, 2))):
        if edges and rng.random() < 0.5:
            net.floats.append(model.input(shape))
            continue
        x = model.input(shape, type, net.quantisation(rng.choice((1.0, 2.0))))
        wide = model.tensor(shape, FLOAT32)
        model.operator("DEQUANTIZE", [x], [wide])
        net.floats.append(wide)
    for _ in range(rng.randint(0, steps)):
        net.step()
    last = net.requantise(net.floats[-1], 4.0)
    if edges:
        # What makes it an integer network with float ends.
        last = model.unary("RELU", last)
    if last not in model.outputs:
        model.output(last)
    if edges or rng.random() < 0.2:
        model.output(rng.choice(net.floats[-2:]))
    return _calibrated(model.build())


def _calibrated(model: Model) -> Model:
    """The network with the scales of its QUANTIZE operators from what reaches them."""
    (graph,) = model.subgraphs
    exits = [
        (operator.inputs[0], operator.outputs[0])
        for operator in graph.operators
        if model.operator_codes[operator.opcode_index].name == "QUANTIZE"
    ]
    tensors = list(graph.tensors)
    # What one island gives, the next one takes: scales follow in that order.
    for _, made in exits:
        found = [outputs[made] for outputs in _probed(model, graph, tensors, exits)]
        # Of values that all but cancel out, int8 keeps nothing; so no scale is that fine.
        reach = (
            min(-REACH, *(float(a.min()) for a in found)),
            max(REACH, *(float(a.max()) for a in found)),
        )
        grid = covering(reach, tensors[made].type)
        assert grid is not None
        tensors[made] = dataclasses.replace(tensors[made], quantization=grid.parameters)
    return dataclasses.replace(
        model, subgraphs=(dataclasses.replace(graph, tensors=tuple(tensors)),)
    )


def _probed(
    model: Model, graph: SubGraph, tensors: list[Tensor], exits: list[tuple[int, int]]
) -> Iterator[dict[int, Array]]:
    """What reaches each QUANTIZE, by what it gives, for several inputs."""
    shown = dataclasses.replace(
        graph, tensors=tuple(tensors), outputs=tuple(read for read, _ in exits)
    )
    probe = dataclasses.replace(model, subgraphs=(shown,))
    for seed in range(CALIBRATED):
        outputs = run(probe, random_inputs(model, seed), "litert")
        yield dict(zip((made for _, made in exits), outputs, strict=True))


def agreed(model: Model, inputs: Sequence[Array]) -> dict[str, list[Array]]:
    """The outputs of a model by runtime; none where the runtimes do not agree on them.

    LiteRT lets EXPAND_DIMS write over what others read later, for one.
    """
    found = {name: outputs_on(model, inputs, name) for name in installed()}
    ran = {name: outputs for name, outputs in found.items() if not isinstance(outputs, str)}
    for outputs in ran.values():
        for others in ran.values():
            if any(
                a.size and np.abs(a.astype(np.float64) - b).max() > 4
                for a, b in zip(outputs, others, strict=True)
            ):
                return {}
    return ran
