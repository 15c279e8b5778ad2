"""Whether quantised values may be left out on the way: where each is cut off, and what of that is
seen at the end.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

from tflint.analysis.affine import Affine
from tflint.analysis.fusion import BOUNDS
from tflint.analysis.stored_constants import stored
from tflint.model.graph import Value
from tflint.model.schema import ActivationFunctionType, TensorType
from tflint.model.types import QUANTIZED_RANGES, packed_bytes

# What may be cut off otherwise, as a share of a range: calibration is no more exact.
_SLACK = 0.02
# More channels than this are not looked at one by one.
_MOST_CHANNELS = 512
_CODES = {TensorType.INT8: "b", TensorType.UINT8: "B", TensorType.INT16: "h"}
_Map = tuple[float, float]
_Range = tuple[float, float]


def reach(value: Value) -> _Range | None:
    """The least and the greatest real that a value with one scale can hold; None for others."""
    found = value.quantization
    if found is None or len(found.scale) != 1 or value.type not in _CODES:
        return None
    scale, zero_point = found.scale[0], (found.zero_point or (0,))[0]
    if not (math.isfinite(scale) and scale > 0):
        return None
    low, high = QUANTIZED_RANGES[value.type]
    return scale * (low - zero_point), scale * (high - zero_point)


def reaches_past(x: Value, y: Value, activation: ActivationFunctionType) -> bool:
    """Whether `x` is cut off nowhere within what `y` holds of it behind an activation."""
    inner, outer = reach(y), reach(x)
    if inner is None or outer is None:
        return False
    return _covers(outer, _clamped(inner, activation))


def is_cut_alike(run: Affine, *, is_behind: bool) -> bool:
    """Whether a quantised run comes to the same without its values in between.

    They are cut off at the ends of their ranges. Of a run in front of a layer none may be; of one
    behind a layer, what is cut off has to end up outside of the last value's range.
    """
    values = [run.input, *(node.outputs[0] for node in run.nodes)]
    ranges = [found for value in values if (found := reach(value)) is not None]
    constants = [_reals(constant) for constant in run.constants]
    if len(ranges) < len(values):
        return False
    last = _clamped(ranges[-1], run.activation)
    counts = {len(found) for found in constants if found is not None} | {1}
    if None in constants or len(counts) > 2:
        return False
    for c in range(max(counts)):
        maps = [
            _map(run, place, found[c if len(found) > 1 else 0])
            for place, found in enumerate(constants)
            if found is not None
        ]
        if is_behind:
            if not all(
                _covers(_through(maps[j:], ranges[j]), last)
                or (j > 0 and _covers(ranges[j], _through(maps[:j], ranges[0])))
                or not math.prod(factor for factor, _ in maps[j:])
                for j in range(len(maps))
            ):
                return False
        elif not all(
            _covers(ranges[j], _through(maps[:j], ranges[0])) for j in range(1, len(ranges))
        ):
            return False
    return True


def _covers(outer: _Range, inner: _Range) -> bool:
    slack = _SLACK * (inner[1] - inner[0])
    return outer[0] <= inner[0] + slack and outer[1] >= inner[1] - slack


def _clamped(found: _Range, activation: ActivationFunctionType) -> _Range:
    low, high = BOUNDS.get(activation, (-math.inf, math.inf))
    return min(max(found[0], low), high), min(max(found[1], low), high)


def _through(maps: Sequence[_Map], found: _Range) -> _Range:
    """What a range becomes under maps `factor * x + summand`, one after the other."""
    low, high = found
    for factor, summand in maps:
        ends = factor * low + summand, factor * high + summand
        low, high = min(ends), max(ends)
    return low, high


def _map(run: Affine, place: int, number: float) -> _Map:
    node = run.nodes[place]
    if node.name == "MUL":
        return number, 0.0
    if node.name == "DIV":
        return (1 / number if number else math.inf), 0.0
    if node.name == "ADD":
        return 1.0, number
    return (-1.0, number) if node.inputs[0] is run.constants[place] else (1.0, -number)


def _reals(constant: Value) -> list[float] | None:
    """The reals in a small constant with one scale."""
    behind = stored(constant)
    if behind is None or behind.data is None or behind.elements > _MOST_CHANNELS:
        return None
    code, found = _CODES.get(behind.type), behind.quantization
    if code is None or found is None or len(found.scale) != 1 or not behind.elements:
        return None
    if packed_bytes(behind.shape, behind.type) != len(behind.data):
        return None
    zero_point = (found.zero_point or (0,))[0]
    numbers = struct.unpack(f"<{behind.elements}{code}", behind.data)
    return [found.scale[0] * (number - zero_point) for number in numbers]
