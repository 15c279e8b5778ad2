"""Constants that a file holds more than once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tflint.model.constants import Constants
from tflint.model.graph import Graph, Value
from tflint.model.tables import Buffer, Model

# Less is not worth a repair; the tables of the buffers come on top, some 20 bytes each.
LEAST_SAVING = 64
# What is compared before anything is hashed.
_SAMPLE = 64


def duplicate_constants(
    model: Model, graphs: Sequence[Graph], constants: Constants
) -> list[list[Value]]:
    """Sets of constants of the same bytes at different places of the file, the costliest first.

    Empty where they waste less than `LEAST_SAVING` bytes in all. Constants that an operator
    writes to are in none, nor are buffers with fields of a newer schema; data inside of the
    flatbuffer and behind it are not the same, as runtimes differ in what they load.
    """
    sets = sorted(
        _equal(constants, model, _stored(model, graphs)),
        key=lambda equal: (-wasted_bytes(equal), equal[0].subgraph, equal[0].index),
    )
    return sets if sum(map(wasted_bytes, sets)) >= LEAST_SAVING else []


def wasted_bytes(equal: Sequence[Value]) -> int:
    """The bytes that a set of equal constants takes too much."""
    return equal[0].bytes * (len(equal) - 1)


def place(buffer: Buffer) -> tuple[int, int]:
    """What tells the data of one buffer from those of another that stand elsewhere."""
    at = id(buffer.data) if buffer.position is None else buffer.position
    return at, len(buffer.data or b"")


def _stored(model: Model, graphs: Sequence[Graph]) -> list[Value]:
    """One constant for each place in the file."""
    places: dict[tuple[int, int], Value] = {}
    written: set[tuple[int, int]] = set()
    for graph in graphs:
        for value in graph.values:
            if value.tensor.buffer >= len(model.buffers):
                continue
            at = place(model.buffers[value.tensor.buffer])
            if value.producer is not None or value.is_input or value.tensor.is_variable:
                written.add(at)
            if value.data is not None:
                places.setdefault(at, value)
    return [
        value
        for at, value in places.items()
        if at not in written and not model.buffers[value.tensor.buffer].unknown_fields
    ]


def _equal(constants: Constants, model: Model, stored: Iterable[Value]) -> Iterator[list[Value]]:
    """Constants of the same bytes, in sets of two or more."""
    alike: dict[tuple[int, bool, bytes], list[Value]] = defaultdict(list)
    lengths: dict[tuple[int, bool], list[Value]] = defaultdict(list)
    for value in stored:
        lengths[value.bytes, model.buffers[value.tensor.buffer].is_external].append(value)
    for (length, is_external), values in lengths.items():
        for value in values if len(values) > 1 else ():
            assert value.data is not None
            sample = bytes(value.data[:_SAMPLE]) + bytes(value.data[-_SAMPLE:])
            alike[length, is_external, sample].append(value)
    for (length, _, _), values in alike.items():
        if length <= _SAMPLE:
            yield from (values,) if len(values) > 1 else ()
            continue
        same: dict[bytes, list[Value]] = defaultdict(list)
        for value in values if len(values) > 1 else ():
            assert value.data is not None
            digest = constants.digest(value.data)
            if digest is not None:
                same[digest].append(value)
        yield from (equal for equal in same.values() if len(equal) > 1)
