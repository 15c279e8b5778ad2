"""KeywordSpotting's networks: the original's, and ours."""

from __future__ import annotations

from tflint_reference_models.keyword_spotting.features import FRAMES, RECIPE, SHAPE
from tflint_reference_models.network import Block, Head, Network

# Over time, with the coefficients as channels: each pointwise convolution sees a whole frame, each
# depthwise one half a second of a channel. Maps are 11 x 30 bytes, and where in the second the word
# was does not matter.
CHOSEN = Network(
    (FRAMES, 1, RECIPE.coefficients),
    2,
    (
        Block(30, (1, 1)),
        Block(25, (5, 1), is_separable=True, is_padded=True),
        Block(24, (5, 1), is_separable=True, is_padded=True),
    ),
    Head.BOTH,
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
