"""Sources that convert a small network, for the examples of rules about converters."""

from __future__ import annotations

_NETWORK = """\
import numpy as np
import tensorflow as tf

model = tf.keras.Sequential([
    tf.keras.Input((32, 32, 3)),
    tf.keras.layers.Conv2D(16, 3, activation="relu"),
    tf.keras.layers.GlobalAveragePooling2D(),
    tf.keras.layers.Dense(128, activation="relu"),
    tf.keras.layers.Dense(10),
])


def samples():
    for image in np.load("samples.npy")[:200]:
        yield [image[np.newaxis]]


converter = tf.lite.TFLiteConverter.from_keras_model(model)
"""


def conversion(*settings: str) -> str:
    """A source that builds a network, writes these settings of a converter, and converts."""
    written = "".join(f"converter.{setting}\n" for setting in settings)
    return f'{_NETWORK}{written}open("model.tflite", "wb").write(converter.convert())\n'


QUANTISED = "optimizations = [tf.lite.Optimize.DEFAULT]"
CALIBRATED = "representative_dataset = samples"
INT8_EDGES = ("inference_input_type = tf.int8", "inference_output_type = tf.int8")
SELECT = (
    "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]"
)
FLOAT16 = "target_spec.supported_types = [tf.float16]"
