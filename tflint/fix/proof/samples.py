"""Samples: inputs of a model as real values, before any quantisation.

Users give them as a `.npy` file (models of one input), as a `.npz` file with an array for each
input, or as a folder of `.npy` files: one for each input, named for it, or, for models of one
input, one for each sample or batch of samples, in the order of their names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tflint.errors import UsageError
from tflint.fix.proof.index_bounds import index_bounds
from tflint.fix.proof.interface import Array, Entry, Port, first_entry
from tflint.fix.proof.npy import MAX_BYTES, read_npy, read_npz
from tflint.model.tables import Model
from tflint.printable import counted, printable, size_text

LABELS = "labels"
MAX_FILES = 100_000
Held = TypeVar("Held")

# Integers whose use is unknown: two values are valid nearly everywhere.
_FEW = 2
_EXTREMES = 6
_FAR = 1e6


@dataclass(frozen=True, slots=True)
class Samples:
    """`inputs[i]` are the values of input i of the first subgraph, (samples, *shape of the input).

    Reals are float32, the values of integer inputs that are not quantised integers. `labels` are
    the classes that were meant, (samples,). `source` says where they are from.
    """

    inputs: tuple[Array, ...]
    labels: Array | None = None
    source: str = ""
    is_random: bool = False

    @property
    def count(self) -> int:
        """How many samples there are; 1 for a model without inputs."""
        return len(self.inputs[0]) if self.inputs else 1

    def chosen(self, indices: Sequence[int]) -> Samples:
        """Some of the samples."""
        labels = None if self.labels is None else self.labels[list(indices)]
        inputs = tuple(values[list(indices)] for values in self.inputs)
        return Samples(inputs, labels, self.source, self.is_random)


def random_samples(
    model: Model,
    count: int,
    seed: int = 0,
    like: Samples | None = None,
    entry: Entry | None = None,
) -> Samples:
    """Samples made up at random, the same for the same seed.

    Inputs whose integers stand for reals get all of their range, other reals what networks are
    fed with: units around zero or above it, or values in the range of the samples that they are
    to be `like`. Integers are those that are valid where they are indices. They are for the first
    subgraph unless another `entry` is given.
    """
    entry = entry or first_entry(model)
    return random_inputs(entry.inputs, count, index_bounds(model, entry.subgraph), seed, like)


def random_inputs(
    ports: Sequence[Port],
    count: int,
    bounds: Mapping[int, int],
    seed: int = 0,
    like: Samples | None = None,
) -> Samples:
    """The same for inputs that need not be a model's; `bounds` has what the integers of an input
    must be less than, by the number of its tensor.
    """
    rng = np.random.default_rng(seed)
    made = []
    for place, port in enumerate(ports):
        known = like.inputs[place] if like else None
        made.append(_random(port, count, bounds.get(port.tensor), rng, known))
    return Samples(tuple(made), source=f"{counted(count, 'random sample')}", is_random=True)


def extreme_samples(
    model: Model, like: Samples | None = None, entry: Entry | None = None
) -> Samples:
    """Samples at the ends of what inputs can be: nothing, least, most, both in turn, and, for
    reals without a range of their own, far more than any sensor gives.
    """
    entry = entry or first_entry(model)
    ports, bounds = entry.inputs, index_bounds(model, entry.subgraph)
    made = []
    for place, port in enumerate(ports):
        known = like.inputs[place] if like else None
        low, high = _range(port, bounds.get(port.tensor), known)
        shape = known.shape[1:] if known is not None else port.default_shape
        turns = (np.arange(math.prod(shape)) % 2).reshape(shape)
        zeros = np.zeros(shape)
        far = _FAR if port.dtype.kind == "f" else 1.0
        rows = [zeros, zeros + low, zeros + high, np.where(turns, high, low)]
        rows += [np.where(turns, low, high), far * np.where(turns, high, low)]
        made.append(np.stack(rows).astype(_dtype(port)))
    return Samples(tuple(made), source=counted(_EXTREMES, "extreme sample"), is_random=True)


def _random(
    port: Port,
    count: int,
    bound: int | None,
    rng: np.random.Generator,
    known: Array | None,
) -> Array:
    low, high = _range(port, bound, known)
    shape = (count, *(known.shape[1:] if known is not None else port.default_shape))
    if not port.is_real:
        return rng.integers(int(low), int(high), shape, endpoint=True).astype(_dtype(port))
    values = rng.uniform(low, high, shape)
    if port.scale is None and known is None:
        # In turn: both signs, positive only, and bells with tails.
        values[1::3] = np.abs(values[1::3])
        values[2::3] = rng.standard_normal(values[2::3].shape)
    else:
        # Every other one keeps near the middle, where values mostly are.
        values[1::2] = (low + high) / 2 + (values[1::2] - (low + high) / 2) / 8
    return values.astype(np.float32)


def _range(port: Port, bound: int | None, known: Array | None) -> tuple[float, float]:
    """The least and greatest value that an input takes."""
    if port.scale is not None:
        return port.real_range
    if port.dtype.kind == "b":
        return 0, 1
    if known is not None and known.size:
        return float(known.min()), float(known.max())
    if port.dtype.kind == "f":
        return -1.0, 1.0
    return 0, max(min(_FEW if bound is None else bound, int(np.iinfo(port.dtype).max) + 1) - 1, 0)


def _dtype(port: Port) -> np.dtype[Any]:
    return np.dtype(np.float32) if port.is_real else port.dtype


def load_samples(path: Path, model: Model) -> Samples:
    """The samples in a file or folder, for this model.

    Raises `UsageError` with one line that says what is wrong with them.
    """
    return load_inputs(path, first_entry(model).inputs)


def load_inputs(path: Path, ports: Sequence[Port]) -> Samples:
    """The same for inputs that need not be a model's."""
    shown = f"`{printable(str(path), 400)}`"
    if not ports:
        raise UsageError(f"the model takes no inputs: {shown} is of no use")
    if path.is_dir():
        found, labels = _from_folder(path, ports, shown)
    elif path.suffix.lower() == ".npy":
        if len(ports) > 1:
            raise UsageError(
                f"the model takes {len(ports)} inputs: give a .npz file with an array for each,"
                f" named {_names(ports)}"
            )
        found, labels = [_fitted(read_npy(path), ports[0], shown)], None
    elif path.suffix.lower() == ".npz":
        arrays, labels = _without_labels(read_npz(path), ports)
        found = _by_name(arrays, ports, shown)
    elif not path.exists():
        raise UsageError(f"there is no {shown}")
    else:
        raise UsageError(f"{shown} is no .npy or .npz file, and no folder of them")
    counts = {len(values) for values in found}
    if len(counts) > 1:
        many = ", ".join(
            f"{port.title} has {len(values):,}" for port, values in zip(ports, found, strict=True)
        )
        raise UsageError(f"{shown} does not hold as many samples of each input: {many}")
    count = counts.pop()
    if not count:
        raise UsageError(f"{shown} holds no samples")
    classes = None if labels is None else _classes(labels, count, shown)
    return Samples(tuple(found), classes, f"{counted(count, 'sample')} of {shown}")


def _from_folder(path: Path, ports: Sequence[Port], shown: str) -> tuple[list[Array], Array | None]:
    try:
        files = [file for file in path.iterdir() if file.suffix.lower() == ".npy"]
    except OSError as error:
        raise UsageError(f"{shown} cannot be read: {error.strerror or error}") from error
    files = sorted(file for file in files if not file.name.startswith("."))
    if not files or len(files) > MAX_FILES:
        raise UsageError(f"{shown} holds {counted(len(files), '.npy file')}")
    if sum(file.stat().st_size for file in files) > MAX_BYTES:
        raise UsageError(f"{shown} holds more than {size_text(MAX_BYTES)}")
    named, labels = _without_labels({file.stem: file for file in files}, ports)
    is_by_input = all(name_of_array(named, port) for port in ports)
    if is_by_input or len(ports) > 1:
        arrays = {stem: read_npy(file) for stem, file in named.items()}
        found = _by_name(arrays, ports, shown)
    else:
        parts = [_part(read_npy(file), ports[0], file) for file in named.values()]
        if len({part.shape[1:] for part in parts}) > 1:
            raise UsageError(f"the samples in {shown} are not all of one shape")
        found = [np.concatenate(parts)] if parts else [np.zeros((0,))]
    return found, None if labels is None else read_npy(labels)


def _without_labels(
    arrays: Mapping[str, Held], ports: Sequence[Port]
) -> tuple[dict[str, Held], Held | None]:
    """The arrays of inputs, and that of labels unless an input is called so."""
    rest = dict(arrays)
    if any(LABELS in (port.key, port.name) for port in ports):
        return rest, None
    labels = rest.pop(LABELS, None)
    return rest, labels


def _by_name(arrays: Mapping[str, Array], ports: Sequence[Port], shown: str) -> list[Array]:
    """The array of each input; that of a single input may be called anything."""
    if len(ports) == 1 and len(arrays) == 1:
        (only,) = arrays
        return [_fitted(arrays[only], ports[0], f"`{printable(only)}` in {shown}")]
    names: list[str] = []
    found = []
    for port in ports:
        name = name_of_array(arrays, port)
        if name is None:
            held = ", ".join(f"`{printable(key)}`" for key in list(arrays)[:10]) or "nothing"
            raise UsageError(f"{shown} holds no array for the input {port.title}, but {held}")
        names.append(name)
        found.append(_fitted(arrays[name], port, f"`{printable(name)}` in {shown}"))
    if len(set(names)) < len(names):
        raise UsageError(f"the inputs are not told apart by name: {_names(ports)}")
    extra = [name for name in arrays if name not in names]
    if extra:
        raise UsageError(
            f"`{printable(extra[0])}` in {shown} is no input of the model,"
            f" which takes {_names(ports)}"
        )
    return found


def name_of_array(names: Mapping[str, object], port: Port) -> str | None:
    """The name under which values of an input are given."""
    short = port.name.removesuffix(":0")
    candidates = (port.key, port.name, short, short.removeprefix("serving_default_"))
    return next((name for name in candidates if name and name in names), None)


def _fitted(array: Array, port: Port, title: str) -> Array:
    """(samples, *shape), from that or from the same without the model's batch axis."""
    shape = _one_sample(port)
    if array.ndim == 0:
        raise UsageError(f"{title} is a single number: its first axis has to count samples")
    if not shape.takes(array.shape[1:]):
        if not (_has_batch_axis(port) and shape.takes((1, *array.shape[1:]))):
            raise UsageError(_misfit(array, port, title))
        array = array[:, np.newaxis]
    return _values(array, port, title)


def _part(array: Array, port: Port, file: Path) -> Array:
    """The samples of one file: a single one, with or without the batch axis, or several."""
    shape = _one_sample(port)
    if shape.takes(array.shape):
        array = array[np.newaxis]
    elif _has_batch_axis(port) and shape.takes((1, *array.shape)):
        array = array[np.newaxis, np.newaxis]
    return _fitted(array, port, f"`{printable(str(file), 400)}`")


def _has_batch_axis(port: Port) -> bool:
    return bool(port.shape) and port.shape[0] in (1, None)


def _one_sample(port: Port) -> Port:
    """The input with a batch of 1 where the model leaves that open: a sample is one inference."""
    if port.shape and port.shape[0] is None:
        return replace(port, shape=(1, *port.shape[1:]))
    return port


def _misfit(array: Array, port: Port, title: str) -> str:
    inner = port.shape[1:] if _has_batch_axis(port) else port.shape
    wanted = ", ".join("any" if size is None else str(size) for size in inner)
    have = ", ".join(map(str, array.shape))
    text = f"{title} has the shape ({have}), the input {port.title} takes (samples, {wanted})"
    if len(array.shape) == len(inner) and array.shape == inner:
        text += ": the axis that counts samples is missing"
    return text


def _values(array: Array, port: Port, title: str) -> Array:
    """The values in the type that samples have: float32, or the input's own integers."""
    if port.is_real:
        with np.errstate(over="ignore"):
            values = array.astype(np.float32)
        bad = ~np.isfinite(values)
        if bad.any():
            where = int(np.argwhere(bad)[0][0])
            raise UsageError(f"{title} holds a number that is not finite, in sample {where:,}")
        return values
    if array.dtype.kind == "f" and not (np.isfinite(array) & (np.trunc(array) == array)).all():
        raise UsageError(f"{title} holds fractions, the input {port.title} takes integers")
    values = array.astype(port.dtype)
    if not (values == array).all():
        raise UsageError(f"{title} holds numbers beyond {port.dtype}, which {port.title} takes")
    return values


def _classes(labels: Array, count: int, shown: str) -> Array:
    """The class of each sample: from numbers, or from one column a class."""
    if len(labels.shape) == 0 or len(labels) != count:
        have = len(labels) if labels.ndim else 1
        raise UsageError(f"{shown} holds {counted(have, 'label')} for {counted(count, 'sample')}")
    flat = labels.reshape(count, -1)
    if flat.shape[1] == 1:
        column = flat[:, 0]
        if (
            column.dtype.kind == "f"
            and not (np.isfinite(column) & (np.trunc(column) == column)).all()
        ):
            raise UsageError(f"the labels in {shown} are no classes: they hold fractions")
        return column.astype(np.int64)
    classes: Array = flat.argmax(axis=1)
    return classes


def _names(ports: Sequence[Port]) -> str:
    return ", ".join(port.title for port in ports)
