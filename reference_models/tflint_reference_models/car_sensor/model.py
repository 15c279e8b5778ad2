"""CarSensor's networks: the original's, and ours."""

from __future__ import annotations

from tflint_reference_models.network import Block, Head, Network

# A power of two, so that a mean is a shift. The original took 100, which says less: a train that
# stands moves within 25 seconds more often than within ten.
READINGS = 256

# On `movement`: 30 amounts of a window.
CHOSEN = Network((1, 1, 30), 2, head=Head.FLATTEN, dense=(16, 8), dropout=0.2)


def original(readings: int = READINGS) -> Network:
    """The original reduced network, on readings of three axes."""
    return Network(
        (readings, 1, 3),
        2,
        (
            Block(16, (3, 1), pools=((2, 1),), has_norm=False),
            Block(32, (3, 1), pools=((2, 1),), has_norm=False),
        ),
        Head.MAX,
    )
