"""What TFLM's kernels ask of the allocator, a family of operators a module.

Each module has a table of operators to functions: `REFERENCE`, or `CMSIS_NN` in the modules
that begin with `cmsis_`. Only the modules of the operators that a model has are loaded.
"""

from __future__ import annotations

import functools
import importlib

from tflint.memory.requests import Kernel, Library
from tflint.model.tables import OperatorCode

# Builtin operators by the module that has their kernels. Those in none have no kernel in TFLM.
_FAMILIES = {
    "activation": ("ELU", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "PRELU", "RELU", "RELU6", "TANH"),
    "arithmetic": (
        "ADD",
        "ADD_N",
        "CUMSUM",
        "DIV",
        "FLOOR_DIV",
        "FLOOR_MOD",
        "MAXIMUM",
        "MINIMUM",
        "MUL",
        "SQUARED_DIFFERENCE",
        "SUB",
    ),
    "convolution": ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"),
    "elementwise": (
        "ABS",
        "CEIL",
        "COS",
        "EXP",
        "FLOOR",
        "L2_NORMALIZATION",
        "LOG",
        "NEG",
        "ROUND",
        "RSQRT",
        "SIN",
        "SQRT",
        "SQUARE",
    ),
    "matrix_multiplication": ("BATCH_MATMUL", "EMBEDDING_LOOKUP", "FULLY_CONNECTED"),
    "pooling": ("AVERAGE_POOL_2D", "L2_POOL_2D", "MAX_POOL_2D"),
    "recurrent": ("SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"),
    "softmax": ("LOG_SOFTMAX", "SOFTMAX"),
    "quantisation": ("QUANTIZE", "DEQUANTIZE", "CAST", "FILL", "ZEROS_LIKE"),
    "rearrangement": (
        *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SHAPE", "REVERSE_V2"),
        *("BROADCAST_TO", "BROADCAST_ARGS", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"),
        *("SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"),
    ),
    "slicing": (
        *("CONCATENATION", "PACK", "UNPACK", "SPLIT", "SPLIT_V", "SLICE", "STRIDED_SLICE"),
        *("GATHER", "GATHER_ND", "DYNAMIC_UPDATE_SLICE", "PAD", "PADV2", "MIRROR_PAD"),
    ),
    "reduction": (
        *("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ALL", "ARG_MAX", "ARG_MIN"),
    ),
    "logic": (
        *("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"),
        *("LOGICAL_AND", "LOGICAL_OR", "LOGICAL_NOT", "SELECT_V2"),
    ),
    "control_flow": (
        *("IF", "WHILE", "CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"),
    ),
}
_CUSTOM_FAMILIES: dict[str, tuple[str, ...]] = {
    "accelerator": ("ethos-u",),
    "decode": ("TFLM_DECODE",),
    "detection": ("TFLite_Detection_PostProcess",),
    "signal": (
        *("CIRCULAR_BUFFER", "SignalDelay", "SignalEnergy", "SignalFftAutoScale"),
        *("SignalFilterBank", "SignalFilterBankLog", "SignalFilterBankSpectralSubtraction"),
        *("SignalFilterBankSquareRoot", "SignalFramer", "SignalIrfft", "SignalOverlapAdd"),
        *("SignalPCAN", "SignalRfft", "SignalStacker", "SignalWindow"),
    ),
}
# Where CMSIS-NN has kernels of its own that ask for something else. Its kernels for ADD, MUL,
# MAXIMUM, MINIMUM, PAD, PADV2 and TRANSPOSE prepare as the reference kernels do.
_CMSIS_NN_FAMILIES = {
    "cmsis_convolution": ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"),
    "cmsis_matrix_multiplication": ("BATCH_MATMUL", "FULLY_CONNECTED"),
    "cmsis_pooling": ("AVERAGE_POOL_2D", "MAX_POOL_2D"),
    "cmsis_recurrent": ("SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"),
    "cmsis_softmax": ("SOFTMAX",),
}


def find_kernel(code: OperatorCode, library: Library) -> Kernel | None:
    """The kernel that a build with these libraries runs an operator with, None where unknown."""
    if code.is_custom:
        return _find(_custom_modules(), code.name, "REFERENCE")
    own = _find(_cmsis_nn_modules(), code.name, "CMSIS_NN") if library.is_cmsis_nn else None
    return own or _find(_builtin_modules(), code.name, "REFERENCE")


def _find(modules: dict[str, str], name: str, table: str) -> Kernel | None:
    module = modules.get(name)
    return _kernels(module, table).get(name) if module else None


@functools.cache
def _builtin_modules() -> dict[str, str]:
    return _by_operator(_FAMILIES)


@functools.cache
def _cmsis_nn_modules() -> dict[str, str]:
    return _by_operator(_CMSIS_NN_FAMILIES)


@functools.cache
def _custom_modules() -> dict[str, str]:
    return _by_operator(_CUSTOM_FAMILIES)


def _by_operator(families: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {name: module for module, names in families.items() for name in names}


@functools.cache
def _kernels(module: str, table: str) -> dict[str, Kernel]:
    found: dict[str, Kernel] = getattr(importlib.import_module(f"{__name__}.{module}"), table)
    return found
