"""Editing models: what is touched changes, what is not stays, and nothing is left behind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.model.sample_models import SAMPLES
from tflint.fix.model.model_edit import ModelEdit
from tflint.memory.offline_plan import METADATA_NAME, offline_plan
from tflint.memory.variants import with_offline_plan
from tflint.model.builder import ModelBuilder
from tflint.model.graph import dangling_indices
from tflint.model.reader import read_model
from tflint.model.record import UnknownField
from tflint.model.schema import TensorType
from tflint.model.tables import Model

FLOAT32 = TensorType.FLOAT32


def _two_relus() -> Model:
    """input 0 -> RELU -> 1 -> RELU -> 2, the output, with a signature and a spare tensor 3."""
    model = ModelBuilder()
    x = model.input((1, 4))
    y = model.unary("RELU", x)
    z = model.unary("RELU", y)
    model.output(z)
    model.tensor((7,), name="spare")
    model.signature({"x": x}, {"z": z})
    return model.build()


def _with_constant(shared: bool) -> tuple[Model, int]:
    """An ADD of a constant, whose buffer a second tensor may share."""
    model = ModelBuilder()
    x = model.input((1, 4))
    c = model.constant((4,), values=(1.0, 2.0, 3.0, 4.0))
    y = model.tensor((1, 4))
    model.operator("ADD", [x, c], [y])
    z = y
    if shared:
        d = model.tensor((4,), buffer=model.tensors[c].buffer)
        z = model.tensor((1, 4))
        model.operator("MUL", [y, d], [z])
    model.output(z)
    return model.build(), c


@pytest.mark.parametrize("build", SAMPLES, ids=lambda build: build.__name__)
def test_an_edit_without_changes_gives_the_same_model(build: Callable[[], Model]) -> None:
    model = build()
    if not any(dangling_indices(model)):
        assert ModelEdit(model).finish() == model


@pytest.mark.shared
def test_an_edit_without_changes_keeps_real_models(shared_model: Path) -> None:
    model = read_model(shared_model)
    assert ModelEdit(model).finish() == model


def test_a_removed_operator_takes_what_only_it_used_along() -> None:
    edit = ModelEdit(_two_relus())
    graph = edit.graph(0)
    graph.read_instead(1, 0)
    graph.remove(0)
    model = edit.finish()
    (subgraph,) = model.subgraphs
    assert len(subgraph.operators) == 1
    # The value between is gone; the spare tensor, which nobody used before either, is not.
    assert [tensor.name for tensor in subgraph.tensors][-1] == "spare"
    assert len(subgraph.tensors) == 3
    assert subgraph.operators[0].inputs == subgraph.inputs
    assert subgraph.operators[0].outputs == subgraph.outputs
    assert model.signature_defs[0].outputs[0].tensor_index == subgraph.outputs[0]
    assert not any(dangling_indices(model))


def test_an_output_keeps_its_name_when_its_operator_goes() -> None:
    before = _two_relus()
    edit = ModelEdit(before)
    graph = edit.graph(0)
    graph.write_instead(1, 2)
    graph.remove(1)
    (subgraph,) = edit.finish().subgraphs
    assert subgraph.tensors[subgraph.outputs[0]] == before.subgraphs[0].tensors[2]
    assert subgraph.operators[0].outputs == subgraph.outputs


def test_another_output_is_named_by_the_signature_too() -> None:
    edit = ModelEdit(_two_relus())
    graph = edit.graph(0)
    graph.output_instead(2, 1)
    graph.remove(1)
    model = edit.finish()
    assert model.subgraphs[0].outputs == (1,)
    assert model.signature_defs[0].outputs[0].tensor_index == 1


def test_operators_are_put_before_and_behind_in_the_order_of_the_calls() -> None:
    edit = ModelEdit(_two_relus())
    graph = edit.graph(0)
    new = [graph.add_tensor((1, 4), FLOAT32) for _ in range(4)]
    graph.insert_before(1, "ABS", [1], [new[0]])
    graph.insert_before(1, "NEG", [new[0]], [new[1]])
    graph.insert_after(0, "EXP", [1], [new[2]])
    graph.insert_before(2, "SIN", [2], [new[3]])
    model = edit.finish()
    names = [model.operator_codes[op.opcode_index].name for op in model.subgraphs[0].operators]
    assert names == ["RELU", "EXP", "ABS", "NEG", "RELU", "SIN"]


def test_an_order_keeps_what_was_put_beside_an_operator_there() -> None:
    model = ModelBuilder()
    x = model.input((1, 4))
    model.output(model.unary("RELU", x), model.unary("ABS", x))
    edit = ModelEdit(model.build())
    graph = edit.graph(0)
    new = graph.add_tensor((1, 4), FLOAT32)
    graph.insert_after(0, "EXP", [1], [new])
    graph.reorder([1, 0])
    changed = edit.finish()
    names = [changed.operator_codes[op.opcode_index].name for op in changed.subgraphs[0].operators]
    assert names == ["ABS", "RELU", "EXP"]


def test_new_constants_leave_those_who_share_the_buffer_alone() -> None:
    before, c = _with_constant(shared=True)
    edit = ModelEdit(before)
    edit.graph(0).set_data(c, bytes(16))
    after = edit.finish()
    tensors = after.subgraphs[0].tensors
    kept = [t for t in tensors if t.buffer and t.buffer != tensors[c].buffer]
    assert bytes(after.buffers[tensors[c].buffer].data or b"") == bytes(16)
    assert after.buffers[kept[0].buffer].data == before.buffers[kept[0].buffer].data


def test_a_replaced_constant_leaves_no_buffer_behind() -> None:
    before, c = _with_constant(shared=False)
    edit = ModelEdit(before)
    edit.graph(0).set_data(c, bytes(16))
    assert len(edit.finish().buffers) == len(before.buffers)


def test_operator_codes_that_nobody_needs_go_and_unused_ones_of_the_file_stay() -> None:
    before = _two_relus()
    spare = dataclasses.replace(before.operator_codes[0], version=7)
    before = dataclasses.replace(before, operator_codes=(*before.operator_codes, spare))
    edit = ModelEdit(before)
    for node in (0, 1):
        operator = edit.graph(0).operator(node)
        edit.graph(0).replace(node, "ABS", operator.inputs, operator.outputs)
    after = edit.finish()
    assert [(code.name, code.version) for code in after.operator_codes] == [("RELU", 7), ("ABS", 1)]


def test_a_name_that_is_no_operator_is_refused() -> None:
    with pytest.raises(ValueError, match="NONESUCH"):
        ModelEdit(_two_relus()).operator_code("NONESUCH")


def test_fields_of_newer_schemas_survive() -> None:
    unknown = (UnknownField(slot=40, data=b"\x07"),)
    before = _two_relus()
    (subgraph,) = before.subgraphs
    second = dataclasses.replace(subgraph.operators[1], unknown_fields=unknown)
    subgraph = dataclasses.replace(
        subgraph, operators=(subgraph.operators[0], second), unknown_fields=unknown
    )
    before = dataclasses.replace(before, subgraphs=(subgraph,), unknown_fields=unknown)
    edit = ModelEdit(before)
    edit.graph(0).read_instead(1, 0)
    edit.graph(0).remove(0)
    after = edit.finish()
    assert after.unknown_fields == after.subgraphs[0].unknown_fields == unknown
    assert after.subgraphs[0].operators[0].unknown_fields == unknown


def test_other_subgraphs_are_left_as_they_are() -> None:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4))))
    other = model.subgraph("other")
    other.output(other.unary("ABS", other.input((2, 2))))
    before = model.build()
    edit = ModelEdit(before)
    edit.graph(0).add_tensor((3,), FLOAT32, data=bytes(12))
    assert edit.finish().subgraphs[1] == before.subgraphs[1]


def test_a_plan_of_the_file_follows_its_tensors() -> None:
    before = with_offline_plan(_two_relus(), [0, 16, 32, -1])
    edit = ModelEdit(before)
    edit.graph(0).change_tensor(1, name="renamed")
    plan = offline_plan(edit.finish())
    assert plan is not None
    assert plan.offsets == (0, 16, 32, -1)


def test_a_plan_of_the_file_is_dropped_when_operators_go() -> None:
    before = with_offline_plan(_two_relus(), [0, 16, 32, -1])
    edit = ModelEdit(before)
    edit.graph(0).read_instead(1, 0)
    edit.graph(0).remove(0)
    after = edit.finish()
    assert METADATA_NAME not in [entry.name for entry in after.metadata]
    assert len(after.buffers) == 1
