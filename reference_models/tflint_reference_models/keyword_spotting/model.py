"""KeywordSpotting's networks: the original's, and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tflint_reference_models.keyword_spotting.features import FRAMES, RECIPE, SHAPE
from tflint_reference_models.network import Block, Head, Network, build

if TYPE_CHECKING:
    import keras

# Over time, with the coefficients as channels: the first convolution sees three whole frames, each
# depthwise one half a second of a channel. Maps are 11 x 28 bytes at most, and where in the second
# the word was does not matter.
CHOSEN = Network(
    (FRAMES, 1, RECIPE.coefficients),
    2,
    (
        Block(17, (3, 1), is_padded=True),
        Block(24, (5, 1), is_separable=True, is_padded=True),
        Block(28, (5, 1), is_separable=True, is_padded=True),
    ),
    Head.BOTH,
)
# The same, wider: what it answers to varied words is learned as well.
TEACHER = Network(
    CHOSEN.input_shape,
    2,
    (
        Block(64, (3, 1), is_padded=True),
        Block(96, (5, 1), is_separable=True, is_padded=True),
        Block(96, (5, 1), is_separable=True, is_padded=True),
        Block(96, (5, 1), is_separable=True, is_padded=True),
    ),
    Head.BOTH,
    dropout=0.3,
)
# The original reduced network. It took 16 x 16 coefficients; of 20 x 11 the last pool takes 4 x 2
# where it took 2 x 2, so that what is left is one place, as there, and weights are the same 5,379.
ORIGINAL = Network(
    (*SHAPE, 1),
    2,
    (
        Block(32, (2, 2), pools=((2, 2),), has_norm=False),
        Block(32, (2, 2), pools=((2, 2), (4, 2)), has_norm=False),
    ),
    Head.FLATTEN,
    dense=(32,),
    dropout=0.5,
    head_dropout=0.0,
)


def teacher_of_images() -> keras.Model:
    """`TEACHER` for what the original takes: (20, 11, 1)."""
    import keras
    from keras import layers

    entry = keras.Input(ORIGINAL.input_shape, name="features")
    frames = layers.Permute((2, 3, 1))(entry)
    return keras.Model(entry, build(TEACHER)(frames))
