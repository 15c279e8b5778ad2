"""TFL208."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.operand_types import node_signature
from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.cost import macs
from tflint.model.graph import Node
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import percent_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint.target.runtime import Verdict

INT8, INT16 = TensorType.INT8, TensorType.INT16
_RUNTIME = "tflm-cmsis-nn"
# CMSIS-NN is plain C everywhere on these: there is no faster path to fall from.
_WITHOUT_SIMD = ("cortex-m0", "cortex-m0plus", "cortex-m1", "cortex-m3", "cortex-m23")
_WITH_MVE = ("cortex-m52", "cortex-m55", "cortex-m85")
# Operators that one message names.
_SHOWN = 6

# Why an operator is slow, and what would help.
_MULTIPLIER = "a channel multiplier that is neither 1 nor a multiple of 4"
_DILATED = "dilation in a depthwise convolution"
_BATCH = "a depthwise convolution of more than one sample"
_WIDE_DEPTHWISE = "an int16 depthwise convolution"
_WIDE_TRANSPOSED = "an int16 transposed convolution"
_UNALIGNED = "a 1 x N convolution whose output width is not a multiple of 4"
_HELP = {
    _MULTIPLIER: "use a multiplier of 1 with a pointwise convolution behind it, or of 4 or 8",
    _DILATED: "use a larger kernel, or a stride in front, in place of dilation",
    _BATCH: "convert with a batch of 1",
    _WIDE_DEPTHWISE: "quantise to int8",
    _WIDE_TRANSPOSED: "quantise to int8",
    _UNALIGNED: "pad or crop the input so that the output width is a multiple of 4",
}


def _depthwise(channels: int = 4, multiplier: int = 1, type: TensorType = INT8) -> Model:
    model = ModelBuilder()
    x = model.input((1, 16, 16, channels), type)
    model.output(model.depthwise_conv_2d(x, kernel=3, multiplier=multiplier))
    return model.build()


class SlowKernel(Rule):
    """An operator that misses CMSIS-NN's fast path and runs as plain C.

    ## What it does
    Where the target's kernels are CMSIS-NN's, finds the convolutions for which it has no SIMD
    kernel: depthwise ones with dilation, with several samples, or with a channel multiplier
    that is neither 1 nor a multiple of 4, int16 depthwise and transposed ones, and on cores
    with Helium 1 x N convolutions of an unfavourable width. Pointwise convolutions with a
    stride have a kernel of their own and are not reported.

    ## Why it matters on a device
    Measured on a Cortex-M4, CMSIS-NN's depthwise kernel takes 8 instructions a
    multiply-accumulate and TFLM's reference 45; what falls off the fast path comes out in
    between. Few people notice, as the results are the same.

    ## Repair
    Change the layer so that it meets the conditions of the fast kernel; the finding says how.
    """

    meta = Metadata("TFL208", "slow-kernel", Severity.WARNING)
    examples = (
        Bad(
            "A multiplier of 2",
            lambda: _depthwise(multiplier=2),
            target="tflm-cmsis-nn",
            says="100 %",
        ),
        Good("A multiplier of 1", _depthwise, target="tflm-cmsis-nn"),
        Good(
            "A multiplier of 8 has a kernel",
            lambda: _depthwise(channels=1, multiplier=8),
            target="tflm-cmsis-nn",
        ),
        Bad(
            "int16 depthwise",
            lambda: _depthwise(type=INT16),
            target="tflm-cmsis-nn",
            says="int16 depthwise",
        ),
        Good("With reference kernels nothing is fast", lambda: _depthwise(multiplier=2)),
        Good(
            "A core without SIMD",
            lambda: _depthwise(multiplier=2),
            target="cortex-m3:runtime=tflm-cmsis-nn",
        ),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        core = context.target.core or ""
        if context.target.runtime_name != _RUNTIME or core in _WITHOUT_SIMD:
            return
        slow: dict[str, list[tuple[Node, int]]] = {}
        total = 0
        for node in context.nodes:
            count = macs(node)
            total += count
            reason = _reason(node, core) if count else None
            kernel = context.runtime.kernel(node.name)
            if reason is None or kernel is None:
                continue
            if kernel.verdict(node_signature(kernel, node)) is not Verdict.REFUSED:
                slow.setdefault(reason, []).append((node, count))
        for reason, found in slow.items():
            concerned = sum(count for _, count in found)
            which = ", ".join(f"#{node.index}" for node, _ in found[:_SHOWN])
            more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
            yield self.finding(
                f"CMSIS-NN has no fast kernel for {reason}: {which}{more} "
                f"run{'s' if len(found) == 1 else ''} as plain C, {concerned:,} MACs, "
                f"{percent_text(concerned / total)} of the model's",
                node=found[0][0],
                help=_HELP[reason],
            )


def _reason(node: Node, core: str) -> str | None:
    """Why CMSIS-NN takes its slow path, None when it does not, or when that is not known.

    Sources: ARM-software/CMSIS-NN arm_depthwise_conv_wrapper_s8.c@504bc1db and
    arm_depthwise_conv_s8.c@4f6622a5, arm_convolve_wrapper_s8.c@6ebba504;
    tensorflow/tflite-micro cmsis_nn/depthwise_conv.cc@0cc6f983 (int16 goes to the basic
    arm_depthwise_conv_s16) and cmsis_nn/transpose_conv.cc@0cc6f983 (int16 to the reference).
    """
    weights, y = node.input(1), node.outputs[0]
    x = node.input(2 if node.name == "TRANSPOSE_CONV" else 0)
    if x is None or weights is None or not len(x.shape) == len(y.shape) == len(weights.shape) == 4:
        return None
    if x.type is INT16:
        wide = {"DEPTHWISE_CONV_2D": _WIDE_DEPTHWISE, "TRANSPOSE_CONV": _WIDE_TRANSPOSED}
        return wide.get(node.name)
    if x.type is not INT8 or weights.type is not INT8:
        return None
    if node.name == "DEPTHWISE_CONV_2D":
        return _depthwise_reason(node, x.shape, y.shape, core)
    if node.name == "CONV_2D" and core in _WITH_MVE:
        return _row_reason(node, x.shape, weights.shape, y.shape)
    return None


def _depthwise_reason(node: Node, x: tuple[int, ...], y: tuple[int, ...], core: str) -> str | None:
    channels, out = x[3], y[3]
    # With Helium it is turned into an ordinary convolution.
    if channels < 1 or (core in _WITH_MVE and channels == 1 and out > 1):
        return None
    if _is_dilated(node):
        return _DILATED
    if x[0] > 1:
        return _BATCH
    multiplier = out // channels
    return None if multiplier == 1 or multiplier % 4 == 0 else _MULTIPLIER


def _row_reason(
    node: Node, x: tuple[int, ...], weights: tuple[int, ...], y: tuple[int, ...]
) -> str | None:
    """The 1 x N kernel, without im2col. Its condition has changed: both forms must fail."""
    stride = getattr(node.options, "stride_w", 1)
    is_row = x[1] == 1 and weights[1] == 1 and weights[2] > 1 and x[3] == weights[3]
    if not is_row or _is_dilated(node) or y[2] % 4 == 0 or stride * x[3] % 4 == 0:
        return None
    return _UNALIGNED


def _is_dilated(node: Node) -> bool:
    return any(
        getattr(node.options, name, 1) > 1 for name in ("dilation_w_factor", "dilation_h_factor")
    )
