"""Running both models, before and after, on the same inputs and on every runtime there is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np

from tflint.errors import HostFailed, ModelRefused
from tflint.execution.beside import Beside
from tflint.execution.hosts import Host, Outcome, Run, execute_all, is_installed, lacks_kernel
from tflint.execution.process import Limits
from tflint.fix.proof.interface import Array, Entry, Port, entries, matched
from tflint.fix.proof.samples import Samples
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.printable import counted

# Multiply-accumulates a second on reference kernels: a tenth of what was measured on an old core.
_SLOWEST = 1e8
_MOST_SECONDS = 600.0
# Operators whose state outlives an inference, besides variable tensors.
_STATEFUL = frozenset(("VAR_HANDLE", "HASHTABLE", "CALL_ONCE"))


class Reference(Enum):
    """What answers for a model that no runtime on this host runs, or that is no .tflite."""

    KERAS = "keras"
    TENSORFLOW = "tensorflow"
    FLEX = "flex-reference"

    @property
    def title(self) -> str:
        """Its name in sentences."""
        return _TITLES[self]


_TITLES = {
    Reference.KERAS: "Keras",
    Reference.TENSORFLOW: "TensorFlow",
    Reference.FLEX: "the reference of Flex operators",
}


Runner = Host | Reference


def runner_named(name: str) -> Runner:
    """The runtime or reference of this name, as reports have it. Raises `ValueError`."""
    try:
        return Host(name)
    except ValueError:
        return Reference(name)


class Kind(Enum):
    """Where inputs are from. The value is how messages call one of them."""

    SAMPLES = "sample"
    RANDOM = "random input"
    EXTREME = "extreme input"
    SEQUENCE = "sequence step"


@dataclass(frozen=True, slots=True)
class Subject:
    """A model on trial."""

    data: bytes
    model: Model
    entries: tuple[Entry, ...]

    @property
    def is_stateful(self) -> bool:
        """Whether an inference depends on those before it."""
        return any(
            tensor.is_variable for graph in self.model.subgraphs for tensor in graph.tensors
        ) or any(code.name in _STATEFUL for code in self.model.operator_codes)


@dataclass(frozen=True, slots=True)
class Pair:
    """An entry of the original and the same one of the result.

    Input i of the result gets the values of input `inputs[i]` of the original; output i of the
    original is compared with output `outputs[i]` of the result.
    """

    before: Entry
    after: Entry
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What the original answers to the samples, (samples, *shape of the output), by `source`.

    The outputs are those of the first subgraph, in its order and as it stores them. Where the
    result `is_rounded`, it is a float model and may differ by the rounding of floats alone.
    """

    source: Runner
    outputs: tuple[Array, ...]
    is_rounded: bool = False

    def chosen(self, indices: Sequence[int]) -> Known:
        """The answers to some of the samples."""
        return replace(self, outputs=tuple(values[list(indices)] for values in self.outputs))


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs of one kind for one pair, real-valued as in `Samples`.

    Where they are not `is_judged`, the result only has to run and to give finite numbers. `cost`
    is what one sample takes, in multiply-accumulates. Where the original's answers are `known`, it
    is not run.
    """

    pair: Pair
    kind: Kind
    samples: Samples
    is_judged: bool
    cost: int
    known: Known | None = None

    @property
    def is_first(self) -> bool:
        """Whether it is for the first subgraph."""
        return self.pair.before.signature is None


@dataclass(frozen=True, slots=True)
class Trial:
    """What both models made of one batch, by what ran them."""

    batch: Batch
    before: dict[Runner, Outcome] = field(default_factory=dict)
    after: dict[Runner, Outcome] = field(default_factory=dict)


class InterfaceDiffers(Exception):
    """The result takes or gives something else than the original."""


def subject(data: bytes) -> Subject:
    """A model on trial. Raises `UnreadableModel` and `NotComparable`."""
    model = parse_model(data)
    return Subject(data, model, entries(model))


def pairs(before: Subject, after: Subject) -> list[Pair]:
    """The entries of both models, matched. Raises `InterfaceDiffers`."""
    found = []
    by_key = {entry.signature: entry for entry in after.entries}
    for old in before.entries:
        new = by_key.get(old.signature)
        if new is None:
            raise InterfaceDiffers("a signature is missing in the result")
        inputs, outputs = matched(old.inputs, new.inputs), matched(new.outputs, old.outputs)
        if inputs is None:
            raise InterfaceDiffers(
                f"the original takes {counted(len(old.inputs), 'input')},"
                f" the result {len(new.inputs):,}"
            )
        if outputs is None:
            raise InterfaceDiffers(
                f"the original gives {counted(len(old.outputs), 'output')},"
                f" the result {len(new.outputs):,}"
            )
        found.append(Pair(old, new, tuple(inputs), tuple(outputs)))
    return found


def run_trials(
    before: Subject, after: Subject, batches: Sequence[Batch], limits: Limits
) -> list[Trial]:
    """Run both models on all batches.

    The limit of time is for small models, large ones get more. Raises `HostFailed` where a runtime
    crashes or exceeds its limits, `MissingExtra` without
    LiteRT, and `InterfaceDiffers` where the result cannot take the original's inputs.
    """
    trials = [Trial(batch) for batch in batches]
    work = 2 * sum(batch.samples.count * batch.cost for batch in batches)
    more = min(work / _SLOWEST, _MOST_SECONDS)
    limits = replace(limits, seconds=limits.seconds + more)
    tasks = _tasks(before, after, trials)
    beside = None
    if is_installed(Host.TFLM):
        beside = Beside(lambda: _outcomes(Host.TFLM, tasks, limits))
    outcomes = {Host.LITERT: _outcomes(Host.LITERT, tasks, limits)}
    if any(lacks_kernel(outcome) for outcome in outcomes[Host.LITERT]):
        outcomes[Host.LITERT_OPTIMISED] = _outcomes(Host.LITERT_OPTIMISED, tasks, limits)
    if beside is not None:
        outcomes[Host.TFLM] = beside.result()
    for host, found in outcomes.items():
        for task, outcome in zip(tasks, found, strict=True):
            if isinstance(outcome, HostFailed):
                which = "the result" if task.is_after else "the original"
                raise HostFailed(f"{outcome}, on {which}")
            if outcome is not None:
                (task.trial.after if task.is_after else task.trial.before)[host] = outcome
    for trial in trials:
        if trial.batch.known is not None:
            trial.before[trial.batch.known.source] = trial.batch.known.outputs
    _run_reference(before, after, trials)
    return trials


@dataclass(frozen=True, slots=True)
class _Task:
    """A model to run on the inputs of a trial."""

    run: Run
    trial: Trial
    is_after: bool


def _tasks(before: Subject, after: Subject, trials: Sequence[Trial]) -> list[_Task]:
    found = []
    for trial in trials:
        keeps_state = trial.batch.kind is Kind.SEQUENCE
        key = trial.batch.pair.before.signature
        old, new = fed(trial.batch)
        if trial.batch.known is None:
            found.append(_Task(Run(before.data, old, key, keeps_state), trial, False))
        found.append(_Task(Run(after.data, new, key, keeps_state), trial, True))
    return found


def _outcomes(host: Host, tasks: Sequence[_Task], limits: Limits) -> list[Outcome | None]:
    """What came of each task on a runtime; None for what it has no way to run."""
    is_able = [host is not Host.TFLM or task.trial.batch.is_first for task in tasks]
    chosen = [task.run for task, able in zip(tasks, is_able, strict=True) if able]
    found = iter(execute_all(chosen, host, limits))
    return [next(found) if able else None for able in is_able]


def _run_reference(before: Subject, after: Subject, trials: Sequence[Trial]) -> None:
    """Run originals with Flex operators, which no runtime here runs, by their reference."""
    from tflint.fix.proof.flex_reference import has_flex, run_with_flex

    for trial in trials:
        if not has_flex(before.model) or not trial.batch.is_first or trial.batch.known:
            continue
        old, new = fed(trial.batch)
        for place, model, values in ((trial.before, before, old), (trial.after, after, new)):
            if has_flex(model.model):
                try:
                    place[Reference.FLEX] = run_with_flex(model.data, values)
                except ModelRefused as refused:
                    place[Reference.FLEX] = refused


def fed(batch: Batch) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """The inputs as the original takes them, and as the result does. Raises `InterfaceDiffers`."""
    pair, values = batch.pair, batch.samples.inputs
    old = tuple(
        port.quantised(value) for port, value in zip(pair.before.inputs, values, strict=True)
    )
    new = []
    for port, place in zip(pair.after.inputs, pair.inputs, strict=True):
        source = pair.before.inputs[place]
        is_same_type = port.dtype == source.dtype and (port.scale is None or not source.is_real)
        given = old[place] if is_same_type else port.quantised(values[place])
        new.append(_shaped(given, port, source))
    return old, tuple(new)


def _shaped(values: Array, port: Port, source: Port) -> Array:
    shape = values.shape[1:]
    if port.takes(shape):
        return values
    if math.prod(port.default_shape) != math.prod(shape):
        raise InterfaceDiffers(
            f"the input {source.title} of shape {_text(shape)} has become"
            f" {_text(port.default_shape)}"
        )
    return values.reshape(len(values), *port.default_shape)


def _text(shape: Sequence[int]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"


def evenly(count: int, most: int) -> list[int]:
    """The indices of at most so many samples of `count`, evenly spread."""
    if count <= most:
        return list(range(count))
    found: list[int] = np.linspace(0, count - 1, most).astype(np.int64).tolist()
    return found
