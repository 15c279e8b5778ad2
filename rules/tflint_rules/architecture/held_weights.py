"""Which layers of a Keras network hold its weights."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.keras.network import Call, Network
from tflint.keras.values import Unknown
from tflint.printable import size_text
from tflint_rules.keras.wording import other_layer

# Layers whose weights fold into others, or are used up in training and preparation of data.
_FOLDS = frozenset(("BatchNormalization", "Normalization"))


@dataclass(frozen=True, slots=True)
class HeldWeights:
    """All scalars of a network (`count`), those that a converted model keeps, and who has them."""

    count: int
    kept: int
    calls: tuple[Call, ...]

    def largest(self, most: int) -> str:
        """The layers that hold most, with their bytes in int8."""
        parts = [
            f"{other_layer(call.layer)} {size_text(_count(call))}" for call in self.calls[:most]
        ]
        return f"{', '.join(parts)} in int8"


def held_weights(network: Network) -> HeldWeights | None:
    """The weights of a network all of whose layers are known; None for others."""
    count = network.weights
    if isinstance(count, Unknown):
        return None
    held = [call for call in network.calls if call.layer.kind not in _FOLDS and _count(call)]
    kept = sum(map(_count, held))
    return HeldWeights(count, kept, tuple(sorted(held, key=_count, reverse=True)))


def _count(call: Call) -> int:
    return 0 if isinstance(call.weights, Unknown) else call.weights
