"""QUANTIZE, DEQUANTIZE and the operators that change the type or make up their output.

Source: quantize.h, quantize_common.cc, dequantize.h, dequantize_common.cc, cast.cc, fill.cc
and zeros_like.cc in tensorflow/lite/micro/kernels.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.kernels.plain import plain
from tflint.memory.requests import Kernel

_QUANTIZATION_PARAMS = Struct("i32", "f64")
# Parameters; multiplier, shift and the input's (DEQUANTIZE: the output's) zero point.
QUANTIZE_DATA = Struct(_QUANTIZATION_PARAMS, "i32*3")
DEQUANTIZE_DATA = Struct(_QUANTIZATION_PARAMS, "i32*3")

REFERENCE: dict[str, Kernel] = {
    "QUANTIZE": plain((0,), (0,), QUANTIZE_DATA),
    "DEQUANTIZE": plain((0,), (0,), DEQUANTIZE_DATA),
    "CAST": plain((0,), (0,)),
    "FILL": plain((0, 1), (0,)),
    "ZEROS_LIKE": plain((0,), (0,)),
}
