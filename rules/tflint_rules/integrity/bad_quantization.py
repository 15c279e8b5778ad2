"""TFL006."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from tflint.analysis.quantization_problems import (
    count_problem,
    equal_quantization,
    filter_problem,
    missing_problem,
    scale_users,
    value_problem,
)
from tflint.finding import Finding, Fix, FixSafety, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_channel, per_tensor
from tflint.model.schema import TensorType
from tflint.model.tables import Model, QuantizationParameters, SubGraph, Tensor
from tflint.printable import printable
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage

INT8 = TensorType.INT8
_FIX = Fix(FixSafety.SAFE, "tflint fix {path}")
_EQUAL = "what TFLM takes it for can be written so that both read the same"
_SOFTMAXES = frozenset(("SOFTMAX", "LOG_SOFTMAX"))


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
    value is possible (a bias has one dimension) can be set to it without any change, and so
    can zero points that are fewer than the scales: TFLM reads the first for all of them.
    """

    meta = Metadata(
        "TFL006",
        "bad-quantization",
        Severity.ERROR,
        fix=FixSafety.SAFE,
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
            needed, filters = scale_users(context.model, subgraph)
            tolerated: dict[tuple[str, Fix | None], list[int]] = {}
            if context.runtime.is_mcu:
                yield from self._vanishing(context, g, subgraph)
            for t, tensor in enumerate(subgraph.tensors):
                quantization, severity = tensor.quantization, Severity.ERROR
                if quantization is None or not (quantization.scale and quantization.zero_point):
                    problem = missing_problem(quantization, needed.get(t), context.runtime.is_mcu)
                else:
                    problem = value_problem(tensor.type, quantization)
                    if problem is None and t in filters:
                        problem = filter_problem(tensor, filters[t])
                    if problem is None:
                        problem, severity = count_problem(tensor, quantization), lenient
                if problem is None:
                    continue
                fix = _FIX if equal_quantization(tensor, filters.get(t)) else None
                if severity is Severity.WARNING:
                    tolerated.setdefault((problem, fix), []).append(t)
                    continue
                yield self.finding(
                    f"{_named(t, tensor)}: {problem}",
                    location=Location(subgraph=g, tensor=t, anchor=tensor.name),
                    help=_EQUAL if fix else "quantise the model again",
                    fix=fix,
                )
            for (problem, fix), tensors in tolerated.items():
                first = subgraph.tensors[tensors[0]]
                more = f" and {len(tensors) - 1:,} more" if len(tensors) > 1 else ""
                yield self.finding(
                    f"{_named(tensors[0], first)}{more}: {problem}",
                    severity=Severity.WARNING,
                    location=Location(subgraph=g, tensor=tensors[0], anchor=first.name),
                    help=f"{context.runtime.title} runs it, LiteRT refuses it; "
                    + (_EQUAL if fix else "quantise the model again"),
                    fix=fix,
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
