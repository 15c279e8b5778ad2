"""What converters note in a file that no runtime reads: names, ranges, what repeats itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from tflint.analysis.file_bytes import (
    buffer_bytes,
    metadata_bytes,
    quantization_bytes,
    string_bytes,
    vector_bytes,
)
from tflint.model.tables import Buffer, Model, QuantizationParameters, SubGraph, Tensor

# Below these, a file is not worth touching: what is 1 % of a model, its owner has elsewhere.
_LEAST_BYTES = 256
_LEAST_SHARE = 0.05
# A sector of flash, the least that most boards erase, counts whatever the model's size.
_SECTOR = 4096
# The field of a tensor that names its buffer.
_REFERENCE_BYTES = 4
# What converters describe every model by.
_BOILERPLATE = frozenset(("MLIR Converted.", "TOCO Converted."))
# What converters note for those who debug them.
_UNREAD_METADATA = frozenset(("CONVERSION_METADATA", "debug_metadata"))


@dataclass(frozen=True, slots=True)
class UnreadNotes:
    """Bytes of what no runtime reads, by kind."""

    names: int = 0
    ranges: int = 0
    empty_quantization: int = 0
    zero_points: int = 0
    shape_signatures: int = 0
    empty_buffers: int = 0
    description: int = 0
    metadata: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return sum(getattr(self, field.name) for field in fields(self))

    def matter(self, file_bytes: int) -> bool:
        """Whether it is worth while to take them out of a file of this length."""
        share = self.total / max(file_bytes, 1)
        return self.total >= _SECTOR or (self.total >= _LEAST_BYTES and share >= _LEAST_SHARE)


def unread_notes(model: Model) -> UnreadNotes:
    """How many bytes of a model no runtime reads."""
    ranges = empty = signatures = 0
    for subgraph in model.subgraphs:
        for tensor in subgraph.tensors:
            found = tensor.quantization
            if found is not None:
                noted = vector_bytes(found.min, 4) + vector_bytes(found.max, 4)
                ranges += noted
                if says_nothing(found):
                    empty += quantization_bytes(found) - noted
            if repeats_shape(tensor):
                signatures += vector_bytes(tensor.shape_signature, 4)
    return UnreadNotes(
        names=_names(model),
        ranges=ranges,
        empty_quantization=empty,
        zero_points=_repeated_zero_points(model),
        shape_signatures=signatures,
        empty_buffers=_empty_buffers(model),
        description=string_bytes(model.description) if is_boilerplate(model.description) else 0,
        metadata=sum(
            metadata_bytes(model.metadata[m]) + _data_bytes(model, model.metadata[m].buffer)
            for m in unread_metadata(model)
        ),
    )


def unread_names(model: Model, index: int) -> Iterator[int]:
    """The tensors of a subgraph whose names nobody looks up: all but inputs and outputs.

    Those are how users of an interpreter know which is which, with or without a signature.
    """
    subgraph = model.subgraphs[index]
    shown = {*subgraph.inputs, *subgraph.outputs}
    for signature in model.signature_defs:
        if signature.subgraph_index == index:
            entries = (*signature.inputs, *signature.outputs)
            shown.update(entry.tensor_index for entry in entries)
    return (t for t in range(len(subgraph.tensors)) if t not in shown)


def unread_metadata(model: Model) -> Iterator[int]:
    """The entries of the metadata that are for those who debug a converter."""
    return (i for i, entry in enumerate(model.metadata) if entry.name in _UNREAD_METADATA)


def says_nothing(quantization: QuantizationParameters) -> bool:
    """Whether there is nothing in it that tells it from no quantisation at all."""
    return (
        not quantization.scale and quantization.details is None and not quantization.unknown_fields
    )


def empty_buffers(model: Model) -> frozenset[int]:
    """The buffers without data, for which the first, which is empty by convention, will do."""
    if not model.buffers or not _is_empty(model.buffers[0]):
        return frozenset()
    return frozenset(i for i, buffer in enumerate(model.buffers) if i and _is_empty(buffer))


def _is_empty(buffer: Buffer) -> bool:
    # A vector of no bytes is another thing: LiteRT takes it for a constant's data.
    return buffer.data is None and not buffer.is_external and not buffer.unknown_fields


def is_boilerplate(description: str | None) -> bool:
    """Whether a description is what a converter writes into every file."""
    return description in _BOILERPLATE


def repeats_shape(tensor: Tensor) -> bool:
    """Whether the shape signature says what the shape says."""
    return bool(tensor.shape_signature) and tensor.shape_signature == tensor.shape


def _names(model: Model) -> int:
    """Bytes of the names that nobody looks up, equal ones once."""
    names = {
        subgraph.tensors[t].name
        for g, subgraph in enumerate(model.subgraphs)
        for t in unread_names(model, g)
    }
    return sum(map(string_bytes, names))


def _repeated_zero_points(model: Model) -> int:
    """Bytes of zero points of several channels that stand in the file already.

    Tensors that share a list have the same tuple: the reader decodes each position once.
    Both references stay, so only the lists themselves count.
    """
    first: dict[tuple[int, ...], int] = {}
    repeated: dict[int, int] = {}
    for subgraph in model.subgraphs:
        for points in _zero_points(subgraph):
            if first.setdefault(points, id(points)) != id(points):
                repeated[id(points)] = vector_bytes(points, 8) - 4
    return sum(repeated.values())


def _zero_points(subgraph: SubGraph) -> Iterator[tuple[int, ...]]:
    for tensor in subgraph.tensors:
        if tensor.quantization is not None and len(tensor.quantization.zero_point) > 1:
            yield tensor.quantization.zero_point


def _empty_buffers(model: Model) -> int:
    """Bytes of the references to buffers without data, and of those that nothing else has."""
    empty = empty_buffers(model)
    used = [t.buffer for subgraph in model.subgraphs for t in subgraph.tensors if t.buffer in empty]
    kept = {*model.metadata_buffer, *(entry.buffer for entry in model.metadata)}
    gone = set(used) - kept
    return _REFERENCE_BYTES * len(used) + sum(buffer_bytes(model.buffers[b]) for b in gone)


def _data_bytes(model: Model, buffer: int) -> int:
    return buffer_bytes(model.buffers[buffer]) if 0 < buffer < len(model.buffers) else 0
