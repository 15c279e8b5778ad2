"""A fault of Keras 3 with TensorFlow: biases that are added along the columns.

It adds the bias of a channels_first layer by `tf.nn.bias_add` and takes the data for
channels_last where there are as many columns as filters (`add` in keras/src/backend/tensorflow/
numpy.py, seen in 3.15). As part of a graph TensorFlow rewrites plain convolutions so that it does
not show (`fit`, `predict`); others keep it. The rebuilt network computes what `predict` does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tflint.convert.tensorflow.order import Shape
from tflint.convert.tensorflow.rebuild import Layer, is_legacy, remade


def is_along_width(layer: Layer, shape: Shape, keras: Any) -> bool:
    """Whether a channels_first layer on a tensor of a shape adds its bias along the columns."""
    if is_legacy(keras) or not getattr(layer, "use_bias", False):
        return False
    bias = np.asarray(layer.bias)
    if bias.size < 2 or np.ptp(bias) == 0 or None in shape[1:]:
        return False  # It makes no difference.
    try:
        after = layer.compute_output_shape((1, *shape[1:]))
        return after[-1] == bias.size and bool(_is_seen(layer, (1, *shape[1:])))
    except Exception:
        return False  # What cannot be tried is compared later, with the whole network.


def _is_seen(layer: Layer, shape: Shape) -> bool:
    import tensorflow as tf

    probe = remade(layer, {"activation": "linear"}, f"{layer.name}_probe")
    probe.build(shape)
    weights = [np.zeros_like(each) for each in probe.get_weights()]
    weights[-1] = np.arange(1, weights[-1].size + 1, dtype=weights[-1].dtype)
    probe.set_weights(weights)
    zeros = tf.zeros([size or 1 for size in shape])
    for is_compiled in (None, True):
        try:
            found = np.asarray(tf.function(probe, jit_compile=is_compiled)(zeros))
        except tf.errors.OpError:
            continue
        middle = found.reshape(*found.shape[:2], -1)[0, :, 0]
        return not np.array_equal(middle, weights[-1])
    return False
