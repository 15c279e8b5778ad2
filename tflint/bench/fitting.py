"""Whether samples are for a model: which array is which input, and what their labels count."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tflint.bench.datasets import LabelledData
from tflint.bench.decisions import Decision, decision_of
from tflint.bench.labels import Labels, is_whole
from tflint.errors import UsageError
from tflint.fix.proof.interface import Array, Entry, NotComparable, Port
from tflint.fix.proof.judging import maker_of
from tflint.fix.proof.samples import name_of_array
from tflint.model.graph import graphs
from tflint.model.tables import Model
from tflint.printable import counted, printable

# What people call the input where a model has one.
_INPUT_NAMES = ("x", "data", "inputs", "input", "features", "samples", "images", "windows")
_MOST = float(np.finfo(np.float32).max)


class DoesNotFit(UsageError):
    """The samples are not for this model; the message says why."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How samples go through a model: `names` and `shapes` are the array of each input and one
    sample of it, `decision` is the output that decides and how. `batch` is how many samples the
    model takes in one inference, stacked along the first axis.
    """

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    labels: Labels
    decision: Decision
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    batch: int = 1

    @property
    def taken_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the inputs in one inference."""
        if self.batch == 1:
            return self.shapes
        return tuple((self.batch, *shape[1:]) for shape in self.shapes)


def fitted(data: LabelledData, model: Model, entry: Entry) -> Fit:
    """How these samples go through this model. Raises `DoesNotFit`."""
    if not entry.inputs:
        raise DoesNotFit("the model takes no inputs")
    try:
        return _fitted(data, model, entry)
    except DoesNotFit as error:
        batch = _fixed_batch(entry)
        if batch is None:
            raise
        try:
            return dataclasses.replace(_fitted(data, model, _of_one(entry)), batch=batch)
        except DoesNotFit:
            raise error from None


def _fixed_batch(entry: Entry) -> int | None:
    """How many samples the model takes at once where it is more than one: the first size of all
    that it takes and gives.
    """
    sizes = {port.shape[0] if port.shape else None for port in (*entry.inputs, *entry.outputs)}
    (size,) = sizes if len(sizes) == 1 else (None,)
    return size if size is not None and size > 1 else None


def _of_one(entry: Entry) -> Entry:
    def one(port: Port) -> Port:
        return dataclasses.replace(port, shape=(1, *port.shape[1:]))

    inputs, outputs = tuple(map(one, entry.inputs)), tuple(map(one, entry.outputs))
    return dataclasses.replace(entry, inputs=inputs, outputs=outputs)


def _fitted(data: LabelledData, model: Model, entry: Entry) -> Fit:
    try:
        names = _names(data, entry.inputs)
        shapes = tuple(
            _shape(data, name, port) for name, port in zip(names, entry.inputs, strict=True)
        )
        labels, decision = _output(data, model, entry)
    except NotComparable as error:
        raise DoesNotFit(str(error)) from error
    classes, notes = data.classes, data.notes
    if decision.columns is not None and not decision.is_class:
        count = max(decision.columns, 2)
        if classes and len(classes) != count:
            classes = ()
            notes += (
                f"{data.title} names {len(data.classes):,} classes, the model tells {count:,}"
                " apart: the names are left out",
            )
    return Fit(names, shapes, labels, decision, classes, notes)


def values_of(data: LabelledData, fit: Fit, place: int, port: Port, rows: Array) -> Array:
    """Some samples of one input as real values or the input's own integers, (rows, *shape)."""
    values = data.arrays[fit.names[place]][rows].reshape(len(rows), *fit.shapes[place])
    dtype = np.dtype(np.float32) if port.is_real else port.dtype
    return values.astype(dtype)


def _names(data: LabelledData, ports: Sequence[Port]) -> tuple[str, ...]:
    found = [name_of_array(data.arrays, port) for port in ports]
    names = tuple(name for name in found if name is not None)
    if len(names) == len(ports):
        if len(set(names)) < len(names):
            raise DoesNotFit("its inputs are not told apart by name")
        return names
    if len(ports) == 1:
        return (_only(data, ports[0]),)
    port = ports[found.index(None)]
    raise DoesNotFit(f"there is no array for the input {port.title}, but {_held(data)}")


def _only(data: LabelledData, port: Port) -> str:
    """The array of a single input, which may be called anything."""
    names = list(data.arrays)
    if len(names) == 1:
        return names[0]
    usual = [name for key in _INPUT_NAMES for name in names if name.lower() == key]
    if usual:
        return usual[0]
    right = [
        name
        for name in names
        if len(data.arrays[name].shape) > 0
        and len(data.arrays[name]) == data.samples
        and data.arrays[name].dtype.kind not in "US"
        and _one_sample(data.arrays[name].shape[1:], port) is not None
    ]
    if len(right) == 1:
        return right[0]
    raise DoesNotFit(f"it is not clear which array the input {port.title} takes: {_held(data)}")


def _held(data: LabelledData) -> str:
    names = list(data.arrays)
    shown = ", ".join(
        f"`{printable(name, 40)}` ({', '.join(map(str, data.arrays[name].shape))})"
        for name in names[:5]
    )
    return f"{shown}{'...' if len(names) > 5 else ''}" if names else "nothing but labels"


def _shape(data: LabelledData, name: str, port: Port) -> tuple[int, ...]:
    """The shape of one sample. Looks at the values as well, which have to be the input's kind."""
    array = data.arrays[name]
    title = f"`{printable(name)}`"
    if array.dtype.kind in "US":
        raise DoesNotFit(f"{title} holds texts, the input {port.title} takes numbers")
    shape = _one_sample(array.shape[1:], port) if array.ndim else None
    if shape is None:
        wanted = ", ".join("any" if size is None else f"{size}" for size in port.shape)
        have = ", ".join(map(str, array.shape))
        raise DoesNotFit(
            f"{title} has the shape ({have}), samples first; the input {port.title} takes"
            f" ({wanted})"
        )
    if len(array) != data.samples:
        raise DoesNotFit(
            f"{title} has {counted(len(array), 'sample')}, for which there are"
            f" {counted(data.samples, 'label')}"
        )
    if not math.prod(shape):
        raise DoesNotFit(f"{title} is empty")
    least, most = data.range_of(name)
    if port.is_real:
        if not (least >= -_MOST and most <= _MOST):
            raise DoesNotFit(f"{title} holds a number that is not finite, or beyond a float32")
        return shape
    bounds = (0, 1) if port.dtype.kind == "b" else _bounds(port)
    if not (bounds[0] <= least and most <= bounds[1]):
        raise DoesNotFit(f"{title} holds numbers beyond {port.dtype}, which {port.title} takes")
    if not is_whole(array):
        raise DoesNotFit(f"{title} holds fractions, the input {port.title} takes integers")
    return shape


def _bounds(port: Port) -> tuple[int, int]:
    if port.dtype.kind not in "iu":
        raise DoesNotFit(f"the input {port.title} is of complex numbers")
    bounds = np.iinfo(port.dtype)
    return int(bounds.min), int(bounds.max)


def _one_sample(shape: Sequence[int], port: Port) -> tuple[int, ...] | None:
    """The shape in which the input takes a sample of this shape, with or without the batch axis and
    other axes of size 1; None where it does not.
    """
    known = list(port.shape)
    if known and known[0] is None:
        known[0] = 1  # A batch: a sample is one inference, as on the device.
    if len(shape) == len(known) and all(k in (None, s) for k, s in zip(known, shape, strict=True)):
        return tuple(shape)
    wide = [size for size in shape if size != 1]
    if len(wide) != sum(size != 1 for size in known):
        return None
    rest = iter(wide)
    full = [1 if size == 1 else next(rest) for size in known]
    is_right = all(size in (None, found) for size, found in zip(known, full, strict=True))
    return tuple(full) if is_right else None


def _output(data: LabelledData, model: Model, entry: Entry) -> tuple[Labels, Decision]:
    """The output that decides, its labels, and how to read it."""
    if not entry.outputs:
        raise DoesNotFit("the model gives no outputs")
    values = graphs(model)[entry.subgraph].values
    named = {
        place: data.labels[name]
        for place, port in enumerate(entry.outputs)
        if (name := _name_of_labels(data, port)) is not None
    }
    if len(named) > 1:
        raise DoesNotFit("there are labels for several of its outputs: give those of one")
    general = data.labels.get(None)
    if not named and general is None:
        keys = ", ".join(f"`labels_{printable(key or '')}`" for key in data.labels)
        raise DoesNotFit(f"it has no output of {keys}")
    candidates = named or dict.fromkeys(range(len(entry.outputs)), general)
    right: list[tuple[Labels, Decision]] = []
    reasons = []
    for place, labels in candidates.items():
        if labels is None:
            continue
        port = entry.outputs[place]
        try:
            decision = decision_of(port, maker_of(values[port.tensor]))
            check_labels(labels, decision.columns, decision, data.classes)
        except UsageError as error:
            reasons.append(str(error))
        else:
            right.append((labels, decision))
    if not right:
        raise DoesNotFit(reasons[0])
    if len(right) > 1:
        titles = ", ".join(decision.port.title for _, decision in right[:5])
        raise DoesNotFit(
            f"its outputs {titles} may all be what the labels are of: call them `labels_NAME`"
        )
    return right[0]


def _name_of_labels(data: LabelledData, port: Port) -> str | None:
    short = port.name.removesuffix(":0")
    return next((n for n in (port.key, port.name, short) if n and n in data.labels), None)


def check_labels(
    labels: Labels, columns: int | None, decision: Decision, classes: Sequence[str]
) -> None:
    """Whether labels are of as many classes as there are columns. Raises `UsageError`."""
    if columns is None or decision.is_class:
        return
    count = max(columns, 2)
    title = decision.port.title
    if labels.columns not in (None, count):
        raise UsageError(
            f"{labels.title} has {labels.columns:,} columns, the model's output {title} tells"
            f" {count:,} classes apart"
        )
    if labels.is_text and len(classes) != count:
        raise UsageError(
            f"`classes` names {len(classes):,}, the model's output {title} tells {count:,} classes"
            " apart"
        )
    if labels.most >= count:
        hint = ": classes count from 0" if labels.most == count else ""
        raise UsageError(
            f"{labels.title} goes up to {labels.most:,}, the model's output {title} tells"
            f" {count:,} classes apart, 0 to {count - 1:,}{hint}"
        )
