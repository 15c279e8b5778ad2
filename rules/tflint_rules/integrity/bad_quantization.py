"""TFL006."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from tflint.finding import Finding, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model, QuantizationParameters, SubGraph, Tensor
from tflint.model.types import QUANTIZED_RANGES
from tflint.printable import printable
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage

INT8 = TensorType.INT8
# Operators that compute with the scales of their operands; the others pass integers on.
_SCALED = frozenset(
    (
        "ADD",
        "BATCH_MATMUL",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "LOGISTIC",
        "MUL",
        "SOFTMAX",
        "SUB",
        "TANH",
    )
)
# The dimension of a filter that convolutions take a scale each for.
_CHANNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3}
_SOFTMAXES = frozenset(("SOFTMAX", "LOG_SOFTMAX"))
_NARROW = frozenset((TensorType.INT8, TensorType.UINT8, TensorType.INT16, TensorType.INT4))
# Integers that are used as numbers as often as quantised; a zero point means something
# only where the narrow types have one.
_WIDE = (TensorType.INT32, TensorType.INT64)


def _input(quantization: QuantizationParameters) -> Model:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input((1, 4), INT8, quantization)))
    return model.build()


def _bias(axis: int) -> Model:
    model = ModelBuilder()
    model.output(model.conv_2d(model.input((1, 4, 4, 1), INT8), filters=2, kernel=3))
    bias = model.operators[0].inputs[2]
    quantization = dataclasses.replace(per_channel((0.1, 0.2), 0), quantized_dimension=axis)
    model.tensors[bias] = dataclasses.replace(model.tensors[bias], quantization=quantization)
    return model.build()


def _unscaled() -> Model:
    model = ModelBuilder()
    model.output(model.conv_2d(model.input((1, 4, 4, 1), INT8), filters=2, kernel=3))
    weights = model.operators[0].inputs[1]
    model.tensors[weights] = dataclasses.replace(model.tensors[weights], quantization=None)
    return model.build()


def _softmax(scale: float) -> Model:
    model = ModelBuilder()
    model.output(model.softmax(model.input((1, 4), INT8, per_tensor(scale))))
    return model.build()


class BadQuantization(Rule):
    """Scales or zero points that cannot be: not finite, outside the type, miscounted, missing.

    ## What it does
    For every quantised tensor: scales are finite and above zero, zero points lie inside the
    type's range, there is one scale or one for each index of the quantised dimension, as
    many zero points, and the dimension exists. And the integers that convolutions, dense
    layers, additions and the like compute with have a scale at all, that of a softmax one
    that its kernel can work with.

    ## Why it matters on a device
    The kernels turn scales into integer multipliers at start-up. A zero, infinite or NaN
    scale gives a model that runs and answers nonsense. LiteRT refuses miscounts and
    dimensions that are not there; TFLM does not look at those, so a model made for it may
    run there and nowhere else: a warning then, one for all tensors with the same problem.

    ## Repair
    Quantise again. A quantised dimension that is out of range on a tensor where only one
    value is possible (a bias has one dimension) can be set to it without any change.
    """

    meta = Metadata(
        "TFL006",
        "bad-quantization",
        Severity.ERROR,
        stage=Stage.TABLES,
        runtime_errors=(
            r"quantized_dimension must be in range",
            r"num_scales must be 1 for per-layer quantization",
            r"Quantization parameters has non-null scale but null zero_point",
            r"Quant(?:ization)?Param has \d+ zero_point values and \d+ scale values",
            r"quantization\.type != kTfLite(?:Affine|No)Quantization",
        ),
    )
    examples = (
        Bad("A scale of zero", lambda: _input(per_tensor(0.0)), says="0.0", findings=2),
        Bad("Not a number", lambda: _input(per_tensor(math.nan)), says="nan", findings=2),
        Bad("Outside int8", lambda: _input(per_tensor(0.1, 200)), says="200", findings=2),
        Bad(
            "Three scales for four channels",
            lambda: _input(per_channel((0.1, 0.2, 0.3), 1)),
            says="3 scales",
            target="litert",
            findings=2,
        ),
        Bad(
            "TFLM runs a bias with a dimension that is not there",
            lambda: _bias(axis=3),
            says="dimension 3",
            severity=Severity.WARNING,
        ),
        Bad("LiteRT does not", lambda: _bias(axis=3), says="dimension 3", target="litert"),
        Bad("int8 weights without a scale", _unscaled, says="no scale"),
        Bad("A softmax of next to nothing", lambda: _softmax(1e-9), says="2^-26"),
        Good("A softmax of little", lambda: _softmax(1e-6)),
        Good("One scale for each channel", lambda: _bias(axis=0)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        lenient = Severity.WARNING if context.runtime.is_mcu else Severity.ERROR
        for g, subgraph in enumerate(context.model.subgraphs):
            needed, filters = _need_scale(context.model, subgraph)
            tolerated: dict[str, list[int]] = {}
            if context.runtime.is_mcu:
                yield from self._vanishing(context, g, subgraph)
            for t, tensor in enumerate(subgraph.tensors):
                quantization, severity = tensor.quantization, Severity.ERROR
                if quantization is None or not (quantization.scale and quantization.zero_point):
                    problem = _missing(quantization, needed.get(t), context.runtime.is_mcu)
                else:
                    problem = _value_problem(tensor.type, quantization)
                    if problem is None and t in filters:
                        problem = _filter_problem(tensor, filters[t])
                    if problem is None:
                        problem, severity = _count_problem(tensor, quantization), lenient
                if problem is None:
                    continue
                if severity is Severity.WARNING:
                    tolerated.setdefault(problem, []).append(t)
                    continue
                yield self.finding(
                    f"{_named(t, tensor)}: {problem}",
                    location=Location(subgraph=g, tensor=t, anchor=tensor.name),
                    help="quantise the model again",
                )
            for problem, tensors in tolerated.items():
                first = subgraph.tensors[tensors[0]]
                more = f" and {len(tensors) - 1:,} more" if len(tensors) > 1 else ""
                yield self.finding(
                    f"{_named(tensors[0], first)}{more}: {problem}",
                    severity=Severity.WARNING,
                    location=Location(subgraph=g, tensor=tensors[0], anchor=first.name),
                    help=f"{context.runtime.title} runs it, LiteRT refuses it; quantise the model "
                    "again",
                )

    def _vanishing(self, context: ModelContext, g: int, subgraph: SubGraph) -> Iterator[Finding]:
        """Softmaxes whose multiplier is no longer above 1, which TFLM's kernel insists on.

        Source: `PreprocessSoftmaxScaling` (5 integer bits) and the check in
        `QuantizeMultiplierGreaterThanOne`, tensorflow/lite/kernels/internal/quantization_util.cc.
        """
        codes, tensors = context.model.operator_codes, subgraph.tensors
        names = {i: code.name for i, code in enumerate(codes) if code.name in _SOFTMAXES}
        for o, operator in enumerate(subgraph.operators):
            name = names.get(operator.opcode_index)
            x = operator.inputs[0] if operator.inputs else -1
            if name is None or not 0 <= x < len(tensors):
                continue
            quantization = tensors[x].quantization
            if tensors[x].type is not INT8 or quantization is None or not quantization.scale:
                continue
            scale = quantization.scale[0]
            beta = 1.0 if name == "LOG_SOFTMAX" else getattr(operator.builtin_options, "beta", 0.0)
            # What is no scale at all is said of the tensor.
            if not (math.isfinite(scale) and scale > 0) or beta * scale * 2**26 > 1:
                continue
            yield self.finding(
                f"{name}: its input's scale of {scale:.3g} times beta, {beta:g}, is not above "
                f"2^-26, and {context.runtime.title} stops at such a multiplier",
                location=Location(
                    subgraph=g, operator=o, operator_name=name, tensor=x, anchor=tensors[x].name
                ),
                help="all that comes in is nearly the same number: look at the weights and at the "
                "calibration data, then quantise the model again",
            )


def _named(index: int, tensor: Tensor) -> str:
    return f"tensor {index} `{printable(tensor.name or '')}` ({tensor.type.name})"


def _filter_problem(tensor: Tensor, axis: int) -> str | None:
    """What convolutions refuse of their filter's scales, which `axis` is the channels of.

    Source: `TF_LITE_ENSURE` on scale->size in TFLM's conv_common.cc and LiteRT's conv.cc.
    """
    quantization = tensor.quantization
    assert quantization is not None
    scales, along = len(quantization.scale), quantization.quantized_dimension
    if scales == 1 or len(tensor.shape) <= axis:
        return None
    if scales != tensor.shape[axis]:
        return f"{scales} scales for a filter of {tensor.shape[axis]} channels"
    if along != axis and not (0 <= along < len(tensor.shape) and scales == tensor.shape[along]):
        return f"quantised along dimension {along}, not along its channels, dimension {axis}"
    return None


def _missing(
    quantization: QuantizationParameters | None, operator: str | None, is_mcu: bool
) -> str | None:
    """What is wrong with half of a quantisation, or none, on a tensor that `operator` needs."""
    if quantization is not None and quantization.scale and not (is_mcu and operator is None):
        return "scales without zero points count as none, and LiteRT refuses them"
    return None if operator is None else f"no scale, but {operator} computes with one"


def _need_scale(model: Model, subgraph: SubGraph) -> tuple[dict[int, str], dict[int, int]]:
    """Narrow integers that operators compute with, and filters.

    By tensor index: the name of such an operator; the dimension of a filter's channels.
    """
    scaled = [
        code.name if not code.is_custom and code.name in _SCALED else None
        for code in model.operator_codes
    ]
    needed: dict[int, str] = {}
    filters: dict[int, int] = {}
    for operator in subgraph.operators:
        name = scaled[operator.opcode_index] if operator.opcode_index < len(scaled) else None
        if name is None:
            continue
        for index in (*operator.inputs, *operator.outputs):
            if 0 <= index < len(subgraph.tensors) and subgraph.tensors[index].type in _NARROW:
                needed[index] = name
        if name in _CHANNELS and len(operator.inputs) > 1:
            filters[operator.inputs[1]] = _CHANNELS[name]
    return needed, filters


def _value_problem(type: TensorType, quantization: QuantizationParameters) -> str | None:
    """What is wrong with the numbers themselves, where the type gives them a meaning."""
    bounds = QUANTIZED_RANGES.get(type)
    if bounds is None:
        return None
    for scale in quantization.scale:
        if not (math.isfinite(scale) and scale > 0):
            return f"scale {scale!r} is not a finite number above zero"
    if type in _WIDE:
        return None
    for zero_point in quantization.zero_point:
        if not bounds[0] <= zero_point <= bounds[1]:
            return f"zero point {zero_point} is outside {bounds[0]}..{bounds[1]}"
    return None


def _count_problem(tensor: Tensor, quantization: QuantizationParameters) -> str | None:
    """What LiteRT's `ParseQuantization` (interpreter_builder.cc) refuses."""
    scales, zero_points = len(quantization.scale), len(quantization.zero_point)
    if scales != zero_points:
        return f"{scales} scales, but {zero_points} zero points"
    axis, rank = quantization.quantized_dimension, len(tensor.shape)
    if axis < 0 or (rank and axis >= rank):
        return f"quantised along dimension {axis}, but it has {rank}"
    if scales != 1 and rank and scales != tensor.shape[axis]:
        return f"{scales} scales for {tensor.shape[axis]} indices of dimension {axis}"
    return None
