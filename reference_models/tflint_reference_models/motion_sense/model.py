"""MotionSense's networks: the original's, and ours."""

from __future__ import annotations

from tflint_reference_models.network import Block, Head, Network

# On bands: a vector of spectra, of the vertical and the horizontal.
CHOSEN = Network(
    (24, 1, 2),
    3,
    (Block(8, (3, 1), pools=((2, 1),)), Block(12, (3, 1), pools=((2, 1),))),
    Head.FLATTEN,
    dropout=0.1,
)
# The original reduced network; here on windows of 32 x 32 plots.
ORIGINAL = Network(
    (32, 32, 1),
    3,
    (Block(32, (3, 3), pools=((2, 2), (2, 2), (2, 2)), has_norm=False, dropout=0.25),),
    Head.FLATTEN,
    dense=(16,),
    dropout=0.5,
)
