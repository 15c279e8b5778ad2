"""Networks as Keras builds them: the original's is the original's, ours are smaller."""

from __future__ import annotations

import pytest

from tflint_reference_models.motion_sense import model as subject
from tflint_reference_models.network import Network, build

pytest.importorskip("keras", reason="networks are built with Keras")
pytest.importorskip("tensorflow", reason="networks are built with TensorFlow's Keras")

# Of the original reduced network: 4,995 weights, of which 51 are biases.
ORIGINAL_WEIGHT_BYTES = 32 * 9 + 288 * 16 + 48


def weights(network: Network) -> int:
    """What int8 takes a byte each for: kernels."""
    return sum(
        int(variable.value.shape.num_elements())
        for variable in build(network).trainable_variables
        if variable.name == "kernel"
    )


def test_the_original_is_the_published_one() -> None:
    made = build(subject.ORIGINAL)

    assert made.count_params() == 4995
    assert weights(subject.ORIGINAL) == ORIGINAL_WEIGHT_BYTES
    assert [
        type(layer).__name__ for layer in made.layers if "Pool" not in type(layer).__name__
    ] == [
        "InputLayer",
        "Conv2D",
        "ReLU",
        "Dropout",
        "Flatten",
        "Dense",
        "Dropout",
        "Dense",
    ]
    assert [layer.rate for layer in made.layers if hasattr(layer, "rate")] == [0.25, 0.5]


@pytest.mark.parametrize("network", [subject.CHOSEN, subject.CHOSEN_PLOTS])
def test_ours_takes_less_than_half(network: Network) -> None:
    assert weights(network) * 2 <= ORIGINAL_WEIGHT_BYTES
