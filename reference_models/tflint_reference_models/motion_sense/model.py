"""MotionSense's networks: the original's, and ours."""

from __future__ import annotations

from tflint_reference_models.network import Block, Head, Network

# On bands: spectra of the vertical and the horizontal, along which the first kernels find the
# harmonics of steps.
CHOSEN = Network(
    (24, 1, 2),
    3,
    (Block(24, (7, 1), pools=((4, 1),), is_padded=True),),
    Head.FLATTEN,
)

# On recurrence plots.
CHOSEN_PLOTS = Network(
    (32, 32, 1),
    3,
    (
        Block(8, (5, 5), stride=(2, 2), pools=((2, 2),), is_padded=True),
        Block(16, (3, 3), pools=((2, 2),), is_padded=True),
    ),
    Head.BOTH,
)

# The original reduced network: one convolution, and three pools.
ORIGINAL = Network(
    (32, 32, 1),
    3,
    (Block(32, (3, 3), pools=((2, 2), (2, 2), (2, 2)), has_norm=False, dropout=0.25),),
    Head.FLATTEN,
    dense=(16,),
    dropout=0.5,
    head_dropout=0.0,
)

# The same layers on our features, to tell what the network changes from what they do.
ORIGINAL_BANDS = Network(
    (24, 1, 2),
    3,
    (Block(32, (3, 1), pools=((2, 1), (2, 1), (2, 1)), has_norm=False, dropout=0.25),),
    Head.FLATTEN,
    dense=(16,),
    dropout=0.5,
    head_dropout=0.0,
)
