"""Models that the examples of several rules start from."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Mapping

from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Buffer, Model


def sound_file() -> bytes:
    """A model of one RELU, written."""
    # The writer brings NumPy along, which `tflint check` does without.
    from tflint.model.writer import write_model

    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    return write_model(model.build())


def moved_constants(model: Model, step: int, *, external: bool = False) -> bytes:
    """The model's file with its constants on odd multiples of `step` bytes, 16 for even ones.

    They are copied behind the end, as vectors of the flatbuffer or, with `external`, as data
    outside of it; the originals stay where they are and nothing refers to them.
    """
    from tflint.model.reader import parse_model
    from tflint.model.writer import write_model

    if external:
        buffers = tuple(
            dataclasses.replace(b, offset=2, size=len(b.data)) if b.data else b
            for b in model.buffers
        )
        model = dataclasses.replace(model, buffers=buffers)
    file = bytearray(write_model(model))
    for buffer in parse_model(bytes(file)).buffers:
        if not buffer.data or buffer.position is None:
            continue
        prefix = 0 if external else 4
        file += bytes(-(len(file) + prefix) % 16 + step % 16)
        at = len(file)
        if external:
            # The only eight bytes that hold this offset: the field in the buffer's table.
            field = file.index(struct.pack("<QQ", buffer.offset, buffer.size)[:8])
            file[field : field + 8] = struct.pack("<Q", at)
        else:
            field = _offset_to(file, buffer.position - 4)
            file[field : field + 4] = struct.pack("<I", at - field)
            file += struct.pack("<I", len(buffer.data))
        file += buffer.data
    return bytes(file)


def _offset_to(file: bytearray, target: int) -> int:
    """Where the offset that leads to this position is."""
    return next(
        at
        for at in range(0, target, 4)
        if at + int.from_bytes(file[at : at + 4], "little") == target
    )


def constant_of(model: ModelBuilder, operator: int, position: int) -> bytearray:
    """The data of a constant input of an operator."""
    tensor = model.tensors[model.operators[operator].inputs[position]]
    return bytearray(model.buffers[tensor.buffer].data or b"")


def overwrite(model: ModelBuilder, operator: int, position: int, data: bytes | bytearray) -> None:
    """Give a constant input of an operator other data."""
    tensor = model.tensors[model.operators[operator].inputs[position]]
    model.buffers[tensor.buffer] = Buffer(bytes(data))


# What an attribute of a TensorFlow operator may be; a type stands for TensorFlow's.
Attribute = str | bool | int | float | TensorType | tuple[int, ...]
# tensorflow/core/framework/types.proto.
_DATA_TYPES = {
    TensorType.FLOAT32: 1,
    TensorType.INT32: 3,
    TensorType.INT8: 6,
    TensorType.INT64: 9,
    TensorType.BOOL: 10,
}


def flex_options(name: str, attributes: Mapping[str, Attribute]) -> bytes:
    """Custom options of a Flex operator: a FlexBuffer of its name and its NodeDef."""
    node_def = _text(2, name)
    for key, value in attributes.items():
        node_def += _field(5, _text(1, key) + _field(2, _attribute(value)))
    # The two strings, then a vector of their offsets backwards and their types (string: 5),
    # then the root: that vector, untyped (10). All offsets are two bytes wide.
    data = b""
    starts = []
    for raw in (name.encode(), node_def):
        data += bytes(len(data) % 2) + len(raw).to_bytes(2, "little")
        starts.append(len(data))
        data += raw + b"\0"
    data += bytes(len(data) % 2) + (2).to_bytes(2, "little")
    vector = len(data)
    for start in starts:
        data += (len(data) - start).to_bytes(2, "little")
    data += bytes((5 << 2 | 1, 5 << 2 | 1))
    data += (len(data) - vector).to_bytes(2, "little")
    return data + bytes((10 << 2 | 1, 2))


def flex_conv(data_format: str) -> Model:
    """A FlexConv2D as the converter of 2020 left it, and a dense layer."""
    first = data_format == "NCHW"
    model = ModelBuilder()
    x = model.input((1, 1, 32, 32) if first else (1, 32, 32, 1))
    y = model.tensor((1, 8, 30, 30) if first else (1, 30, 30, 8), name="conv2d/Conv2D")
    attributes: dict[str, Attribute] = {
        "data_format": data_format,
        "padding": "VALID",
        "strides": (1, 1, 1, 1),
        "T": TensorType.FLOAT32,
    }
    options = flex_options("Conv2D", attributes)
    model.operator("FlexConv2D", [x, model.constant((3, 3, 1, 8))], [y], custom_options=options)
    model.output(model.fully_connected(model.flatten(y), units=3))
    return model.build()


def _attribute(value: Attribute) -> bytes:
    """An `AttrValue`. Source: tensorflow/core/framework/attr_value.proto."""
    if isinstance(value, str):
        return _text(2, value)
    if isinstance(value, tuple):
        packed = b"".join(map(_varint, value))
        return _field(1, _field(3, packed))
    if isinstance(value, TensorType):
        return _number(6, _DATA_TYPES[value])
    if isinstance(value, bool):
        return _number(5, value)
    if isinstance(value, int):
        return _number(3, value)
    return bytes((4 << 3 | 5,)) + struct.pack("<f", value)


def _number(number: int, value: int) -> bytes:
    return bytes((number << 3,)) + _varint(value)


def _field(number: int, payload: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(payload)) + payload


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    out = b""
    while value >= 0x80:
        out += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return out + bytes((value,))
