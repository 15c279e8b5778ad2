"""What a donor answers to inputs made up at random, and how near a Keras network comes to it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.convert.float_form import float_form, rounding
from tflint.convert.request import Port
from tflint.convert.tensorflow.answers import NoAnswers, forget, runner
from tflint.convert.tensorflow.calling import inputs
from tflint.convert.tensorflow.loaded import Loaded
from tflint.errors import ModelRefused
from tflint.execution.hosts import Host, execute
from tflint.fix.proof.flex_reference import has_flex, run_with_flex
from tflint.fix.proof.interface import first_entry
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
# For each output of the donor: which of Keras' it is, with which dimensions, and Keras' shape.
OutputOrder = tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...]

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
    """A .tflite as it is stored and in float form, inputs for that, and its answers (samples,
    *shape of the output).

    `input_orders` are the ways in which its inputs can be those of the network, `rounding` is what
    a weight may be off by, as a share of the greatest.
    """

    data: bytes
    stored: Model
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
    def read(cls, data: bytes, network: Runner) -> Donor:
        """Run a .tflite that a network is to answer like."""
        stored = parse_model(data)
        if next(dangling_indices(stored), None) is not None or not stored.subgraphs:
            raise CannotTake("the .tflite is broken: `tflint check` says where")
        parsed = float_form(stored, _target())
        written = write_model(parsed)
        samples = random_samples(parsed, SAMPLES)
        orders = _orders(network.inputs, parsed, samples.inputs)
        outputs = _run(parsed, written, samples.inputs)
        return cls(data, stored, parsed, samples.inputs, outputs, orders, rounding(stored))

    def answers(self, samples: Sequence[Array], found: Agreement) -> tuple[Array, ...]:
        """What the file as it is stored answers to a network's inputs, in the network's terms.

        Samples are (samples, *shape of the input), answers (samples, *shape of the output) in
        float32. Raises `CannotTake` where nothing here runs it.
        """
        entry = first_entry(self.stored)
        given: list[Array] = list(samples)
        for (place, axes), values in zip(found.inputs, samples, strict=True):
            turned = values.transpose(0, *(1 + np.argsort(axes)))
            given[place] = entry.inputs[place].quantised(turned)
        made = _run(self.stored, self.data, given)
        answers: list[Array] = list(made)
        for port, values, (place, axes, shape) in zip(
            entry.outputs, made, found.outputs, strict=True
        ):
            real = port.real(values).reshape(len(values), *(shape[axis] for axis in axes))
            turned = real.transpose(0, *(1 + np.argsort(axes)))
            answers[place] = turned.astype(np.float32) if port.is_real else turned
        return tuple(answers)


def _run(model: Model, data: bytes, inputs: Sequence[Array]) -> tuple[Array, ...]:
    """The outputs of a model. Raises `CannotTake` where nothing here runs it."""
    try:
        if has_flex(model):
            return run_with_flex(data, inputs)
        try:
            return execute(data, inputs, Host.LITERT)
        except ModelRefused:
            return execute(data, inputs, Host.LITERT_OPTIMISED)
    except ModelRefused as refused:
        raise CannotTake(f"the .tflite cannot be run here: {refused}") from refused


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near answers are to a donor's: the ratio to what changes with the inputs, in the worst
    output. `inputs` and `outputs` say which is which.
    """

    snr_db: float
    maximum: float
    inputs: InputOrder = ()
    outputs: OutputOrder = ()

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


class Runner:
    """A network that is run on one sample after the other."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        self.inputs = inputs(loaded)
        self._run = runner(loaded, 1)

    def renew(self) -> None:
        """Forget what was traced: constants that layers have computed from their variables."""
        self._run = runner(self.loaded, 1)

    def outputs(self, values: Sequence[Array]) -> list[Array]:
        """What the network gives for one sample of each input."""
        forget(self.loaded.model)
        return self._run(values)


def agreement(network: Runner, donor: Donor, order: InputOrder | None = None) -> Agreement:
    """How near a network's answers are to the donor's. Raises `CannotTake`."""
    order = order or donor.input_orders[0]
    found: list[list[Array]] = [[] for _ in donor.outputs]
    for sample in range(len(donor.outputs[0])):
        given = [
            donor.inputs[place][sample].transpose(axes).astype(port.dtype)
            for (place, axes), port in zip(order, network.inputs, strict=True)
        ]
        try:
            made = network.outputs(given)
        except NoAnswers as error:
            raise CannotTake(f"what the source builds cannot be run: {error}") from error
        if len(made) != len(donor.outputs):
            raise CannotTake(
                f"the source gives {counted(len(made), 'output')},"
                f" the .tflite {len(donor.outputs):,}"
            )
        for place, value in enumerate(made):
            found[place].append(value)
    best = Agreement(-math.inf, math.inf)
    for outputs in _output_orders(found, donor.outputs):
        worst, maximum = math.inf, 0.0
        for (place, axes, _), wanted in zip(outputs, donor.outputs, strict=True):
            values = np.stack([value.transpose(axes).reshape(-1) for value in found[place]])
            ratio, off = _ratio(wanted.reshape(len(wanted), -1), values)
            worst, maximum = min(worst, ratio), max(maximum, off)
        if worst > best.snr_db or not best.outputs:
            best = Agreement(worst, maximum, order, outputs)
    return best


def _output_orders(found: Sequence[list[Array]], wanted: Sequence[Array]) -> Iterator[OutputOrder]:
    """The ways in which a network's outputs can be the donor's. Raises `CannotTake`."""
    shapes = [values[0].shape for values in found]
    is_any = False
    for places in itertools.islice(itertools.permutations(range(len(found))), _MOST_ORDERS):
        options = [
            _output_axes(shapes[place], values.shape[1:])
            for place, values in zip(places, wanted, strict=True)
        ]
        for turns in itertools.islice(itertools.product(*options), _MOST_ORDERS):
            is_any = True
            yield tuple((p, axes, shapes[p]) for p, axes in zip(places, turns, strict=True))
    if not is_any:
        taken = ", ".join(str(list(shape)) for shape in shapes)
        given = ", ".join(str(list(values.shape[1:])) for values in wanted)
        raise CannotTake(f"the source gives {taken}, the .tflite {given}")


def _output_axes(found: Sequence[int], wanted: Sequence[int]) -> list[tuple[int, ...]]:
    """As it is where the sizes are the same but for ones, else with its channels moved."""
    if [size for size in found if size != 1] == [size for size in wanted if size != 1]:
        return [tuple(range(len(found)))]
    return [axes for axes in _turns(len(found)) if [found[axis] for axis in axes] == list(wanted)]


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


def _orders(ports: Sequence[Port], donor: Model, inputs: Sequence[Array]) -> tuple[InputOrder, ...]:
    """The ways in which a donor's inputs can be a network's, the likeliest first."""
    wanted = [port.shape for port in ports]
    if len(wanted) != len(inputs):
        raise CannotTake(
            f"the source takes {counted(len(wanted), 'input')}, the .tflite {len(inputs):,}"
        )
    names = [port.name for port in ports]
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
    return [
        order
        for order in _turns(len(given))
        if all(
            size is None or size == given[axis] for size, axis in zip(wanted, order, strict=True)
        )
    ]


def _turns(rank: int) -> list[tuple[int, ...]]:
    """Orders of dimensions: as it is, the last behind the batch, the one behind it last."""
    orders = [tuple(range(rank))]
    if rank > 2:
        orders.append((0, rank - 1, *range(1, rank - 1)))
        orders.append((0, *range(2, rank), 1))
    return list(dict.fromkeys(orders))
