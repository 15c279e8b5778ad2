"""TFL108."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.operand_types import is_float16_dequantize
from tflint.finding import Confidence, Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import SOURCES, Bad, Good, Kind, Metadata, ModelContext, Rule, SourceContext
from tflint.target.runtime import Runtime, Verdict
from tflint_rules.layout.converted_network import weights
from tflint_rules.layout.converter_examples import FLOAT16, QUANTISED, conversion
from tflint_rules.layout.converter_settings import TYPES, Conversions, Way
from tflint_rules.layout.quantization_mode import MODE_SETTINGS, SPEC, Mode, outcome

_SIGNATURE = "FLOAT16->FLOAT32"


def _dense(weights: TensorType) -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, 16)), units=4, weights=weights))
    return model.build()


class Float16Target(Rule):
    """Float16 weights behind DEQUANTIZE, which TFLM rejects.

    ## What it does
    Finds the DEQUANTIZE operators that float16 conversion puts between each weight tensor
    and the operator that uses it, where the target's runtime has no such kernel. In a source:
    finds `target_spec.supported_types = [tf.float16]` with `Optimize.DEFAULT` in force at a
    `.convert()`, which makes such a model, calibrated or not.

    ## Why it matters on a device
    TFLM's DEQUANTIZE takes int8, int16 and uint8: allocation fails at the first of these
    operators. Even with a kernel nothing would be won: every weight is expanded to float32
    in RAM, so float16 halves the flash and adds the whole float model to the arena.

    ## Repair
    Convert again with full integer quantisation (a quarter of the float32 size, and faster
    kernels), or as float32 if the size does not matter.
    """

    meta = Metadata(
        "TFL108",
        "float16-target",
        Severity.ERROR,
        fix=FixSafety.RECONVERT,
        applies_to=SOURCES | {Kind.TFLITE},
        runtime_errors=(
            r"dequantize_common\.cc:\d+ input->type == kTfLiteInt8",
            r"Node DEQUANTIZE \(number \d+\) failed to prepare",
        ),
    )
    examples = (
        Bad("Weights converted to float16", lambda: _dense(TensorType.FLOAT16), says="float16"),
        Good("LiteRT has the kernel", lambda: _dense(TensorType.FLOAT16), target="litert"),
        Good("float32 weights", lambda: _dense(TensorType.FLOAT32)),
        Bad(
            "A source that converts to float16",
            lambda: conversion(QUANTISED, FLOAT16),
            says="rejects",
        ),
        Good("A source that does not optimise", lambda: conversion(FLOAT16)),
        Good("A source for LiteRT", lambda: conversion(QUANTISED, FLOAT16), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        if not _rejects(context.runtime):
            return
        quoted = _quoted(context.runtime)
        for graph in context.graphs:
            found = [node for node in graph.nodes if is_float16_dequantize(node)]
            if not found:
                continue
            expanded = sum(node.outputs[0].bytes for node in found)
            halves = [value for node in found if (value := node.input(0)) is not None]
            stored = sum(value.bytes for value in halves)
            # Biases, of one dimension, become int32.
            weights = sum(value.bytes for value in halves if len(value.shape) > 1)
            which = ", ".join(f"#{node.index}" for node in found[:8])
            more = f" and {len(found) - 8} more" if len(found) > 8 else ""
            yield self.finding(
                f"{len(found)} DEQUANTIZE of float16 weights ({which}{more}): "
                f"{context.runtime.title} rejects them{quoted}, and they would expand to "
                f"{size_text(expanded)} of RAM",
                node=found[0],
                value=found[0].input(0),
                help=f"convert with int8 quantisation and a calibration set: saves "
                f"{size_text(weights // 2)} of flash and all of that RAM; or as float32, adding "
                f"{size_text(stored)} of flash",
                fix=Fix(FixSafety.RECONVERT, "tflint fix {path} --quantize int8 --calibrate DATA"),
            )

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        if not _rejects(context.runtime):
            return
        conversions = Conversions(context)
        for one in conversions:
            found = conversions.judge(one, MODE_SETTINGS, _halves)
            if found is None:
                continue
            count = weights(one)
            expanded = "all of them" if count is None else size_text(4 * count)
            left = "" if count is None else f" ({size_text(count)} of weights)"
            yield self.finding(
                f"float16 weights behind DEQUANTIZE: {context.runtime.title} rejects them"
                f"{_quoted(context.runtime)}, and {expanded} would expand to float32 in RAM",
                location=found.way.locate(TYPES) or found.way.locate(SPEC) or one.location,
                severity=None if found.is_certain else Severity.WARNING,
                confidence=None if found.is_certain else Confidence.MEDIUM,
                help="quantise to int8: drop supported_types and give a representative_dataset"
                + left,
            )


def _halves(way: Way) -> bool | None:
    result = outcome(way, unknown_dataset=True)
    return None if result is None else result.mode is Mode.FLOAT16


def _rejects(runtime: Runtime) -> bool:
    """Whether the runtime has no kernel that expands float16."""
    kernel = runtime.kernel("DEQUANTIZE")
    return runtime.is_mcu and (kernel is None or kernel.verdict(_SIGNATURE) is Verdict.REFUSED)


def _quoted(runtime: Runtime) -> str:
    kernel = runtime.kernel("DEQUANTIZE")
    says = kernel.says.get(_SIGNATURE) if kernel else None
    return f' ("{says}")' if says else ""
