"""int8 and int16 networks around one affine run, with scales that cut nothing off."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import numpy as np

from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import (
    ActivationFunctionType,
    AddOptions,
    MulOptions,
    Padding,
    SubOptions,
    TensorType,
)
from tflint.model.tables import Model

NONE, RELU = ActivationFunctionType.NONE, ActivationFunctionType.RELU
INT8, INT16 = TensorType.INT8, TensorType.INT16
STEPS = {INT8: 127, INT16: 32767}
OPTIONS: dict[str, Any] = {"MUL": MulOptions, "ADD": AddOptions, "SUB": SubOptions}


class Network:
    """A network under construction that knows how far its values reach."""

    def __init__(self, rng: random.Random, type: TensorType) -> None:
        self.rng, self.type = rng, type
        self.model = ModelBuilder(seed=rng.randint(0, 1 << 20))
        self.x = self.model.input((1, 6, 6, 4), type, per_tensor(6.35 / STEPS[type]))
        self.reach = 6.35

    def quantisation(self) -> Any:
        """Scale and zero point for values of this reach; int8 need not be symmetric."""
        zero = self.rng.choice((0, 0, 3, -7)) if self.type is INT8 else 0
        return per_tensor(self.reach * 1.1 / STEPS[self.type], zero)

    def layer(self, name: str, *, activation: ActivationFunctionType = NONE) -> None:
        model = self.model
        if name == "CONV_2D":
            self.x = model.conv_2d(self.x, 4, 3, activation=activation)
        elif name == "DEPTHWISE_CONV_2D":
            self.x = model.depthwise_conv_2d(
                self.x, 3, padding=Padding.VALID, activation=activation
            )
        else:
            self.x = model.fully_connected(self.x, 4, activation=activation)
        weights = model.tensors[model.operators[-1].inputs[1]]
        assert weights.quantization is not None
        data = np.frombuffer(model.buffers[weights.buffer].data or b"", np.int8)
        reals = np.abs(data.reshape(weights.shape)) * max(weights.quantization.scale)
        axes = {"DEPTHWISE_CONV_2D": (0, 1, 2), "CONV_2D": (1, 2, 3)}.get(name, (1,))
        self.reach *= float(reals.sum(axis=axes).max())
        tensor = model.tensors[self.x]
        model.tensors[self.x] = dataclasses.replace(tensor, quantization=self.quantisation())

    def affine(self, *, by_channel: bool) -> None:
        """One to three operators; each result reaches exactly as far as what it is made of does.

        With a constant for each channel, as far as the channel with the largest.
        """
        for _ in range(self.rng.randint(1, 3)):
            name = self.rng.choice(("MUL", "MUL", "ADD", "SUB", "-SUB"))
            was = self.model.tensors[self.x].quantization
            assert was is not None
            scale, zero = was.scale[0], was.zero_point[0]
            most = STEPS[self.type]
            count = 4 if by_channel else 1
            if name == "MUL":
                stored = [self.rng.randint(most // 4, most) for _ in range(count)]
                step = 1.9 / most
                scale *= max(stored) * step
            else:
                # A whole number of steps, which goes into the zero point.
                step = scale
                high = 3 if self.type is INT8 else 0
                stored = [self.rng.randint(-high, high) for _ in range(count)]
                sign = 1 if name == "SUB" else -1
                zero = (-zero if name == "-SUB" else zero) + sign * max(stored)
            c = self.model.constant((count,), self.type, stored, per_tensor(step))
            y = self.model.tensor(self.model.shape(self.x), self.type, per_tensor(scale, zero))
            operands = [c, self.x] if name == "-SUB" else [self.x, c]
            name = name.lstrip("-")
            more = {} if name == "MUL" else {"pot_scale_int16": False}
            self.model.operator(name, operands, [y], OPTIONS[name](**more), version=2)
            self.x, self.reach = y, scale * most

    def build(self) -> Model:
        self.model.output(self.x)
        return self.model.build()


def quantised_network(seed: int, type: TensorType, *, is_behind: bool) -> Model:
    """A linear layer and a run behind it, or in front of it."""
    rng = random.Random(seed)
    network = Network(rng, type)
    name = rng.choice(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"))
    by_channel = rng.random() < 0.6
    if is_behind:
        network.layer(name)
        network.affine(by_channel=by_channel)
    else:
        network.affine(by_channel=by_channel)
        network.layer(name, activation=rng.choice((NONE, RELU)))
    return network.build()
