"""A subgraph as operators and values: who makes, reads and holds what."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.model.builder import ModelBuilder
from tflint.model.graph import (
    MAX_ARGUMENT_ELEMENTS,
    Graph,
    called_subgraphs,
    dangling_indices,
    graphs,
    may_be_left_out,
)
from tflint.model.schema import (
    BUILTIN_OPERATORS,
    AddOptions,
    CallOnceOptions,
    CallOptions,
    IfOptions,
    StableHLOCompositeOptions,
    TensorType,
    WhileOptions,
)
from tflint.model.tables import Buffer, Metadata, Model, OperatorCode, SignatureDef, TensorMap

INT32 = TensorType.INT32


def diamond() -> Model:
    """x -> RELU -> (LOGISTIC, TANH) -> ADD -> y."""
    model = ModelBuilder()
    a = model.unary("RELU", model.input((1, 4)))
    b, c = model.unary("LOGISTIC", a), model.unary("TANH", a)
    y = model.tensor((1, 4))
    model.operator("ADD", [b, c], [y], AddOptions())
    model.output(y)
    return model.build()


def names(nodes: object) -> list[str]:
    return [node.name for node in nodes]  # type: ignore[attr-defined]


def test_operators_know_their_neighbours() -> None:
    relu, logistic, tanh, add = Graph(diamond(), 0).nodes

    assert names(relu.predecessors()) == []
    assert names(relu.successors()) == ["LOGISTIC", "TANH"]
    assert names(add.predecessors()) == ["LOGISTIC", "TANH"]
    assert list(logistic.successors()) == list(tanh.successors()) == [add]


def test_values_know_who_makes_and_reads_them() -> None:
    graph = Graph(diamond(), 0)
    relu = graph.nodes[0]

    assert graph.inputs[0].producer is None
    assert graph.inputs[0].consumers == [relu]
    assert relu.outputs[0].producer is relu
    assert [value.is_input for value in graph.values] == [True, False, False, False, False]
    assert [value.is_output for value in graph.values] == [False, False, False, False, True]
    assert graph.outputs[0].consumers == []


def test_an_operator_that_reads_a_value_twice_is_one_consumer() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    model.operator("MUL", [x, x], [y])

    assert names(Graph(model.build(), 0).values[x].consumers) == ["MUL"]


def test_a_left_out_input_is_none_and_so_is_one_that_is_not_there() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 2))
    model.operator("FULLY_CONNECTED", [x, model.constant((2, 4)), -1], [y])
    node = Graph(model.build(), 0).nodes[0]

    assert node.input(0) is not None
    assert (node.input(2), node.input(3)) == (None, None)


def test_constants_are_what_the_file_holds_data_for() -> None:
    model = ModelBuilder()
    constant = model.constant((2,), INT32, (3, -4))
    empty = model.constant((0,), INT32, ())
    state = model.tensor((2,), buffer=1, is_variable=True)
    activation = model.tensor((2, 3), TensorType.INT8)
    values = Graph(model.build(), 0).values

    assert [value.is_constant for value in values] == [True, False, False, False]
    assert values[constant].integers() == (3, -4)
    assert values[empty].integers() is None
    assert values[state].integers() is None
    assert (values[activation].elements, values[activation].bytes) == (6, 6)


@pytest.mark.parametrize(
    ("type", "numbers"),
    [
        (TensorType.INT8, (-128, 127)),
        (TensorType.UINT8, (0, 255)),
        (TensorType.INT16, (-32768, 32767)),
        (TensorType.INT32, (-(2**31), 2**31 - 1)),
        (TensorType.INT64, (-(2**63), 2**63 - 1)),
        (TensorType.UINT32, (0, 2**32 - 1)),
    ],
)
def test_small_integer_constants_are_read(type: TensorType, numbers: tuple[int, ...]) -> None:
    model = ModelBuilder()
    model.constant((2,), type, numbers)

    assert Graph(model.build(), 0).values[0].integers() == numbers


@pytest.mark.parametrize(
    ("shape", "type", "data"),
    [
        ((2,), TensorType.FLOAT32, bytes(8)),
        ((2,), TensorType.BOOL, bytes(2)),
        ((2,), TensorType.STRING, bytes(8)),
        ((2,), INT32, bytes(7)),
        ((2,), INT32, bytes(12)),
        ((-1,), INT32, bytes(4)),
        ((MAX_ARGUMENT_ELEMENTS + 1,), TensorType.INT8, bytes(MAX_ARGUMENT_ELEMENTS + 1)),
        ((2**31 - 1,) * 8, INT32, bytes(8)),
    ],
)
def test_other_constants_are_not_read_as_integers(
    shape: tuple[int, ...], type: TensorType, data: bytes
) -> None:
    model = ModelBuilder()
    model.constant(shape, type, data)

    assert Graph(model.build(), 0).values[0].integers() is None


def test_a_scale_makes_a_value_quantised() -> None:
    model = ModelBuilder()
    model.tensor((1,), TensorType.INT8)
    model.tensor((1,))
    values = Graph(model.build(), 0).values

    assert values[0].quantization is not None
    assert values[1].quantization is None


def test_each_subgraph_is_a_graph() -> None:
    model = ModelBuilder()
    model.subgraph("body")

    assert [graph.index for graph in graphs(model.build())] == [0, 1]


# Dangling indices


def dense(**changes: object) -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 4)), units=2))
    model.operators[0] = dataclasses.replace(
        model.operators[0],
        **changes,  # type: ignore[arg-type]
    )
    return model.build()


def dangling(model: Model) -> list[tuple[str, str, int, int]]:
    return [(d.holder, d.kind, d.index, d.table_size) for d in dangling_indices(model)]


def test_a_sound_model_has_none() -> None:
    assert dangling(dense()) == dangling(diamond()) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inputs": (0, 4, 2)}, ("input 1", "tensor", 4, 4)),
        ({"inputs": (-1, 1, 2)}, ("input 0", "tensor", -1, 4)),
        ({"inputs": (0, -1, 2)}, ("input 1", "tensor", -1, 4)),
        ({"inputs": (0, 1, -2)}, ("input 2", "tensor", -2, 4)),
        ({"inputs": (0, 1, 2**31 - 1)}, ("input 2", "tensor", 2**31 - 1, 4)),
        ({"outputs": (4,)}, ("output 0", "tensor", 4, 4)),
        ({"outputs": (-1,)}, ("output 0", "tensor", -1, 4)),
        ({"intermediates": (-2,)}, ("intermediate", "tensor", -2, 4)),
        ({"intermediates": (4,)}, ("intermediate", "tensor", 4, 4)),
        ({"opcode_index": 1}, ("operator", "operator code", 1, 1)),
        ({"builtin_options": CallOptions(subgraph=1)}, ("called subgraph", "subgraph", 1, 1)),
        (
            {"builtin_options": IfOptions(then_subgraph_index=0, else_subgraph_index=-1)},
            ("called subgraph", "subgraph", -1, 1),
        ),
    ],
)
def test_indices_of_operators(
    changes: dict[str, object], expected: tuple[str, str, int, int]
) -> None:
    assert dangling(dense(**changes)) == [expected]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inputs": (-1,)}, ("subgraph input", "tensor", -1, 4)),
        ({"inputs": (4,)}, ("subgraph input", "tensor", 4, 4)),
        ({"outputs": (9,)}, ("subgraph output", "tensor", 9, 4)),
    ],
)
def test_indices_of_subgraphs(
    changes: dict[str, object], expected: tuple[str, str, int, int]
) -> None:
    model = dense()
    subgraph = dataclasses.replace(model.subgraphs[0], **changes)  # type: ignore[arg-type]

    assert dangling(dataclasses.replace(model, subgraphs=(subgraph,))) == [expected]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"buffers": (Buffer(),)}, ("tensor 1", "buffer", 1, 1)),
        ({"metadata": (Metadata("m", 3),)}, ("metadata", "buffer", 3, 3)),
        ({"signature_defs": (SignatureDef(subgraph_index=1),)}, ("signature", "subgraph", 1, 1)),
        (
            {"signature_defs": (SignatureDef(outputs=(TensorMap("y", 4),)),)},
            ("signature", "tensor", 4, 4),
        ),
    ],
)
def test_indices_of_the_model(
    changes: dict[str, object], expected: tuple[str, str, int, int]
) -> None:
    assert expected in dangling(dataclasses.replace(dense(), **changes))  # type: ignore[arg-type]


def test_buffer_0_is_no_data_even_where_the_table_is_empty() -> None:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))

    assert dangling(dataclasses.replace(model.build(), buffers=())) == []


@pytest.mark.parametrize("name", ["MyLayer", "CONCATENATION", "IF", "CALL_ONCE"])
def test_what_a_custom_or_calling_operator_can_do_without_is_not_known(name: str) -> None:
    model = ModelBuilder()
    y = model.tensor((1, 4))
    model.operator(name, [-1, model.input((1, 4))], [y])

    expected = [("input 0", "tensor", -1, 2)] if name == "CONCATENATION" else []
    assert dangling(model.build()) == expected


@pytest.mark.parametrize(
    ("name", "optional"),
    [("FULLY_CONNECTED", {2}), ("RELU", set()), ("PACK", set()), ("WHILE", {0, 1, 2, 3})],
)
def test_only_some_inputs_may_be_left_out(name: str, optional: set[int]) -> None:
    code = OperatorCode(builtin_code=BUILTIN_OPERATORS.index(name))
    assert {position for position in range(4) if may_be_left_out(code, position)} == optional


@pytest.mark.parametrize(
    ("options", "called"),
    [
        (None, ()),
        (AddOptions(), ()),
        (IfOptions(then_subgraph_index=1, else_subgraph_index=2), (1, 2)),
        (WhileOptions(cond_subgraph_index=1, body_subgraph_index=2), (1, 2)),
        (CallOptions(subgraph=3), (3,)),
        (CallOnceOptions(init_subgraph_index=4), (4,)),
        (StableHLOCompositeOptions(decomposition_subgraph_index=5), (5,)),
    ],
)
def test_called_subgraphs(options: object, called: tuple[int, ...]) -> None:
    assert called_subgraphs(options) == called  # type: ignore[arg-type]


@given(
    inputs=st.lists(st.integers(-3, 6), max_size=4),
    outputs=st.lists(st.integers(-3, 6), max_size=4),
    code=st.integers(0, 3),
    buffer=st.integers(0, 5),
)
def test_a_model_without_dangling_indices_is_a_graph(
    inputs: list[int], outputs: list[int], code: int, buffer: int
) -> None:
    model = dense(inputs=tuple(inputs), outputs=tuple(outputs), opcode_index=code)
    subgraph = model.subgraphs[0]
    tensor = dataclasses.replace(subgraph.tensors[0], buffer=buffer)
    subgraph = dataclasses.replace(subgraph, tensors=(tensor, *subgraph.tensors[1:]))
    model = dataclasses.replace(model, subgraphs=(subgraph,))

    if not dangling(model):
        for node in Graph(model, 0).nodes:
            for value in node.outputs:
                assert value.producer is node
            for read in node.inputs:
                assert read is None or node in read.consumers
