"""What TFL605 and TFL210 say is constant is so, and what takes its place gives the same bits."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from tests.rewrite import rewrite
from tests.rules.findings import findings
from tests.runtimes import assert_bit_equal, run
from tflint.analysis.constant_folding import foldings
from tflint.analysis.dataflow import Dataflow
from tflint.finding import FixSafety
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import (
    AddOptions,
    CastOptions,
    ConcatenationOptions,
    FillOptions,
    FullyConnectedOptions,
    GatherOptions,
    MulOptions,
    PackOptions,
    RangeOptions,
    ReducerOptions,
    ReshapeOptions,
    ShapeOptions,
    StridedSliceOptions,
    TensorType,
    TransposeOptions,
)
from tflint.model.tables import Model

INT32, INT64 = TensorType.INT32, TensorType.INT64


class ShapeBuilder(ModelBuilder):
    """A model whose input is flattened to a shape computed from its own."""

    def __init__(self, signature: Sequence[int] = ()) -> None:
        super().__init__()
        self.x = self.input((1, 4, 3, 2), shape_signature=signature)

    def ints(self, *values: int, scalar: bool = False) -> int:
        return self.constant(() if scalar else (len(values),), INT32, values)

    def shape_of_x(self, type: TensorType = INT32) -> int:
        y = self.tensor((len(self.shape(self.x)),), type)
        self.operator("SHAPE", [self.x], [y], ShapeOptions(out_type=type))
        return y

    def flattened(self, shape: int) -> Model:
        y = self.tensor((1, 24))
        self.operator("RESHAPE", [self.x, shape], [y], ReshapeOptions())
        self.output(self.unary("TANH", y))
        return self.build()


def by_slices(signature: Sequence[int] = ()) -> Model:
    model = ShapeBuilder(signature)
    first, packed = model.tensor((), INT32), model.tensor((2,), INT32)
    slice = [model.shape_of_x(), model.ints(0), model.ints(1), model.ints(1)]
    model.operator("STRIDED_SLICE", slice, [first], StridedSliceOptions(shrink_axis_mask=1))
    parts = [first, model.ints(-1, scalar=True)]
    model.operator("PACK", parts, [packed], PackOptions(values_count=2))
    return model.flattened(packed)


def by_products() -> Model:
    """The product of all dimensions but the first, as `tf.reduce_prod` leaves it."""
    model = ShapeBuilder()
    rest, product, whole, packed = (model.tensor((n,), INT32) for n in (3, 1, 1, 2))
    slice = [model.shape_of_x(), model.ints(1), model.ints(4), model.ints(1)]
    model.operator("STRIDED_SLICE", slice, [rest], StridedSliceOptions())
    reduce = ReducerOptions(keep_dims=True)
    model.operator("REDUCE_PROD", [rest, model.ints(0)], [product], reduce)
    model.operator("MUL", [product, model.ints(1)], [whole], MulOptions())
    parts = [model.ints(1), whole]
    model.operator("CONCATENATION", parts, [packed], ConcatenationOptions(axis=0))
    return model.flattened(packed)


def by_gather() -> Model:
    model = ShapeBuilder()
    wide, narrow, added = (
        model.tensor((2,), INT64),
        model.tensor((2,), INT32),
        model.tensor((2,), INT32),
    )
    model.operator("GATHER", [model.shape_of_x(INT64), model.ints(0, 1)], [wide], GatherOptions())
    model.operator("CAST", [wide], [narrow], CastOptions(INT64, INT32))
    model.operator("ADD", [narrow, model.ints(0, 20)], [added], AddOptions())
    return model.flattened(added)


def folded(model: Model) -> Model:
    """The first folding's results, computed by LiteRT, in place of its operators."""
    graph = graphs(model)[0]
    folding = foldings(graph, Dataflow(graph), fixed_shapes=True)[0]
    found = [value.index for value in folding.results]
    subgraph = dataclasses.replace(model.subgraphs[0], outputs=tuple(found))
    probe = dataclasses.replace(model, subgraphs=(subgraph,))
    inputs = [np.zeros(value.shape, np.float32) for value in graph.inputs]
    computed = run(probe, inputs, "litert")
    data = {index: array.tobytes() for index, array in zip(found, computed, strict=True)}
    return rewrite(model, gone=[node.index for node in folding.nodes], data=data)


@pytest.mark.parametrize(("build", "operators"), [(by_slices, 3), (by_products, 5), (by_gather, 4)])
def test_a_shape_chain_is_a_constant(build: object, operators: int) -> None:
    model = build()  # type: ignore[operator]
    (finding,) = findings("TFL210", model)
    after = folded(model)

    assert f"saves {operators} operators" in finding.help
    assert findings("TFL605", model) == ()
    assert findings("TFL210", after) == ()
    assert len(after.subgraphs[0].operators) == 2
    assert_bit_equal(model, after, "litert")


def test_a_folded_chain_runs_on_tflm() -> None:
    """TFLM runs this chain as well: what TFL207 is about are other arguments."""
    assert_bit_equal(by_slices(), folded(by_slices()), "tflm")


def test_where_inputs_can_be_resized_shapes_are_not_fixed() -> None:
    model = by_slices(signature=(-1, 4, 3, 2))

    assert findings("TFL210", model, "litert") == ()
    (finding,) = findings("TFL210", model, "tflm")
    assert "fixed input shape" in finding.help


def test_tflm_refuses_a_computed_argument_that_a_folded_one_would_be() -> None:
    """TFL207 says that it fails, TFL210 how to get rid of it."""
    model = ShapeBuilder()
    y, order = model.tensor((4, 1, 3, 2)), model.tensor((4,), INT32)
    ranks = [model.ints(number, scalar=True) for number in (1, 0, 2)]
    rank = model.tensor((), INT32)
    model.operator("SHAPE", [model.shape_of_x()], [model.tensor((1,), INT32)], ShapeOptions())
    model.operator("RANK", [model.x], [rank])
    model.operator("PACK", [*ranks, rank], [order], PackOptions(values_count=4))
    model.operator("TRANSPOSE", [model.x, order], [y], TransposeOptions())
    model.output(y)

    assert len(findings("TFL207", model.build())) == 1
    (finding,) = findings("TFL210", model.build())
    assert "RANK #2, PACK #3" in finding.message
    assert "TRANSPOSE #4" in finding.message


def dense(*, twice: bool = False, shared: bool = False, output: bool = False) -> Model:
    """Weights scaled at run time; twice with constants of their own."""
    model = ModelBuilder()
    x = model.input((1, 8))
    for _ in range(1 + twice):
        stored, w, y = model.constant((8, 8)), model.tensor((8, 8)), model.tensor((1, 8))
        model.operator("MUL", [stored, model.constant((8,))], [w], MulOptions())
        model.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions())
        if shared:
            z = model.tensor((1, 8))
            model.operator("FULLY_CONNECTED", [y, stored, -1], [z], FullyConnectedOptions())
            y = z
        if output:
            model.output(w)
        x = y
    model.output(x)
    return model.build()


@pytest.mark.parametrize("runtime", ["litert", "tflm"])
def test_computed_weights_are_constants(runtime: str) -> None:
    for model in (dense(), dense(shared=True)):
        (finding,) = findings("TFL605", model, runtime)
        assert finding.fix is not None
        assert finding.fix.safety is FixSafety.SAFE
        assert_bit_equal(model, folded(model), runtime)


def test_each_group_is_one_finding() -> None:
    assert [f.location.operator for f in findings("TFL605", dense(twice=True))] == [0, 2]


def test_flash_counts_what_others_still_read() -> None:
    assert "saves 32 B of flash" in findings("TFL605", dense())[0].help
    assert "adds 224 B to flash" in findings("TFL605", dense(shared=True))[0].help


def test_an_output_is_made_by_an_operator() -> None:
    assert findings("TFL605", dense(output=True)) == ()


@pytest.mark.parametrize(
    ("name", "fires"),
    [("FILL", True), ("RANGE", True), ("RANDOM_UNIFORM", False), ("MyOp", False), ("CALL", False)],
)
def test_only_what_is_the_same_each_time_folds(name: str, fires: bool) -> None:
    model = ModelBuilder()
    x, w, y = model.input((4,)), model.tensor((4,)), model.tensor((4,))
    arguments = {
        "FILL": [model.constant((1,), INT32, (4,)), model.constant((), values=(2.0,))],
        "RANGE": [model.constant((), values=(end,)) for end in (0.0, 4.0, 1.0)],
    }
    options = {"FILL": FillOptions(), "RANGE": RangeOptions()}
    shape = [model.constant((1,), INT32, (4,))]
    model.operator(name, arguments.get(name, shape), [w], options.get(name))
    model.operator("ADD", [x, w], [y], AddOptions())
    model.output(y)
    built = model.build()

    assert bool(findings("TFL605", built, "litert")) is fires
    if fires:
        assert_bit_equal(built, folded(built), "litert")


@pytest.mark.parametrize(
    ("type", "count"), [(TensorType.INT8, 1), (TensorType.INT16, 1), (TensorType.FLOAT16, 0)]
)
def test_expanded_weights_are_one_finding_for_all(type: TensorType, count: int) -> None:
    """float16 is TFL108, which is an error where these are a warning."""
    model = ModelBuilder()
    x = model.input((1, 8))
    for _ in range(3):
        w, y = model.tensor((8, 8)), model.tensor((1, 8))
        quantization = None if type is TensorType.FLOAT16 else per_tensor(0.1)
        model.operator("DEQUANTIZE", [model.constant((8, 8), type, quantization=quantization)], [w])
        model.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions())
        x = y
    model.output(x)
    found = findings("TFL605", model.build())

    assert len(found) == count
    for finding in found:
        assert "3 DEQUANTIZE" in finding.message
        assert "768 B of float32" in finding.message
    assert findings("TFL605", model.build(), "litert") == ()


@pytest.mark.parametrize("target", ["tflm", "litert"])
@pytest.mark.parametrize("by", ["WHERE", "RESHAPE", "CUSTOM", "TANH", "known RESHAPE"])
def test_a_shape_that_depends_on_data_is_not_known(by: str, target: str) -> None:
    """What the file says of it is a guess: LiteRT gives what comes out."""
    model = ShapeBuilder()
    x = model.unary("TANH", model.x)
    if by == "WHERE":
        flags = model.tensor((1, 4, 3, 2), TensorType.BOOL)
        model.operator("GREATER", [x, model.constant((1,))], [flags])
        rows = model.tensor((1, 4), INT64)
        model.operator("WHERE", [flags], [rows])
        x = rows
    elif by == "CUSTOM":
        x = model.unary("MyOp", x)
    elif "RESHAPE" in by:
        to = model.ints(1, 24) if by.startswith("known") else model.input((2,), INT32)
        y = model.tensor((1, 24))
        model.operator("RESHAPE", [x, to], [y], ReshapeOptions())
        x = y
    model.x = model.unary("ABS", x)
    shape = model.shape_of_x()
    added = model.tensor(model.shape(shape), INT32)
    model.operator("ADD", [shape, model.input(model.shape(shape), INT32)], [added], AddOptions())
    model.output(added)
    fixed = by in ("TANH", "known RESHAPE")

    assert bool(findings("TFL210", model.build(), target)) is fixed
