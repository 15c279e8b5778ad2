"""A fault of Keras 3 with TensorFlow: biases that are added along the columns.

It adds the bias of a channels_first layer by `tf.nn.bias_add` and takes the data for
channels_last where there are as many columns as filters (`add` in keras/src/backend/tensorflow/
numpy.py, seen in 3.15). Of what is run as a graph on a CPU, Grappler rewrites plain convolutions
so that it does not show; with Grappler off, called directly, compiled, and in what TensorFlow's
converter makes, it does. Which of both holds here is seen by running the layer by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tflint.convert.tensorflow import layer_orders
from tflint.convert.tensorflow.arranging import Laid, Site
from tflint.convert.tensorflow.order import Shape
from tflint.convert.tensorflow.rebuild import Layer, Slot, is_legacy, remade


def is_along_width(site: Site) -> bool:
    """Whether a channels_first layer adds its bias along the columns of what it gives."""
    layer = site.call.layer
    if getattr(layer, "data_format", "") != "channels_first":
        return False
    return _is_along_width(layer, site.values[0].original_shape, site.again.keras)


def added_along_width(site: Site) -> tuple[Laid, ...]:
    """The bias apart, along the dimension that is the original's last."""
    from keras.src.ops.numpy import Subtract

    layer, again = site.call.layer, site.again
    plan = layer_orders.plan(layer, site.values[0].order, None)
    assert plan is not None
    changes = {**(plan.changes or {}), "use_bias": False, "activation": "linear"}
    (made,) = site.planned(
        replace(plan, changes=changes, weights=lambda found: found[:-1], activation=None)
    )
    site.arranging.notes.append(
        f"Keras adds the bias of {site.call.name} along its columns, which are as many as its "
        "filters; so does the result"
    )
    bias = np.asarray(layer.bias)
    sizes = [1] * made.rank
    sizes[made.order.index(made.rank - 1)] = bias.size
    # An addition would be taken for that of a bias again.
    operation = Subtract(name=again.free_name("subtract"))
    arguments = (Slot(0), -bias.reshape(sizes))
    (tensor,) = again.called(operation, arguments, {}, (0,), [made.tensor])
    made = Laid(tensor, made.order)
    if layer.activation is None or getattr(layer.activation, "__name__", "") == "linear":
        return (made,)
    if not layer_orders.is_elementwise(layer.activation):
        made = site.arranging.straight(made)
    return (site.activated(made, layer.activation),)


def _is_along_width(layer: Layer, shape: Shape, keras: Any) -> bool:
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
