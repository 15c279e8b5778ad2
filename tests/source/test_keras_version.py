"""Which Keras a source asks for."""

from __future__ import annotations

import pytest

from tflint.source.module import read_source

ASK = 'os.environ["TF_USE_LEGACY_KERAS"] = "{}"\nimport os, tensorflow as tf'


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("import keras", None),
        ("from tensorflow.keras.layers import Conv2D, MaxPooling2D", None),
        ("from keras.layers import normalization_of_mine", None),
        ("import tf_keras as keras", (2,)),
        ("from tf_keras.layers import Conv2D", (2,)),
        ("from tensorflow.python.keras import layers", (2,)),
        ("from keras.layers.core import Dense", (2,)),
        ("import keras.layers.core as core", (2,)),
        (ASK.format("1"), (2,)),
        (ASK.format("0"), None),
        ('import os\nos.environ.setdefault("TF_USE_LEGACY_KERAS", "true")', (2,)),
        ("from keras import layers, ops", (3,)),
        ("import keras.ops as K", (3,)),
        ("from tensorflow.keras import ops", (3,)),
        ("from keras.config import set_image_data_format", (3,)),
        ("from keras import ops\nimport tf_keras", None),
        ("from .keras import ops", None),
        ("try:\n    import tf_keras as keras\nexcept ImportError:\n    import keras", None),
    ],
)
def test_the_version_is_known_where_the_source_says_it(
    text: str, version: tuple[int, ...] | None
) -> None:
    assert read_source(text.encode()).keras.keras_version == version
