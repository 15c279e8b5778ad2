"""How the integer kernels of operators treat scales, and what reals come out of them.

Sources: the kernels in tensorflow/lite/kernels and tensorflow/lite/micro/kernels, and the
quantisation specification of TFLite; a test holds them against what was read off the runtimes
(`Kernel.demands`). The versions are those of tensorflow/lite/tools/versioning/op_version.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from tflint.analysis.integer_grids import INT8, INT16, Bounds, Grid
from tflint.model.graph import Node
from tflint.model.schema import ActivationFunctionType, LeakyReluOptions, TensorType

_NONE = ActivationFunctionType.NONE


class Scales(Enum):
    """What an integer kernel asks of the scales of its operands."""

    SAME = auto()  # The output and all operands have one.
    FREE = auto()  # The kernel rescales.
    FIXED = auto()  # The output has one scale and zero point only.
    UNSCALED = auto()  # The output is no quantised number; operands have one scale.


@dataclass(frozen=True, slots=True)
class IntegerKernel:
    """The integer kernel of an operator that computes in float.

    `clips_late` tells that values may be clipped before the operator instead of behind it.
    `bounds` gives the least and the greatest output for those of the operands, None where that
    is not known. `fixed` is the output's grid by type. `may_fuse` allows a fused activation.
    `versions` are the operator's versions from which there are int8 and int16, 0 for none: what
    LiteRT refuses could not be proved.
    """

    scales: Scales
    clips_late: bool = False
    bounds: Callable[[Node, Sequence[Bounds]], Bounds | None] | None = None
    fixed: tuple[tuple[TensorType, Grid], ...] = ()
    may_fuse: bool = False
    versions: tuple[int, int] = (1, 1)

    def version(self, type: TensorType) -> int:
        """The operator's version from which it takes this type, 0 where it does not."""
        return self.versions[type is INT16]


def integer_kernel(node: Node) -> IntegerKernel | None:
    """How the operator's integer kernel treats scales; None where it is not known."""
    kernel = _KERNELS.get(node.name)
    if kernel is None:
        return None
    fused = getattr(node.options, "fused_activation_function", _NONE)
    if fused is not _NONE and (not kernel.may_fuse or fused not in _CLAMPS):
        return None
    return kernel


# Fused activations that integer kernels carry out by clamping.
_CLAMPS: dict[object, Bounds] = {
    ActivationFunctionType.RELU: (0.0, math.inf),
    ActivationFunctionType.RELU6: (0.0, 6.0),
    ActivationFunctionType.RELU_N1_TO_1: (-1.0, 1.0),
}


def _clamped(node: Node, bounds: Bounds) -> Bounds:
    fused = getattr(node.options, "fused_activation_function", _NONE)
    low, high = _CLAMPS.get(fused, (-math.inf, math.inf))
    return min(max(bounds[0], low), high), min(max(bounds[1], low), high)


def _same(node: Node, operands: Sequence[Bounds]) -> Bounds:
    return _clamped(node, (min(b[0] for b in operands), max(b[1] for b in operands)))


def _relu(node: Node, operands: Sequence[Bounds]) -> Bounds:
    low, high = operands[0]
    return max(low, 0.0), max(high, 0.0)


def _relu6(node: Node, operands: Sequence[Bounds]) -> Bounds:
    low, high = operands[0]
    return min(max(low, 0.0), 6.0), min(max(high, 0.0), 6.0)


def _leaky_relu(node: Node, operands: Sequence[Bounds]) -> Bounds | None:
    if not isinstance(node.options, LeakyReluOptions):
        return None
    return _leaky(operands[0], (node.options.alpha, node.options.alpha))


def _prelu(node: Node, operands: Sequence[Bounds]) -> Bounds | None:
    return _leaky(operands[0], operands[1]) if len(operands) == 2 else None


def _leaky(x: Bounds, slopes: Bounds) -> Bounds:
    below = (min(x[0], 0.0), min(x[1], 0.0))
    ends = [a * b for a in below for b in slopes]
    above = (max(x[0], 0.0), max(x[1], 0.0))
    return min(*ends, *above), max(*ends, *above)


def _elu(node: Node, operands: Sequence[Bounds]) -> Bounds:
    low, high = (v if v > 0 else math.expm1(v) for v in operands[0])
    return low, high


def _hard_swish(node: Node, operands: Sequence[Bounds]) -> Bounds:
    # Its least value is -0.375, at -1.5.
    return -0.375 if operands[0][0] < 0 else 0.0, max(operands[0][1], 0.0)


def _abs(node: Node, operands: Sequence[Bounds]) -> Bounds:
    return 0.0, max(map(abs, operands[0]))


def _add(node: Node, operands: Sequence[Bounds]) -> Bounds | None:
    if len(operands) != 2:
        return None
    (a, b), (c, d) = operands
    return _clamped(node, (a + c, b + d))


def _sub(node: Node, operands: Sequence[Bounds]) -> Bounds | None:
    if len(operands) != 2:
        return None
    (a, b), (c, d) = operands
    return _clamped(node, (a - d, b - c))


def _mul(node: Node, operands: Sequence[Bounds]) -> Bounds | None:
    if len(operands) != 2:
        return None
    ends = [a * b for a in operands[0] for b in operands[1]]
    return _clamped(node, (min(ends), max(ends)))


def _squared_difference(node: Node, operands: Sequence[Bounds]) -> Bounds | None:
    found = _sub(node, operands)
    return None if found is None else (0.0, max(map(abs, found)) ** 2)


def _fixed(int8: Grid, int16: Grid | None = None) -> tuple[tuple[TensorType, Grid], ...]:
    return ((INT8, int8),) if int16 is None else ((INT8, int8), (INT16, int16))


_MOVES = IntegerKernel(Scales.SAME, clips_late=True, bounds=_same, versions=(2, 4))
_RESHAPES = IntegerKernel(Scales.SAME, clips_late=True, bounds=_same)
_UNSIGNED = Grid(INT16, 1 / 32768, 0)

_KERNELS: dict[str, IntegerKernel] = {
    **dict.fromkeys(("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "REVERSE_V2"), _RESHAPES),
    **dict.fromkeys(("DEPTH_TO_SPACE", "BROADCAST_TO", "SELECT_V2"), _RESHAPES),
    **dict.fromkeys(
        (
            "BATCH_TO_SPACE_ND",
            "GATHER",
            "GATHER_ND",
            "MAXIMUM",
            "MINIMUM",
            "MIRROR_PAD",
            "PACK",
            "PAD",
            "PADV2",
            "REDUCE_MAX",
            "REDUCE_MIN",
            "RESIZE_NEAREST_NEIGHBOR",
            "SLICE",
            "SPACE_TO_BATCH_ND",
            "SPACE_TO_DEPTH",
            "SPLIT",
            "SPLIT_V",
            "STRIDED_SLICE",
            "TILE",
            "TRANSPOSE",
            "UNPACK",
            "CONCATENATION",
        ),
        _MOVES,
    ),
    "MAX_POOL_2D": IntegerKernel(
        Scales.SAME, clips_late=True, bounds=_same, may_fuse=True, versions=(2, 3)
    ),
    "AVERAGE_POOL_2D": IntegerKernel(Scales.SAME, bounds=_same, may_fuse=True, versions=(2, 3)),
    "RESIZE_BILINEAR": IntegerKernel(Scales.SAME, bounds=_same, versions=(2, 4)),
    "RELU6": IntegerKernel(Scales.SAME, clips_late=True, bounds=_relu6, versions=(2, 3)),
    "RELU": IntegerKernel(Scales.FREE, clips_late=True, bounds=_relu, versions=(2, 3)),
    "LEAKY_RELU": IntegerKernel(Scales.FREE, bounds=_leaky_relu, versions=(2, 2)),
    "PRELU": IntegerKernel(Scales.FREE, bounds=_prelu),
    "ELU": IntegerKernel(Scales.FREE, bounds=_elu),
    "HARD_SWISH": IntegerKernel(Scales.FREE, bounds=_hard_swish),
    "ABS": IntegerKernel(Scales.FREE, bounds=_abs, versions=(2, 2)),
    "MEAN": IntegerKernel(Scales.FREE, bounds=_same, versions=(2, 3)),
    "ADD": IntegerKernel(Scales.FREE, bounds=_add, may_fuse=True, versions=(2, 4)),
    "SUB": IntegerKernel(Scales.FREE, bounds=_sub, may_fuse=True, versions=(2, 5)),
    "MUL": IntegerKernel(Scales.FREE, bounds=_mul, may_fuse=True, versions=(2, 4)),
    "SQUARED_DIFFERENCE": IntegerKernel(Scales.FREE, bounds=_squared_difference, versions=(2, 0)),
    # Layers, whose output's range only calibration knows.
    "CONV_2D": IntegerKernel(Scales.FREE, may_fuse=True, versions=(3, 4)),
    "DEPTHWISE_CONV_2D": IntegerKernel(Scales.FREE, may_fuse=True, versions=(3, 5)),
    "FULLY_CONNECTED": IntegerKernel(Scales.FREE, may_fuse=True, versions=(4, 7)),
    "TRANSPOSE_CONV": IntegerKernel(Scales.FREE, may_fuse=True, versions=(2, 4)),
    "BATCH_MATMUL": IntegerKernel(Scales.FREE, versions=(2, 3)),
    "LOGISTIC": IntegerKernel(
        Scales.FIXED, fixed=_fixed(Grid(INT8, 1 / 256, -128), _UNSIGNED), versions=(2, 3)
    ),
    "TANH": IntegerKernel(
        Scales.FIXED, fixed=_fixed(Grid(INT8, 1 / 128, 0), _UNSIGNED), versions=(2, 3)
    ),
    "SOFTMAX": IntegerKernel(
        Scales.FIXED, fixed=_fixed(Grid(INT8, 1 / 256, -128), _UNSIGNED), versions=(2, 3)
    ),
    "LOG_SOFTMAX": IntegerKernel(
        Scales.FIXED, fixed=_fixed(Grid(INT8, 16 / 256, 127)), versions=(2, 2)
    ),
    "L2_NORMALIZATION": IntegerKernel(
        Scales.FIXED, fixed=_fixed(Grid(INT8, 1 / 128, 0)), versions=(2, 2)
    ),
    **dict.fromkeys(
        (
            "ARG_MAX",
            "ARG_MIN",
            "EQUAL",
            "GREATER",
            "GREATER_EQUAL",
            "LESS",
            "LESS_EQUAL",
            "NOT_EQUAL",
        ),
        IntegerKernel(Scales.UNSCALED, versions=(2, 2)),
    ),
}
