"""TFL405."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from functools import partial

from tflint.analysis.scale_demands import (
    Breach,
    equal_scales,
    is_near,
    parameter,
    unmet_demands,
    wanted_number,
)
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node, Value
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import ConcatenationOptions, ReshapeOptions, TensorType
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint.target.runtime import Demand

INT8 = TensorType.INT8
_EQUAL = "give them one scale: what they differ by rounds away"
_UNSAFE = Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe")
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


def _pool(scale: float) -> Model:
    model = ModelBuilder()
    x = model.pool_2d(model.input((1, 4, 4, 1), INT8, per_tensor(0.05)))
    model.tensors[x] = dataclasses.replace(model.tensors[x], quantization=per_tensor(scale))
    model.output(x)
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
    of the operator. Where scales differ by so little that it rounds away, and a runtime refuses
    the model all the same, they can be made equal: no other repair leaves the answers as they
    are.
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
            "A difference that rounds away, which TFLM refuses in a pool",
            lambda: _pool(0.0501),
            says="refuses",
            severity=Severity.ERROR,
        ),
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
        for node, scales in _with_scales(context):
            kernel = runtime.kernel(node.name)
            if kernel is None:
                continue
            unmet = unmet_demands(kernel, node)
            refused = [breach for breach in unmet if breach[0].is_refused]
            shown = refused or unmet
            if not shown:
                continue
            demand, value = shown[0]
            repairable = _is_repairable(node, unmet, scales())
            says = f': "{demand.says}"' if demand.says else ""
            effect = f"{runtime.title} refuses that{says}" if refused else _effect(node, shown)
            yield self.finding(
                f"{node.name}: {_differences(node, shown)}; {effect}",
                node=node,
                value=value,
                severity=Severity.ERROR if refused else Severity.WARNING,
                help=_EQUAL if repairable else _help(demand, value),
                fix=_UNSAFE if repairable else None,
            )


def _with_scales(context: ModelContext) -> Iterator[tuple[Node, Callable[[], dict[int, float]]]]:
    """Every operator, and how to have the scales that those of its graph can be made equal to."""
    for graph in context.graphs:
        scales = functools.cache(partial(equal_scales, graph, context.runtime))
        for node in graph.nodes:
            yield node, scales


def _is_repairable(node: Node, unmet: list[Breach], scales: dict[int, float]) -> bool:
    """Whether all that an operator lacks is that near scales be equal."""
    return all(is_near(demand, value, node) and value.index in scales for demand, value in unmet)


def _differences(node: Node, breaches: list[Breach]) -> str:
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
    has, wanted = parameter(value, demand), wanted_number(demand, node)
    name = demand.parameter.replace("_", " ")
    whose = ""
    if demand.value is None:
        whose = "the output's " if demand.like is None else f"input {demand.like}'s "
    return f"{name} {_number(has)}, not {whose}{_number(wanted)}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}" if value % 1 else str(int(value))


def _effect(node: Node, breaches: list[Breach]) -> str:
    """What comes out when the kernel takes numbers for what they are not."""
    effects: list[str] = []
    for demand, value in breaches:
        has, wanted = parameter(value, demand), wanted_number(demand, node)
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
