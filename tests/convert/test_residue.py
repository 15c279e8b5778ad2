"""Builtin operators that a network need not have had, in models made by hand."""

from __future__ import annotations

import pytest

from tflint.convert.request import Network, Place, Port
from tflint.convert.residue import residue
from tflint.model.builder import ModelBuilder
from tflint.model.schema import (
    AddOptions,
    LessOptions,
    PackOptions,
    ReshapeOptions,
    Rfft2dOptions,
    ShapeOptions,
    StridedSliceOptions,
    TensorType,
    TransposeOptions,
    WhileOptions,
)
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.report.convert_result import OperatorDiagnosis
from tflint.target.target import find_target

INT32, COMPLEX = TensorType.INT32, TensorType.COMPLEX64
CONV = Place("conv", "Conv2D", "net.py", 7)
MEMORY, OTHER = Place("memory", "GRU", "net.py", 9), Place("other", "GRU", "net.py", 10)


def _found(
    model: Model, *layers: Place, target: str = "tflm", inputs: tuple[Port, ...] = ()
) -> list[OperatorDiagnosis]:
    network = Network(
        "keras 3", inputs=inputs, layers={str(place.layer): place for place in layers}
    )
    return list(residue(write_model(model), network, find_target(target)))


def _channels_first() -> Model:
    model = ModelBuilder()
    x = model.input((1, 3, 8, 8))
    turned = model.tensor((1, 8, 8, 3), name="net/conv/transpose")
    forth, back = (model.constant((4,), INT32, order) for order in ((0, 2, 3, 1), (0, 3, 1, 2)))
    model.operator("TRANSPOSE", [x, forth], [turned], TransposeOptions())
    made = model.conv_2d(turned, filters=4, kernel=3)
    y = model.tensor((1, 4, 6, 6), name="net/conv/BiasAdd;net/else")
    model.operator("TRANSPOSE", [made, back], [y], TransposeOptions())
    model.output(y)
    return model.build()


def test_transposes_cost_their_copies_and_what_they_hold() -> None:
    (found,) = _found(_channels_first(), CONV)
    assert (found.name, found.support, found.count) == ("TRANSPOSE", "builtin", 2)
    assert (found.layer, found.layer_class, found.path, found.line) == (
        "conv",
        "Conv2D",
        "net.py",
        7,
    )
    # 768 bytes in and out for the first, 576 for the second, of float32.
    assert "copies 1.3 KiB" in found.cost
    assert "holds 1.5 KiB" in found.cost
    assert "tflint fix --reconvert" in found.way


def _loop(count: int, name: str) -> Model:
    model = ModelBuilder()
    condition, step = model.subgraph("condition"), model.subgraph("body")
    for graph in (model, condition, step):
        graph.input((1, 64))
    smaller = condition.tensor((1,), TensorType.BOOL)
    limit = condition.constant((1,), values=(10.0,))
    condition.operator("LESS", [0, limit], [smaller], LessOptions())
    condition.output(smaller)
    more = step.tensor((1, 64))
    step.operator("ADD", [0, step.constant((1,), values=(1.0,))], [more], AddOptions())
    step.output(more)
    x = 0
    for i in range(count):
        y = model.tensor((1, 64), name=f"{name}{i}")
        model.operator(
            "WHILE", [x], [y], WhileOptions(cond_subgraph_index=1, body_subgraph_index=2)
        )
        x = y
    model.output(x)
    return model.build()


def test_a_loop_is_that_of_the_layer_in_its_name() -> None:
    (found,) = _found(_loop(1, "net/memory/while"), OTHER, MEMORY)
    assert (found.name, found.layer, found.line) == ("WHILE", "memory", 9)
    assert "2 subgraphs of 2 operators" in found.cost
    assert "unroll=True" in found.way


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        # As many loops as recurrent layers: in their order.
        ((CONV, MEMORY, OTHER), [("memory", "GRU"), ("other", "GRU")]),
        # A layer that is called twice: of one class, so the way is known.
        ((MEMORY,), [(None, "GRU")]),
        ((MEMORY, OTHER, Place("third", "LSTM")), [(None, None)]),
        ((CONV,), [(None, None)]),
    ],
)
def test_loops_without_a_name_go_to_the_layers_that_are_left(
    layers: tuple[Place, ...], expected: list[tuple[str | None, str | None]]
) -> None:
    found = _found(_loop(2, "while"), *layers)
    assert [(one.layer, one.layer_class) for one in found] == expected


def _open_batch(batch: int) -> Model:
    model = ModelBuilder()
    x = model.input((1, 8, 8, 2), shape_signature=(batch, 8, 8, 2))
    shape, first = model.tensor((4,), INT32, name="net/flat/Shape"), model.tensor((), INT32)
    packed, y = model.tensor((2,), INT32), model.tensor((1, 128))
    model.operator("SHAPE", [x], [shape], ShapeOptions(out_type=INT32))
    bounds = [model.constant((1,), INT32, (value,)) for value in (0, 1, 1)]
    model.operator(
        "STRIDED_SLICE", [shape, *bounds], [first], StridedSliceOptions(shrink_axis_mask=1)
    )
    rest = model.constant((), INT32, (128,))
    model.operator("PACK", [first, rest], [packed], PackOptions(values_count=2))
    model.operator("RESHAPE", [x, packed], [y], ReshapeOptions())
    model.output(y)
    return model.build()


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((None, 8, 8, 2), "--batch 1"),
        ((None, None, 8, 2), "keras.Input((100, 3))"),
        ((1, 8, 8, 2), "`tflint fix`"),
    ],
)
def test_shapes_that_are_computed(shape: tuple[int | None, ...], says: str) -> None:
    flat = Place("flat", "Flatten")
    (found,) = _found(_open_batch(-1), flat, inputs=(Port("x", shape, "float32"),))
    assert (found.name, found.layer) == ("SHAPE", "flat")
    assert "3 operators" in found.cost
    assert says in found.way


def _rfft(width: int) -> Model:
    model = ModelBuilder()
    x = model.input((1, 1, 16))
    length = model.constant((2,), INT32, (1, 16))
    y = model.tensor((1, 1, width), COMPLEX, name="net/sound/FFT")
    model.operator("RFFT2D", [x, length], [y], Rfft2dOptions())
    model.output(y)
    return model.build()


def test_a_complex_transform_taken_for_a_real_one() -> None:
    sound = Place("sound", "Lambda")
    for target in ("tflm", "litert"):
        (found,) = _found(_rfft(16), sound, target=target)
        assert (found.name, found.layer) == ("RFFT2D", "sound")
        assert "9 of 16 bins" in found.cost
        assert "dft" in found.way
    (found,) = _found(_rfft(9), sound)
    assert "TFLM has no RFFT2D kernel" in found.cost
    assert _found(_rfft(9), sound, target="litert") == []


def test_a_kernel_that_the_target_does_not_have() -> None:
    model = ModelBuilder()
    model.output(model.unary("GELU", model.unary("GELU", model.input((1, 8)))))
    (found,) = _found(model.build())
    assert (found.name, found.count) == ("GELU", 2)
    assert "TFLM has no GELU kernel" in found.cost
    assert "tf.tanh" in found.way
    assert _found(model.build(), target="litert") == []


def test_nothing_is_said_of_a_plain_model() -> None:
    model = ModelBuilder()
    model.output(model.conv_2d(model.input((1, 8, 8, 1)), filters=4, kernel=3))
    assert _found(model.build(), CONV) == []
