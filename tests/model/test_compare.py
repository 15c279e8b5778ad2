"""What changed, on models that differ in one known way."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lint.hostile_graphs import GRAPHS
from tests.lint.test_hostile_graphs import calls_of
from tests.model.sample_models import SAMPLES, annotated_model, convolutions, multi_subgraph_model
from tests.random_networks import random_network
from tflint.model.alignment import MAX_CELLS
from tflint.model.builder import ModelBuilder
from tflint.model.changes import Change, ModelChanges
from tflint.model.compare import compare
from tflint.model.facets import number_text
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.reader import parse_model
from tflint.model.schema import Padding, SoftmaxOptions, TensorType
from tflint.model.tables import Buffer, Model, Operator, QuantizationParameters, Tensor
from tflint.model.writer import write_model

FLOAT32, INT8, INT32 = TensorType.FLOAT32, TensorType.INT8, TensorType.INT32


def fields(changes: ModelChanges) -> list[str]:
    """The fields of all operators that changed, as one text each."""
    return [
        f"{change.name} {f.slot} {f.field}: {f.before} -> {f.after}".replace("  ", " ")
        for change in changes.operators
        for f in change.fields
    ]


def kinds(changes: ModelChanges) -> list[tuple[str, str]]:
    return [(change.change.value, change.name) for change in changes.operators]


def network(
    *,
    filters: int = 4,
    padding: Padding = Padding.SAME,
    type: TensorType = FLOAT32,
    beta: float = 1.0,
    seed: int = 0,
    pool: bool = True,
) -> Model:
    model = ModelBuilder(seed=seed)
    y = model.conv_2d(model.input((1, 8, 8, 3), type), filters, 3, padding=padding)
    y = model.pool_2d(y) if pool else y
    y = model.softmax(model.fully_connected(model.flatten(y), 5))
    model.operators[-1] = dataclasses.replace(
        model.operators[-1], builtin_options=SoftmaxOptions(beta=beta)
    )
    model.output(y)
    return model.build()


@pytest.mark.parametrize("build", SAMPLES, ids=lambda build: build.__name__)
def test_a_model_does_not_differ_from_itself(build: Callable[[], Model]) -> None:
    model, again = (parse_model(write_model(build())) for _ in range(2))

    assert compare(model, again).is_empty


def test_not_a_number_is_the_same_as_itself() -> None:
    def build() -> Model:
        model = ModelBuilder()
        x = model.input((1, 4), quantization=per_tensor(float("nan")))
        model.output(model.unary("RELU", x))
        y = model.softmax(x)
        model.operators[-1] = dataclasses.replace(
            model.operators[-1], builtin_options=SoftmaxOptions(beta=float("nan"))
        )
        model.output(y)
        return model.build()

    assert compare(*(parse_model(write_model(build())) for _ in range(2))).is_empty


def test_nothing_changed_but_the_weights() -> None:
    changes = compare(network(), network(seed=1))

    assert not changes.operators
    assert {change.change for change in changes.constants} == {Change.CHANGED}
    sizes = [change.bytes for change in changes.constants]
    assert sizes == sorted(sizes, reverse=True) == [4 * 5 * 64, 4 * 4 * 27, 4 * 5, 4 * 4]


def test_an_option() -> None:
    assert fields(compare(network(), network(beta=0.5))) == ["SOFTMAX beta: 1 -> 0.5"]


def test_another_padding_changes_shapes_behind_it() -> None:
    assert fields(compare(network(pool=False), network(pool=False, padding=Padding.VALID))) == [
        "CONV_2D padding: SAME -> VALID",
        "CONV_2D output 0 shape: 1x8x8x4 -> 1x6x6x4",
        "RESHAPE new_shape: 1, 256 -> 1, 144",
        "RESHAPE input 1 values: 1, 256 -> 1, 144",
        "RESHAPE output 0 shape: 1x256 -> 1x144",
        "FULLY_CONNECTED input 1 shape: 5x256 -> 5x144",
    ]


def test_an_operator_less() -> None:
    changes = compare(network(), network(pool=False))

    assert ("removed", "MAX_POOL_2D") in kinds(changes)
    assert [(c.name, c.before, c.after) for c in changes.counts] == [("MAX_POOL_2D", 1, 0)]
    # What feeds the reshape now is of another shape, and made by what both have.
    assert "RESHAPE input 0 shape: 1x4x4x4 -> 1x8x8x4" in fields(changes)


def test_quantisation_changes_types_scales_and_the_interface() -> None:
    changes = compare(network(), network(type=INT8))

    assert [(c.kind, c.position, c.breaking) for c in changes.interface] == [
        ("input", 0, True),
        ("output", 0, True),
    ]
    end = changes.interface[0].after
    assert end is not None
    assert (end.type, end.shape) == ("INT8", (1, 8, 8, 3))
    assert end.scale is not None
    assert {c.change for c in changes.operators} == {Change.CHANGED}
    assert "CONV_2D input 1 type: FLOAT32 -> INT8" in fields(changes)
    assert any("4 values from 0.01 to 0.0103 along axis 0" in text for text in fields(changes))
    assert not changes.constants


def test_one_channel_of_many_is_seen() -> None:
    def build(scale: float) -> Model:
        model = ModelBuilder()
        w = model.constant((3, 1, 1, 1), INT8, quantization=per_channel([0.1, scale, 0.3], 0))
        x, y = model.input((1, 2, 2, 1), INT8), model.tensor((1, 2, 2, 3), INT8)
        model.operator("CONV_2D", [x, w, -1], [y])
        model.output(y)
        return model.build()

    (text,) = fields(compare(build(0.15), build(0.2)))
    assert text.startswith("CONV_2D input 1 scale: 3 values from 0.1 to 0.3 along axis 0 -> 3 ")
    assert text.endswith("(other values)")


@pytest.mark.parametrize("change", ["name", "shape", "type", "scale", "zero_point"])
def test_the_interface_breaks_with_all_but_a_name(change: str) -> None:
    def build(value: dict[str, object]) -> Model:
        model = ModelBuilder()
        settings_: dict[str, object] = {
            "name": "x",
            "shape": (1, 4),
            "type": INT8,
            "scale": 0.5,
            "zero_point": 1,
            **value,
        }
        quantization = per_tensor(settings_["scale"], settings_["zero_point"])  # type: ignore[arg-type]
        x = model.input(settings_["shape"], settings_["type"], quantization)  # type: ignore[arg-type]
        model.tensors[x] = dataclasses.replace(model.tensors[x], name=str(settings_["name"]))
        model.output(model.unary("RELU", x))
        return model.build()

    other = {"name": "y", "shape": (1, 5), "type": TensorType.UINT8, "scale": 0.25, "zero_point": 2}
    changes = compare(build({}), build({change: other[change]}))

    first = changes.interface[0]
    assert (first.kind, first.position, first.breaking) == ("input", 0, change != "name")
    assert [f.field for f in first.fields] == [change.replace("_", " ")]
    assert changes.is_breaking is (change != "name")


def test_an_input_more_breaks() -> None:
    def build(inputs: int) -> Model:
        model = ModelBuilder()
        x = model.input((1, 4))
        y = model.tensor((1, 4), name="y")
        model.operator("RELU", [x], [y])
        model.output(y)
        if inputs > 1:
            model.input((1, 4))
        return model.build()

    (change,) = compare(build(1), build(2)).interface
    assert (change.change, change.position, change.breaking) == (Change.ADDED, 1, True)


def test_the_same_operators_wired_otherwise() -> None:
    def build(first: int, second: int) -> Model:
        model = ModelBuilder()
        x = model.input((1, 4))
        made = [model.unary("TANH", x), model.unary("LOGISTIC", x)]
        y = model.tensor((1, 4), name="y")
        model.operator("SUB", [made[first], made[second]], [y])
        model.output(y)
        return model.build()

    assert fields(compare(build(0, 1), build(1, 0))) == [
        "SUB input 0 source: from TANH #0 -> from LOGISTIC #1",
        "SUB input 1 source: from LOGISTIC #1 -> from TANH #0",
    ]


def test_the_other_output_of_the_same_operator() -> None:
    def build(which: int) -> Model:
        model = ModelBuilder()
        parts = [model.tensor((1, 2), name=f"part {i}") for i in range(2)]
        axis = model.constant((), INT32, (1,))
        model.operator("SPLIT", [axis, model.input((1, 4))], parts)
        y = model.tensor((1, 2), name="y")
        model.operator("RELU", [parts[which]], [y])
        model.output(y)
        return model.build()

    assert fields(compare(build(0), build(1))) == [
        "RELU input 0 source: from SPLIT #0, output 0 -> from SPLIT #0, output 1"
    ]


def test_an_input_left_out() -> None:
    def build(*, bias: bool) -> Model:
        model = ModelBuilder()
        x, y = model.input((1, 4)), model.tensor((1, 2), name="y")
        w, b = model.constant((2, 4)), model.constant((2,))
        model.operator("FULLY_CONNECTED", [x, w, b if bias else -1], [y])
        model.output(y)
        return model.build()

    assert fields(compare(build(bias=True), build(bias=False))) == [
        "FULLY_CONNECTED input 2 source: a constant -> left out"
    ]


def test_a_shared_constant_that_is_split_up() -> None:
    """Only the second of two that were one holds other values."""

    def build(*data: bytes) -> Model:
        model = ModelBuilder()
        y = model.input((1, 8))
        constants = [model.constant((8,), FLOAT32, d) for d in data]
        for i in range(2):
            z = model.tensor((1, 8), name=f"z{i}")
            model.operator("ADD", [y, constants[i % len(constants)]], [z])
            y = z
        model.output(y)
        return model.build()

    assert not compare(build(bytes(32)), build(bytes(32), bytes(32))).operators
    (change,) = compare(build(bytes(32)), build(bytes(32), b"\1" * 32)).constants
    assert change.change is Change.CHANGED


def test_operators_in_another_order_have_moved() -> None:
    def build(order: tuple[str, ...]) -> Model:
        model = ModelBuilder()
        x = model.input((1, 4))
        outputs = {name: model.tensor((1, 4), name=name) for name in ("TANH", "RELU", "ABS")}
        for name in order:
            model.operator(name, [x], [outputs[name]])
        for index in outputs.values():
            model.output(index)
        return model.build()

    changes = compare(build(("TANH", "RELU", "ABS")), build(("RELU", "ABS", "TANH")))
    assert kinds(changes) == [("moved", "TANH")]


def test_control_flow_is_compared_by_subgraph() -> None:
    model = multi_subgraph_model()
    then = model.subgraphs[1]
    codes = {code.name: i for i, code in enumerate(model.operator_codes)}
    other = dataclasses.replace(
        then, operators=(dataclasses.replace(then.operators[0], opcode_index=codes["TANH"]),)
    )
    changed = dataclasses.replace(model, subgraphs=(model.subgraphs[0], other, model.subgraphs[2]))

    changes = compare(model, changed)
    assert kinds(changes) == [("added", "TANH"), ("removed", "RELU")] or kinds(changes) == [
        ("removed", "RELU"),
        ("added", "TANH"),
    ]
    places = [change.before or change.after for change in changes.operators]
    assert {place.subgraph for place in places if place} == {1}
    assert not changes.is_breaking


def test_properties_of_the_model() -> None:
    model = annotated_model()
    metadata = (*model.metadata[:1], dataclasses.replace(model.metadata[1], name="other"))
    changed = dataclasses.replace(
        model,
        description="another",
        version=4,
        metadata=metadata,
        signature_defs=model.signature_defs[:1],
    )

    found = {
        change.field: (change.before, change.after) for change in compare(model, changed).properties
    }
    assert found == {
        "schema version": ("3", "4"),
        "description": ("`an annotated model`", "`another`"),
        "metadata `CONVERSION_METADATA`": ("0 bytes", "none"),
        "metadata `other`": ("none", "0 bytes"),
        "signature `score`": ("inputs features; outputs scores", "none"),
    }


def test_metadata_of_the_same_length() -> None:
    model = annotated_model()
    buffers = list(model.buffers)
    buffers[model.metadata[0].buffer] = Buffer(b"2.5.0".ljust(16, b"\0"))
    changed = dataclasses.replace(model, buffers=tuple(buffers))

    (change,) = compare(model, changed).properties
    assert change.after == "16 bytes (other values)"


def test_names_are_counted() -> None:
    model = network()
    subgraph = model.subgraphs[0]
    tensors = tuple(dataclasses.replace(t, name=f"{i}") for i, t in enumerate(subgraph.tensors))
    renamed = dataclasses.replace(
        model, subgraphs=(dataclasses.replace(subgraph, tensors=tensors),)
    )

    changes = compare(model, renamed)
    assert not changes.operators
    assert not changes.constants
    assert changes.renamed == len(tensors) - 2
    assert len(changes.interface) == 2


def test_no_model_at_all() -> None:
    model = network()
    added, removed = compare(Model(), model), compare(model, Model())

    assert {c.change for c in (*added.operators, *added.constants)} == {Change.ADDED}
    assert {c.change for c in (*removed.operators, *removed.constants)} == {Change.REMOVED}
    assert not added.is_breaking
    assert len(added.operators) == len(removed.operators) == len(model.subgraphs[0].operators)


def mirrored(changes: ModelChanges) -> object:
    """What these changes are from the other side, without what depends on the order."""
    turn = {Change.ADDED: Change.REMOVED, Change.REMOVED: Change.ADDED}

    def fields_of(change: object) -> tuple[object, ...]:
        return tuple((f.slot, f.field) for f in getattr(change, "fields", ()))

    return [
        {
            (turn.get(c.change, c.change), c.after, c.before, fields_of(c))
            for c in (*changes.interface, *changes.operators, *changes.constants)
        },
        {(c.name, c.after, c.before) for c in changes.counts},
        changes.renamed,
    ]


def plainly(changes: ModelChanges) -> object:
    parts = (*changes.interface, *changes.operators, *changes.constants)
    return [
        {
            (
                c.change,
                c.before,
                c.after,
                tuple((f.slot, f.field) for f in getattr(c, "fields", ())),
            )
            for c in parts
        },
        {(c.name, c.before, c.after) for c in changes.counts},
        changes.renamed,
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_the_way_back_is_the_way_there_mirrored(first: int, second: int) -> None:
    one, other = random_network(first), random_network(second)

    assert mirrored(compare(one, other)) == plainly(compare(other, one))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 400), st.integers(0, 2**32))
def test_a_changed_table_is_never_passed_over(seed: int, choice: int) -> None:
    """Whatever one property of a used tensor, or of an operator, becomes."""
    model, rng = random_network(seed), random.Random(choice)
    graph = model.subgraphs[0]
    tensors, operators = list(graph.tensors), list(graph.operators)
    at = rng.randrange(len(operators))
    if rng.random() < 0.5:
        operators[at] = _other_operator(operators[at])
    else:
        used = [i for i in (*operators[at].inputs, *operators[at].outputs) if i >= 0]
        t = rng.choice(used)
        tensors[t] = _other_tensor(tensors[t], rng)
    changed = dataclasses.replace(
        model,
        subgraphs=(dataclasses.replace(graph, tensors=tuple(tensors), operators=tuple(operators)),),
    )

    assert compare(model, model).is_empty
    assert not compare(model, changed).is_empty


def _other_operator(operator: Operator) -> Operator:
    return dataclasses.replace(operator, custom_options=b"other")


def _other_tensor(tensor: Tensor, rng: random.Random) -> Tensor:
    quantization = QuantizationParameters(scale=(0.123,), zero_point=(7,))
    other_type = TensorType.INT16 if tensor.type is not TensorType.INT16 else INT8
    return dataclasses.replace(
        tensor,
        **rng.choice(
            (
                {"shape": (*tensor.shape, 3)},
                {"type": other_type},
                {"quantization": quantization},
                {"name": f"{tensor.name} other"},
            )
        ),
    )


@pytest.mark.parametrize("build", GRAPHS, ids=lambda build: build.__name__)
def test_work_is_proportional_to_size(build: Callable[[int], Model]) -> None:
    count = min(GRAPHS[build], 2000)
    model, other = build(count), build(count - count // 10)
    compare(build(2), build(2))

    assert calls_of(lambda: compare(model, other)) < 700 * count + 2 * MAX_CELLS


@pytest.mark.shared
def test_what_the_original_project_did_to_its_models(shared_models: list[object]) -> None:
    from tests.conftest import SHARED_MODELS
    from tflint.model.reader import read_model

    folder = SHARED_MODELS / "seed" / "MotionSense"
    plain, reduced, dynamic, half = (
        read_model(folder / f"{name}.tflite")
        for name in ("no_quant", "reduced_no_quant", "reduced_drange", "float16")
    )

    assert kinds(compare(plain, half)).count(("added", "DEQUANTIZE")) == 8
    quantised = compare(reduced, dynamic)
    assert not quantised.interface
    assert "FULLY_CONNECTED input 1 type: FLOAT32 -> INT8" in fields(quantised)
    smaller = compare(plain, reduced)
    assert ("removed", "CONV_2D") in kinds(smaller)
    assert ("added", "MAX_POOL_2D") in kinds(smaller)
    assert "RESHAPE input 1 values: -1, 1152 -> -1, 288" in fields(smaller)


def test_convolutions_only_differ_where_they_do() -> None:
    assert compare(convolutions().build(), convolutions().build()).is_empty


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.05000000074505806, "0.05"),
        (0.003921568859368563, "0.003921569"),
        (1 / 256, "0.00390625"),
        (0.0, "0"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (1e300, "1e+300"),
    ],
)
def test_numbers_have_the_digits_that_tell_them_apart(number: float, text: str) -> None:
    assert number_text(number) == text


@given(st.floats(width=32, allow_nan=False), st.floats(width=32, allow_nan=False))
def test_different_numbers_look_different(one: float, other: float) -> None:
    assert (number_text(one) == number_text(other)) == (one == other and str(one) == str(other))
