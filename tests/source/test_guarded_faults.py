"""Layers that Keras refuses, where the source is ready for that."""

from __future__ import annotations

import pytest

from tflint.keras.values import Evidence
from tflint.source.module import SourceModule

SOURCE = """\
from keras import Input, layers
x = Input((4, 4, 8))
try:
    y = layers.AveragePooling2D(8)(x)
except{caught}:
    y = layers.GlobalAveragePooling2D()(x)
"""


@pytest.mark.parametrize(
    ("caught", "evidence"),
    [
        ("", Evidence.POSSIBLE),
        (" ValueError", Evidence.POSSIBLE),
        (" (ImportError, keras.errors.Anything)", Evidence.POSSIBLE),
        (" ImportError", Evidence.CERTAIN),
        (" (OSError, ImportError) as error", Evidence.CERTAIN),
    ],
)
def test_a_refusal_that_is_caught_is_not_certain(caught: str, evidence: Evidence) -> None:
    calls = SourceModule(SOURCE.format(caught=caught)).keras.calls
    (found,) = (call for call in calls if call.fault is not None)

    assert found.evidence is evidence


def test_behind_the_try_nothing_is_caught() -> None:
    source = SOURCE.format(caught="") + "z = layers.AveragePooling2D(8)(x)\n"
    found = [call for call in SourceModule(source).keras.calls if call.fault is not None]

    assert [call.evidence for call in found] == [Evidence.POSSIBLE, Evidence.CERTAIN]
