"""A float .tflite of a network, in whatever way there is: for what it shows of its operators."""

from __future__ import annotations

import dataclasses

from tflint.convert.request import Request, Support
from tflint.convert.tensorflow.conversion import attempts
from tflint.convert.tensorflow.loaded import Loaded
from tflint.convert.tensorflow.rebuild import CannotRebuild
from tflint.convert.tensorflow.recurrence import builtin_recurrence
from tflint.convert.tensorflow.relayout import channels_last


def probe_model(loaded: Loaded, wanted: Request) -> bytes | None:
    """The network converted as it is or, where that fails, in a form that converts; else None.

    The forms have the network's own weights, elsewhere or in another order.
    """
    asked = dataclasses.replace(wanted, fallback=Support.SELECT)
    _, model = attempts(loaded, asked)
    if model is not None:
        return model
    try:
        made = channels_last(loaded.model, loaded.keras, keeps_layout=True)
        loaded = dataclasses.replace(loaded, model=made.model)
    except CannotRebuild:
        made = None
    try:
        fused = builtin_recurrence(loaded.model, loaded.keras)
        loaded = dataclasses.replace(loaded, model=fused.model)
    except CannotRebuild:
        if made is None:
            return None
    return attempts(loaded, asked)[1]
