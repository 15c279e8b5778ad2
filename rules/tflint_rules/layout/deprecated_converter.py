"""TFL115."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tflint.finding import Confidence, Finding, Fix, FixSafety, Location, Severity
from tflint.keras.facts import Conversion
from tflint.printable import printable
from tflint.rule import SOURCES, Bad, Good, Metadata, Rule, SourceContext
from tflint_rules.layout.converter_examples import CALIBRATED, QUANTISED, conversion
from tflint_rules.layout.converter_settings import (
    OPTIMIZATIONS,
    POST_TRAINING_QUANTIZE,
    TARGET_OPERATORS,
    Conversions,
    Way,
    is_tf1,
)
from tflint_rules.layout.quantization_mode import members

_NEW_CONVERTER = "experimental_new_converter"
_NEW_QUANTIZER = "experimental_new_quantizer"
_OLD_OPTIMIZATIONS = ("OPTIMIZE_FOR_SIZE", "OPTIMIZE_FOR_LATENCY")
_KERAS_FILE = """\
import tensorflow as tf

converter = tf.lite.TFLiteConverter.from_keras_model_file("model.h5")
tflite_model = converter.convert()
"""
_CONTRIB = """\
import tensorflow as tf

converter = tf.contrib.lite.TocoConverter.from_saved_model("saved_model")
tflite_model = converter.convert()
"""
_SAVED_MODEL = """\
import tensorflow as tf

tflite_model = tf.lite.TFLiteConverter.from_saved_model("saved_model").convert()
"""
# What makes a converter today, for what made one in TensorFlow 1.
_TODAY = {
    "from_session": "from_saved_model, of the session's graph exported as a SavedModel",
    "from_frozen_graph": "from_concrete_functions, of the graph wrapped by "
    "tf.compat.v1.wrap_function, or from_saved_model",
    "from_keras_model_file": "from_keras_model(tf.keras.models.load_model(path))",
    "from_saved_model": "from_saved_model",
    "toco_convert": "from_saved_model or from_concrete_functions",
}


@dataclass(frozen=True, slots=True)
class _Old:
    """A use of something old: what to say about it, what to write instead, what that changes."""

    what: str
    help: str
    location: Location
    fix: FixSafety | None = None
    is_certain: bool = True


class DeprecatedConverter(Rule):
    """The conversion uses what TensorFlow 1 had and later versions dropped or ignore.

    ## What it does
    Finds converters of `tf.contrib.lite`, `TocoConverter`, `toco_convert`, `from_session`,
    `from_frozen_graph`, `from_keras_model_file` and `tf.compat.v1.lite`, and the settings
    `post_training_quantize`, `target_ops`, `OPTIMIZE_FOR_SIZE`, `OPTIMIZE_FOR_LATENCY`,
    `experimental_new_converter = False` and `experimental_new_quantizer = False`.

    ## Why it matters on a device
    Part of it is gone, and the script stops with an AttributeError. Part of it is still there
    and silently ignored: Python takes any attribute, so `post_training_quantize = True` on
    TensorFlow 2's converter gives a float32 model, four times the size that was asked for.

    ## Repair
    Use `tf.lite.TFLiteConverter.from_keras_model`, `from_saved_model` or
    `from_concrete_functions`, `optimizations = [tf.lite.Optimize.DEFAULT]`, and
    `target_spec.supported_ops`.
    """

    meta = Metadata(
        "TFL115",
        "deprecated-converter",
        Severity.INFO,
        fix=FixSafety.SAFE,
        applies_to=SOURCES,
    )
    examples = (
        Bad("A converter of a Keras file", lambda: _KERAS_FILE, says="tf.compat.v1"),
        Bad("tf.contrib", lambda: _CONTRIB, says="TensorFlow 2.0"),
        Bad(
            "An attribute that is ignored",
            lambda: conversion("post_training_quantize = True"),
            says="ignores",
        ),
        Bad(
            "An old name of the same optimisation",
            lambda: conversion("optimizations = [tf.lite.Optimize.OPTIMIZE_FOR_SIZE]", CALIBRATED),
            says="same as DEFAULT",
        ),
        Bad(
            "The converter before MLIR",
            lambda: conversion(QUANTISED, CALIBRATED, "experimental_new_converter = False"),
            says="TOCO",
        ),
        Good("A converter that is still there", lambda: _SAVED_MODEL),
        Good("Today's settings", lambda: conversion(QUANTISED, CALIBRATED)),
    )

    def check_source(self, context: SourceContext) -> Iterator[Finding]:
        conversions = Conversions(context)
        for one in conversions:
            for old in (*_constructors(one), *_settings(conversions, one)):
                yield self.finding(
                    old.what,
                    location=old.location,
                    confidence=None if old.is_certain else Confidence.MEDIUM,
                    help=old.help,
                    fix=old.fix and Fix(old.fix, _command(old.fix)),
                )


def _command(safety: FixSafety) -> str:
    return "tflint fix {path}" + (" --unsafe" if safety is FixSafety.UNSAFE else "")


def _constructors(conversion: Conversion) -> Iterator[_Old]:
    path = conversion.constructor
    if not is_tf1(conversion):
        return
    last = path.rpartition(".")[2]
    shown = printable(path.replace("tensorflow.", "tf.", 1), 80)
    if ".contrib." in path:
        what = f"{shown}: tf.contrib was removed in TensorFlow 2.0"
    elif ".compat.v1." in path:
        what = f"{shown} is TensorFlow 1's converter, kept for compatibility"
    else:
        what = f"{shown} is TensorFlow 1's: TensorFlow 2 has it in tf.compat.v1.lite alone"
    if last == "from_keras_model_file":
        what += ", where it fails with Keras 3"
    yield _Old(
        what,
        f"use tf.lite.TFLiteConverter.{_TODAY.get(last, 'from_saved_model')}",
        conversion.constructor_location,
    )


def _settings(conversions: Conversions, conversion: Conversion) -> Iterator[_Old]:
    old = is_tf1(conversion)
    # Without `tf.compat.v1` in its path it is TensorFlow 1's, or TensorFlow 2's, which ignores it.
    ignored = "" if old else ", which TensorFlow 2 ignores"
    safety = FixSafety.SAFE if old else FixSafety.UNSAFE
    for name, today in (
        (POST_TRAINING_QUANTIZE, "optimizations = [tf.lite.Optimize.DEFAULT]"),
        (TARGET_OPERATORS, "target_spec.supported_ops"),
    ):
        found = conversions.judge(conversion, (name,), _holds(name))
        place = None if found is None else found.way.assignment(name)
        if found is not None and place is not None:
            yield _Old(
                f"{name} is TensorFlow 1's attribute{ignored}",
                f"write `converter.{today}` instead",
                place,
                safety,
                found.is_certain,
            )
    found = conversions.judge(conversion, (OPTIMIZATIONS,), _is_old_optimization)
    place = None if found is None else found.way.assignment(OPTIMIZATIONS)
    if found is not None and place is not None:
        names = sorted(members(found.way.value(OPTIMIZATIONS)).names & {*_OLD_OPTIMIZATIONS})
        yield _Old(
            f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} deprecated, and the "
            "same as DEFAULT",
            "use tf.lite.Optimize.DEFAULT",
            place,
            FixSafety.SAFE,
            found.is_certain,
        )
    for name, what in (
        (_NEW_CONVERTER, _TOCO),
        (_NEW_QUANTIZER, f"{_NEW_QUANTIZER} = False asks for the quantiser that MLIR's replaced"),
    ):
        found = conversions.judge(conversion, (name,), _is_off(name))
        place = None if found is None else found.way.assignment(name)
        if found is not None and place is not None:
            yield _Old(what, "remove the line", place, None, found.is_certain)


_TOCO = (
    f"{_NEW_CONVERTER} = False asks for TOCO, the converter that MLIR's replaced in TensorFlow "
    "2.2: with TensorFlow 2.21 converting from Keras 3 or a SavedModel then raises"
)


def _holds(name: str) -> Callable[[Way], bool]:
    return lambda way: name in way.held


def _is_off(name: str) -> Callable[[Way], bool]:
    return lambda way: way.value(name) is False


def _is_old_optimization(way: Way) -> bool | None:
    return members(way.value(OPTIMIZATIONS)).has(*_OLD_OPTIMIZATIONS)
