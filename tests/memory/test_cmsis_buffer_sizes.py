"""The formulas against CMSIS-NN's own functions: figures that these gave, compiled with GCC.

Columns of a size: plain C, DSP extension, MVE.
"""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.memory.kernels import cmsis_buffer_sizes as cmsis
from tflint.memory.kernels.cmsis_buffer_sizes import Convolution
from tflint.memory.requests import Library

LIBRARIES = (Library.CMSIS_NN, Library.CMSIS_NN_DSP, Library.CMSIS_NN_MVE)
MVE = Library.CMSIS_NN_MVE

Sizes = tuple[int, int, int]

# A window of 10 x 4 over one channel, as in keyword spotting.
FIRST = Convolution(1, 49, 10, 1, (10, 4), 1, 5, 64, stride=(2, 2), padding=(4, 1))
SQUARE = Convolution(1, 25, 5, 64, (3, 3), 64, 5, 64, padding=(1, 1))
POINTWISE = Convolution(1, 25, 5, 64, (1, 1), 64, 5, 64)
LARGE = Convolution(1, 25, 5, 64, (5, 5), 64, 5, 64, padding=(2, 2))
# A window of 10 x 8, as in micro_speech.
SPEECH = Convolution(1, 49, 40, 1, (10, 8), 1, 20, 8, stride=(2, 2), padding=(4, 3))
# Along one axis.
ROW = Convolution(1, 1, 128, 4, (1, 3), 4, 126, 16)


def _row(
    width: int,
    channels: int,
    kernel: int,
    output: int,
    stride: int = 1,
    padding: int = 0,
) -> Convolution:
    return dataclasses.replace(
        ROW,
        width=width,
        channels=channels,
        depth=channels,
        kernel=(1, kernel),
        output_width=output,
        stride=(1, stride),
        padding=(0, padding),
    )


@pytest.mark.parametrize(
    ("conv", "int8", "int16"),
    [
        (FIRST, (160, 160, 192), (160, 160, 320)),
        (SQUARE, (2304, 2304, 2304), (2304, 2304, 4608)),
        (POINTWISE, (0, 0, 0), (256, 256, 512)),
        (dataclasses.replace(POINTWISE, depth=32), (256, 256, 256), (256, 256, 512)),
        (dataclasses.replace(POINTWISE, dilation=(2, 1)), (256, 256, 256), (256, 256, 512)),
        (LARGE, (6400, 6400, 6400), (6400, 6400, 12800)),
        (ROW, (48, 48, 12), (48, 48, 128)),
        (_row(128, 4, 3, 128, padding=1), (48, 48, 16), (48, 48, 128)),
        # Rows start at no multiple of 4.
        (_row(128, 3, 3, 126), (48, 48, 64), (36, 36, 128)),
        (_row(128, 9, 9, 64, stride=2, padding=3), (336, 336, 384), (324, 324, 704)),
        (_row(127, 2, 5, 64, stride=2, padding=2), (48, 48, 14), (40, 40, 128)),
        # The last place of the input is not reached.
        (_row(10, 4, 3, 4, stride=2), (48, 48, 12), (48, 48, 128)),
        # Padding takes more places than the output has.
        (_row(3, 4, 9, 3, padding=4), (144, 144, 192), (144, 144, 320)),
    ],
)
def test_convolution(conv: Convolution, int8: Sizes, int16: Sizes) -> None:
    assert tuple(cmsis.convolution_s8(conv, library) for library in LIBRARIES) == int8
    assert tuple(cmsis.convolution_s16(conv, library) for library in LIBRARIES) == int16


@pytest.mark.parametrize(
    ("conv", "int8", "int4"),
    [
        (FIRST, (0, 0, 2752), (0, 0, 0)),
        (SQUARE, (0, 0, 4464), (1152, 1152, 4464)),
        (dataclasses.replace(SQUARE, padding=(2, 1)), (0, 1152, 4464), (1152, 1152, 4464)),
        (POINTWISE, (0, 128, 496), (128, 128, 496)),
        (dataclasses.replace(POINTWISE, dilation=(2, 1)), (0, 0, 0), (0, 0, 0)),
        (LARGE, (0, 3200, 12400), (3200, 3200, 12400)),
        (dataclasses.replace(LARGE, batch=2), (0, 0, 0), (0, 0, 0)),
        (SPEECH, (0, 0, 960), (0, 0, 0)),
    ],
)
def test_depthwise(conv: Convolution, int8: Sizes, int4: Sizes) -> None:
    conv = dataclasses.replace(conv, depth=1)
    assert tuple(cmsis.depthwise_s8(conv, library) for library in LIBRARIES) == int8
    assert tuple(cmsis.depthwise_s4(conv, library) for library in LIBRARIES) == int4


@pytest.mark.parametrize(
    ("conv", "sums", "weights"),
    [
        (Convolution(1, 8, 8, 16, (3, 3), 16, 16, 8, stride=(2, 2)), (1632,) * 3, 0),
        (Convolution(1, 8, 8, 17, (3, 3), 17, 16, 8, stride=(2, 2)), (624, 624, 640), 1224),
        (Convolution(1, 8, 8, 32, (4, 3), 32, 24, 8, stride=(3, 3)), (3072,) * 3, 0),
        # The kernel is narrower than the stride along the height.
        (Convolution(1, 8, 8, 32, (2, 2), 32, 24, 8, stride=(4, 3)), (3200,) * 3, 0),
    ],
)
def test_transpose_conv(conv: Convolution, sums: Sizes, weights: int) -> None:
    assert tuple(cmsis.transpose_conv_s8(conv, library) for library in LIBRARIES) == sums
    assert cmsis.reversed_weights_s8(conv) == weights


def test_sums() -> None:
    assert [cmsis.fully_connected_s8(10, library) for library in LIBRARIES] == [0, 0, 40]
    assert [cmsis.svdf_s8(10, library) for library in LIBRARIES] == [0, 0, 40]
    assert [cmsis.average_pool(10, library) for library in LIBRARIES] == [0, 40, 0]


sizes = st.integers(0, 2**31 - 1)
options = st.tuples(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1))


@given(
    st.builds(
        Convolution, *[sizes] * 4, st.tuples(sizes, sizes), *[sizes] * 3, options, options, options
    ),
    st.sampled_from(LIBRARIES),
)
def test_any_shape_has_a_size(conv: Convolution, library: Library) -> None:
    for function in (
        cmsis.convolution_s8,
        cmsis.convolution_s16,
        cmsis.depthwise_s8,
        cmsis.depthwise_s4,
    ):
        assert isinstance(function(conv, library), int)
    assert cmsis.transpose_conv_s8(conv, library) >= 0
    assert cmsis.reversed_weights_s8(conv) >= 0


@given(st.integers(1, 64), st.integers(1, 9), st.integers(1, 9))
def test_columns_have_room(channels: int, height: int, width: int) -> None:
    """The general buffers hold two columns of int16, or four of int8 with MVE."""
    conv = Convolution(1, 9, 9, channels, (height, width), channels, 1, 4, dilation=(2, 2))
    for library in LIBRARIES:
        size = cmsis.convolution_s8(conv, library)
        assert 4 * channels * height * width <= size < 4 * (channels * height * width + 16)
        assert size % (64 if library is MVE else 16) == 0
