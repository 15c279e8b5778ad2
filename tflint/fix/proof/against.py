"""The proof of a conversion: a .tflite model held against what a framework answers.

Keras' names, order and layout of inputs and outputs need not be those of the .tflite model. What
is known of the original is put into the model's terms first; from there on it is the proof that
repairs stand on, with the framework in place of the model before.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tflint.errors import UsageError
from tflint.execution.hosts import Host
from tflint.execution.process import DEFAULT_LIMITS, Limits
from tflint.fix.model.model_fix import OutputChange
from tflint.fix.proof.interface import Array, NotComparable, Port, first_entry
from tflint.fix.proof.proving import prove
from tflint.fix.proof.samples import Samples
from tflint.fix.proof.trials import Known, Reference, Runner
from tflint.model.reader import parse_model
from tflint.printable import counted, printable
from tflint.report.fix_result import Proof


@dataclass(frozen=True, slots=True)
class Named:
    """An input or output of the original.

    `order` is set where the model has another order of dimensions: dimension i of the model is
    dimension `order[i]` of the original, the batch among them.
    """

    name: str
    order: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What the original answers to some samples.

    `samples` and `outputs` are as the original takes and gives them, in the order of `inputs` and
    `results`: (samples, *shape), with or without a batch of one. `source` is what computed them.
    """

    samples: Samples
    outputs: tuple[Array, ...]
    inputs: tuple[Named, ...]
    results: tuple[Named, ...]
    source: Runner = Reference.KERAS


def in_terms_of(model: bytes, answers: Answers) -> Answers:
    """The same samples and answers in the order, layout and shapes of a model's first subgraph.

    Raises `UsageError` where they are not as many as the model takes and gives, or of other sizes.
    """
    entry = first_entry(parse_model(model))
    inputs = _placed(entry.inputs, answers.inputs, "input")
    outputs = _placed(entry.outputs, answers.results, "output")
    _check_count(answers.samples.inputs, answers.inputs, "input")
    _check_count(answers.outputs, answers.results, "output")
    taken = [
        _turned(answers.samples.inputs[place], answers.inputs[place], port)
        for port, place in zip(entry.inputs, inputs, strict=True)
    ]
    given = [
        _turned(answers.outputs[place], answers.results[place], port)
        for port, place in zip(entry.outputs, outputs, strict=True)
    ]
    return replace(
        answers,
        samples=replace(answers.samples, inputs=tuple(taken)),
        outputs=tuple(given),
        inputs=tuple(Named(port.key or port.name) for port in entry.inputs),
        results=tuple(Named(port.key or port.name) for port in entry.outputs),
    )


def prove_against(
    answers: Answers,
    converted: bytes,
    result: bytes,
    *,
    tolerance: float,
    is_float: bool,
    outputs: Sequence[OutputChange] = (),
    may_lose: Collection[Host] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Proof:
    """Whether `result` answers as the original does.

    `converted` is the float model that the converter made of the original, and `answers` are in
    its terms (see `in_terms_of`). A result that `is_float` may differ by rounding only, others by
    the `tolerance`. Raises what `prove` raises.
    """
    known = Known(answers.source, answers.outputs, is_rounded=is_float)
    return prove(
        converted,
        result,
        samples=answers.samples,
        exact=False,
        tolerance=tolerance,
        outputs=outputs,
        known=known,
        may_lose=may_lose,
        limits=limits,
    )


def _placed(ports: Sequence[Port], named: Sequence[Named], what: str) -> list[int]:
    """For each port the place of what it is in the original: by name where all have the same,
    else in order.
    """
    if len(ports) != len(named):
        raise UsageError(
            f"the original has {counted(len(named), what)}, the converted model {len(ports):,}"
        )
    places = {one.name: place for place, one in enumerate(named)}
    keys = [_key(port, places) for port in ports]
    found = [places[key] for key in keys if key is not None]
    if len(set(found)) == len(ports):
        return found
    numbered = [_number(port) for port in ports]
    if sorted(numbered) == list(range(len(ports))):
        return numbered
    return list(range(len(ports)))


def _key(port: Port, places: dict[str, int]) -> str | None:
    """The original's name of a port, as signatures and tensors spell it."""
    short = port.name.split(":")[0]
    for name in (port.key, short, short.removeprefix("serving_default_")):
        if name and name in places:
            return name
    return None


def _number(port: Port) -> int:
    """Of outputs that have no name, signatures count: `output_0`."""
    tail = (port.key or "").rpartition("_")[2]
    return int(tail) if tail.isdecimal() and len(tail) < 6 else -1


def _check_count(arrays: Sequence[Array], named: Sequence[Named], what: str) -> None:
    if len(arrays) != len(named):
        raise UsageError(f"there are values of {counted(len(arrays), what)} for {len(named):,}")


def _turned(values: Array, one: Named, port: Port) -> Array:
    """Values of the original as the model has them: (samples, *shape)."""
    rank = len(port.shape)
    if values.ndim == rank and port.shape[:1] in ((1,), (None,)):
        values = values[:, np.newaxis]
    if one.order is not None:
        if values.ndim != len(one.order) + 1:
            raise UsageError(
                f"`{printable(one.name)}` has {values.ndim - 1} dimensions, not {len(one.order)}"
            )
        values = values.transpose(0, *(place + 1 for place in one.order))
    if one.order is None and values[:1].size == math.prod(port.default_shape):
        values = values.reshape(len(values), *port.default_shape)
    if not port.takes(values.shape[1:]):
        raise NotComparable(
            f"`{printable(one.name)}` is {_text(values.shape[1:])} in the layout of the result,"
            f" whose {port.title} is {_text(port.default_shape)}"
        )
    return np.ascontiguousarray(values)


def _text(shape: Sequence[int]) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"
