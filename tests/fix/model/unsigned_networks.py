"""Networks in the uint8 quantisation of before 2020, put together at random."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import Shape, per_tensor
from tflint.model.record import Record
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    ConcatenationOptions,
    MulOptions,
    PadOptions,
    ReducerOptions,
    TensorType,
    TransposeConvOptions,
    TransposeOptions,
)
from tflint.model.tables import Model, QuantizationParameters

UINT8, INT32 = TensorType.UINT8, TensorType.INT32
STEPS = (
    "conv",
    "conv",
    "depthwise",
    "dense",
    "up",
    "pool",
    "add",
    "constant",
    "concat",
    "unary",
    "mean",
    "reshape",
    "pad",
    "transpose",
    "fixed",
)


class Unsigned:
    """A network under construction; `x` is what comes out of it so far."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.model = ModelBuilder(seed=seed)
        shape = self.rng.choice(((1, 6, 6, 3), (1, 8, 8, 1)))
        self.x = self.model.input(shape, UINT8, self.grid())
        self.seen = [self.x]

    def grid(self, scale: float | None = None) -> QuantizationParameters:
        return per_tensor(scale or self.rng.uniform(0.02, 0.06), self.rng.choice((0, 90, 128, 160)))

    def give(
        self, name: str, inputs: Sequence[int], shape: Shape, options: Record | None = None
    ) -> None:
        self.give_on(name, inputs, shape, self.grid(), options)

    def give_on(
        self,
        name: str,
        inputs: Sequence[int],
        shape: Shape,
        grid: QuantizationParameters | None,
        options: Record | None = None,
    ) -> None:
        self.x = self.model.tensor(shape, UINT8, grid)
        self.model.operator(name, inputs, [self.x], options)
        self.seen.append(self.x)

    def reweighted(self) -> None:
        """Give the last layer weights of another zero point, and an output of another scale."""
        model, operator = self.model, self.model.operators[-1]
        x, w, b = operator.inputs[:3]
        zero_point = self.rng.choice((0, 5, 100, 128, 131, 200))
        scale = self.rng.uniform(0.001, 0.01)
        self._requantise(w, scale, zero_point)
        taken = model.tensors[x].quantization
        assert taken is not None
        channels = model.shape(b)[0]
        bias = [self.rng.randint(-4000, 4000) for _ in range(channels)]
        index = model.constant((channels,), INT32, bias, per_tensor(taken.scale[0] * scale))
        model.operators[-1] = dataclasses.replace(operator, inputs=(x, w, index))
        self.x = operator.outputs[0]
        self._requantise(self.x, self.rng.uniform(0.03, 0.1), self.rng.choice((0, 100, 128)))
        self.seen.append(self.x)

    def _requantise(self, index: int, scale: float, zero_point: int) -> None:
        tensor = self.model.tensors[index]
        self.model.tensors[index] = dataclasses.replace(
            tensor, quantization=per_tensor(scale, zero_point)
        )

    def step(self) -> None:
        getattr(self, f"_{self.rng.choice(STEPS)}")()

    @property
    def _shape(self) -> tuple[int, ...]:
        return self.model.shape(self.x)

    def _conv(self) -> None:
        if len(self._shape) == 4 and min(self._shape[1:3]) >= 3:
            activation = self.rng.choice(
                (ActivationFunctionType.NONE, ActivationFunctionType.RELU6)
            )
            self.model.conv_2d(self.x, self.rng.choice((2, 4)), 3, activation=activation)
            self.reweighted()

    def _depthwise(self) -> None:
        if len(self._shape) == 4:
            self.model.depthwise_conv_2d(self.x, 3, multiplier=self.rng.choice((1, 2)))
            self.reweighted()

    def _dense(self) -> None:
        if len(self._shape) <= 2:
            self.model.fully_connected(self.x, units=self.rng.choice((3, 6)))
            self.reweighted()

    def _up(self) -> None:
        if len(self._shape) != 4 or self._shape[1] > 8:
            return
        batch, height, width, channels = self._shape
        shape = (batch, 2 * height, 2 * width, 2)
        model = self.model
        w = model.constant((2, 2, 2, channels), UINT8, None, per_tensor(0.004, 120))
        to = model.constant((4,), INT32, shape)
        options = TransposeConvOptions(stride_w=2, stride_h=2)
        self.give("TRANSPOSE_CONV", [to, w, self.x], shape, options)

    def _pool(self) -> None:
        if len(self._shape) == 4 and min(self._shape[1:3]) >= 2:
            kind = self.rng.choice(("MAX_POOL_2D", "AVERAGE_POOL_2D"))
            self.x = self.model.pool_2d(self.x, kind)
            self.seen.append(self.x)

    def _add(self) -> None:
        others = [i for i in self.seen if self.model.shape(i) == self._shape]
        name, options = self.rng.choice((("ADD", AddOptions()), ("MUL", MulOptions())))
        self.give(name, [self.x, self.rng.choice(others)], self._shape, options)

    def _constant(self) -> None:
        other = self.model.constant(self._shape[-1:], UINT8, None, per_tensor(0.02, 100))
        name, options = self.rng.choice((("ADD", AddOptions()), ("MUL", MulOptions())))
        self.give(name, [self.x, other], self._shape, options)

    def _concat(self) -> None:
        others = [i for i in self.seen if self.model.shape(i) == self._shape]
        *rest, last = self._shape
        options = ConcatenationOptions(axis=len(rest))
        operands = [self.x, self.rng.choice(others)]
        self.give("CONCATENATION", operands, (*rest, 2 * last), options)

    def _unary(self) -> None:
        grid = self.model.tensors[self.x].quantization
        self.give_on(self.rng.choice(("RELU", "RELU6")), [self.x], self._shape, grid)

    def _mean(self) -> None:
        if len(self._shape) == 4:
            axis = self.model.constant((2,), INT32, (1, 2))
            self.give("MEAN", [self.x, axis], (self._shape[0], self._shape[-1]), ReducerOptions())

    def _reshape(self) -> None:
        self.x = self.model.flatten(self.x)
        self.seen.append(self.x)

    def _pad(self) -> None:
        if len(self._shape) == 4:
            batch, height, width, channels = self._shape
            batch, height, width, channels = self._shape
            paddings = self.model.constant((4, 2), INT32, (0, 0, 1, 1, 0, 1, 0, 0))
            grid = self.model.tensors[self.x].quantization
            shape = (batch, height + 2, width + 1, channels)
            self.give_on("PAD", [self.x, paddings], shape, grid, PadOptions())

    def _transpose(self) -> None:
        perm = list(range(len(self._shape)))
        self.rng.shuffle(perm)
        argument = self.model.constant((len(perm),), INT32, perm)
        grid = self.model.tensors[self.x].quantization
        shape = [self._shape[p] for p in perm]
        self.give_on("TRANSPOSE", [self.x, argument], shape, grid, TransposeOptions())

    def _fixed(self) -> None:
        name, scale, zero_point = self.rng.choice(
            (("LOGISTIC", 1 / 256, 0), ("TANH", 1 / 128, 128), ("SOFTMAX", 1 / 256, 0))
        )
        if name == "SOFTMAX":
            self.x = self.model.softmax(self.x)
            self._requantise(self.x, scale, zero_point)
            self.seen.append(self.x)
        else:
            self.give_on(name, [self.x], self._shape, per_tensor(scale, zero_point))


def unsigned_network(seed: int, steps: int = 6) -> Model:
    """A random network; the same seed gives the same network."""
    network = Unsigned(seed)
    for _ in range(network.rng.randint(1, steps)):
        network.step()
    network.model.output(network.x)
    return network.model.build()
