"""What a donor answers to inputs made up at random, and how near a Keras network comes to it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.convert.float_form import float_form, rounding
from tflint.errors import ModelRefused
from tflint.execution.hosts import Host, execute
from tflint.fix.proof.samples import random_samples
from tflint.model.graph import dangling_indices
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.printable import counted
from tflint.target.target import Target, find_target

Array = NDArray[Any]
# For each input of Keras: which of the donor's it is, and its dimension for each of Keras'.
InputOrder = tuple[tuple[int, tuple[int, ...]], ...]

SAMPLES = 12
_MOST_ORDERS = 24
# Float arithmetic in another order, and weights that were rounded to eight bits.
EQUAL_DB = 60.0
NEAR_DB = 30.0
# Where the outputs hardly depend on the inputs: the error of sums of floats, by their size.
_FLOAT_ERROR = 1e-6


class CannotTake(Exception):
    """The donor takes or gives something else; the message says what."""


@dataclass(frozen=True, slots=True)
class Donor:
    """A .tflite in float form, inputs for it, and its answers (samples, *shape of the output).

    `input_orders` are the ways in which its inputs can be those of the network, `rounding` is what
    a weight may be off by, as a share of the greatest.
    """

    model: Model
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    input_orders: tuple[InputOrder, ...]
    rounding: float

    @property
    def target(self) -> Target:
        """What repairs of models are to be measured for: here it does not matter."""
        return _target()

    @classmethod
    def read(cls, data: bytes, model: Any) -> Donor:
        """Run a .tflite that a Keras model is to answer like."""
        stored = parse_model(data)
        if next(dangling_indices(stored), None) is not None or not stored.subgraphs:
            raise CannotTake("the .tflite is broken: `tflint check` says where")
        parsed = float_form(stored, _target())
        data = write_model(parsed)
        samples = random_samples(parsed, SAMPLES)
        orders = _orders(model, parsed, samples.inputs)
        try:
            outputs = execute(data, samples.inputs, Host.LITERT)
        except ModelRefused:
            outputs = execute(data, samples.inputs, Host.LITERT_OPTIMISED)
        if len(outputs) != len(model.outputs):
            raise CannotTake(
                f"the source gives {counted(len(model.outputs), 'output')},"
                f" the .tflite {len(outputs):,}"
            )
        return cls(parsed, samples.inputs, outputs, orders, rounding(stored))


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near answers are to a donor's: the ratio to what changes with the inputs, in the worst
    output.
    """

    snr_db: float
    maximum: float

    @property
    def is_equal(self) -> bool:
        """Whether only the order of additions differs."""
        return self.snr_db >= EQUAL_DB

    @property
    def is_near(self) -> bool:
        """Whether rounded weights explain the difference."""
        return self.snr_db >= NEAR_DB

    @property
    def text(self) -> str:
        """As notes say it."""
        if self.snr_db == math.inf:
            return f"equal answers to {counted(SAMPLES, 'random input')}"
        return (
            f"signal-to-noise ratio {self.snr_db:.1f} dB, greatest error {self.maximum:.3g}"
            f" over {counted(SAMPLES, 'random input')}"
        )


def _target() -> Target:
    return find_target("tflm")


def agreement(model: Any, donor: Donor, order: InputOrder | None = None) -> Agreement:
    """How near a Keras model's answers are to the donor's."""
    order = order or donor.input_orders[0]
    found: list[list[Array]] = [[] for _ in donor.outputs]
    for sample in range(len(donor.outputs[0])):
        given = [donor.inputs[place][sample].transpose(axes) for place, axes in order]
        made = model(given if len(given) > 1 else given[0], training=False)
        for place, value in enumerate(_flat(made)):
            found[place].append(np.asarray(value))
    worst, maximum = math.inf, 0.0
    for values, wanted in zip(found, donor.outputs, strict=True):
        stacked = np.stack(values)
        if stacked.size != wanted.size:
            raise CannotTake(
                f"an output of the source is {list(stacked.shape[1:])},"
                f" the .tflite's {list(wanted.shape[1:])}"
            )
        ratio, off = _ratio(wanted.reshape(len(wanted), -1), stacked.reshape(len(wanted), -1))
        worst, maximum = min(worst, ratio), max(maximum, off)
    return Agreement(worst, maximum)


def _ratio(wanted: Array, given: Array) -> tuple[float, float]:
    """The signal-to-noise ratio in dB and the greatest error; a constant part is no signal."""
    wanted, given = wanted.astype(np.float64), given.astype(np.float64)
    with np.errstate(all="ignore"):
        off = np.abs(wanted - given)
        off[(wanted == given) | (np.isnan(wanted) & np.isnan(given))] = 0
        off[np.isnan(off)] = np.inf
        greatest = float(off.max(initial=0))
        size = float(np.abs(wanted).max(initial=0))
        if greatest <= _FLOAT_ERROR * size:
            return math.inf, greatest
        signal = float(np.square(wanted - wanted.mean(axis=0)).sum())
        noise = float(np.square(off).sum())
        if not (math.isfinite(signal) and math.isfinite(noise)) or signal <= 0:
            return -math.inf, greatest
        return 10 * math.log10(signal / noise), greatest


def _flat(made: Any) -> list[Any]:
    if isinstance(made, dict):
        return [value for key in made for value in _flat(made[key])]
    if isinstance(made, list | tuple):
        return [value for each in made for value in _flat(each)]
    return [made]


def _orders(model: Any, donor: Model, inputs: Sequence[Array]) -> tuple[InputOrder, ...]:
    """The ways in which a donor's inputs can be a Keras model's, the likeliest first."""
    wanted = [tuple(tensor.shape) for tensor in model.inputs]
    if len(wanted) != len(inputs):
        raise CannotTake(
            f"the source takes {counted(len(wanted), 'input')}, the .tflite {len(inputs):,}"
        )
    names = [str(tensor.name).split(":")[0] for tensor in model.inputs]
    graph = donor.subgraphs[0]
    theirs = [graph.tensors[index].name or "" for index in graph.inputs]
    found = []
    for places in itertools.islice(itertools.permutations(range(len(inputs))), 120):
        axes = [
            _axes(shape, inputs[place].shape[1:])
            for shape, place in zip(wanted, places, strict=True)
        ]
        if not all(axes):
            continue
        same = sum(name in theirs[place] for name, place in zip(names, places, strict=True))
        turns = itertools.islice(itertools.product(*axes), _MOST_ORDERS)
        found += [(-same, tuple(zip(places, turn, strict=True))) for turn in turns]
    if not found:
        shapes = ", ".join(str(list(shape)) for shape in wanted)
        given = ", ".join(str(list(values.shape[1:])) for values in inputs)
        raise CannotTake(f"the source takes {shapes}, the .tflite {given}")
    found.sort(key=lambda each: each[0])
    return tuple(order for _, order in found[:_MOST_ORDERS])


def _axes(wanted: Sequence[int | None], given: Sequence[int]) -> list[tuple[int, ...]]:
    """The orders of dimensions that make one shape of another: as it is, or channels moved."""
    if len(wanted) != len(given):
        return []
    rank = len(given)
    plain = tuple(range(rank))
    orders = [plain]
    if rank > 2:
        orders.append((0, rank - 1, *range(1, rank - 1)))
        orders.append((0, *range(2, rank), 1))
    return [
        order
        for order in dict.fromkeys(orders)
        if all(
            size is None or size == given[axis] for size, axis in zip(wanted, order, strict=True)
        )
    ]
