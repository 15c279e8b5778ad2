"""TensorFlow's converter: with builtin operators first, then with more."""

from __future__ import annotations

from typing import Any

from tflint.convert.request import Attempt, Request, Support


def attempts(model: Any, request: Request) -> tuple[list[Attempt], bytes | None]:
    """Convert a Keras model to float; the attempts, and the result of the last one."""
    import tensorflow as tf

    specs = [
        tf.TensorSpec((request.batch or shape.shape[0], *shape.shape[1:]), shape.dtype, shape.name)
        for shape in model.inputs
    ]
    function = tf.function(lambda *values: model(list(values) if len(values) > 1 else values[0]))
    concrete = function.get_concrete_function(*specs)
    # The converter makes constants only of variables that plainly hang on what it is given, which
    # those of Keras 3 do not: they stay VAR_HANDLE and READ_VARIABLE. Without anything to hang on
    # to it goes a way on which no LSTM is recognised.
    holder = tf.Module()
    holder.held = list(concrete.variables)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], holder)
    try:
        data: bytes = converter.convert()
    except Exception as error:
        return [Attempt(Support.BUILTIN, str(error))], None
    return [Attempt(Support.BUILTIN)], data
