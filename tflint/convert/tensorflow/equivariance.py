"""What a layer that nobody knows does to the order of dimensions: seen by running it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tflint.convert.tensorflow import order as orders
from tflint.convert.tensorflow.order import Order, Shape
from tflint.convert.tensorflow.rebuild import Call, Slot, mapped

# Sizes that stand for open ones: different, so that dimensions are not mistaken for each other.
_OPEN = (2, 5, 6, 7, 3, 4)
_MOST_VALUES = 1 << 22


def keeps_order(call: Call, shape: Shape, order: Order, keras: Any) -> bool:
    """Whether a layer without weights gives the same, transposed, for what is transposed.

    `shape` is that of its only input, as the original has it. Decided on random values, so for
    whatever depends on values alone; the whole network is compared afterwards all the same.
    """
    if len(call.inputs) != 1 or len(call.outputs) != 1 or getattr(call.layer, "weights", None):
        return False
    if order == orders.identity(len(shape)):
        return True
    sizes = [_OPEN[at % len(_OPEN)] if size is None else size for at, size in enumerate(shape)]
    if int(np.prod(sizes)) > _MOST_VALUES:
        return False
    random = np.random.default_rng(len(sizes))
    try:
        for scale in (1.0, 30.0):
            value = (random.normal(0, scale, sizes)).astype(np.float32)
            straight = _answer(call, value, keras)
            turned = _answer(call, value.transpose(order), keras)
            if straight.ndim != len(order):
                return False
            if not _is_same(straight.transpose(order), turned):
                return False
    except Exception:
        return False  # Whoever's code it is, it does not run on such values.
    return True


def _answer(call: Call, value: Any, keras: Any) -> Any:
    import tensorflow as tf

    tensor = tf.constant(value)
    args, kwargs = mapped(
        lambda each: tensor if isinstance(each, Slot) else each, (call.args, call.kwargs), keras
    )
    return np.asarray(call.layer(*args, **kwargs))


def _is_same(one: Any, other: Any) -> bool:
    if one.shape != other.shape:
        return False
    return bool(np.allclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=True))
