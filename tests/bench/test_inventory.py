"""What a model holds: each kind of tensor, and what stands beside the figures."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SHARED_MODELS
from tests.model import sample_models as sample
from tflint.bench.inventory import notes_of, operators_of, tensors_of, weights_of
from tflint.lint.context import LintedModel
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.schema import ExternalBuffer, ExternalBufferGroup, SparsityParameters, TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.report.bench_result import BenchedModel, TensorRow
from tflint.target.target import find_target


def context(model: Model) -> LintedModel:
    return LintedModel(find_target("tflm"), parse_model(write_model(model)))


def rows(model: Model) -> dict[str, TensorRow]:
    return {row.name: row for row in tensors_of(context(model))}


def dynamic_bytes(model: Model) -> int | None:
    held = context(model)
    return BenchedModel(
        "m.tflite", 0, weights=weights_of(held), tensors=tensors_of(held)
    ).dynamic_bytes


def chain() -> ModelBuilder:
    """x -> a -> b -> y, of 4 floats each."""
    model = ModelBuilder()
    tensors = [model.input((1, 4), name="x")]
    for name in ("a", "b", "y"):
        tensors.append(model.tensor((1, 4), name=name))
        model.operator("RELU", tensors[-2:-1], tensors[-1:])
    model.output(tensors[-1])
    return model


def test_what_lies_between_operators_is_dynamic() -> None:
    model = chain().build()

    assert {name: row.is_dynamic for name, row in rows(model).items()} == {
        "x": False,
        "a": True,
        "b": True,
        "y": False,
    }
    assert dynamic_bytes(model) == 32


def test_constants_are_not_dynamic_and_equal_the_weights() -> None:
    for build in sample.SAMPLES:
        held = context(build())
        constants = [row for row in tensors_of(held) if row.kind == "constant"]
        assert not any(row.is_dynamic for row in constants)
        assert sum(row.bytes for row in constants) == weights_of(held).bytes


def test_a_constant_without_a_use_is_listed_and_told() -> None:
    model = chain()
    model.constant((3,), name="idle")
    found = context(model.build())
    (idle,) = [row for row in tensors_of(found) if row.name == "idle"]

    assert (idle.kind, idle.bytes, idle.is_used) == ("constant", 12, False)
    assert weights_of(found).count == 3
    assert notes_of(found) == ("no operator uses 1 constant of 12 bytes",)


def test_values_without_a_use_take_no_memory() -> None:
    model = chain()
    model.tensor((1000,), name="idle")

    assert "idle" not in rows(model.build())


def test_shared_data_are_counted_for_each_tensor() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    first = model.constant((1, 4))
    second = model.tensor((1, 4), buffer=model.tensors[first].buffer)
    model.operator("ADD", [x, first], [y])
    z = model.tensor((1, 4))
    model.operator("ADD", [y, second], [z])
    model.output(z)
    found = context(model.build())

    weights = weights_of(found)
    assert (weights.count, weights.bytes, weights.stored_bytes) == (8, 32, 16)
    assert notes_of(found) == (
        "tensors share data, which `weights` counts for each: the file has it once",
    )


def test_variables_are_memory_also_with_data() -> None:
    model = chain()
    state = model.tensor((1, 4), name="state", is_variable=True, buffer=model.buffer(bytes(16)))
    model.operator("ADD", [0, state], [1])
    found = rows(model.build())["state"]

    assert (found.kind, found.bytes, found.is_variable) == ("activation", 16, True)
    assert found.is_dynamic


def test_sizes_left_open_count_as_one() -> None:
    model = ModelBuilder()
    x = model.input((1, -1, 4), name="x", shape_signature=(-1, -1, 4))
    y = model.tensor((1, -1, 4), name="y")
    model.operator("RELU", [x], [y])
    model.output(y)
    held = context(model.build())

    assert [(row.shape, row.bytes) for row in tensors_of(held)] == [((1, 1, 4), 16)] * 2
    assert notes_of(held) == (
        "sizes are left open in 2 tensors, beside the batch: they count as the file has them, "
        "or as 1",
    )


def test_an_open_batch_is_no_news() -> None:
    assert notes_of(context(sample.annotated_model())) == ()


def test_weights_that_expand_are_memory() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 8)), model.tensor((1, 4))
    wide = model.tensor((4, 8), name="wide")
    half = model.constant((4, 8), TensorType.FLOAT16, name="half")
    model.operator("DEQUANTIZE", [half], [wide])
    model.operator("FULLY_CONNECTED", [x, wide, -1], [y])
    model.output(y)
    found = rows(model.build())

    assert (found["half"].kind, found["half"].bytes) == ("constant", 64)
    assert (found["wide"].is_dynamic, found["wide"].bytes) == (True, 128)
    assert notes_of(context(model.build())) == (
        "DEQUANTIZE expands its weights when it runs: `dynamic_bytes` has them as well",
    )


def test_branches_are_listed_with_their_subgraph() -> None:
    found = tensors_of(context(sample.multi_subgraph_model()))

    assert {row.subgraph for row in found} == {0, 1, 2}
    # What goes into a branch and comes out is no input or output of the model.
    assert {row.subgraph for row in found if row.is_input or row.is_output} == {0}
    # Two values of 16 bytes in each branch; those of the first subgraph are the caller's.
    assert dynamic_bytes(sample.multi_subgraph_model()) == 64


def test_inputs_of_signatures_are_inputs() -> None:
    model = chain()
    second = model.subgraph("second")
    x = second.input((1, 4))
    second.output(second.unary("TANH", x))
    model.signature({"x": 0}, {"y": 3})
    built = model.build()
    other = dataclasses.replace(built.signature_defs[0], signature_key="other", subgraph_index=1)
    built = dataclasses.replace(built, signature_defs=(*built.signature_defs, other))

    entries = {row.subgraph for row in tensors_of(context(built)) if row.is_input}
    assert entries == {0, 1}


def test_multiply_accumulates_of_bodies_are_told() -> None:
    model = ModelBuilder()
    condition, x = model.input((1,), TensorType.BOOL), model.input((1, 4))
    y = model.tensor((1, 4))
    model.operator("IF", [condition, x], [y])
    model.output(y)
    body = model.subgraph("body")
    body.output(body.fully_connected(body.input((1, 4)), 4))
    held = context(model.build())

    assert held.macs == 0
    assert any("`macs` leaves out subgraphs" in note for note in notes_of(held))


def test_data_in_another_file_are_constants() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    w = model.tensor((4, 4), name="w")
    model.tensors[w] = dataclasses.replace(model.tensors[w], external_buffer=1)
    model.operator("FULLY_CONNECTED", [x, w, -1], [y])
    model.output(y)
    built = dataclasses.replace(
        model.build(),
        external_buffer_groups=(ExternalBufferGroup(name="weights.bin"),),
        external_buffers=(ExternalBuffer(id=1, offset=0, length=64),),
    )
    held = context(built)
    found = rows(built)["w"]

    assert (found.kind, found.bytes, found.is_dynamic) == ("constant", 64, False)
    assert weights_of(held).count == 0
    assert notes_of(held) == ("1 constant in another file: `weights` leaves them out",)


def test_sparse_weights_count_as_many_as_they_stand_for() -> None:
    model = ModelBuilder()
    x, y = model.input((1, 4)), model.tensor((1, 4))
    w = model.constant((4, 4), values=bytes(8), name="w")
    model.tensors[w] = dataclasses.replace(
        model.tensors[w], sparsity=SparsityParameters(traversal_order=(0, 1))
    )
    model.operator("FULLY_CONNECTED", [x, w, -1], [y])
    model.output(y)
    held = context(model.build())

    assert (weights_of(held).count, weights_of(held).bytes) == (16, 8)
    assert notes_of(held) == ("16 weights are stored sparsely, in 8 bytes",)


def test_operators_have_what_goes_in_and_out() -> None:
    model = ModelBuilder()
    y = model.fully_connected(model.input((1, 8)), 4)
    model.output(y)
    (dense,) = operators_of(context(model.build()))

    assert (dense.name, dense.index, dense.macs, dense.us_avg) == ("FULLY_CONNECTED", 0, 32, None)
    assert (dense.weight_bytes, dense.input_bytes, dense.output_bytes) == (4 * 36, 32, 16)
    assert dense.output == "1 x 4"


@pytest.mark.shared
def test_weights_and_macs_are_those_of_check(shared_models: list[Path]) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tflint", "check", "--isolated", "--format", "json"),
            *("--fail-on", "never", str(SHARED_MODELS)),
        ],
        stdout=subprocess.PIPE,
        check=True,
    )
    files = json.loads(done.stdout)["files"]
    checked = {Path(one["path"]).resolve(): one["model"] for one in files}
    for path in shared_models:
        held = LintedModel(find_target("tflm"), parse_model(path.read_bytes()))
        weights, said = weights_of(held), checked[path.resolve()]
        assert said["weights"] == {"count": weights.count, "bytes": weights.bytes}, path
        macs = sum(row.macs for row in operators_of(held) if row.subgraph == 0)
        assert said["macs"] == held.macs == macs, path
