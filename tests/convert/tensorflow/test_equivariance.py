"""Layers that nobody knows: whether the order of dimensions matters to them is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tflint.convert.tensorflow.calls import calls_of
from tflint.convert.tensorflow.equivariance import keeps_order

LAST = (0, 2, 3, 1)
BODIES: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "scaled": (lambda x: x / 255.0 - 0.5, True),
    "absolute": (abs, True),
    "cut": (lambda x: x[:, :2], False),
    "turned": (lambda x: x[:, :, ::-1], False),
    "of one dimension": (lambda x: x - x[:, :1], False),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_keeps_the_order_or_not(name: str, keras: Any) -> None:
    body, is_free = BODIES[name]
    start = keras.Input((3, 6, 5))
    model = keras.Model(start, keras.layers.Lambda(body)(start))
    (call,) = calls_of(model, keras).calls

    assert keeps_order(call, (None, 3, 6, 5), LAST, keras) is is_free


def test_open_sizes_are_stood_in_for(keras: Any) -> None:
    start = keras.Input((3, None, None))
    model = keras.Model(start, keras.layers.Lambda(lambda x: x * 2)(start))
    (call,) = calls_of(model, keras).calls

    assert keeps_order(call, (None, 3, None, None), LAST, keras)


def test_what_has_weights_is_not_tried(keras: Any) -> None:
    class Scale(keras.layers.Layer):  # type: ignore[misc]
        def build(self, shape: Any) -> None:
            self.factor = self.add_weight(name="factor", shape=(), initializer="ones")
            self.built = True

        def call(self, x: Any) -> Any:
            return x * self.factor

    start = keras.Input((3, 6, 5))
    (call,) = calls_of(keras.Model(start, Scale()(start)), keras).calls

    assert not keeps_order(call, (None, 3, 6, 5), LAST, keras)


def test_a_body_that_raises_is_not_free(keras: Any) -> None:
    def body(x: Any) -> Any:
        if x.shape[1] != 3:
            raise ValueError("three channels")
        return x

    start = keras.Input((3, 6, 5))
    (call,) = calls_of(keras.Model(start, keras.layers.Lambda(body)(start)), keras).calls

    assert not keeps_order(call, (None, 3, 6, 5), LAST, keras)
