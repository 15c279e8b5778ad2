"""Where a float of -0.0 may come from, and who can tell it from 0.0.

Adding 0.0 to -0.0 gives 0.0, so an operator that adds nothing may still change that one number.
"""

from __future__ import annotations

from itertools import islice

from tflint.model.graph import Value
from tflint.model.schema import TensorType

# Operators whose kernels start a sum from 0.0, or whose results are all positive: none is -0.0.
_POSITIVE_ZERO = frozenset(("ABS", "EXP", "LOGISTIC", "SOFTMAX", "SQUARE"))
_SUMS = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"))
# Operators that give out what they are given, the sign of a zero included.
_PASSING = frozenset(
    (
        "EXPAND_DIMS",
        "MAX_POOL_2D",
        "RELU",
        "RELU6",
        "RESHAPE",
        "SLICE",
        "SQUEEZE",
        "STRIDED_SLICE",
        "TRANSPOSE",
    )
)
_MOST_STEPS = 16


def is_sign_of_zero_seen(x: Value, y: Value) -> bool:
    """Whether it may show that `y`, which is `x` otherwise, has 0.0 where `x` has -0.0.

    Only floats have two zeros. False where `x` holds no -0.0, or where all that reads `y`
    multiplies and sums it up.
    """
    if x.type is not TensorType.FLOAT32 or _is_never_negative_zero(x):
        return False
    readers = list(islice(y.consumers, _MOST_STEPS + 1))
    return (
        y.is_output
        or len(readers) > _MOST_STEPS
        or any(reader.name not in _SUMS or reader.input(0) is not y for reader in readers)
    )


def _is_never_negative_zero(value: Value) -> bool:
    for _ in range(_MOST_STEPS):
        maker = value.producer
        if maker is None or value.is_input:
            return False
        if maker.name in _POSITIVE_ZERO or maker.name in _SUMS:
            return True
        x = maker.input(0)
        if maker.name not in _PASSING or x is None or x.index == value.index:
            return False
        value = x
    return False
