"""TFL103."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Confidence, Finding, Fix, FixSafety, Severity
from tflint.keras.facts import Conversion
from tflint.keras.network import Call
from tflint.keras.values import Unknown
from tflint.printable import printable
from tflint.rule import SOURCES, Bad, Good, Metadata, Rule, SourceContext
from tflint_rules.layout.converted_network import recurrent_layers
from tflint_rules.layout.converter_examples import SELECT, conversion
from tflint_rules.layout.converter_settings import (
    OPERATORS,
    TARGET_OPERATORS,
    Conversions,
    Way,
)
from tflint_rules.layout.quantization_mode import (
    BUILTINS,
    INT8_ONLY,
    INT16X8,
    SPEC,
    operators,
)
from tflint_rules.layout.quantization_mode import SELECT as SELECT_TF_OPS

TENSOR_LISTS = "_experimental_lower_tensor_list_ops"
_SETTINGS = (OPERATORS, TARGET_OPERATORS, SPEC, TENSOR_LISTS)
_LSTM = """\
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input((50, 3)), tf.keras.layers.LSTM(16)])
converter = tf.lite.TFLiteConverter.from_keras_model(model)
converter.target_spec.supported_ops = [
    tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS
]
converter._experimental_lower_tensor_list_ops = False
converter.convert()
"""


class SelectTfOpsFlag(Rule):
    """The converter may keep TensorFlow operators, which no microcontroller runtime has.

    ## What it does
    Finds `tf.lite.OpsSet.SELECT_TF_OPS` among the operator sets in force at a `.convert()`. It
    is an error where a Flex operator is sure to come of it: the builtin operators are not
    allowed, or a recurrent layer becomes a loop over tensor lists (its batch is unknown, or
    `_experimental_lower_tensor_list_ops` is False).

    ## Why it matters on a device
    The flag alone changes nothing: a network that builtin operators can express converts to
    the same file. But where one does not fit, the converter keeps a `Flex` operator without a
    word instead of failing, and the file needs TensorFlow's kernels, megabytes of code that
    exist for phones. TFLM stops when it prepares the model, on the device.

    ## Repair
    Allow `TFLITE_BUILTINS` alone (or `TFLITE_BUILTINS_INT8`): if the conversion then fails, its
    message names the operator to replace. For recurrent layers fix the batch
    (`keras.Input(..., batch_size=1)`).
    """

    meta = Metadata(
        "TFL103",
        "select-tf-ops-flag",
        Severity.WARNING,
        fix=FixSafety.UNSAFE,
        applies_to=SOURCES,
    )
    examples = (
        Bad("Beside the builtin operators", lambda: conversion(SELECT), says="SELECT_TF_OPS"),
        Bad(
            "Instead of the builtin operators",
            lambda: conversion("target_spec.supported_ops = [tf.lite.OpsSet.SELECT_TF_OPS]"),
            says="every operator",
            severity=Severity.ERROR,
        ),
        Bad(
            "With a recurrent layer of unknown batch",
            lambda: _LSTM,
            says="FlexTensorListReserve",
            severity=Severity.ERROR,
        ),
        Good("Overwritten before the conversion", lambda: conversion(SELECT, _BUILTINS)),
        Good("The builtin operators alone", lambda: conversion(_BUILTINS)),
    )

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        conversions = Conversions(context)
        for one in conversions:
            found = conversions.judge(one, _SETTINGS, _selects)
            if found is None:
                continue
            way = found.way
            runtime = context.runtime.title
            sure = _sure(one, way) if found.is_certain and context.runtime.is_mcu else ""
            result = sure or (
                f"where no builtin operator fits, a Flex operator gets in without a word, and "
                f"{'no' if context.runtime.is_mcu else 'not every'} build of {runtime} has it"
            )
            yield self.finding(
                f"SELECT_TF_OPS lets TensorFlow operators into the model: {result}",
                location=way.locate(OPERATORS)
                or way.locate(TARGET_OPERATORS)
                or way.locate(SPEC)
                or one.location,
                severity=Severity.ERROR if sure else None,
                confidence=None if found.is_certain else Confidence.MEDIUM,
                help=_help(one, way),
                fix=Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe"),
            )


_BUILTINS = "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]"


def _selects(way: Way) -> bool | None:
    return operators(way).has(SELECT_TF_OPS)


def _sure(conversion: Conversion, way: Way) -> str:
    """Why a Flex operator is sure to come of it, or nothing."""
    if operators(way).has(BUILTINS, INT8_ONLY, INT16X8) is False:
        return "the builtin operators are not allowed, so every operator becomes a Flex operator"
    lists = next(_over_tensor_lists(conversion, way), None)
    if lists is None:
        return ""
    why = "its batch is unknown" if _has_unknown_batch(lists) else f"{TENSOR_LISTS} is False"
    return (
        f"{printable(lists.layer.kind, 40)} becomes a loop with FlexTensorListReserve and "
        f"FlexTensorListStack, because {why}"
    )


def _over_tensor_lists(conversion: Conversion, way: Way) -> Iterator[Call]:
    """The recurrent layers that keep tensor lists, measured with TensorFlow 2.21."""
    keeps = way.value(TENSOR_LISTS) is False
    return (c for c in recurrent_layers(conversion) if keeps or _has_unknown_batch(c))


def _has_unknown_batch(call: Call) -> bool:
    shape = call.inputs[0].shape if call.inputs else ()
    return not isinstance(shape, Unknown) and bool(shape) and shape[0] is None


def _help(conversion: Conversion, way: Way) -> str:
    lists = next(_over_tensor_lists(conversion, way), None)
    batch = "" if lists is None else "give the input batch_size=1, "
    drop = f"drop {TENSOR_LISTS}, " if way.value(TENSOR_LISTS) is False else ""
    return (
        f"{batch}{drop}allow builtin operators alone, `supported_ops = "
        "[tf.lite.OpsSet.TFLITE_BUILTINS]`: should the conversion then fail, it names the "
        "operator to replace"
    )
