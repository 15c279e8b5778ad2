"""The properties of a tensor, or of an operator's options, made comparable and printable.

Each is looked at once a model: tensors are met by every operator that reads them, and their
vectors may be as long as the file.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from tflint.model.changes import EndPoint, FieldChange
from tflint.model.graph import Value
from tflint.model.record import Record, UnknownTable
from tflint.model.tables import Model
from tflint.printable import printable

# What vectors are shown in full.
SHOWN_VALUES = 8
_LONG = 120


@dataclass(frozen=True, slots=True)
class Facet:
    """One property: two are the same when their `identity` is, whatever they look like."""

    field: str
    identity: str
    text: str


def compared(before: Sequence[Facet], after: Sequence[Facet], slot: str = "") -> list[FieldChange]:
    """The properties that differ between two things that have the same ones in the same order."""
    return [
        field_change(left, right, slot)
        for left, right in zip(before, after, strict=True)
        if left.identity != right.identity
    ]


def field_change(before: Facet, after: Facet, slot: str = "") -> FieldChange:
    """The change from one to the other, told apart where they look the same."""
    others = " (other values)" if before.text == after.text else ""
    return FieldChange(after.field, before.text, after.text + others, slot)


def identity_of(value: object) -> str:
    """A short text that is the same for the same value. NaN is the same as NaN."""
    text = repr(_plain(value))
    if len(text) <= _LONG:
        return text
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=20).hexdigest()


def _plain(value: object) -> object:
    """The value with what `repr` does not show in full, or shows differently, replaced."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, tuple):
        # Whether an empty vector is in the file at all makes no difference to anyone.
        return tuple(map(_plain, value)) if value and not _is_plain(value[0]) else tuple(value)
    if isinstance(value, (Record, UnknownTable)):
        return (type(value).__name__, tuple((n, _plain(v)) for n, v in option_values(value)))
    return value


def _is_plain(value: object) -> bool:
    return isinstance(value, (int, float, str))


def option_values(options: Record | UnknownTable) -> Iterator[tuple[str, object]]:
    """The fields of an operator's options, by name."""
    for name in type(options).__dataclass_fields__:  # type: ignore[union-attr]
        yield name, getattr(options, name)


def option_facets(options: Record | UnknownTable | None) -> list[Facet]:
    """An operator's options, field by field."""
    if options is None:
        return []
    return [
        Facet(name, identity_of(value), value_text(value)) for name, value in option_values(options)
    ]


def value_text(value: object) -> str:
    """An option's value for people."""
    if isinstance(value, Enum):
        return printable(value.name, 60)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, (bytes, memoryview)):
        return f"{len(value):,} bytes"
    if isinstance(value, tuple):
        if not value:
            return "none"
        if len(value) > SHOWN_VALUES or not _is_plain(value[0]):
            return f"{len(value):,} values"
        return ", ".join(map(value_text, value))
    if isinstance(value, (Record, UnknownTable)):
        return type(value).__name__
    return printable(str(value), 60)


def number_text(number: float) -> str:
    """With as many digits as it takes to tell it from any other float32."""
    for digits in (6, 7, 8):
        text = f"{number:.{digits}g}"
        if _float32(float(text)) == _float32(number):
            return text
    return f"{number:.9g}"


def _float32(number: float) -> bytes:
    try:
        return struct.pack("<f", number)
    except OverflowError:  # Not from a float32 field, and as good as infinite.
        return b""


def numbers_text(numbers: Sequence[float]) -> str:
    """One number, or how many there are and from where to where."""
    if not numbers:
        return "none"
    if len(numbers) == 1:
        return number_text(numbers[0])
    lowest, highest = min(numbers), max(numbers)
    if lowest == highest:
        return f"{len(numbers):,} times {number_text(lowest)}"
    return f"{len(numbers):,} values from {lowest:.4g} to {highest:.4g}"


def shape_text(shape: Sequence[int]) -> str:
    """`1x32x32x1`, or `scalar`."""
    return "x".join(map(str, shape)) if shape else "scalar"


def signature_facet(value: Value) -> Facet:
    """The dimensions that are only known when the model runs, which are -1.

    Converters write the signature also where it says nothing that the shape does not.
    """
    signature = value.tensor.shape_signature
    signature = signature if -1 in signature else ()
    text = shape_text(signature[:40]) if signature else "none"
    return Facet("shape signature", identity_of(signature), text)


class TensorFacets:
    """The tensors of one model: their properties and the digests of their data."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._facets: dict[tuple[int, int], tuple[Facet, ...]] = {}
        self._digests: dict[int, bytes] = {}

    def of(self, value: Value) -> tuple[Facet, ...]:
        """The properties of a tensor, the same ones for each, without name and data."""
        place = (value.subgraph, value.index)
        if place not in self._facets:
            self._facets[place] = tuple(_tensor_facets(value))
        return self._facets[place]

    def digest(self, value: Value) -> bytes | None:
        """A hash of a constant's data, None for what is not constant. Each buffer is read once."""
        if value.data is None:
            return None
        buffer = value.tensor.buffer
        if buffer not in self._digests:
            self._digests[buffer] = hashlib.blake2b(value.data, digest_size=20).digest()
        return self._digests[buffer]

    def end_point(self, value: Value) -> EndPoint:
        """A tensor as an application sees it."""
        quantization = value.tensor.quantization
        scale = quantization.scale if quantization else ()
        zero_point = quantization.zero_point if quantization else ()
        return EndPoint(
            tensor=value.index,
            name=printable(value.name),
            shape=tuple(value.shape),
            type=printable(value.type.name),
            scale=scale[0] if len(scale) == 1 and math.isfinite(scale[0]) else None,
            zero_point=zero_point[0] if len(zero_point) == 1 else None,
        )


def _tensor_facets(value: Value) -> Iterator[Facet]:
    tensor, quantization = value.tensor, value.tensor.quantization
    scale = quantization.scale if quantization else ()
    zero_point = quantization.zero_point if quantization else ()
    details = quantization.details if quantization else None
    axis = quantization.quantized_dimension if quantization and len(scale) > 1 else None
    yield Facet("shape", identity_of(tensor.shape), shape_text(tensor.shape))
    yield Facet("type", tensor.type.name, printable(tensor.type.name))
    along = "" if axis is None else f" along axis {axis}"
    yield Facet("scale", identity_of((scale, axis)), numbers_text(scale) + along)
    # Zeros say no more than their absence does.
    zero_point = zero_point if any(zero_point) else (0,)
    yield Facet("zero point", identity_of(zero_point), numbers_text(zero_point))
    yield Facet("quantisation details", identity_of(details), value_text(details))
    sparse = "sparse" if tensor.sparsity is not None else "dense"
    yield Facet("storage", identity_of(tensor.sparsity), sparse)
    kind = "variable" if tensor.is_variable else "constant" if value.is_constant else "activation"
    yield Facet("kind", kind, kind)
