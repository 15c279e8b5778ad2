"""TFL105."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Confidence, Finding, Severity
from tflint.keras.facts import Conversion
from tflint.printable import size_text
from tflint.rule import SOURCES, Bad, Good, Metadata, Rule, SourceContext
from tflint_rules.layout.converted_network import weights
from tflint_rules.layout.converter_examples import (
    CALIBRATED,
    FLOAT16,
    INT8_EDGES,
    QUANTISED,
    conversion,
)
from tflint_rules.layout.converter_settings import (
    DATASET,
    INFERENCE_TYPE,
    INPUT_STATISTICS,
    POST_TRAINING_QUANTIZE,
    TYPES,
    Conversions,
    Judgement,
    Way,
)
from tflint_rules.layout.quantization_mode import (
    FLOAT_IO_ERROR,
    MODE_SETTINGS,
    has_dataset,
    has_integer_edges,
    optimizes,
    types,
)


class NoQuantization(Rule):
    """The converter is not told to quantise: the model stays float32.

    ## What it does
    Looks at each `.convert()`: which `optimizations` are in force there, by the last assignment
    on the way to it. An error where integer inputs or outputs are asked for all the same, for
    then the conversion raises. Says so too where a `representative_dataset` or
    `supported_types` are given, which have no effect without `optimizations`.

    ## Why it matters on a device
    float32 takes four times the flash and four times the RAM of int8, and the fast kernels for
    microcontrollers (CMSIS-NN, ESP-NN) exist for integers only.

    ## Repair
    `converter.optimizations = [tf.lite.Optimize.DEFAULT]` and a representative data set of a
    few hundred real inputs. Float conversions made on purpose, to compare with, are silenced
    with `# tflint: ignore[no-quantization]`.
    """

    meta = Metadata("TFL105", "no-quantization", Severity.INFO, applies_to=SOURCES)
    examples = (
        Bad("No optimizations", conversion, says="float32"),
        Bad(
            "A data set that is not used",
            lambda: conversion(CALIBRATED),
            says="representative_dataset has no effect",
        ),
        Bad(
            "float16 that is not used",
            lambda: conversion(FLOAT16),
            says="supported_types has no effect",
        ),
        Bad(
            "int8 inputs of a float32 model",
            lambda: conversion(CALIBRATED, *INT8_EDGES),
            says="raises",
            severity=Severity.ERROR,
        ),
        Good("Quantised", lambda: conversion(QUANTISED, CALIBRATED)),
        Good("Quantised with weights only, which is TFL106's", lambda: conversion(QUANTISED)),
    )

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        conversions = Conversions(context)
        for one in conversions:
            found = conversions.judge(one, MODE_SETTINGS, _is_float)
            # What some branch quantises is float32 on others on purpose.
            if found is None or found.depends_on_branch:
                continue
            yield self._finding(one, found, raises=_has_other_edges(found.way))

    def _finding(self, conversion: Conversion, found: Judgement, *, raises: bool) -> Finding:
        certain = found.is_certain
        asks = "no `optimizations` are set"
        if raises:
            message = (
                f"{asks}, but integer inputs or outputs: convert() raises ValueError "
                f'("{FLOAT_IO_ERROR}")'
            )
        else:
            message = f"{asks}: the model stays float32, {_cost(conversion)}{_unused(found.way)}"
        return self.finding(
            message,
            location=conversion.location,
            severity=Severity.ERROR if raises and certain else None,
            confidence=None if certain else Confidence.MEDIUM,
            help="set `converter.optimizations = [tf.lite.Optimize.DEFAULT]`"
            + ("" if has_dataset(found.way) else " and a `representative_dataset` of real inputs"),
        )


def _is_float(way: Way) -> bool | None:
    # An attribute of TensorFlow 1 quantises there, and what it means is TFL115's to say.
    if not way.is_tf2 and any(
        way.value(n) is not None for n in (POST_TRAINING_QUANTIZE, INFERENCE_TYPE, INPUT_STATISTICS)
    ):
        return False
    quantizes = optimizes(way)
    return None if quantizes is None else not quantizes


def _has_other_edges(way: Way) -> bool:
    return not way.is_tf1 and bool(has_integer_edges(way))


def _cost(conversion: Conversion) -> str:
    count = weights(conversion)
    if count is None:
        return "with four times the flash and RAM of int8"
    return (
        f"{size_text(4 * count)} of weights where int8 has {size_text(count)}, and four times "
        "the RAM"
    )


def _unused(way: Way) -> str:
    """What is set and has no effect without `optimizations`."""
    unused = [DATASET] if has_dataset(way) else []
    unused += [TYPES] if types(way).names and way.value(TYPES) else []
    names = " and ".join(name.rpartition(".")[2] for name in unused)
    return f"; {names} {'has' if len(unused) == 1 else 'have'} no effect without" if unused else ""
