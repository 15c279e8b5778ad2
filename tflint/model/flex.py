"""`Flex*` operators: the TensorFlow operator inside, with its attributes.

The converter keeps a TensorFlow operator that it has no builtin for as a custom operator
whose options are a FlexBuffer of two strings: the operator's name and its serialised
`NodeDef`. Source: `ConstructFlexBuffer...` in tensorflow/lite/ir and `FlexDelegate`'s
`OpNode::InitializeNodeDef`; NodeDef and AttrValue: tensorflow/core/framework/*.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from tflint.model import flexbuffer
from tflint.model.graph import Node

PREFIX = "Flex"
MAX_FIELDS = 4096

AttributeValue = str | int | float | bool | tuple["AttributeValue", ...]

# tensorflow/core/framework/types.proto, those that occur in models.
_DATA_TYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    7: "string",
    8: "complex64",
    9: "int64",
    10: "bool",
    14: "bfloat16",
    17: "uint16",
    19: "float16",
    20: "resource",
    21: "variant",
    22: "uint32",
    23: "uint64",
}


@dataclass(frozen=True, slots=True)
class FlexOperator:
    """A TensorFlow operator: its name (`Conv2D`), its node's name and its attributes."""

    name: str
    node_name: str
    attributes: dict[str, AttributeValue]


def is_flex(node: Node) -> bool:
    """Whether this is a TensorFlow operator in a custom operator's clothes."""
    return node.code.is_custom and node.name.startswith(PREFIX)


def flex_operator(node: Node) -> FlexOperator:
    """What a Flex operator is; without attributes when its options cannot be read."""
    name = node.name.removeprefix(PREFIX)
    try:
        value = flexbuffer.decode(node.operator.custom_options or b"")
        if isinstance(value, list) and len(value) == 2 and isinstance(value[1], str):
            return _node_def(name, value[1].encode("utf-8", "surrogateescape"))
    except ValueError:
        pass
    return FlexOperator(name, "", {})


def is_channels_first(node: Node) -> bool:
    """Whether this is a Flex operator with `data_format` NCHW, NCW or NCDHW."""
    if not is_flex(node):
        return False
    data_format = flex_operator(node).attributes.get("data_format")
    return isinstance(data_format, str) and data_format.startswith("NC")


def _node_def(fallback: str, data: bytes) -> FlexOperator:
    node_name, name = "", fallback
    attributes: dict[str, AttributeValue] = {}
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes):
            node_name = _text(value)
        elif field == 2 and isinstance(value, bytes):
            name = _text(value) or fallback
        elif field == 6 and isinstance(value, bytes):
            # The converter moves the layer's name into `experimental_debug_info`.
            original = dict(_fields(value)).get(1)
            node_name = node_name or (_text(original) if isinstance(original, bytes) else "")
        elif field == 5 and isinstance(value, bytes):
            entry = dict(_fields(value))
            key, attribute = entry.get(1), entry.get(2)
            if isinstance(key, bytes) and isinstance(attribute, bytes):
                decoded = _attribute(attribute)
                if decoded is not None:
                    attributes[_text(key)] = decoded
    return FlexOperator(name, node_name, attributes)


def _attribute(data: bytes) -> AttributeValue | None:
    """An `AttrValue`; None for kinds that no rule asks about (tensors, functions)."""
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes):
            return tuple(_list(value))
        scalar = _scalar(field, value)
        if scalar is not None:
            return scalar
        if field == 7 and isinstance(value, bytes):
            return tuple(_shape(value))
    return None


def _scalar(field: int, value: int | bytes) -> AttributeValue | None:
    if field == 2 and isinstance(value, bytes):
        return _text(value)
    if field == 3 and isinstance(value, int):
        return _signed(value)
    if field == 4 and isinstance(value, bytes) and len(value) == 4:
        number: float = struct.unpack("<f", value)[0]
        return number
    if field == 5 and isinstance(value, int):
        return bool(value)
    if field == 6 and isinstance(value, int):
        return _DATA_TYPES.get(value, f"type {value}")
    return None


def _list(data: bytes) -> Iterator[AttributeValue]:
    """An `AttrValue.ListValue`, whose scalars have the field numbers of `AttrValue`."""
    for field, value in _fields(data):
        if field in (3, 5, 6) and isinstance(value, bytes):
            for item in _packed(value):
                scalar = _scalar(field, item)
                if scalar is not None:
                    yield scalar
        elif field == 4 and isinstance(value, bytes):
            yield from struct.unpack(f"<{len(value) // 4}f", value[: len(value) // 4 * 4])
        else:
            scalar = _scalar(field, value)
            if scalar is not None:
                yield scalar


def _shape(data: bytes) -> Iterator[int]:
    """The dimensions of a `TensorShapeProto`; -1 where unknown."""
    for field, value in _fields(data):
        if field == 2 and isinstance(value, bytes):
            size = dict(_fields(value)).get(1, 0)
            yield _signed(size) if isinstance(size, int) else -1


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message: varints as numbers, everything else as bytes."""
    at = 0
    for _ in range(MAX_FIELDS):
        if at >= len(data):
            return
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            number, at = _varint(data, at)
            yield tag >> 3, number
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"protobuf wire type {kind}")
        if size > len(data) - at:
            raise ValueError("a protobuf field reaches past its message")
        yield tag >> 3, data[at : at + size]
        at += size


def _packed(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        number, at = _varint(data, at)
        yield number


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        number |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return number, at
    raise ValueError("a protobuf number does not end")


def _signed(number: int) -> int:
    """Protobuf writes a negative int64 as its two's complement."""
    number &= 2**64 - 1
    return number - 2**64 if number >= 2**63 else number


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
