"""MusicClassifier's networks: the original's, and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tflint_reference_models.music_classifier.features import FRAMES, RECIPE
from tflint_reference_models.network import Block, Head, Network

if TYPE_CHECKING:
    import keras

CLASSES = 10

# Along time only, the coefficients are channels: the original's first map takes 75,328 bytes, this
# one's 5,184. The means of the last maps over time are statistics as its teacher takes them.
CHOSEN = Network(
    (FRAMES, 1, RECIPE.coefficients),
    CLASSES,
    (
        Block(48, (3, 1), stride=(2, 1), is_padded=True),
        Block(56, (5, 1), is_separable=True, pools=((2, 1),), is_padded=True),
        Block(96, (5, 1), is_separable=True, is_padded=True),
    ),
    Head.AVERAGE,
    dense=(64,),
)


def original() -> keras.Model:
    """The original reduced network: two convolutions, the first with a norm after its ReLU."""
    import keras
    from keras import layers

    entry = keras.Input((FRAMES, RECIPE.coefficients, 1), name="features")
    x = layers.Conv2D(32, (3, 3), activation="relu", name="block1")(entry)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Conv2D(32, (2, 2), activation="relu", name="block2")(x)
    x = layers.MaxPooling2D((3, 3))(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(32, activation="relu", name="dense1")(x)
    x = layers.Dropout(0.5)(x)
    x = layers.Dense(CLASSES, activation="softmax", name="probabilities")(x)
    return keras.Model(entry, x, name="original")
