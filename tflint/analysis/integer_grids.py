"""The reals that quantised integers stand for: scale and zero point of a tensor as one thing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from tflint.model.graph import Value
from tflint.model.graph_builder import float32
from tflint.model.schema import TensorType
from tflint.model.tables import QuantizationParameters
from tflint.model.types import QUANTIZED_RANGES

INT8: Final = TensorType.INT8
INT16: Final = TensorType.INT16
UINT8: Final = TensorType.UINT8
# Types that activations are quantised to.
ACTIVATIONS = frozenset((INT8, INT16, UINT8))

Bounds = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Grid:
    """`real = scale * (integer - zero_point)` for the integers of a type."""

    type: TensorType
    scale: float
    zero_point: int

    @property
    def bounds(self) -> Bounds:
        """The least and the greatest real."""
        low, high = QUANTIZED_RANGES[self.type]
        return self.scale * (low - self.zero_point), self.scale * (high - self.zero_point)

    @property
    def parameters(self) -> QuantizationParameters:
        """What a tensor's quantisation says of it."""
        return QuantizationParameters(scale=(self.scale,), zero_point=(self.zero_point,))

    def as_type(self, type: TensorType) -> Grid:
        """The same reals by integers of another type of the same width: uint8 and int8."""
        shift = QUANTIZED_RANGES[type][0] - QUANTIZED_RANGES[self.type][0]
        return Grid(type, self.scale, self.zero_point + shift)


def grid_of(value: Value) -> Grid | None:
    """The grid of a tensor that is quantised as a whole; None where there is none to trust."""
    found = value.quantization
    if value.type not in ACTIVATIONS or found is None or len(found.scale) != 1:
        return None
    scale, zero_points = found.scale[0], tuple(found.zero_point) or (0,)
    if not (math.isfinite(scale) and scale > 0) or len(zero_points) != 1:
        return None
    low, high = QUANTIZED_RANGES[value.type]
    if not low <= zero_points[0] <= high or (value.type is INT16 and zero_points[0]):
        return None
    return Grid(value.type, scale, zero_points[0])


def covering(bounds: Bounds, type: TensorType) -> Grid | None:
    """The finest grid of a type with these bounds and 0 in it; None where they are not finite.

    int16 is symmetric, as its kernels demand; so are the other types' zero points integers.
    """
    low, high = min(bounds[0], 0.0), max(bounds[1], 0.0)
    first, last = QUANTIZED_RANGES[type]
    if type is INT16:
        scale = _stored(max(-low, high) / last)
        return None if scale is None else Grid(type, scale, 0)
    scale = _stored((high - low) / (last - first))
    if scale is None:
        return None
    return Grid(type, scale, min(max(round(first - low / scale), first), last))


def _stored(scale: float) -> float | None:
    """The scale as a file holds it; 1 for a tensor of zeros."""
    if scale == 0:
        return 1.0
    if not math.isfinite(scale) or not 1e-30 < scale < 1e30:
        return None
    return float32(scale)
