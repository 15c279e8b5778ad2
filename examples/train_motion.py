"""A network for motion recognition, as it is often written. Only here to be linted.

`tflint check` reads this file and never imports it.
"""

import tensorflow as tf
from tensorflow.keras import layers

model = tf.keras.Sequential(
    [
        tf.keras.Input((1, 32, 32), name="recurrence_plot"),
        layers.Conv2D(32, 3, activation="relu", data_format="channels_first"),
        layers.MaxPooling2D(2, data_format="channels_first"),
        layers.Flatten(),
        layers.Dense(16, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ]
)

converter = tf.lite.TFLiteConverter.from_keras_model(model)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.target_spec.supported_ops = [tf.lite.OpsSet.SELECT_TF_OPS]
model_bytes = converter.convert()
