"""The TensorFlow operator inside a Flex operator."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from flatbuffers import flexbuffers
from hypothesis import given
from hypothesis import strategies as st

from tests.cpu_time import assert_linear
from tflint.model.builder import ModelBuilder
from tflint.model.flex import FlexOperator, flex_operator, is_flex
from tflint.model.graph import Graph, Node
from tflint_rules.example_models import flex_options

# Fields of tensorflow/core/framework/node_def.proto and attr_value.proto.
NAME, OP, INPUT, ATTR, DEBUG = 1, 2, 3, 5, 6
LIST, STRING, INT, FLOAT, BOOL, TYPE, SHAPE, TENSOR = 1, 2, 3, 4, 5, 6, 7, 8


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number: int, value: int | bytes | float) -> bytes:
    """A protobuf field: a number as varint, bytes as bytes, a float as fixed32."""
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def node_def(op: str, name: str = "", **attributes: bytes) -> bytes:
    data = (field(NAME, name.encode()) if name else b"") + field(OP, op.encode())
    for key, attribute in attributes.items():
        data += field(ATTR, field(1, key.encode()) + field(2, attribute))
    return data


def node(name: str, custom_options: bytes | None) -> Node:
    model = ModelBuilder()
    x, y = model.input((1,)), model.tensor((1,))
    model.operator(name, [x], [y], custom_options=custom_options)
    return Graph(model.build(), 0).nodes[0]


def options(op: str, data: bytes) -> bytes:
    """The operator's name and NodeDef as the converter writes them: two strings.

    Laid out by hand: the reference encoder takes only text for strings, a NodeDef is binary.
    """
    raw = op.encode()
    head = len(raw).to_bytes(4, "little") + raw + b"\0"
    head += bytes(-len(head) % 4)
    body = head + len(data).to_bytes(4, "little") + data + b"\0"
    body += bytes(-len(body) % 4) + (2).to_bytes(4, "little")
    vector = len(body)
    body += (vector - 4).to_bytes(4, "little")
    body += (vector + 4 - len(head) - 4).to_bytes(4, "little")
    body += bytes([5 << 2 | 2] * 2) + (10).to_bytes(4, "little")
    return body + bytes([10 << 2 | 2, 4])


def decoded(data: bytes) -> FlexOperator:
    return flex_operator(node("FlexConv2D", options("Conv2D", data)))


def test_a_flex_operator_is_a_custom_one_with_the_prefix() -> None:
    assert is_flex(node("FlexConv2D", None))
    assert not is_flex(node("MyFlex", None))
    assert not is_flex(node("RELU", None))


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        (field(STRING, b"NCHW"), "NCHW"),
        (field(STRING, b""), ""),
        (field(INT, 7), 7),
        (field(INT, -1), -1),
        (field(INT, -(2**63)), -(2**63)),
        (field(FLOAT, 0.5), 0.5),
        (field(BOOL, 1), True),
        (field(BOOL, 0), False),
        (field(TYPE, 1), "float32"),
        (field(TYPE, 3), "int32"),
        (field(TYPE, 77), "type 77"),
        (field(LIST, field(INT, 1) + field(INT, 2)), (1, 2)),
        (field(LIST, field(INT, varint(1) + varint(2) + varint(300))), (1, 2, 300)),
        (field(LIST, field(STRING, b"a") + field(STRING, b"b")), ("a", "b")),
        (field(LIST, field(FLOAT, struct.pack("<2f", 0.5, 2.0))), (0.5, 2.0)),
        (field(LIST, field(TYPE, varint(1) + varint(9))), ("float32", "int64")),
        (field(LIST, b""), ()),
        (field(SHAPE, field(2, field(1, 8)) + field(2, field(1, -1))), (8, -1)),
        (field(SHAPE, b""), ()),
    ],
)
def test_attributes(attribute: bytes, value: object) -> None:
    found = decoded(node_def("Conv2D", a=attribute)).attributes["a"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("attribute", [b"", field(TENSOR, b"\x08\x01"), field(10, b"f")])
def test_attributes_that_no_one_asks_about_are_left_out(attribute: bytes) -> None:
    found = decoded(node_def("Conv2D", a=attribute, b=field(INT, 1)))

    assert found.attributes == {"b": 1}


def test_the_node_has_its_name_or_the_one_it_had_before() -> None:
    assert decoded(node_def("Conv2D", "layer/conv")).node_name == "layer/conv"
    moved = node_def("Conv2D") + field(DEBUG, field(1, b"layer/conv"))
    assert decoded(moved).node_name == "layer/conv"
    assert decoded(node_def("Conv2D", "own") + field(DEBUG, field(1, b"x"))).node_name == "own"


def test_the_operators_name_is_that_of_the_node_def() -> None:
    assert decoded(node_def("DepthwiseConv2dNative")).name == "DepthwiseConv2dNative"
    assert decoded(field(NAME, b"n")).name == "Conv2D"


def test_the_examples_of_the_rules_are_written_as_the_converter_does() -> None:
    data = flex_options("Conv2D", {"data_format": "NCHW", "padding": "SAME"})
    found = flex_operator(node("FlexConv2D", data))

    assert found.attributes == {"data_format": "NCHW", "padding": "SAME"}
    assert flexbuffers.GetRoot(data).AsVector[0].AsString == "Conv2D"


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"nothing",
        bytes(flexbuffers.Dumps(["Conv2D"])),
        bytes(flexbuffers.Dumps(["Conv2D", 1])),
        bytes(flexbuffers.Dumps({"a": "b"})),
        options("Conv2D", b"\xff"),
        options("Conv2D", b"\x0a\xff"),
        options("Conv2D", b"\x0b"),
        options("Conv2D", field(ATTR, b"\x0a\x05")),
        options("Conv2D", b"\x80" * 12),
    ],
)
def test_options_that_cannot_be_read_leave_the_name(data: bytes | None) -> None:
    assert flex_operator(node("FlexConv2D", data)) == FlexOperator("Conv2D", "", {})


@given(st.binary(max_size=200))
def test_any_node_def_gives_an_operator(data: bytes) -> None:
    found = decoded(data)

    assert isinstance(found.name, str)
    assert found.name


@pytest.mark.parametrize(
    "node_def_of",
    [
        lambda size: field(OP, b"X" * size),
        lambda size: field(INT, 1) * (size // 4),
        lambda size: node_def("X", a=field(LIST, field(INT, b"\1" * size))),
        lambda size: node_def("X", a=field(SHAPE, field(2, b"") * (size // 4))),
    ],
    ids=["a long name", "many fields", "a long list", "many dimensions"],
)
def test_time_is_linear_in_a_node_defs_size(node_def_of: Callable[[int], bytes]) -> None:
    assert_linear(decoded, node_def_of, 1 << 20)
