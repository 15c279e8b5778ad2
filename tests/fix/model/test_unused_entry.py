"""TFL607: what nothing uses is gone, and what may be used by what nobody knows is not."""

from __future__ import annotations

import dataclasses
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fix.model.dressed import dressed
from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_untouched,
    operators,
    repaired,
    repaired_to_the_end,
    rewritten,
)
from tests.rules.findings import findings
from tflint.analysis.unused_entries import COMPRESSION
from tflint.model.builder import ModelBuilder
from tflint.model.record import UnknownField
from tflint.model.schema import TensorType, VarHandleOptions
from tflint.model.tables import Buffer, Metadata, Model


def _network(*, spare: bool = True) -> ModelBuilder:
    model = ModelBuilder()
    if spare:
        model.constant((16,))
    x = model.input((1, 8, 8, 1))
    model.output(model.conv_2d(x, 2, 3))
    return model


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL607")


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_random_networks_with_leftovers_answer_the_same(seed: int) -> None:
    model = dressed(seed)
    after = repaired_to_the_end("TFL607", model)

    assert not findings("TFL607", after)
    hold_equal(model, after, may_refuse=True)


def test_operators_that_nobody_reads_go_with_all_that_only_they_need() -> None:
    model = _network(spare=False)
    x = model.operators[0].inputs[0]
    model.unary("TANH", model.conv_2d(x, 4, 3))
    built = model.build()
    after = repaired("TFL607", built)

    assert operators(after) == ["CONV_2D"]
    assert len(after.subgraphs[0].tensors) == 4
    assert len(after.buffers) == 3
    assert [code.name for code in after.operator_codes] == ["CONV_2D"]
    hold_equal(built, after)


def test_operators_that_do_something_stay() -> None:
    model = _network(spare=False)
    handle = model.tensor((), TensorType.RESOURCE)
    model.operator("VAR_HANDLE", [], [handle], VarHandleOptions(shared_name="state"))
    model.operator("ASSIGN_VARIABLE", [handle, model.inputs[0]], [])
    hold_untouched("TFL607", model.build())


def test_subgraphs_are_kept_whole() -> None:
    model = _network()
    other = model.subgraph("other")
    other.constant((3,))
    other.output(other.unary("RELU", other.input((1, 4))))
    after = repaired("TFL607", model.build())

    assert [len(graph.tensors) for graph in after.subgraphs] == [4, 2]
    assert operators(after, 1) == ["RELU"]
    assert [after.subgraphs[1].tensors[i].shape for i in (0, 1)] == [(1, 4), (1, 4)]


def test_a_plan_in_the_file_follows_its_tensors() -> None:
    model = _network()
    words = [1, 0, 5, -1, 0, -1, -1, 256]
    model.metadata("OfflineMemoryAllocation", struct.pack("<8i", *words))
    after = repaired("TFL607", model.build())

    (entry,) = after.metadata
    data = bytes(after.buffers[entry.buffer].data or b"")
    assert struct.unpack("<7i", data) == (1, 0, 4, 0, -1, -1, 256)


@pytest.mark.parametrize(
    "reach",
    [
        lambda model: dataclasses.replace(model, unknown_fields=(UnknownField(30, b"\1"),)),
        lambda model: dataclasses.replace(
            model,
            buffers=(*model.buffers, Buffer(b"\1\0\0\0")),
            metadata=(Metadata(COMPRESSION, len(model.buffers)),),
        ),
    ],
    ids=["a newer schema", "compressed tensors"],
)
def test_what_may_be_used_by_index_stays(reach: object) -> None:
    assert callable(reach)
    model = reach(_network().build())
    assert not findings("TFL607", model)
    assert rewritten("TFL607", model) is None


def test_tensors_beside_fields_of_a_newer_schema_stay() -> None:
    model = _network().build()
    later = (UnknownField(30, b"\1"),)
    graph = dataclasses.replace(model.subgraphs[0], unknown_fields=later)
    model = dataclasses.replace(model, subgraphs=(graph,))
    codes = (*model.operator_codes, dataclasses.replace(model.operator_codes[0], version=7))
    after = repaired("TFL607", dataclasses.replace(model, operator_codes=codes))

    assert len(after.subgraphs[0].tensors) == 5
    assert after.subgraphs[0].unknown_fields == later
    assert len(after.operator_codes) == 1


def test_a_deprecated_list_of_buffers_keeps_them() -> None:
    model = _network(spare=False).build()
    count = len(model.buffers)
    model = dataclasses.replace(
        model, buffers=(*model.buffers, Buffer(b"kept"), Buffer(b"gone")), metadata_buffer=(count,)
    )
    after = repaired("TFL607", model)

    assert [bytes(after.buffers[i].data or b"") for i in after.metadata_buffer] == [b"kept"]
    assert len(after.buffers) == count + 1


def test_an_index_that_leads_nowhere_does_no_harm() -> None:
    model = dataclasses.replace(_network().build(), metadata_buffer=(99,))
    assert isinstance(repaired("TFL607", model), Model)
