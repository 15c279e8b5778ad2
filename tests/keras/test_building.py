"""Shapes, weights and faults, by hand; the comparison with Keras is elsewhere."""

from __future__ import annotations

import pytest

from tests.keras.network_building import call, layer
from tflint.keras.building import apply, outputs
from tflint.keras.network import Layer, Network, Shape, Tensor
from tflint.keras.values import UNKNOWN, Unknown

N = None
U = UNKNOWN


@pytest.mark.parametrize(
    ("made", "shape", "result", "weights"),
    [
        (layer("Conv2D", filters=8, kernel_size=3), (N, 28, 28, 1), (N, 26, 26, 8), 80),
        (layer("Conv2D", filters=8, kernel_size=3), U, (U, U, U, 8), U),
        (layer("Conv2D", filters=U, kernel_size=3), (N, 28, 28, 1), (N, 26, 26, U), U),
        (layer("MaxPooling2D"), (N, 26, 27, 8), (N, 13, 13, 8), 0),
        (layer("MaxPooling2D", padding="same"), (N, N, 27, 8), (N, N, 14, 8), 0),
        (layer("Flatten"), (N, 7, 7, 64), (N, 3136), 0),
        (layer("Flatten"), (N, N, 7, 64), (N, N), 0),
        (layer("Flatten"), (N, U, 7, 64), (N, U), 0),
        (layer("Flatten"), U, (U, U), 0),
        (layer("Dense", units=10), (N, 3136), (N, 10), 31370),
        (layer("Dense", units=10), U, U, U),
        (layer("BatchNormalization"), (N, 7, 7, 64), (N, 7, 7, 64), 256),
        (layer("Reshape", target_shape=(-1, 64)), (N, 7, 7, 64), (N, 49, 64), 0),
        (layer("Permute", dims=(2, 1)), (N, 3, 4), (N, 4, 3), 0),
    ],
)
def test_shapes_and_weights(
    made: Layer, shape: Shape, result: Shape, weights: int | Unknown
) -> None:
    done = call(made, shape)

    assert done.fault is None
    assert done.output_shapes == (result,)
    assert done.weights == weights


@pytest.mark.parametrize(
    ("made", "shapes", "fault"),
    [
        (
            layer("Conv2D", filters=8, kernel_size=3),
            [(N, 2, 2, 1)],
            "a 3x3 kernel with padding valid does not fit into its 2x2 input",
        ),
        (
            layer("Conv2D", filters=8, kernel_size=3),
            [(N, 128)],
            "Conv2D takes 4 dimensions, gets 2 (None, 128)",
        ),
        (
            layer("Reshape", target_shape=(7, 7, 64)),
            [(N, 1568)],
            "Reshape to (7, 7, 64) needs 3,136 values, gets 1,568",
        ),
        (
            layer("Add"),
            [(N, 7, 7, 8), (N, 7, 7, 16)],
            "Add takes shapes that match, gets (None, 7, 7, 8) and (None, 7, 7, 16)",
        ),
    ],
)
def test_what_keras_refuses(made: Layer, shapes: list[Shape], fault: str) -> None:
    done = call(made, *shapes)

    assert done.fault == fault
    assert done.output_shapes == (UNKNOWN,)


def test_what_one_version_refuses_is_said_with_it() -> None:
    done = call(layer("MaxPooling2D", padding="SAME"), (N, 7, 7, 2))

    assert done.fault == "MaxPooling2D takes its padding in lower case (refused by Keras 3)"
    assert done.fault_versions == (3,)
    assert done.output_shapes == ((N, 4, 4, 2),)
    assert apply(done.layer, done.inputs, versions=(2,)).fault is None


def test_padding_of_keras_1_is_not_known() -> None:
    done = call(layer("Conv2D", filters=8, kernel_size=3, padding="full"), (N, 7, 7, 2))

    assert done.fault is None
    assert done.output_shapes == ((N, UNKNOWN, UNKNOWN, 8),)


def test_weights_are_counted_once() -> None:
    dense = layer("Dense", units=4)

    again = apply(dense, [Tensor((N, 3))], is_first=False)

    assert (again.weights, again.variables) == (0, ())


@pytest.mark.parametrize("path", ["Attention", "mine.layers.Conv2D"])
def test_classes_with_a_name_of_keras_are_not_known(path: str) -> None:
    made = Layer(path.rpartition(".")[2], path, layer("Conv2D", filters=8, kernel_size=3).arguments)

    done = call(made, (N, 2, 2, 1))

    assert (done.output_shapes, done.fault, done.weights) == ((UNKNOWN,), None, UNKNOWN)


def test_wrappers() -> None:
    lstm = layer("LSTM", units=8, return_sequences=True)
    both = call(layer("Bidirectional", layer=lstm), (N, 5, 3))
    each = call(layer("TimeDistributed", layer=layer("Dense", units=4)), (N, 5, 3))
    wrong = call(
        layer("TimeDistributed", layer=layer("Conv2D", filters=4, kernel_size=3)), (N, 5, 3)
    )

    assert (both.output_shapes, both.weights) == (((N, 5, 16),), 2 * 4 * 8 * (3 + 8 + 1))
    assert (each.output_shapes, each.weights) == (((N, 5, 4),), 16)
    assert wrong.fault is not None
    assert wrong.fault.startswith("Conv2D takes 4 dimensions, gets 2 (None, 3)")


def network(shape: Shape) -> Network:
    """A convolution, the same again, and Flatten."""
    first = Tensor(shape, is_input=True)
    conv = layer("Conv2D", filters=2, kernel_size=3)
    calls = [apply(conv, [first])]
    calls.append(apply(layer("Activation", activation="relu"), outputs(calls[-1])))
    calls.append(apply(layer("Flatten"), outputs(calls[-1])))
    return Network("Functional", (first,), outputs(calls[-1]), tuple(calls), is_complete=True)


@pytest.mark.parametrize(
    ("declared", "given", "result", "weights"),
    [
        ((N, 8, 8, 1), (N, 8, 8, 1), (N, 72), 20),
        ((N, N, N, 1), (N, 6, 6, 1), (N, 32), 20),
        (UNKNOWN, (N, 5, 5, 3), (N, 18), 56),
        ((N, 8, 8, 1), U, (U, U), 20),
    ],
)
def test_models_as_layers(declared: Shape, given: Shape, result: Shape, weights: int) -> None:
    model = Layer("Functional", "keras.Model", network=network(declared))

    done = call(model, given)

    assert (done.output_shapes, done.weights, done.fault) == ((result,), weights, None)


def test_a_layer_inside_a_model_may_not_take_another_input() -> None:
    model = Layer("Functional", "keras.Model", network=network((N, N, N, 1)))

    assert call(model, (N, 2, 2, 1)).fault == (
        "a 3x3 kernel with padding valid does not fit into its 2x2 input"
    )


def test_layers_in_layers_without_end() -> None:
    made = layer("Dense", units=1)
    for _ in range(5_000):
        made = layer("TimeDistributed", layer=made)

    assert call(made, (N, 2, 3)).output_shapes == (UNKNOWN,)


def test_lists_that_are_not_known_are_not_counted() -> None:
    assert call(layer("Attention"), U).fault is None
    assert call(layer("Subtract"), U).fault is None
    assert call(layer("Subtract"), (N, 3)).fault == "Subtract takes 2 tensors, gets 1"
