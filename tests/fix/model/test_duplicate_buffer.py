"""TFL606: equal constants stand in the file once, and nothing else is shared."""

from __future__ import annotations

import dataclasses

from hypothesis import given, settings
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
from tflint.model.builder import ModelBuilder
from tflint.model.record import UnknownField
from tflint.model.tables import Model


def _additions(*constants: list[float]) -> ModelBuilder:
    model = ModelBuilder()
    x = model.input((1, len(constants[0])))
    for values in constants:
        shape = (1, len(values))
        y = model.tensor(shape)
        model.operator("ADD", [x, model.constant(shape, values=values)], [y])
        x = y
    model.output(x)
    return model


ROW = [float(i) for i in range(32)]


def _stored(model: Model) -> list[int]:
    return sorted(len(buffer.data) for buffer in model.buffers if buffer.data)


def test_the_examples_of_the_rule_are_repaired() -> None:
    hold_examples("TFL606")


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_random_networks_with_copies_answer_the_same(seed: int) -> None:
    model = dressed(seed)
    after = repaired_to_the_end("TFL606", model)

    assert not findings("TFL606", after)
    hold_equal(model, after, may_refuse=True)


def test_several_copies_become_one() -> None:
    model = _additions(ROW, ROW, ROW[::-1], ROW, ROW[::-1]).build()
    after = repaired("TFL606", model)

    assert _stored(after) == [128, 128]
    hold_equal(model, after)


def test_constants_of_subgraphs_are_shared_between_them() -> None:
    model = _additions(ROW)
    other = model.subgraph("other")
    x = other.input((1, 32))
    y = other.tensor((1, 32))
    other.operator("ADD", [x, other.constant((1, 32), values=ROW)], [y])
    other.output(y)
    built = model.build()
    after = repaired("TFL606", built)

    assert _stored(after) == [128]
    assert after.subgraphs[0].operators == built.subgraphs[0].operators
    hold_equal(built, after)


def test_what_differs_in_one_byte_stays_apart() -> None:
    row = [*ROW]
    row[16] += 1
    hold_untouched("TFL606", _additions(ROW, row).build())


def test_variables_and_what_operators_write_keep_buffers_of_their_own() -> None:
    model = _additions(ROW, ROW)
    first = model.operators[0].inputs[1]
    model.tensors[first] = dataclasses.replace(model.tensors[first], is_variable=True)
    hold_untouched("TFL606", model.build())

    model = _additions(ROW, ROW)
    model.operator("RELU", [model.inputs[0]], [model.operators[1].inputs[1]])
    hold_untouched("TFL606", model.build())


def test_data_behind_the_flatbuffer_are_not_taken_for_data_inside() -> None:
    model = _additions(ROW, ROW).build()
    buffers = list(model.buffers)
    last = buffers[-1]
    buffers[-1] = dataclasses.replace(last, offset=2, size=len(last.data or b""))
    hold_untouched("TFL606", dataclasses.replace(model, buffers=tuple(buffers)))

    both = [
        dataclasses.replace(b, offset=2, size=len(b.data)) if b.data else b for b in model.buffers
    ]
    after = repaired("TFL606", dataclasses.replace(model, buffers=tuple(both)), target="litert")
    assert [buffer.is_external for buffer in after.buffers] == [False, True]


def test_buffers_of_a_newer_schema_stay() -> None:
    model = _additions(ROW, ROW).build()
    later = (UnknownField(9, b"\1\0\0\0"),)
    buffers = tuple(dataclasses.replace(b, unknown_fields=later) for b in model.buffers)
    hold_untouched("TFL606", dataclasses.replace(model, buffers=buffers))


def test_the_data_of_metadata_stay_where_they_are() -> None:
    model = _additions(ROW, ROW)
    built = model.build()
    data = next(bytes(b.data) for b in built.buffers if b.data)
    model.metadata("a table", data)
    after = repaired("TFL606", model.build())

    (entry,) = after.metadata
    assert bytes(after.buffers[entry.buffer].data or b"") == data
    assert _stored(after) == [128, 128]
