"""TFL210, TFL605 and TFL207: what is always the same is a constant, and nothing else is."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.test_constant_folding import (
    ShapeBuilder,
    by_gather,
    by_products,
    by_slices,
    dense,
)
from tests.fix.model.passes import (
    hold_equal,
    hold_examples,
    hold_surroundings,
    hold_untouched,
    operators,
    repaired,
    repaired_to_the_end,
    rewritten,
    turn,
)
from tests.rules.findings import findings
from tflint.finding import FixSafety
from tflint.model.builder import ModelBuilder
from tflint.model.schema import (
    AddOptions,
    FillOptions,
    FullyConnectedOptions,
    MulOptions,
    PackOptions,
    PadOptions,
    ReshapeOptions,
    ShapeOptions,
    StridedSliceOptions,
    TensorType,
    TransposeOptions,
)
from tflint.model.tables import Model

FLOAT32, INT8, INT32 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT32


def test_the_examples_of_the_rules_are_repaired() -> None:
    hold_examples("TFL210")
    # An int8 kernel that reads the weights as they are is what they wait for.
    hold_examples("TFL605", but=("int8 weights expanded to float32",))
    hold_examples("TFL207", but=("Paddings as an input",))


@pytest.mark.parametrize("build", [by_slices, by_products, by_gather])
def test_shape_chains_become_constants(build: object) -> None:
    model = build()  # type: ignore[operator]
    after = repaired("TFL210", model)

    assert operators(after) == ["RESHAPE", "TANH"]
    assert hold_equal(model, after, may_refuse=True)


def test_where_liteRT_can_resize_the_batch_the_chain_stays() -> None:
    model = by_slices(signature=(-1, 4, 3, 2))

    hold_untouched("TFL210", model, target="litert")
    rewrite = turn("TFL210", model)
    assert rewrite is not None
    (note,) = rewrite.notes
    assert "has to have the shape in the file" in note
    known = turn("TFL210", by_slices())
    assert known is not None
    assert known.notes == ()
    after = repaired("TFL210", model)
    hold_equal(model, after)


@pytest.mark.parametrize("target", ["tflm", "litert"])
def test_weights_are_stored_as_they_are_used(target: str) -> None:
    for model in (dense(), dense(twice=True), dense(shared=True)):
        after = repaired("TFL605", model, target=target)

        assert set(operators(after)) == {"FULLY_CONNECTED"}
        hold_equal(model, after)


def test_an_output_is_still_made_by_an_operator() -> None:
    hold_untouched("TFL605", dense(output=True))


def test_a_file_does_not_grow_by_much() -> None:
    model = ModelBuilder()
    x, w, y = model.input((1, 512)), model.tensor((8, 512)), model.tensor((1, 8))
    shape, value = model.constant((2,), INT32, (8, 512)), model.constant((), values=(1.0,))
    model.operator("FILL", [shape, value], [w], FillOptions())
    model.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions())
    model.output(y)
    (finding,) = findings("TFL605", model.build())

    assert finding.fix is None
    hold_untouched("TFL605", model.build())


def test_a_result_that_overflows_is_left_to_the_kernel() -> None:
    model = ModelBuilder()
    x, w, y = model.input((1,), INT32), model.tensor((1,), INT32), model.tensor((1,), INT32)
    numbers = [model.constant((1,), INT32, (number,)) for number in (2**30, 4)]
    model.operator("MUL", numbers, [w], MulOptions())
    model.operator("ADD", [x, w], [y], AddOptions())
    model.output(y)

    hold_untouched("TFL605", model.build())


def test_what_only_a_shape_is_read_of_goes_with_it() -> None:
    """One group's SHAPE reads what another makes of constants."""
    model = ShapeBuilder()
    made, to = model.tensor((1, 24)), model.tensor((2,), INT32)
    y = model.tensor((1, 24))
    model.operator("ABS", [model.constant((1, 24))], [made])
    model.operator("SHAPE", [made], [to], ShapeOptions(out_type=INT32))
    model.operator("RESHAPE", [model.x, to], [y], ReshapeOptions())
    z = model.tensor((1, 24))
    model.operator("ADD", [y, made], [z], AddOptions())
    model.output(z)
    before = model.build()
    after = repaired_to_the_end("TFL605", repaired_to_the_end("TFL210", before))

    assert operators(after) == ["RESHAPE", "ADD"]
    hold_equal(before, after)
    hold_equal(before, repaired_to_the_end("TFL605", before))


def test_what_only_the_shape_was_read_of_goes_too() -> None:
    """As the converter leaves a Conv1D before Flatten when it does not know the batch."""
    model = ShapeBuilder()
    turned = model.tensor((1, 4, 6))
    to = model.ints(1, 4, 6)
    x = model.x = model.unary("TANH", model.x)
    model.operator("RESHAPE", [x, to], [turned], ReshapeOptions())
    model.x = model.unary("ABS", turned)
    first, packed = model.tensor((), INT32), model.tensor((2,), INT32)
    slice = [model.shape_of_x(), model.ints(0), model.ints(1), model.ints(1)]
    model.operator("STRIDED_SLICE", slice, [first], StridedSliceOptions(shrink_axis_mask=1))
    parts = [first, model.ints(24, scalar=True)]
    model.operator("PACK", parts, [packed], PackOptions(values_count=2))
    y = model.tensor((1, 24))
    model.operator("RESHAPE", [x, packed], [y], ReshapeOptions())
    model.output(model.unary("TANH", y))
    unread = model.unary("ABS", x)
    before = model.build()
    after = repaired("TFL210", before)

    # What nobody read before is another matter.
    assert unread
    assert operators(after) == ["TANH", "RESHAPE", "TANH", "ABS"]
    hold_equal(before, after)


def transposed(*, order_is: str) -> Model:
    """A transpose by an order that is computed, and needed for something else or not."""
    model = ShapeBuilder()
    order, y = model.tensor((4,), INT32), model.tensor((4, 1, 3, 2))
    if order_is == "of the shape":
        rank = model.tensor((), INT32)
        model.operator("RANK", [model.x], [rank])
        ones = [model.ints(number, scalar=True) for number in (1, 1, 1, 1)]
        model.operator("SUB", [rank, ones[0]], [rank_less := model.tensor((), INT32)], None)
        parts = [model.ints(number, scalar=True) for number in (1, 0)]
        two = model.tensor((), INT32)
        model.operator("SUB", [rank_less, ones[1]], [two], None)
        model.operator("PACK", [*parts, two, rank_less], [order], PackOptions(values_count=4))
    else:
        shape = model.constant((1,), INT32, (4,))
        model.operator("RESHAPE", [model.ints(1, 0, 2, 3), shape], [order], ReshapeOptions())
    model.operator("TRANSPOSE", [model.x, order], [y], TransposeOptions())
    model.output(model.unary("TANH", y))
    if order_is == "an output":
        model.output(order)
    if order_is == "read by others":
        z = model.tensor((4,), INT32)
        model.operator("ADD", [order, order], [z], AddOptions())
        model.output(z)
    return model.build()


@pytest.mark.parametrize("order_is", ["of the shape", "computed", "an output", "read by others"])
def test_arguments_become_the_constants_that_tflm_needs(order_is: str) -> None:
    model = transposed(order_is=order_is)
    (finding,) = findings("TFL207", model)
    assert finding.fix is not None
    assert finding.fix.safety is FixSafety.SAFE
    after = repaired("TFL207", model)

    kept = {"an output": ["RESHAPE"], "read by others": ["RESHAPE", "ADD"]}.get(order_is, [])
    assert sorted(operators(after)) == sorted(["TRANSPOSE", "TANH", *kept])
    # TFLM refuses the model as it was, and runs it now.
    assert hold_equal(model, after, runtimes=["litert"])
    hold_equal(after, after, runtimes=["tflm"])
    hold_surroundings("TFL207", model)


def test_one_argument_of_many_operators_is_stored_once() -> None:
    model = ModelBuilder()
    paddings = model.tensor((4, 2), INT32)
    flat = model.constant((8,), INT32, (0, 0, 1, 1, 1, 1, 0, 0))
    model.operator(
        "RESHAPE", [flat, model.constant((2,), INT32, (4, 2))], [paddings], ReshapeOptions()
    )
    for _ in range(3):
        y = model.tensor((1, 4, 4, 1))
        model.operator("PAD", [model.input((1, 2, 2, 1)), paddings], [y], PadOptions())
        model.output(y)
    before = model.build()
    after = repaired("TFL207", before)

    assert operators(after) == ["PAD"] * 3
    assert len({operator.inputs[1] for operator in after.subgraphs[0].operators}) == 1
    hold_equal(before, after, runtimes=["litert"])
    hold_equal(after, after)


def chains(rng: random.Random) -> Model:
    """Numbers computed from constants and shapes in any way, and what they shape and scale."""
    model = ShapeBuilder(rng.choice(((), (-1, 4, 3, 2))))
    scalars = [model.ints(rng.randint(0, 5), scalar=True) for _ in range(2)]
    for _ in range(rng.randint(1, 6)):
        y = model.tensor((), INT32)
        kind = rng.choice(("ADD", "MUL", "MAXIMUM", "of the shape", "of the shape", "SUB"))
        if kind == "of the shape":
            at = rng.randrange(4)
            slice = [model.shape_of_x(), *(model.ints(n) for n in (at, at + 1, 1))]
            options = StridedSliceOptions(shrink_axis_mask=1)
            model.operator("STRIDED_SLICE", slice, [y], options)
        else:
            model.operator(kind, rng.choices(scalars, k=2), [y])
        scalars.append(y)
    packed = model.tensor((3,), INT32)
    model.operator("PACK", rng.choices(scalars, k=3), [packed], PackOptions(values_count=3))
    wide, added, y = model.tensor((3,)), model.tensor((3,)), model.tensor((1, 3))
    model.operator("CAST", [packed], [wide])
    model.operator("ADD", [wide, model.constant((3,))], [added], AddOptions())
    model.operator("MUL", [model.input((1, 3)), added], [y], MulOptions())
    model.output(y, model.unary("TANH", model.x))
    if rng.random() < 0.2:
        model.output(rng.choice([packed, wide]))
    return model.build()


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.sampled_from(["tflm", "litert"]))
def test_chains_of_all_kinds_give_the_same(seed: int, target: str) -> None:
    model = chains(random.Random(seed))
    after = model
    for code in ("TFL210", "TFL207", "TFL605"):
        after = repaired_to_the_end(code, after, target=target)
        assert not [f for f in findings(code, after, target) if f.fix is not None]
    hold_equal(model, after, may_refuse=True, runtimes=["litert"])
    hold_surroundings("TFL210", model, target=target)
    hold_surroundings("TFL605", model, target=target)


def test_most_chains_are_folded() -> None:
    done = [rewritten("TFL210", chains(random.Random(seed))) for seed in range(30)]
    assert sum(after is not None for after in done) > 10


def test_long_chains_take_linear_time() -> None:
    model = ModelBuilder()
    x = model.constant((4,))
    for _ in range(1000):
        y = model.tensor((4,))
        model.operator("NEG", [x], [y])
        x = y
    y = model.tensor((4,))
    model.operator("ADD", [model.input((4,)), x], [y], AddOptions())
    model.output(y)
    after = repaired("TFL605", model.build())

    assert operators(after) == ["ADD"]
