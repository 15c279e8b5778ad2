"""TensorFlow's converter: with builtin operators first, then with more."""

from __future__ import annotations

from tflint.convert.request import Attempt, Request, Support
from tflint.convert.tensorflow.loaded import Loaded


def attempts(loaded: Loaded, request: Request) -> tuple[list[Attempt], bytes | None]:
    """Convert a Keras model to float; the attempts, and the result of the last one."""
    import tensorflow as tf

    model = loaded.model
    specs = [
        tf.TensorSpec((request.batch or shape.shape[0], *shape.shape[1:]), shape.dtype, shape.name)
        for shape in model.inputs
    ]
    function = tf.function(lambda *values: model(list(values) if len(values) > 1 else values[0]))
    concrete = function.get_concrete_function(*specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], model)
    try:
        data: bytes = converter.convert()
    except Exception as error:
        return [Attempt(Support.BUILTIN, str(error))], None
    return [Attempt(Support.BUILTIN)], data
