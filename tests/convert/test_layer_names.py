"""Whose a node or tensor is, by its name; and the network's own names in a converted model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.convert.layer_names import layer_of
from tflint.convert.request import Place
from tflint.convert.tensorflow.naming import argument, named, result
from tflint.convert.tensorflow.scopes import canonical
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.tables import SignatureDef, TensorMap
from tflint.model.writer import write_model

KNOWN = {name: Place(name) for name in ("conv", "conv_1", "cell", "odd name")}
SCOPES = {
    "net_1": "net",
    "net_1/conv_1": "net/conv",
    "net_1/conv_1_2": "net/conv_1",
    "net_1/rnn_1/while/cell_1": "net/rnn/cell",
}


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("net/conv/Conv2D", "conv"),
        ("net/conv_1/Conv2D", "conv_1"),
        ("conv_1", "conv_1"),
        ("net/conv/while/cell/MatMul", "cell"),
        ("net/other/Add;net/conv/BiasAdd", "conv"),
        ("net/odd name/Add", "odd name"),
        ("net/other/Add", None),
        ("", None),
        (";;//;", None),
    ],
)
def test_the_innermost_layer_that_is_known(name: str, layer: str | None) -> None:
    assert layer_of(name, KNOWN).layer == layer


def test_a_saved_model_has_scopes_alone() -> None:
    assert layer_of("StatefulPartitionedCall/net/conv/Conv2D", {}) == Place("conv")
    assert layer_of("StatefulPartitionedCall/Conv2D", {}) == Place()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net_1/conv_1/Conv2D", "net/conv/Conv2D"),
        ("net_1/conv_1_2/Conv2D", "net/conv_1/Conv2D"),
        ("net_1/rnn_1/while/cell_1/MatMul", "net/rnn/cell/MatMul"),
        ("net_1/rnn_1/while/Less", "net/rnn_1/while/Less"),
        ("net_1/conv_1/BiasAdd;net_1/conv_1_2/Conv2D1", "net/conv/BiasAdd;net/conv_1/Conv2D1"),
        ("other/conv_1/Conv2D", "other/conv_1/Conv2D"),
        ("net_1/conv_1", "net/conv_1"),  # a node of that name, not the scope
    ],
)
def test_scopes_become_layers(name: str, expected: str) -> None:
    assert canonical(name, SCOPES) == expected


@given(st.text(alphabet="ab_1/;", max_size=30))
def test_names_stay_where_no_scopes_are_known(name: str) -> None:
    assert canonical(name, {}) == name
    layer_of(name, KNOWN)


def _converted(*, with_signature: bool) -> bytes:
    """Two inputs and two outputs, as the converter writes them: in the order of its own names."""
    model = ModelBuilder()
    second = model.input((1, 3), name="serving_default_argument_1:0")
    first = model.input((1, 8), name="serving_default_argument_0:0")
    for each in (second, first):
        model.output(model.unary("RELU", each))
    built = model.build()
    if not with_signature:
        return write_model(built)
    main = built.subgraphs[0]
    entry = SignatureDef(
        inputs=(TensorMap(argument(0), first), TensorMap(argument(1), second)),
        outputs=(TensorMap(result(1), main.outputs[0]), TensorMap(result(0), main.outputs[1])),
        signature_key="any",
    )
    from dataclasses import replace

    return write_model(replace(built, signature_defs=(entry,)))


def test_names_and_order_of_the_network() -> None:
    data = named(_converted(with_signature=True), ["wide", "b c"], ["out", "more"], "key", {})
    model = parse_model(data)
    main = model.subgraphs[0]
    assert [(main.tensors[i].name, main.tensors[i].shape) for i in main.inputs] == [
        ("wide", (1, 8)),
        ("b c", (1, 3)),
    ]
    assert [(main.tensors[i].name, main.tensors[i].shape) for i in main.outputs] == [
        ("out", (1, 8)),
        ("more", (1, 3)),
    ]
    (entry,) = model.signature_defs
    assert entry.signature_key == "key"
    assert [each.name for each in (*entry.inputs, *entry.outputs)] == ["wide", "b c", "out", "more"]


def test_without_a_signature_the_order_stands() -> None:
    data = named(_converted(with_signature=False), ["x", "y"], ["p", "q"], "key", {})
    model = parse_model(data)
    main = model.subgraphs[0]
    assert [(main.tensors[i].name, main.tensors[i].shape) for i in main.inputs] == [
        ("x", (1, 3)),
        ("y", (1, 8)),
    ]
    assert len(model.signature_defs) == 1


def test_a_model_of_another_form_is_left_alone() -> None:
    data = _converted(with_signature=False)
    assert named(data, ["x"], ["p", "q"], "key", {}) == data


def test_every_tensor_has_a_name_of_its_own() -> None:
    model = ModelBuilder()
    x = model.input((1, 8), name="argument_0")
    for scope in ("net_1/d_1", "net_1/d_3", "net/d", "x"):
        y = model.tensor((1, 8), name=f"{scope}/Relu" if scope != "x" else "x")
        model.operator("RELU", [x], [y])
        x = y
    model.output(model.unary("RELU", x))
    scopes = {"net_1/d_1": "net/d", "net_1/d_3": "net/d"}
    data = named(write_model(model.build()), ["x"], ["x"], "key", scopes)
    found = [tensor.name for tensor in parse_model(data).subgraphs[0].tensors]
    assert found == ["x", "net/d/Relu", "net/d/Relu_1", "net/d/Relu_2", "x_2", "x_1"]
    (entry,) = parse_model(data).signature_defs
    assert (entry.inputs[0].name, entry.outputs[0].name) == ("x", "x")
