"""TFL116."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from tflint.finding import Confidence, Finding, Location, Severity
from tflint.keras.facts import Conversion
from tflint.keras.values import Reference, Result, Value
from tflint.printable import printable
from tflint.rule import SOURCES, Bad, Good, Metadata, Rule, SourceContext
from tflint_rules.layout.converter_examples import (
    CALIBRATED,
    INT8_EDGES,
    QUANTISED,
    conversion,
)
from tflint_rules.layout.converter_settings import (
    DATASET,
    INFERENCE_TYPE,
    INPUT_STATISTICS,
    INPUT_TYPE,
    OPERATORS,
    OPTIMIZATIONS,
    OUTPUT_TYPE,
    POST_TRAINING_QUANTIZE,
    TARGET_OPERATORS,
    TYPES,
    Conversions,
    Judgement,
    Way,
    is_tf1,
    is_tf2,
)
from tflint_rules.layout.quantization_mode import (
    MODE_SETTINGS,
    SPEC,
    TYPES_ERROR,
    Mode,
    has_dataset,
    optimizes,
    outcome,
)

# What TensorFlow 2.21's converter has, without what begins with `_` or `experimental_`.
_KNOWN = frozenset(
    (
        OPTIMIZATIONS,
        DATASET,
        SPEC,
        INPUT_TYPE,
        OUTPUT_TYPE,
        "allow_custom_ops",
        "unfold_batchmatmul",
        "legalize_custom_tensor_list_ops",
        "exclude_conversion_metadata",
        "saved_model_dir",
        "model_origin_framework",
        "canonicalizing_inf_as_min_max_float",
        "serialize_debug_metadata",
        "ir_dump_dir",
        "ir_dump_pass_regex",
        "ir_dump_func_regex",
        "enable_timing",
        "print_ir_before",
        "print_ir_after",
        "print_ir_module_scope",
        "elide_elementsattrs_if_larger",
        "mlir_dump_dir",
        "mlir_dump_pass_regex",
        "mlir_dump_func_regex",
        "mlir_enable_timing",
        "mlir_print_ir_before",
        "mlir_print_ir_after",
        "mlir_print_ir_module_scope",
        "mlir_elide_elementsattrs_if_larger",
        "use_buffer_offset",
        "reserved_tensor_names",
        "unfold_large_splat_constant",
    )
)
_KNOWN_OF_SPEC = frozenset(("supported_ops", "supported_types"))
# What TensorFlow 1's has; the others of it are TFL115's.
_KNOWN_TO_TF1 = frozenset(
    (
        INFERENCE_TYPE,
        INPUT_STATISTICS,
        "default_ranges_stats",
        "output_format",
        "drop_control_dependency",
        "reorder_across_fake_quant",
        "change_concat_input_ranges",
        "dump_graphviz_dir",
        "dump_graphviz_video",
        "conversion_summary_dir",
    )
)
_OTHER_RULES = frozenset((POST_TRAINING_QUANTIZE, TARGET_OPERATORS))
_LISTS = {OPTIMIZATIONS: "Optimize", OPERATORS: "OpsSet", TYPES: "DType"}
_NUMPY_EDGES = "inference_input_type = inference_output_type = np.int8"


class WrongConverterSetting(Rule):
    """A setting of the converter has no effect, or makes `convert()` raise.

    ## What it does
    Looks at what is set when `.convert()` is called: attributes that the converter does not have
    (Python takes them without a word), lists that are not lists, types of NumPy where
    TensorFlow's are needed, inputs and outputs of a type that the model cannot have, and data
    sets that cannot be called. Errors are those that make the conversion raise, each of them
    tried with TensorFlow 2.21.

    ## Why it matters on a device
    A misspelt setting is an optimisation that does not happen: the model comes out in float32,
    four times the size, and only the size tells. One of the wrong type stops the script at
    its last line, when hours of training are over.

    ## Repair
    The finding names the setting that was meant, or the form that it needs.
    """

    meta = Metadata("TFL116", "wrong-converter-setting", Severity.WARNING, applies_to=SOURCES)
    examples = (
        Bad(
            "A misspelt attribute",
            lambda: conversion("optimization = [tf.lite.Optimize.DEFAULT]"),
            says="has no effect",
        ),
        Bad(
            "An attribute of another object",
            lambda: conversion("supported_types = [tf.float16]"),
            says="has no effect",
        ),
        Bad(
            "Not a list",
            lambda: conversion("optimizations = tf.lite.Optimize.DEFAULT"),
            says="TypeError",
            severity=Severity.ERROR,
        ),
        Bad(
            "Types of NumPy",
            lambda: conversion(QUANTISED, CALIBRATED, _NUMPY_EDGES),
            says="ValueError",
            severity=Severity.ERROR,
        ),
        Bad(
            "Data instead of a function",
            lambda: conversion(QUANTISED, "representative_dataset = [[np.zeros((1, 32, 32, 3))]]"),
            says="not callable",
            severity=Severity.ERROR,
        ),
        Good("What the converter has", lambda: conversion(QUANTISED, CALIBRATED, *INT8_EDGES)),
    )

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        conversions = Conversions(context)
        for one in conversions:
            for name in one.settings:
                yield from self._ineffective(conversions, one, name)
                yield from self._raising(conversions, one, name)
            found = conversions.judge(one, MODE_SETTINGS, _contradicts)
            result = None if found is None else outcome(found.way)
            if found is not None and result is not None:
                names = (INPUT_TYPE, OUTPUT_TYPE) if result.error != TYPES_ERROR else (TYPES,)
                places = (found.way.assignment(name) for name in names)
                place = next((at for at in places if at is not None), one.location)
                yield self._error(
                    found, f'convert() raises ValueError ("{result.error}")', _FITTING, place
                )

    def _ineffective(
        self, conversions: Conversions, conversion: Conversion, name: str
    ) -> Iterator[Finding]:
        """The finding on an attribute that the converter does not have."""
        first, _, rest = name.partition(".")
        known = _KNOWN_OF_SPEC if first == SPEC and rest else _KNOWN
        last = rest if first == SPEC and rest else first
        if last in known or last.startswith(("_", "experimental_")) or last in _OTHER_RULES:
            return
        old = last in _KNOWN_TO_TF1
        certain = not old or is_tf2(conversion)
        if old and (is_tf1(conversion) or (not certain and conversions.mentions(_TF1))):
            return
        found = conversions.judge(conversion, (name,), lambda way: name in way.held)
        if found is None:
            return
        meant = _meant(name)
        yield self.finding(
            f"`{printable(name, 60)}` has no effect: "
            + (
                "TensorFlow 2's converter ignores it"
                if old
                else "the converter has no such setting"
            ),
            location=found.way.assignment(name) or conversion.location,
            confidence=None if certain and found.is_certain else Confidence.MEDIUM,
            help=f"did you mean `{meant}`?" if meant else "remove the line",
        )

    def _raising(
        self, conversions: Conversions, conversion: Conversion, name: str
    ) -> Iterator[Finding]:
        """The finding on a setting of the wrong kind."""
        if is_tf1(conversion):
            return
        found = conversions.judge(conversion, (name,), lambda way: bool(_wrong(way, name)))
        if found is not None:
            error, help = _wrong(found.way, name) or ("", "")
            place = found.way.assignment(name) or conversion.location
            yield self._error(found, f"`{name}` makes convert() raise {error}", help, place)

    def _error(self, found: Judgement, message: str, help: str, place: Location) -> Finding:
        return self.finding(
            message,
            location=place,
            severity=Severity.ERROR if found.is_certain else None,
            confidence=None if found.is_certain else Confidence.MEDIUM,
            help=help,
        )


# Sessions, placeholders and `tf.contrib`: code for TensorFlow 1, whose converter has more.
_TF1 = re.compile(
    r"\bSession\(|tf\.placeholder|tf\.contrib|disable_v2_behavior|disable_eager_execution"
)
_FITTING = (
    "int8 models take tf.int8, tf.uint8 and tf.float32, those with int16 activations tf.int16 and "
    "tf.float32, others tf.float32 alone"
)


def _contradicts(way: Way) -> bool | None:
    """Whether types that are right by themselves do not go together."""
    result = outcome(way)
    if result is None:
        return None
    # Without optimizations it is TFL105's, and for want of data TFL106's.
    no_data = has_dataset(way) is False and result.refused is not Mode.FLOAT16
    others = optimizes(way) is False or no_data
    numpy = any(_wrong(way, name) for name in (INPUT_TYPE, OUTPUT_TYPE))
    return result.mode is Mode.RAISES and not others and not numpy


def _wrong(way: Way, name: str) -> tuple[str, str] | None:
    """What the converter raises at a setting of the wrong kind, and the right one."""
    value = way.value(name)
    if name in _LISTS and name in way.held:
        if isinstance(value, Reference) and f"{_LISTS[name]}." in f"{value.path}.DType.":
            kind = value.path.rpartition(".")[2]
            return f"TypeError: it takes a list, not `{kind}` alone", f"write `[...{kind}]`"
        if value is None:
            return "TypeError: it takes a list, not None", "write `[]`"
    if name in (INPUT_TYPE, OUTPUT_TYPE):
        if isinstance(value, str) or (
            isinstance(value, Reference) and value.path.startswith("numpy.")
        ):
            kind = value if isinstance(value, str) else value.path.rpartition(".")[2]
            shown = printable(kind, 30)
            return (
                f"ValueError: it takes TensorFlow's types, not `{shown}` of "
                f"{'a string' if isinstance(value, str) else 'NumPy'}",
                f"write `tf.{shown}`",
            )
    if name == DATASET and _is_data(value):
        return (
            "TypeError: a representative data set is a function, and this is not callable",
            "give the function itself, which yields a list of inputs for each sample",
        )
    return None


def _is_data(value: Value) -> bool:
    """Whether it is samples where a function that yields them is needed."""
    if isinstance(value, Result):
        return value.path.startswith("tensorflow.data.Dataset.")
    return isinstance(value, tuple | bool | str) and bool(value)


def _meant(name: str) -> str | None:
    """The setting that a wrong name was likely meant for."""
    if name in _MEANT:
        return _MEANT[name]
    last = name.rpartition(".")[2]
    if last in _KNOWN_OF_SPEC:
        return f"{SPEC}.{last}"
    close = get_close_matches(last, [*_KNOWN, *_KNOWN_OF_SPEC], n=1, cutoff=0.75)
    return next((f"{SPEC}.{one}" if one in _KNOWN_OF_SPEC else one for one in close), None)


_MEANT = {
    INFERENCE_TYPE: f"{INPUT_TYPE}` and `{OUTPUT_TYPE}",
    "optimize_for_size": OPTIMIZATIONS,
    "optimize": OPTIMIZATIONS,
    "input_type": INPUT_TYPE,
    "output_type": OUTPUT_TYPE,
}
