"""TFL405."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tflint.analysis.operand_types import node_signature
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node, Value
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import ConcatenationOptions, ReshapeOptions, TensorType
from tflint.model.tables import Model
from tflint.model.types import QUANTIZED_RANGES
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint.target.runtime import Demand, Kernel, Verdict

INT8 = TensorType.INT8
# Off by less than this share of the type's range, a value is as good as right.
_NOTICEABLE = 1 / 256
# Operands that one message describes.
_SHOWN = 3


def _reshape(scale: float) -> Model:
    model = ModelBuilder()
    x = model.input((1, 4, 4), INT8, per_tensor(0.05))
    y = model.tensor((1, 16), INT8, per_tensor(scale))
    shape = model.constant((2,), TensorType.INT32, (1, 16))
    model.operator("RESHAPE", [x, shape], [y], ReshapeOptions(new_shape=(1, 16)))
    model.output(y)
    return model.build()


def _concatenation(scale: float) -> Model:
    model = ModelBuilder()
    parts = [model.input((1, 8), INT8, per_tensor(s)) for s in (0.05, scale)]
    y = model.tensor((1, 16), INT8, per_tensor(0.05))
    model.operator("CONCATENATION", parts, [y], ConcatenationOptions(axis=1))
    model.output(y)
    return model.build()


def _unary(name: str, scale: float, zero_point: int) -> Model:
    model = ModelBuilder()
    x = model.input((1, 16), INT8, per_tensor(0.05))
    y = model.tensor((1, 16), INT8, per_tensor(scale, zero_point))
    model.operator(name, [x], [y])
    model.output(y)
    return model.build()


class ScaleMismatch(Rule):
    """Scales or zero points differ where the kernel demands that they do not.

    ## What it does
    Compares the scales and zero points of each operator's tensors with what the runtime's
    kernel demands of them: that inputs have those of the output (copies, pools,
    concatenation, minimum and maximum), or that the output has one fixed scale (softmax,
    sigmoid, tanh, normalisation), or that zero points are 0 (int16, weights). The demands
    were read off the runtime by giving it models that break them one at a time. Operators
    that rescale, as ADD and MUL do, are not reported.

    ## Why it matters on a device
    Where the kernel checks, allocation fails: an error. Where it does not, it computes with
    the raw integers, and every value behind the operator is wrong by the ratio of the
    scales: a warning with that ratio. Converters keep these rules; files that were edited,
    merged or quantised by hand break them.

    ## Repair
    Quantise again with a tool that gives these tensors one scale, or put a QUANTIZE in front
    of the operator.
    """

    meta = Metadata(
        "TFL405",
        "scale-mismatch",
        Severity.WARNING,
        may_refuse=True,
        fix=FixSafety.UNSAFE,
        runtime_errors=(
            r"scale_diff <= 1\.0e-6 was not true",
            r"params\.scale\)? (?:!=|==|not near) ",
            r"params\.zero_point (?:!=|==) ",
            r"output_scale_log2_rounded != ",
            r"(?:in|out)put_zp != ",
        ),
    )
    examples = (
        Bad("A copy doubles every value", lambda: _reshape(0.1), says="2 times too large"),
        Good("A copy", lambda: _reshape(0.05)),
        Good("A difference that rounds away", lambda: _reshape(0.05001)),
        Bad(
            "TFLM's concatenation does not rescale int8",
            lambda: _concatenation(0.1),
            says="refuses",
            severity=Severity.ERROR,
        ),
        Good("Parts of one scale", lambda: _concatenation(0.05)),
        Bad(
            "A sigmoid that does not end at 1",
            lambda: _unary("LOGISTIC", 1 / 128, -128),
            says="not 0.00390625",
        ),
        Bad(
            "LiteRT checks that",
            lambda: _unary("LOGISTIC", 1 / 128, -128),
            says="refuses",
            severity=Severity.ERROR,
            target="litert",
        ),
        Good("A sigmoid from 0 to 1", lambda: _unary("LOGISTIC", 1 / 256, -128)),
        Good("RELU rescales", lambda: _unary("RELU", 0.1, -128)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        runtime = context.runtime
        for node in context.nodes:
            kernel = runtime.kernel(node.name)
            if kernel is None or not kernel.demands or not node.outputs:
                continue
            signature = node_signature(kernel, node)
            demands = kernel.demanded(signature)
            if not demands or kernel.verdict(signature) is Verdict.REFUSED:
                continue
            unmet = list(_unmet(kernel, node, demands))
            refused = [breach for breach in unmet if breach[0].is_refused]
            shown = refused or unmet
            if not shown:
                continue
            demand, value = shown[0]
            says = f': "{demand.says}"' if demand.says else ""
            effect = f"{runtime.title} refuses that{says}" if refused else _effect(node, shown)
            yield self.finding(
                f"{node.name}: {_differences(node, shown)}; {effect}",
                node=node,
                value=value,
                severity=Severity.ERROR if refused else Severity.WARNING,
                help=_help(demand, value),
                fix=Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe"),
            )


_Breach = tuple[Demand, Value]


def _unmet(kernel: Kernel, node: Node, demands: tuple[Demand, ...]) -> Iterator[_Breach]:
    """The demands that are not met, with the tensors that do not meet them."""
    last = len(node.inputs) - 1
    for demand in demands:
        place = demand.operand
        if place is None:
            operands = list(dict.fromkeys(node.outputs))
        elif place == 1 and kernel.variadic == "inputs":
            # What is demanded of the second holds for all that follow.
            operands = list(dict.fromkeys(v for v in node.inputs[1:] if v is not None))
        else:
            found = node.inputs[place] if place <= last else None
            operands = [] if found is None else [found]
        for value in operands:
            if not _meets(demand, value, node):
                yield demand, value


def _meets(demand: Demand, value: Value, node: Node) -> bool:
    has, wanted = _parameter(value, demand), _wanted(demand, node)
    if has is None or wanted is None:
        # A runtime that compares takes a missing scale for 0; without one, there is nothing
        # that the numbers would be wrong by.
        return not demand.is_refused or (has or 0.0) == (wanted or 0.0)
    if demand.parameter == "zero_point":
        low, high = QUANTIZED_RANGES.get(value.type, (0, 0))
        slack = 0.0 if demand.is_refused else (high - low + 1) * _NOTICEABLE - 1
        return abs(has - wanted) <= slack
    if not (math.isfinite(has) and has > 0 and math.isfinite(wanted) and wanted > 0):
        # TFL006 says so.
        return True
    share = demand.share if demand.is_refused else _NOTICEABLE
    return abs(has - wanted) <= max(demand.tolerance, share * wanted)


def _parameter(value: Value, demand: Demand) -> float | None:
    """The tensor's scale or zero point, None when it is not quantised.

    Where each channel has one, that is the zero point furthest from 0: weights, which are the
    only tensors to have channels, are meant to have none but 0.
    """
    quantization = value.quantization
    if quantization is None or not quantization.zero_point:
        return None
    if demand.parameter == "scale":
        return quantization.scale[0]
    if len(quantization.zero_point) == 1:
        return quantization.zero_point[0]
    return max(quantization.zero_point, key=abs)


def _wanted(demand: Demand, node: Node) -> float | None:
    """The number that the demand compares with."""
    if demand.value is not None:
        return demand.value
    like = node.outputs[0] if demand.like is None else node.input(demand.like)
    return None if like is None else _parameter(like, demand)


def _differences(node: Node, breaches: list[_Breach]) -> str:
    """What differs, tensor by tensor."""
    by_value: dict[Value, list[Demand]] = {}
    for demand, value in breaches:
        by_value.setdefault(value, []).append(demand)
    parts = [
        f"{_who(node, value, demands[0])} has "
        + " and ".join(_difference(node, value, demand) for demand in demands)
        for value, demands in list(by_value.items())[:_SHOWN]
    ]
    more = f", and {len(by_value) - _SHOWN:,} more" if len(by_value) > _SHOWN else ""
    return ", ".join(parts) + more


def _who(node: Node, value: Value, demand: Demand) -> str:
    if demand.operand is None:
        return "its output"
    name = f" `{printable(value.name, 60)}`"
    return f"input {node.inputs.index(value)}{name}" if len(node.inputs) > 1 else f"its input{name}"


def _difference(node: Node, value: Value, demand: Demand) -> str:
    has, wanted = _parameter(value, demand), _wanted(demand, node)
    name = demand.parameter.replace("_", " ")
    whose = ""
    if demand.value is None:
        whose = "the output's " if demand.like is None else f"input {demand.like}'s "
    return f"{name} {_number(has)}, not {whose}{_number(wanted)}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}" if value % 1 else str(int(value))


def _effect(node: Node, breaches: list[_Breach]) -> str:
    """What comes out when the kernel takes numbers for what they are not."""
    effects: list[str] = []
    for demand, value in breaches:
        has, wanted = _parameter(value, demand), _wanted(demand, node)
        if not has or not wanted or demand.parameter != "scale":
            continue
        # The numbers mean `has` a step, and are written or read at `wanted` a step.
        ratio = has / wanted if demand.operand is None else wanted / has
        times = f"{max(ratio, 1 / ratio):.3g} times too {'large' if ratio > 1 else 'small'}"
        effects.append(f"values come out {times}")
    if not effects:
        return "the kernel does not look at it, so values come out shifted"
    return f"the kernel does not rescale, so {effects[0]}"


def _help(demand: Demand, value: Value) -> str:
    if demand.operand is None and demand.value is not None:
        return "quantise again: the kernel computes for one scale and zero point only"
    if demand.value is not None:
        return f"quantise again with a zero point of {_number(demand.value)}"
    return (
        "quantise again so that both have one scale and zero point; a QUANTIZE between them "
        f"would cost an operator and {size_text(value.bytes)} of RAM"
    )
