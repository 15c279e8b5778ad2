"""Whether a rebuilt network computes what the original does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.convert.tensorflow.answers import forget
from tflint.convert.tensorflow.order import Order
from tflint.convert.tensorflow.rebuild import flatten

# Of the range of an output. Sums in another sequence differ by some 1e-6 of it.
TOLERANCE = 1e-4
_OPEN_SIZE = 8  # what stands for a size that the network leaves open
_BATCH = 2
_SEED = 20200706

Value = NDArray[Any]


class CannotRun(Exception):
    """A network does not run on the samples; the message says why."""


def difference(
    original: Any,
    rebuilt: Any,
    keras: Any,
    inputs: Sequence[Order | None] = (),
    outputs: Sequence[Order | None] = (),
    samples: Sequence[Sequence[Value]] = (),
) -> float:
    """The largest difference of two networks' outputs, relative to the range of the output.

    `inputs` and `outputs` are the orders of the rebuilt one's with respect to the original's.
    `samples` are inputs of the original, the batch first; without them random ones and ones with
    a structure are made up. Raises `CannotRun`. A value that is not finite in one network only
    counts as infinitely different.
    """
    shapes = [tuple(each.shape) for each in original.inputs]
    given = list(samples) or made_up(original)
    first, second = answers(original, keras), answers(rebuilt, keras)
    ranges: dict[int, _Range] = {}
    for values in given:
        turned = [
            value if order is None else value.transpose(order)
            for value, order in zip(values, [*inputs] or [None] * len(shapes), strict=True)
        ]
        forget(original)
        forget(rebuilt)
        expected, found = first(values), second(turned)
        wanted = [*outputs] or [None] * len(expected)
        for number, order in enumerate(wanted):
            one = expected[number] if order is None else expected[number].transpose(order)
            ranges.setdefault(number, _Range()).take(one, found[number])
    # A conversion starts from the state that is left.
    forget(original)
    forget(rebuilt)
    return max((each.difference for each in ranges.values()), default=0.0)


@dataclass(slots=True)
class _Range:
    """One output over all samples: its range, and the largest difference."""

    low: float = float("inf")
    high: float = float("-inf")
    off: float = 0.0

    def take(self, expected: Value, found: Value) -> None:
        """What both networks answered to a sample."""
        one, other = expected.astype(np.float64), found.astype(np.float64)
        if one.shape != other.shape:
            self.off = float("inf")
            return
        is_finite = np.isfinite(one)
        if not np.array_equal(is_finite, np.isfinite(other)):
            self.off = float("inf")
        elif is_finite.any():
            one, other = one[is_finite], other[is_finite]
            self.low = min(self.low, float(np.min(one)))
            self.high = max(self.high, float(np.max(one)))
            self.off = max(self.off, float(np.abs(one - other).max()))

    @property
    def difference(self) -> float:
        """Relative to the range; of what hardly varies, to a hundredth of its size."""
        if self.off in (0.0, float("inf")):
            return self.off
        size = max(abs(self.low), abs(self.high))
        return self.off / max(self.high - self.low, 0.01 * size, 1e-6)


def answers(model: Any, keras: Any) -> Callable[[Sequence[Value]], list[Value]]:
    """A network as a function of arrays, outside training.

    As a graph, and compiled where TensorFlow has no kernel otherwise, which is so for some
    channels_first layers on a CPU.
    """
    import tensorflow as tf

    def call(values: Sequence[Any]) -> Any:
        return flatten(model(_arguments(model, keras, list(values)), training=False), keras)

    ways = [tf.function(call), tf.function(call, jit_compile=True)]

    def run(values: Sequence[Value]) -> list[Value]:
        tensors = [tf.constant(value) for value in values]
        error: Exception | None = None
        while ways:
            try:
                return [np.asarray(each) for each in ways[0](tensors)]
            except Exception as failed:
                error = failed
                if len(ways) == 1:
                    break
                ways.pop(0)
        raise CannotRun(f"{type(error).__name__}: {str(error).strip().splitlines()[0]}")

    return run


def made_up(model: Any, batch: int = _BATCH) -> list[list[Value]]:
    """Inputs for a network: noise of three sizes, a ramp, single ones, zeros."""
    random = np.random.default_rng(_SEED)
    shapes = []
    for tensor in model.inputs:
        sizes = [None if size is None else int(size) for size in tensor.shape]
        sizes[0] = batch if sizes[0] is None else sizes[0]
        shapes.append([_OPEN_SIZE if size is None else size for size in sizes])
    dtypes = [str(getattr(tensor.dtype, "name", tensor.dtype)) for tensor in model.inputs]

    def each(make: Callable[[list[int]], Value]) -> list[Value]:
        return [
            _cast(make(shape), dtype, random) for shape, dtype in zip(shapes, dtypes, strict=True)
        ]

    def ramp(shape: list[int]) -> Value:
        size = int(np.prod(shape))
        return np.linspace(-1, 1, size).reshape(shape) if size else np.zeros(shape)

    def single(shape: list[int]) -> Value:
        found = np.zeros(int(np.prod(shape)))
        found[:: max(1, found.size // 7)] = 1
        return found.reshape(shape)

    return [
        each(lambda shape: random.normal(0, 1, shape)),
        each(lambda shape: random.uniform(0, 1, shape)),
        each(lambda shape: random.normal(0, 10, shape)),
        each(ramp),
        each(single),
        each(np.zeros),
    ]


def _cast(value: Value, dtype: str, random: np.random.Generator) -> Value:
    if dtype.startswith(("int", "uint")):
        # Few embeddings have less than two entries.
        return random.integers(0, 2, value.shape).astype(dtype)
    if dtype == "bool":
        return value > 0
    return value.astype("float32" if dtype == "bfloat16" else dtype)


def _arguments(model: Any, keras: Any, values: list[Any]) -> Any:
    """The arguments of a call, in the structure that the network was built with."""
    names = getattr(model, "_nested_inputs", None)
    if names is None:
        names = getattr(model, "_inputs_struct", None)
    if isinstance(names, dict):
        return dict(zip(sorted(names), values, strict=True))
    return values[0] if len(values) == 1 else values
