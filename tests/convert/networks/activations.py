"""Activations, with and without weights."""

from __future__ import annotations

from typing import Any

from tests.convert.corpus import Kit, network


def _activated(k: Kit, *layers: Any) -> Any:
    return k.chain(
        (8, 7, 3),
        k.layers.Conv2D(4, 3, data_format=k.data_format),
        *layers,
        k.layers.Conv2D(3, 2, data_format=k.data_format),
    )


@network()
def prelu(k: Kit) -> Any:
    """A slope for each element of the map."""
    return _activated(k, k.layers.PReLU())


@network()
def prelu_shared(k: Kit) -> Any:
    return _activated(k, k.layers.PReLU(shared_axes=[2, 3] if k.is_first else [1, 2]))


@network()
def leaky_relu(k: Kit) -> Any:
    return _activated(k, k.layers.LeakyReLU(0.2))


@network()
def elu(k: Kit) -> Any:
    return _activated(k, k.layers.ELU())


@network()
def relu6(k: Kit) -> Any:
    return _activated(k, k.layers.ReLU(6.0))


@network()
def relu_with_slope(k: Kit) -> Any:
    return _activated(k, k.layers.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.25))


@network()
def softmax_over_channels(k: Kit) -> Any:
    return _activated(k, k.layers.Softmax(axis=k.axis))


@network()
def softmax_over_rows(k: Kit) -> Any:
    return _activated(k, k.layers.Softmax(axis=2 if k.is_first else 1))


@network()
def activation_names(k: Kit) -> Any:
    names = ("sigmoid", "tanh", "swish", "hard_sigmoid", "softplus", "gelu", "selu", "softsign")
    return _activated(k, *(k.layers.Activation(name) for name in names))


@network(kerases=("keras",), has_layouts=False)
def newer_activations(k: Kit) -> Any:
    names = ("relu6", "hard_swish", "mish", "celu", "log_sigmoid", "hard_tanh", "squareplus")
    return _activated(k, *(k.layers.Activation(name) for name in names))


@network()
def only_in_training(k: Kit) -> Any:
    return _activated(
        k,
        k.layers.SpatialDropout2D(0.2, data_format=k.data_format),
        k.layers.GaussianNoise(0.1),
        k.layers.GaussianDropout(0.1),
        k.layers.AlphaDropout(0.1),
        k.layers.ActivityRegularization(0.1),
        k.layers.Activation("relu"),
    )


@network(kerases=("tf_keras",))
def thresholded_relu(k: Kit) -> Any:
    return _activated(k, k.layers.ThresholdedReLU(0.3))
