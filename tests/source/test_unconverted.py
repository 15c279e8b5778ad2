"""Converters that a file makes and leaves to others to convert."""

from __future__ import annotations

from tflint.keras.facts import Conversion
from tflint.keras.values import Evidence, Reference
from tflint.source.module import SourceModule

MADE = """\
import tensorflow as tf
def make(model):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.SELECT_TF_OPS]
    return converter
"""


def conversions(source: str) -> tuple[Conversion, ...]:
    return SourceModule(source).keras.conversions


def test_what_is_set_on_a_converter_counts_without_its_conversion() -> None:
    (found,) = conversions(MADE)

    assert not found.is_in_view
    assert found.may_have_other_settings
    assert found.evidence is Evidence.POSSIBLE
    assert found.location.line == 3
    (operators,) = found.settings["target_spec.supported_ops"].values
    assert operators == (Reference("tensorflow.lite.OpsSet.SELECT_TF_OPS"),)


def test_a_converter_that_is_converted_is_noted_there_alone() -> None:
    (found,) = conversions(MADE + "\nmake(None).convert()\n")

    assert found.is_in_view
    assert found.location.line == 7
