"""The sizes of what kernels keep, against those that compilers gave.

For a Cortex-M4 arm-none-eabi-gcc, for x86-64 the bytes that TFLM's recording allocator saw the
kernel ask for. The wheel's are larger where compression adds two indices.
"""

from __future__ import annotations

import pytest

from tflint.memory.abi import CORTEX_M, X86_64, Struct
from tflint.memory.kernels import (
    activation,
    arithmetic,
    convolution,
    elementwise,
    matrix_multiplication,
    pooling,
    recurrent,
    softmax,
)

# On a Cortex-M4, on x86-64; None where not measured.
SIZES: dict[Struct, tuple[int | None, int | None]] = {
    activation.ELU_DATA: (256, 256),
    activation.HARD_SWISH_DATA: (20, 20),
    activation.LEAKY_RELU_DATA: (24, 24),
    activation.PRELU_DATA: (28, 28),
    activation.RELU_DATA: (28, 28),
    activation.RELU6_DATA: (None, 8),
    activation.SIGMOID_DATA: (16, 16),
    arithmetic.ADD_DATA: (60, 60),
    arithmetic.ADD_N_DATA: (40, None),
    arithmetic.CUMSUM_DATA: (36, None),
    arithmetic.DIV_DATA: (28, 28),
    arithmetic.MUL_DATA: (36, 36),
    arithmetic.SQUARED_DIFFERENCE_DATA: (112, 112),
    arithmetic.SUB_DATA: (52, 52),
    convolution.CONV_DATA: (56, None),
    convolution.CONV_DATA_COMPRESSION: (None, 80),
    convolution.TRANSPOSE_CONV_DATA: (72, None),
    convolution.TRANSPOSE_CONV_DATA_COMPRESSION: (None, 88),
    # The 28 bytes given for a Cortex-M4 are those of a build with long enums.
    elementwise.ABS_RSQRT_DATA: (None, 28),
    elementwise.L2_NORMALIZATION_DATA: (None, 4),
    matrix_multiplication.BATCH_MATMUL_DATA: (16, 32),
    matrix_multiplication.EMBEDDING_LOOKUP_DATA: (8, 16),
    matrix_multiplication.FULLY_CONNECTED_DATA: (48, None),
    matrix_multiplication.FULLY_CONNECTED_DATA_COMPRESSION: (None, 72),
    pooling.POOLING_DATA: (32, 32),
    recurrent.LSTM_DATA: (688, 688),
    recurrent.SVDF_DATA: (36, 36),
    softmax.LOG_SOFTMAX_DATA: (28, None),
    softmax.SOFTMAX_DATA: (56, 80),
}


@pytest.mark.parametrize(("struct", "sizes"), SIZES.items())
def test_sizes(struct: Struct, sizes: tuple[int | None, int | None]) -> None:
    computed = struct.size(CORTEX_M), struct.size(X86_64)
    assert all(b in (None, a) for a, b in zip(computed, sizes, strict=True)), computed
