"""Models are timed on values that they take."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tflint.bench.inputs import entry_of, timing_inputs
from tflint.fix.proof.interface import NotComparable
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import GatherOptions, TensorType
from tflint.model.tables import Model, SignatureDef, TensorMap


def identity(type: TensorType, shape: tuple[int, ...] = (1, 400), scale: float = 0.0) -> Model:
    model = ModelBuilder()
    x = model.input(shape, type, per_tensor(scale, 3) if scale else None)
    model.output(model.reshape(x, shape))
    return model.build()


def with_shapes(model: Model, shape: tuple[int, ...], signature: tuple[int, ...]) -> Model:
    """The same with an input of that shape, and of that shape signature."""
    graph = model.subgraphs[0]
    tensors = list(graph.tensors)
    place = graph.inputs[0]
    tensors[place] = dataclasses.replace(tensors[place], shape=shape, shape_signature=signature)
    graph = dataclasses.replace(graph, tensors=tuple(tensors))
    return dataclasses.replace(model, subgraphs=(graph,))


def two_entries() -> Model:
    """A first subgraph with a signature, and another with two inputs."""
    model = ModelBuilder()
    first = model.input((1, 4), name="a")
    model.output(model.fully_connected(first, units=2))
    other = model.subgraph("other")
    x, y = other.input((1, 8), name="x"), other.input((1, 6), name="y")
    other.output(other.fully_connected(x, units=3), other.fully_connected(y, units=2))
    built = model.build()
    second = built.subgraphs[1]
    signatures = (
        SignatureDef(
            (TensorMap("in", 0),), (TensorMap("out", built.subgraphs[0].outputs[0]),), "one"
        ),
        SignatureDef(
            (TensorMap("why", second.inputs[1]), TensorMap("ex", second.inputs[0])),
            (TensorMap("out", second.outputs[0]),),
            "two",
            subgraph_index=1,
        ),
    )
    return dataclasses.replace(built, signature_defs=signatures)


@pytest.mark.parametrize(
    ("type", "scale", "low", "high"),
    [
        (TensorType.FLOAT32, 0.0, -1.5, 1.5),
        (TensorType.FLOAT16, 0.0, -1.5, 1.5),
        (TensorType.FLOAT64, 0.0, -1.5, 1.5),
        (TensorType.INT8, 0.05, -128, 127),
        (TensorType.UINT8, 0.05, 0, 255),
        (TensorType.INT16, 0.001, -32768, 32767),
        (TensorType.BOOL, 0.0, False, True),
        (TensorType.COMPLEX64, 0.0, -1.5, 1.5),
    ],
)
def test_values_are_of_the_type_and_use_its_range(
    type: TensorType, scale: float, low: float, high: float
) -> None:
    model = identity(type, scale=scale)

    (values,) = timing_inputs(model, entry_of(model, None), seed=0)

    assert values.shape == (1, 400)
    assert values.dtype == entry_of(model, None).inputs[0].dtype
    assert low <= values.real.min() < values.real.max() <= high
    if type.name.endswith(("T8", "T16")) and scale:
        assert np.ptp(values.astype(np.float64)) > 0.8 * (high - low)
    assert np.isfinite(values).all()


def test_the_same_seed_makes_the_same() -> None:
    model = identity(TensorType.FLOAT32)
    entry = entry_of(model, None)

    first, again, other = (timing_inputs(model, entry, seed)[0] for seed in (1, 1, 2))

    assert (first == again).all()
    assert (first != other).any()


def test_indices_are_in_bounds() -> None:
    model = ModelBuilder()
    ids = model.input((1, 500), TensorType.INT32)
    table = model.constant((7, 4), TensorType.FLOAT32)
    y = model.tensor((1, 500, 4), TensorType.FLOAT32)
    model.operator("GATHER", (table, ids), (y,), GatherOptions(axis=0))
    model.output(y)
    built = model.build()

    (values,) = timing_inputs(built, entry_of(built, None), seed=0)

    assert values.dtype == np.int32
    assert set(np.unique(values)) == set(range(7))


@pytest.mark.parametrize(
    ("shape", "signature", "taken"),
    [
        ((1, 400), (-1, 400), (1, 400)),
        # As LiteRT lays it out where the file says so.
        ((4, 100), (-1, 100), (4, 100)),
        ((-1, 100), (-1, 100), (1, 100)),
        ((0, 100), (-1, 100), (1, 100)),
        ((2_000_000_000, 100), (-1, 100), (1, 100)),
        ((3, 5), (), (3, 5)),
        ((), (), ()),
    ],
)
def test_open_sizes_are_those_of_the_file_or_1(
    shape: tuple[int, ...], signature: tuple[int, ...], taken: tuple[int, ...]
) -> None:
    model = with_shapes(identity(TensorType.FLOAT32), shape, signature)

    (values,) = timing_inputs(model, entry_of(model, None), seed=0)

    assert values.shape == taken


def test_real_samples_are_taken_as_the_model_takes_them() -> None:
    model = identity(TensorType.INT8, (1, 3), scale=0.5)
    samples = [np.array([[[0.5, -1.0, 1000.0]], [[9.0, 9.0, 9.0]]], np.float32)]

    (values,) = timing_inputs(model, entry_of(model, None), 0, samples)

    assert values.tolist() == [[4, 1, 127]]


def test_real_samples_have_sizes_of_their_own() -> None:
    model = with_shapes(identity(TensorType.FLOAT32), (1, 1, 3), (1, -1, 3))

    (values,) = timing_inputs(model, entry_of(model, None), 0, [np.ones((2, 1, 50, 3))])

    assert values.shape == (1, 50, 3)


@pytest.mark.parametrize("samples", [[], [np.zeros((0, 1, 400))], [np.zeros((2, 1, 7))]])
def test_samples_that_do_not_fit_are_made_up(samples: list[np.ndarray]) -> None:
    model = identity(TensorType.FLOAT32)

    (values,) = timing_inputs(model, entry_of(model, None), 0, samples)

    assert values.shape == (1, 400)
    assert values.any()


def test_a_model_may_take_nothing() -> None:
    model = ModelBuilder()
    model.output(model.reshape(model.constant((2, 2), TensorType.FLOAT32), (4,)))
    built = model.build()

    assert timing_inputs(built, entry_of(built, None), 0) == []


def test_a_signature_leads_to_its_subgraph() -> None:
    model = two_entries()

    first, second = entry_of(model, "one"), entry_of(model, "two")

    assert (first.subgraph, first.signature) == (0, None)
    assert (second.subgraph, second.signature) == (1, "two")
    assert {(port.key, port.shape) for port in second.inputs} == {("ex", (1, 8)), ("why", (1, 6))}
    shapes = {values.shape for values in timing_inputs(model, second, 0)}
    assert shapes == {(1, 8), (1, 6)}


def test_a_signature_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NotComparable, match="no signature `three`: it has `one`, `two`"):
        entry_of(two_entries(), "three")
    with pytest.raises(NotComparable, match="it has none"):
        entry_of(identity(TensorType.FLOAT32), "three")


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (identity(TensorType.STRING), "is of type STRING, for which no values can be made up"),
        (identity(TensorType.RESOURCE), "is of type RESOURCE"),
        (identity(TensorType.INT4), "is of type INT4"),
        (identity(TensorType.FLOAT32, (1 << 14, 1 << 14)), "is too large to be run here"),
        (identity(TensorType.FLOAT32, (1,) * 40), "is too large"),
    ],
)
def test_what_cannot_be_made_up_is_told(model: Model, text: str) -> None:
    with pytest.raises(NotComparable, match=text):
        entry_of(model, None)


def test_outputs_may_be_of_any_type() -> None:
    """They are only made, not read."""
    model = identity(TensorType.FLOAT32)
    graph = model.subgraphs[0]
    tensors = list(graph.tensors)
    place = graph.outputs[0]
    tensors[place] = dataclasses.replace(tensors[place], type=TensorType.STRING)
    model = dataclasses.replace(
        model, subgraphs=(dataclasses.replace(graph, tensors=tuple(tensors)),)
    )

    assert entry_of(model, None).inputs[0].type is TensorType.FLOAT32
