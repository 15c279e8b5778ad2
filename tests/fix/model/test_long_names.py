"""TFL609: what no runtime reads is gone, and what users address is not."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fix.model.dressed import dressed
from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_untouched,
    repaired,
    repaired_to_the_end,
)
from tests.rules.findings import findings
from tflint.analysis.unread_notes import unread_notes
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_channel
from tflint.model.reader import parse_model
from tflint.model.record import ABSENT, UnknownField
from tflint.model.schema import CustomQuantization, IfOptions, TensorType
from tflint.model.tables import Buffer, Model, QuantizationParameters
from tflint.model.writer import write_model

INT8 = TensorType.INT8
LONG = "model/block/with/a/long/name/FakeQuantWithMinMaxVarsPerChannel;model/block/Conv2D"


def _network(layers: int = 4, *, signature: bool = False) -> ModelBuilder:
    """Convolutions whose tensors have long names."""
    model = ModelBuilder()
    x = first = model.input((1, 8, 8, 4), INT8)
    for _ in range(layers):
        x = model.conv_2d(x, 4, 1)
    model.output(x)
    for index, tensor in enumerate(model.tensors):
        model.tensors[index] = dataclasses.replace(tensor, name=f"{LONG}_{index}")
    if signature:
        model.signature({"x": first}, {"y": x})
    return model


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL609")


@settings(max_examples=40)
@example(181619)
@given(st.integers(0, 2**32))
def test_random_networks_with_notes_answer_the_same(seed: int) -> None:
    # As repairs see it: what matters is a share of the file, which is written compactly.
    model = parse_model(write_model(dressed(seed), compact=True))
    after = repaired_to_the_end("TFL609", model)

    assert not findings("TFL609", write_model(after, compact=True))
    hold_equal(model, after, may_refuse=True)


@pytest.mark.parametrize("signature", [False, True])
def test_names_of_inputs_and_outputs_stay(signature: bool) -> None:
    model = _network(signature=signature).build()
    after = repaired("TFL609", model)

    graph = after.subgraphs[0]
    names = [tensor.name for tensor in graph.tensors]
    ends = (*graph.inputs, *graph.outputs)
    assert [names[i] for i in ends] == [model.subgraphs[0].tensors[i].name for i in ends]
    assert {name for i, name in enumerate(names) if i not in ends} == {None}
    assert after.signature_defs == model.signature_defs


def test_nothing_is_left_that_the_rule_counts() -> None:
    model = _network(8)
    for index, tensor in enumerate(model.tensors):
        scales = (0.5,) * (tensor.shape[0] if len(tensor.shape) == 4 else 1)
        noted = QuantizationParameters(min=(0.0,), max=(1.0,))
        if tensor.buffer:
            noted = dataclasses.replace(per_channel(scales, 0), min=scales, max=scales)
        model.tensors[index] = dataclasses.replace(
            tensor, quantization=noted, shape_signature=tensor.shape
        )
    model.metadata("CONVERSION_METADATA", b"what it was told" * 8)
    built = dataclasses.replace(model.build(), description="MLIR Converted.")
    after = repaired("TFL609", built)

    assert unread_notes(after).total == 0
    assert after.description is None
    assert after.metadata is ABSENT
    assert not any(bytes(b.data or b"").startswith(b"what") for b in after.buffers)


def test_what_somebody_may_read_stays() -> None:
    later = (UnknownField(30, b"\1"),)
    model = _network()
    model.metadata("min_runtime_version", b"1.5.0")
    model.metadata("TFLITE_METADATA", b"what an application reads")
    model.tensors[2] = dataclasses.replace(
        model.tensors[2],
        quantization=QuantizationParameters(details=CustomQuantization(custom=b"any")),
        shape_signature=(-1,),
    )
    model.tensors[3] = dataclasses.replace(
        model.tensors[3], quantization=QuantizationParameters(unknown_fields=later)
    )
    built = dataclasses.replace(model.build(), description="made by hand")
    after = repaired("TFL609", built)

    def kept(model: Model, index: int) -> object:
        return model.subgraphs[0].tensors[index].quantization

    assert [kept(after, 2), kept(after, 3)] == [kept(built, 2), kept(built, 3)]
    assert after.subgraphs[0].tensors[2].shape_signature == (-1,)
    assert after.description == "made by hand"
    assert [entry.name for entry in after.metadata] == ["min_runtime_version", "TFLITE_METADATA"]


def test_debugging_metadata_take_the_references_to_them_along() -> None:
    model = _network()
    model.metadata("debug_metadata", bytes(64))
    built = model.build()
    graph = built.subgraphs[0]
    operators = tuple(dataclasses.replace(o, debug_metadata_index=1) for o in graph.operators)
    graph = dataclasses.replace(graph, operators=operators, debug_metadata_index=0)
    after = repaired("TFL609", dataclasses.replace(built, subgraphs=(graph,)))

    assert after.subgraphs[0].debug_metadata_index == -1
    assert {o.debug_metadata_index for o in after.subgraphs[0].operators} == {-1}


def test_the_operator_code_of_most_operators_comes_first() -> None:
    model = _network(1)
    x = model.outputs[0]
    for _ in range(3):
        x = model.unary("RELU", x)
    model.outputs[0] = x
    built = model.build()
    after = repaired("TFL609", built)

    assert [code.name for code in after.operator_codes] == ["RELU", "CONV_2D"]
    assert [o.opcode_index for o in after.subgraphs[0].operators] == [1, 0, 0, 0]
    hold_equal(built, after)


def test_buffers_without_data_give_way_to_the_first() -> None:
    model = _network()
    built = model.build()
    count, graph = len(built.buffers), built.subgraphs[0]
    tensors = [
        dataclasses.replace(tensor, buffer=tensor.buffer or count + index)
        for index, tensor in enumerate(graph.tensors)
    ]
    # A vector of no bytes is another thing than none: LiteRT takes it for a constant.
    empty = [Buffer() for _ in tensors]
    empty[1] = Buffer(b"")
    tensors[1] = dataclasses.replace(tensors[1], buffer=count + 1)
    graph = dataclasses.replace(graph, tensors=tuple(tensors))
    built = dataclasses.replace(built, subgraphs=(graph,), buffers=(*built.buffers, *empty))
    after = repaired("TFL609", built)

    places = [tensor.buffer for tensor in after.subgraphs[0].tensors]
    assert [after.buffers[place].data is None for place in places] == [
        not built.buffers[tensor.buffer].data and index != 1
        for index, tensor in enumerate(built.subgraphs[0].tensors)
    ]
    assert {place for place in places if after.buffers[place].data is None} == {0}


def test_called_subgraphs_keep_the_names_of_their_ends() -> None:
    model = _network()
    condition, x = model.input((1,), TensorType.BOOL), model.inputs[0]
    y = model.tensor((1, 8, 8, 4), INT8, model.tensors[x].quantization)
    model.operator("IF", [condition, x], [y], IfOptions(1, 2))
    model.output(y)
    for name in ("then", "else"):
        branch = model.subgraph(name)
        end = branch.input((1, 8, 8, 4), INT8, model.tensors[x].quantization)
        branch.output(branch.unary("RELU", branch.unary("RELU", end)))
    built = model.build()
    after = repaired("TFL609", built)

    for before, now in zip(built.subgraphs[1:], after.subgraphs[1:], strict=True):
        assert now.inputs == before.inputs
        assert [t.name is None for t in now.tensors] == [False, True, False]
        assert now.name == before.name


def test_a_file_with_few_notes_is_not_touched() -> None:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 64)), 64))
    hold_untouched("TFL609", model.build())
