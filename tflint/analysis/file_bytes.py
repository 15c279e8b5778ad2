"""How many bytes parts of a model take in its file.

Exact but for alignment, of which a writer may add a few bytes: strings and vectors are a
length of four bytes and their elements, a string a NUL; tables are four bytes and their
fields; every reference takes four bytes where it stands. Tables of one shape share their
vtable, so that is not counted. Source: the FlatBuffers internals documentation.
"""

from __future__ import annotations

import functools

from tflint.model.record import ABSENT
from tflint.model.tables import Buffer, Metadata, OperatorCode, QuantizationParameters, Tensor
from tflint.model.wire import Shape, layout

_WORD = 4


def string_bytes(text: str | None) -> int:
    """A string and the reference to it; 0 for one that is not there."""
    if text is None:
        return 0
    length = len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))
    return _WORD + _vector(length + 1)


def vector_bytes(values: tuple[object, ...], width: int) -> int:
    """A vector of numbers of this width and the reference to it; 0 for one that is not there."""
    return 0 if values is ABSENT else _WORD + _vector(width * len(values))


def tensor_bytes(tensor: Tensor) -> int:
    """A tensor without its data."""
    own = _scalars("Tensor", tensor) + 2 * _WORD
    own += string_bytes(tensor.name)
    own += vector_bytes(tensor.shape, 4) + vector_bytes(tensor.shape_signature, 4)
    return own + quantization_bytes(tensor.quantization)


def quantization_bytes(quantization: QuantizationParameters | None) -> int:
    """Quantisation parameters and the reference to them; 0 for those that are not there."""
    if quantization is None:
        return 0
    own = 2 * _WORD + _scalars("QuantizationParameters", quantization)
    for values in (quantization.min, quantization.max, quantization.scale):
        own += vector_bytes(values, 4)
    return own + vector_bytes(quantization.zero_point, 8)


def buffer_bytes(buffer: Buffer) -> int:
    """A buffer with its data."""
    own = 2 * _WORD
    return own if buffer.data is None else own + _WORD + _vector(len(buffer.data))


def operator_code_bytes(code: OperatorCode) -> int:
    """An entry of the table of operators."""
    return 2 * _WORD + _scalars("OperatorCode", code) + string_bytes(code.custom_code)


def metadata_bytes(metadata: Metadata) -> int:
    """A metadata entry without its buffer."""
    return 2 * _WORD + _scalars("Metadata", metadata) + string_bytes(metadata.name)


def _vector(size: int) -> int:
    return _WORD + -(-size // _WORD) * _WORD


@functools.cache
def _scalar_fields(table: str) -> tuple[tuple[str, int, object], ...]:
    """Name, width and default of a table's numbers."""
    return tuple(
        (field.name, field.width, field.default)
        for field in layout(table).fields
        if field.shape is Shape.SCALAR
    )


def _scalars(table: str, record: object) -> int:
    """The bytes of those numbers of a table that differ from their defaults."""
    return sum(
        width for name, width, default in _scalar_fields(table) if getattr(record, name) != default
    )
