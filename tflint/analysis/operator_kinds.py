"""Kinds of operators that several rules tell apart, by name."""

from __future__ import annotations

# Operators that only give a map another shape: element by element, the bytes stay.
RESHAPES = frozenset(("RESHAPE", "SQUEEZE", "EXPAND_DIMS"))
POOLS = frozenset(("MAX_POOL_2D", "AVERAGE_POOL_2D", "L2_POOL_2D"))
ACTIVATIONS = frozenset(
    (
        "RELU",
        "RELU6",
        "RELU_N1_TO_1",
        "RELU_0_TO_1",
        "LEAKY_RELU",
        "PRELU",
        "ELU",
        "GELU",
        "HARD_SWISH",
        "LOGISTIC",
        "TANH",
    )
)
# Operators that map each element by itself, and pairs of elements in the same place.
UNARY = frozenset(
    (
        "ABS",
        "CAST",
        "CEIL",
        "COS",
        "DEQUANTIZE",
        "ELU",
        "EXP",
        "FLOOR",
        "GELU",
        "HARD_SWISH",
        "LEAKY_RELU",
        "LOG",
        "LOGICAL_NOT",
        "LOGISTIC",
        "NEG",
        "QUANTIZE",
        "RELU",
        "RELU6",
        "RELU_0_TO_1",
        "RELU_N1_TO_1",
        "ROUND",
        "RSQRT",
        "SIGN",
        "SIN",
        "SQRT",
        "SQUARE",
        "TANH",
    )
)
BINARY = frozenset(
    (
        "ADD",
        "DIV",
        "MAXIMUM",
        "MINIMUM",
        "MUL",
        "POW",
        "PRELU",
        "SQUARED_DIFFERENCE",
        "SUB",
    )
)
