"""What TFLM's kernels ask of the allocator, a family of operators a module.

Each module has `REFERENCE` and, where CMSIS-NN brings kernels of its own, `CMSIS_NN`: operators
to functions. Only the modules of the operators that a model has are loaded.
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
}
_CUSTOM_FAMILIES: dict[str, tuple[str, ...]] = {}


def find_kernel(code: OperatorCode, library: Library) -> Kernel | None:
    """The kernel that a build with these libraries runs an operator with, None where unknown."""
    families = _custom_modules() if code.is_custom else _builtin_modules()
    module = families.get(code.name)
    return _kernels(module, library.is_cmsis_nn).get(code.name) if module else None


@functools.cache
def _builtin_modules() -> dict[str, str]:
    return {name: module for module, names in _FAMILIES.items() for name in names}


@functools.cache
def _custom_modules() -> dict[str, str]:
    return {name: module for module, names in _CUSTOM_FAMILIES.items() for name in names}


@functools.cache
def _kernels(name: str, cmsis_nn: bool) -> dict[str, Kernel]:
    module = importlib.import_module(f"{__name__}.{name}")
    kernels: dict[str, Kernel] = dict(module.REFERENCE)
    if cmsis_nn:
        kernels |= getattr(module, "CMSIS_NN", {})
    return kernels
