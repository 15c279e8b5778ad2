"""Whether two tensors stand for the same reals by the same integers."""

from __future__ import annotations

from tflint.model.graph import Value
from tflint.model.schema import TensorType
from tflint.model.types import QUANTIZED_RANGES

_NARROW = frozenset((TensorType.INT8, TensorType.INT16, TensorType.UINT8))


def same_quantization(x: Value, y: Value) -> bool:
    """Whether two values have one type and, where that is quantised, scale and zero point.

    Wide integers without a scale are plain numbers, and floats have none that counts.
    """
    if x.type is not y.type:
        return False
    if x.type not in QUANTIZED_RANGES:
        return True
    a, b = x.quantization, y.quantization
    if a is None or b is None:
        return a is b
    return (
        a.scale == b.scale
        and a.zero_point == b.zero_point
        and (len(a.scale) == 1 or a.quantized_dimension == b.quantized_dimension)
    )


def same_per_tensor_quantization(x: Value, y: Value) -> bool:
    """Whether the same bytes mean the same numbers in both, wherever they stand.

    That is not so along the axis of scales per channel, and not known of narrow integers
    without a scale.
    """
    if not same_quantization(x, y):
        return False
    quantization = x.quantization
    if quantization is None:
        return x.type not in _NARROW
    return len(quantization.scale) == 1
