"""TFL106."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Confidence, Finding, Fix, FixSafety, Severity
from tflint.keras.facts import Conversion
from tflint.printable import size_text
from tflint.rule import SOURCES, Bad, Good, Metadata, Rule, SourceContext
from tflint_rules.layout.converted_network import (
    FEWEST_QUANTISED,
    is_certain,
    may_be_trained_quantised,
    quantised_kernels,
    weights,
)
from tflint_rules.layout.converter_examples import (
    CALIBRATED,
    FLOAT16,
    INT8_EDGES,
    QUANTISED,
    conversion,
)
from tflint_rules.layout.converter_settings import Conversions, Judgement, Way
from tflint_rules.layout.quantization_mode import (
    MODE_SETTINGS,
    Mode,
    Outcome,
    has_dataset,
    optimizes,
    outcome,
)

_HELP = (
    "calibrate with a few hundred real inputs: `converter.representative_dataset = samples`, "
    "where `def samples():` yields `[input[None]]` for each, of shape (1, ...) and float32"
)
_INT8 = "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]"


class NoRepresentativeDataset(Rule):
    """Quantisation is asked for without the data to calibrate it.

    ## What it does
    Looks at the settings in force at each `.convert()`. `Optimize.DEFAULT` without a
    `representative_dataset` quantises the weights alone (dynamic range): an error for
    microcontrollers. Where only int8 is allowed, or inputs or outputs are to be integers, the
    conversion raises: an error everywhere.

    ## Why it matters on a device
    Dynamic-range models compute in float32 and quantise each layer's input anew at every
    inference. Only LiteRT has such hybrid kernels; TFLM stops with "Hybrid models are not
    supported on TFLite Micro". The file looks four times smaller and runs nowhere. (Constants
    of fewer than 1,024 elements stay float32: a network that has only such is not quantised.)

    ## Repair
    Give a representative data set: a function that yields a few hundred real inputs, one list
    for each. Networks that were trained quantisation-aware need none, and are not reported
    where that can be seen.
    """

    meta = Metadata(
        "TFL106",
        "no-representative-dataset",
        Severity.WARNING,
        fix=FixSafety.UNSAFE,
        applies_to=SOURCES,
    )
    examples = (
        Bad(
            "Dynamic range",
            lambda: conversion(QUANTISED),
            says="dynamic range",
            severity=Severity.ERROR,
        ),
        Bad(
            "Dynamic range, for LiteRT",
            lambda: conversion(QUANTISED),
            target="litert",
            says="float32 activations",
        ),
        Bad(
            "int8 inputs and outputs",
            lambda: conversion(QUANTISED, *INT8_EDGES),
            says="raises",
            severity=Severity.ERROR,
        ),
        Bad(
            "int8 alone",
            lambda: conversion(QUANTISED, _INT8),
            target="litert",
            says="raises",
            severity=Severity.ERROR,
        ),
        Good("Calibrated", lambda: conversion(QUANTISED, CALIBRATED)),
        Good("Not quantised", conversion),
        Good("float16, which is TFL108's", lambda: conversion(QUANTISED, FLOAT16)),
    )

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        conversions = Conversions(context)
        for one in conversions:
            found = conversions.judge(one, MODE_SETTINGS, _lacks_data)
            result = None if found is None else outcome(found.way)
            if found is None or result is None:
                continue
            if optimizes(found.way) and may_be_trained_quantised(one, conversions):
                continue
            yield self._finding(context, one, found, result)

    def _finding(
        self, context: SourceContext, conversion: Conversion, found: Judgement, result: Outcome
    ) -> Finding:
        raises = result.mode is Mode.RAISES
        quantises = True if raises else quantised_kernels(conversion)
        is_error = (raises or context.runtime.is_mcu) and quantises is not False
        certain = found.is_certain
        # Another network may be one that was trained quantisation-aware elsewhere.
        sure = certain and (raises or is_certain(conversion))
        if raises:
            what = f'convert() raises ValueError ("{result.error}")'
        elif quantises is False:
            what = (
                f"quantises constants of at least {FEWEST_QUANTISED:,} elements only, and this "
                "network has none: it stays float32"
            )
        else:
            what = f"dynamic range, {_hybrid(conversion)}; {_refuses(context)}"
        return self.finding(
            f"no representative_dataset: {what}",
            location=conversion.location,
            severity=Severity.ERROR if is_error and certain else None,
            confidence=Confidence.HIGH if sure else Confidence.MEDIUM,
            help=_HELP,
            fix=Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe"),
        )


def _lacks_data(way: Way) -> bool | None:
    result = outcome(way)
    if result is None:
        return None
    if result.mode is Mode.RAISES:
        # That of float16 models is not for want of data.
        return has_dataset(way) is False and result.refused is not Mode.FLOAT16
    return result.mode is Mode.DYNAMIC_RANGE


def _hybrid(conversion: Conversion) -> str:
    count = weights(conversion)
    size = "" if count is None else f" ({size_text(count)} instead of {size_text(4 * count)})"
    return f"int8 weights{size} behind float32 activations"


def _refuses(context: SourceContext) -> str:
    if context.runtime.is_mcu:
        return f"{context.runtime.title} has no such hybrid kernels and refuses the model"
    return "no microcontroller runtime has kernels for that"
