"""The scratch buffers of CMSIS-NN, by the formulas that it publishes.

Each function is one of its `arm_..._get_buffer_size`, for the three variants of the library:
plain C, the DSP extension and the vector extension (MVE). Sizes are in bytes; 0 says that no
buffer is needed. Shapes are (batch, height, width, channels), pairs are (height, width).

Where a size depends on the compiler it is that of GCC: with Arm Compiler 6 the fast 1x1
convolution takes 4 bytes x input channels (DSP), and a depthwise convolution of one input
channel becomes an ordinary one from 9 output channels on instead of 2 (MVE).

Source: arm_convolve_get_buffer_sizes_s8.c and _s16.c, arm_depthwise_conv_get_buffer_sizes_s8.c
and _s4.c, arm_transpose_conv_get_buffer_sizes_s8.c, arm_fully_connected_get_buffer_sizes_s8.c,
arm_avgpool_get_buffer_sizes_s8.c and _s16.c, arm_svdf_get_buffer_sizes_s8.c and
arm_nnsupportfunctions.h of CMSIS-NN.
"""

from __future__ import annotations

from dataclasses import dataclass

from tflint.memory.abi import align_up
from tflint.memory.requests import Library

Pair = tuple[int, int]

# Channels that a depthwise convolution works on at a time with MVE (CH_IN_BLOCK_MVE).
_DEPTHWISE_BLOCK = 124
# Input channels above which a transposed convolution is computed as one with reversed weights
# (REVERSE_TCOL_EFFICIENT_THRESHOLD).
_REVERSE_ABOVE_CHANNELS = 16
# Output channels above which a depthwise convolution of one input channel is computed as an
# ordinary one (CONVERT_DW_CONV_WITH_ONE_INPUT_CH_AND_OUTPUT_CH_ABOVE_THRESHOLD).
_CONVERT_ABOVE_CHANNELS = 1


@dataclass(frozen=True, slots=True)
class Convolution:
    """What the size of a convolution's buffer depends on.

    `depth` are the channels of one filter: with fewer than the input's, the convolution is in
    groups. A depthwise one has depth 1.
    """

    batch: int
    height: int
    width: int
    channels: int
    kernel: Pair
    depth: int
    output_width: int
    output_channels: int
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Pair = (0, 0)

    @property
    def taps(self) -> int:
        """Weights of a filter for one channel."""
        return self.kernel[0] * self.kernel[1]

    @property
    def is_1x1(self) -> bool:
        """`arm_nn_is_convolve_1x1`: each output comes from one place of the input."""
        return (
            self.kernel == self.dilation == (1, 1)
            and self.padding == (0, 0)
            and self.channels == self.depth
        )

    @property
    def is_1xn(self) -> bool:
        """`arm_nn_is_convolve_1_x_n`: along one axis, rows starting at multiples of 4 bytes."""
        return (
            self.height == self.kernel[0] == self.dilation[1] == 1
            and self.stride[1] * self.channels % 4 == 0
            and self.channels == self.depth
        )


def convolution_s8(conv: Convolution, library: Library) -> int:
    """`arm_convolve_wrapper_s8_get_buffer_size`."""
    if conv.is_1x1:
        return 0
    if library is Library.CMSIS_NN_MVE and conv.is_1xn:
        return _convolution_1xn_mve(conv)
    return _im2col_s8(conv.taps * conv.channels, library)


def convolution_s16(conv: Convolution, library: Library) -> int:
    """`arm_convolve_wrapper_s16_get_buffer_size`: two columns of int16, with MVE four."""
    column = conv.taps * conv.channels
    return 8 * align_up(column, 8) if library is Library.CMSIS_NN_MVE else 4 * column


def _im2col_s8(column: int, library: Library) -> int:
    """`arm_convolve_s8_get_buffer_size`: two columns as int16, with MVE four of int8."""
    return 4 * align_up(column, 16 if library is Library.CMSIS_NN_MVE else 4)


def _convolution_1xn_mve(conv: Convolution) -> int:
    """`arm_convolve_1_x_n_s8_get_buffer_size_mve`: a row with its padding."""
    kernel, stride, pad = conv.kernel[1], max(conv.stride[1], 1), conv.padding[1]
    total = (conv.output_width - 1) * stride + kernel - conv.width
    # The remainder of a division in C has the sign of the dividend.
    odd = total % 2 if total >= 0 else -(-total % 2)
    right = max(1, (pad + odd + stride - 1) // stride) if pad + odd else 0
    left = max(1, (pad + stride - 1) // stride) if pad else 0
    if max(conv.output_width, left + right) != conv.output_width:
        return _im2col_s8(conv.taps * conv.channels, Library.CMSIS_NN_MVE)
    return conv.channels * max(kernel + pad, kernel - 1 + (right if odd else pad))


def depthwise_s8(conv: Convolution, library: Library) -> int:
    """`arm_depthwise_conv_wrapper_s8_get_buffer_size`."""
    is_mve = library is Library.CMSIS_NN_MVE
    if is_mve and conv.channels == 1 and conv.output_channels > _CONVERT_ABOVE_CHANNELS:
        # The weights are transposed behind the buffer of the convolution that it becomes.
        return convolution_s8(conv, library) + conv.output_channels * conv.taps
    if not _is_optimised(conv):
        return 0
    if not is_mve and conv.kernel == (3, 3) and max(conv.padding) <= 1:
        return 0
    return 0 if library is Library.CMSIS_NN else _depthwise_opt(conv, library)


def depthwise_s4(conv: Convolution, library: Library) -> int:
    """`arm_depthwise_conv_wrapper_s4_get_buffer_size`; plain C takes as much as DSP."""
    return _depthwise_opt(conv, library) if _is_optimised(conv) else 0


def _is_optimised(conv: Convolution) -> bool:
    return conv.channels == conv.output_channels and conv.batch == 1 and conv.dilation == (1, 1)


def _depthwise_opt(conv: Convolution, library: Library) -> int:
    """`arm_depthwise_conv_s8_opt_get_buffer_size`: a column, with MVE four of a block."""
    if library is Library.CMSIS_NN_MVE:
        return 4 * _DEPTHWISE_BLOCK * conv.taps
    return 2 * conv.channels * conv.taps


def transpose_conv_s8(conv: Convolution, library: Library) -> int:
    """`arm_transpose_conv_s8_get_buffer_size`: columns, else rows of 32-bit sums."""
    if _is_reversed(conv):
        return _im2col_s8(conv.taps * conv.channels, library)
    rows = max(conv.kernel[0], conv.stride[0])
    # CMSIS-NN compares the kernel's width with the stride along the height.
    columns = (conv.width - 1) * conv.stride[1] + max(conv.kernel[1], conv.stride[0])
    return max(4 * rows * columns * conv.output_channels, 0)


def reversed_weights_s8(conv: Convolution) -> int:
    """`arm_transpose_conv_s8_get_reverse_conv_buffer_size`: a copy of the weights."""
    return conv.taps * conv.channels * conv.output_channels if _is_reversed(conv) else 0


def _is_reversed(conv: Convolution) -> bool:
    return max(conv.stride) <= 2 and conv.channels > _REVERSE_ABOVE_CHANNELS


def fully_connected_s8(units: int, library: Library) -> int:
    """`arm_fully_connected_s8_get_buffer_size`: a sum of weights for each unit."""
    return 4 * units if library is Library.CMSIS_NN_MVE else 0


def average_pool(channels: int, library: Library) -> int:
    """`arm_avgpool_s8_get_buffer_size` and that for int16: a sum for each channel."""
    return 4 * channels if library is Library.CMSIS_NN_DSP else 0


def svdf_s8(filters: int, library: Library) -> int:
    """`arm_svdf_s8_get_buffer_size`: a sum of weights for each filter."""
    return 4 * filters if library is Library.CMSIS_NN_MVE else 0
