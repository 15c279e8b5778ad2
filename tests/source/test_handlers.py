"""What a handler finds: its body may have got nowhere."""

from __future__ import annotations

from tflint.source.module import SourceModule

SOURCE = """\
from keras import Input, layers

x = layers.Conv2D(8, 3)(Input((9, 9, 3)))
try:
    x = layers.Flatten()(layers.AveragePooling2D(unknown())(x))
except ValueError:
    x = layers.GlobalAveragePooling2D()(x)
y = layers.Dense(2)(x)
"""


def test_a_handler_does_not_go_on_from_the_end_of_the_body() -> None:
    calls = {call.layer.kind: call for call in SourceModule(SOURCE).keras.calls}

    assert {"Flatten", "GlobalAveragePooling2D", "Dense"} <= set(calls)
    assert [kind for kind, call in calls.items() if call.fault] == []
