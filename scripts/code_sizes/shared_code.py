"""Code that several kernels share in an image, and which kernels need it.

Who needs what is read off TFLM's sources and those of CMSIS-NN; how large it is, off the
images (`solve.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from code_sizes.images import Measured


@dataclass(frozen=True, slots=True)
class SharedCode:
    """One piece of code. `twins` share nearly all they have, `known_bytes` are constants.

    `runtime` is set where only this library has it.
    """

    name: str
    what: str
    kernels: frozenset[str]
    twins: bool = False
    known_bytes: int = 0
    runtime: str | None = None


def _kernels(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMPARISONS = _kernels("EQUAL NOT_EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL")
# Kernels whose Prepare calls QuantizeMultiplier (kernels/internal/quantization_util.cc).
_FIXED_POINT = _COMPARISONS | _kernels(
    "ABS ADD ADD_N BATCH_MATMUL CONV_2D CUMSUM DEPTHWISE_CONV_2D DIV FULLY_CONNECTED HARD_SWISH "
    "LEAKY_RELU LOGISTIC LOG_SOFTMAX MEAN MUL PRELU QUANTIZE REDUCE_MAX REDUCE_MIN RELU RSQRT "
    "SOFTMAX SQUARED_DIFFERENCE SUB SUM SVDF TANH TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM"
)
_WINDOWS = _kernels(
    "AVERAGE_POOL_2D CONV_2D DEPTHWISE_CONV_2D L2_POOL_2D MAX_POOL_2D TRANSPOSE_CONV"
)
_CHANNELS = _kernels("CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED TRANSPOSE_CONV")
_BROADCAST = _COMPARISONS | _kernels("ADD DIV MAXIMUM MINIMUM MUL SELECT_V2 SQUARED_DIFFERENCE SUB")


def shared_code(measured: Measured) -> tuple[SharedCode, ...]:
    """All pieces, in a fixed order."""
    everything = frozenset(measured.calls)
    signal = frozenset(name for name in everything if name.startswith("Signal"))
    return (
        SharedCode(
            "registration",
            "RegisterOp, evaluation tensors and temporary tensors (kernel_util.cc)",
            everything - signal - {"CALL_ONCE"},
        ),
        SharedCode(
            "type_names",
            "TfLiteTypeGetName and its table (core/c/common.cc)",
            measured.type_names,
            known_bytes=256,
        ),
        SharedCode(
            "fixed_point",
            "QuantizeMultiplier, MultiplyByQuantizedMultiplier (internal/quantization_util.cc)",
            _FIXED_POINT,
        ),
        SharedCode(
            "soft_double",
            "arithmetic in double precision, which the FPU does not have (libgcc)",
            _FIXED_POINT | _kernels("DEQUANTIZE SignalRfft SignalIrfft"),
        ),
        SharedCode(
            "activation_range",
            "CalculateActivationRangeQuantized (kernel_util.cc)",
            _CHANNELS | _WINDOWS | _kernels("ADD DIV MUL SUB"),
        ),
        SharedCode("windows", "padding and output sizes of windows (padding.h)", _WINDOWS),
        SharedCode(
            "channel_multipliers",
            "PopulateConvolutionQuantizationParams (kernel_util.cc)",
            _CHANNELS,
        ),
        SharedCode("broadcast", "shapes of broadcast operands (internal/common.cc)", _BROADCAST),
        SharedCode("libm_data", "errno and the other data of libm (newlib)", measured.libm_data),
        SharedCode(
            "exp",
            "expf (newlib)",
            _kernels(
                "ELU EXP LOGISTIC LOG_SOFTMAX SOFTMAX SVDF TANH TFLite_Detection_PostProcess "
                "UNIDIRECTIONAL_SEQUENCE_LSTM"
            ),
        ),
        SharedCode(
            "fully_connected",
            "the gates of an LSTM (lstm_eval.cc) call the reference FullyConnected",
            _kernels("FULLY_CONNECTED UNIDIRECTIONAL_SEQUENCE_LSTM"),
        ),
        SharedCode(
            "logistic",
            "... and the reference Logistic",
            _kernels("LOGISTIC UNIDIRECTIONAL_SEQUENCE_LSTM"),
        ),
        SharedCode(
            "tanh",
            "... and the reference Tanh",
            _kernels("TANH UNIDIRECTIONAL_SEQUENCE_LSTM"),
        ),
        SharedCode("pooling", "pooling_common.cc", _kernels("AVERAGE_POOL_2D MAX_POOL_2D")),
        SharedCode("signal", "reading of options (flexbuffers)", signal),
        SharedCode(
            "reduce",
            "axes of reductions (reduce_common.cc)",
            _kernels("MEAN REDUCE_ALL REDUCE_MAX REDUCE_MIN SUM"),
        ),
        SharedCode("mean_sum", "QuantizedMeanOrSum (reduce_common.cc)", _kernels("MEAN SUM")),
        SharedCode(
            "reduce_min_max",
            "ReduceGeneric, which takes the reducer as a pointer (reduce_common.cc)",
            _kernels("REDUCE_MAX REDUCE_MIN"),
            twins=True,
        ),
        SharedCode(
            "min_max",
            "MaximumMinimumBroadcastSlow, which takes the function as a pointer",
            _kernels("MAXIMUM MINIMUM"),
            twins=True,
        ),
        SharedCode("pad", "one kernel for both (pad.cc)", _kernels("PAD PADV2"), twins=True),
        SharedCode(
            "arg_min_max",
            "ArgMinMaxHelper does both (arg_min_max.cc)",
            _kernels("ARG_MAX ARG_MIN"),
            twins=True,
        ),
        SharedCode(
            "logical",
            "LogicalImpl, which takes the function as a pointer (logical_common.cc)",
            _kernels("LOGICAL_AND LOGICAL_OR"),
            twins=True,
        ),
        SharedCode(
            "trigonometry",
            "reduction of angles, both polynomials and their tables (newlib)",
            _kernels("COS SIN"),
            twins=True,
        ),
        SharedCode(
            "fft",
            "KISS FFT in three types (signal/src/kiss_fft_wrappers)",
            _kernels("SignalIrfft SignalRfft"),
            twins=True,
        ),
        SharedCode(
            "matrix_product",
            "arm_nn_mat_mult_nt_t_s8 and _s16 (NNSupportFunctions)",
            _kernels("CONV_2D FULLY_CONNECTED TRANSPOSE_CONV"),
            runtime="tflm-cmsis-nn",
        ),
        SharedCode(
            "convolution",
            "the convolutions that depthwise ones fall back on (ConvolutionFunctions)",
            _kernels("CONV_2D DEPTHWISE_CONV_2D"),
            runtime="tflm-cmsis-nn",
        ),
        SharedCode(
            "vector_product",
            "products of a matrix and a vector (NNSupportFunctions)",
            _kernels("FULLY_CONNECTED SVDF"),
            runtime="tflm-cmsis-nn",
        ),
    )
