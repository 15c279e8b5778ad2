"""Models that the examples of several rules start from."""

from __future__ import annotations

from tflint.model.builder import ModelBuilder
from tflint.model.tables import Buffer, Model


def sound_file() -> bytes:
    """A model of one RELU, written."""
    # The writer brings NumPy along, which `tflint check` does without.
    from tflint.model.writer import write_model

    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    return write_model(model.build())


def constant_of(model: ModelBuilder, operator: int, position: int) -> bytearray:
    """The data of a constant input of an operator."""
    tensor = model.tensors[model.operators[operator].inputs[position]]
    return bytearray(model.buffers[tensor.buffer].data or b"")


def overwrite(model: ModelBuilder, operator: int, position: int, data: bytes | bytearray) -> None:
    """Give a constant input of an operator other data."""
    tensor = model.tensors[model.operators[operator].inputs[position]]
    model.buffers[tensor.buffer] = Buffer(bytes(data))


def flex_options(name: str, attributes: dict[str, str]) -> bytes:
    """Custom options of a Flex operator: a FlexBuffer of its name and its NodeDef."""
    node_def = _text(2, name)
    for key, value in attributes.items():
        node_def += _field(5, _text(1, key) + _field(2, _text(2, value)))
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
    options = flex_options("Conv2D", {"data_format": data_format, "padding": "VALID"})
    model.operator("FlexConv2D", [x, model.constant((3, 3, 1, 8))], [y], custom_options=options)
    model.output(model.fully_connected(model.flatten(y), units=3))
    return model.build()


def _field(number: int, payload: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(payload)) + payload


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return out + bytes((value,))
