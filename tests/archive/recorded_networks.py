"""What Keras wrote of networks of ours, and said of them: `scripts/record_keras_networks.py`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tflint.keras.facts import KerasFacts
from tflint.keras.network import Network, Shape
from tflint.keras.values import UNKNOWN

FOLDER = Path(__file__).parent / "recorded"


@dataclass(frozen=True)
class Recorded:
    """A network: its configuration in one form, its weights and shapes according to Keras."""

    name: str
    config: dict[str, Any]
    weights: int
    outputs: list[Shape]
    layers: dict[str, list[list[Shape]]]


@cache
def recorded_networks() -> tuple[Recorded, ...]:
    """All networks in both forms of both versions."""
    found = []
    for version in ("2", "3"):
        document = json.loads((FOLDER / f"keras_{version}.json").read_text("utf-8"))
        found += [
            as_recorded(network, form, f"{version}-{form}-{network['name']}")
            for network in document["networks"]
            for form in ("keras", "h5")
        ]
    return tuple(found)


def as_recorded(network: dict[str, Any], form: str, name: str = "") -> Recorded:
    return Recorded(
        name=name or network["name"],
        config=network[form],
        weights=network["weights"][form],
        outputs=[tuple(shape) for shape in network["outputs"]],
        layers={
            layer: [[tuple(shape) for shape in call] for call in calls]
            for layer, calls in network["layers"].items()
        },
    )


def disagreements(facts: KerasFacts, recorded: Recorded) -> list[str]:
    """Where the facts say something else than Keras does; unknown is not something else."""
    network = facts.networks[-1]
    found = []
    if network.weights not in (recorded.weights, UNKNOWN):
        found.append(f"{network.weights} weights, not {recorded.weights}")
    outputs = [tensor.shape for tensor in network.outputs]
    if len(outputs) != len(recorded.outputs) or not all(map(agree, outputs, recorded.outputs)):
        found.append(f"outputs {outputs}, not {recorded.outputs}")
    found += [f"{call.layer.name}: {call.fault}" for call in network.calls if call.fault]
    for call in network.calls:
        calls = recorded.layers.get(call.layer.location.layer or "", [])
        if calls and not any(
            all(map(agree, call.output_shapes, shapes))
            and len(call.output_shapes) in (1, len(shapes))
            for shapes in calls
        ):
            found.append(f"{call.layer.name}: {call.output_shapes}, not {calls}")
    return found


def agree(shape: Shape, other: Shape) -> bool:
    """Whether two shapes are the same as far as both are known."""
    if shape is UNKNOWN or other is UNKNOWN:
        return True
    assert isinstance(shape, tuple)
    assert isinstance(other, tuple)
    return len(shape) == len(other) and all(
        a == b or UNKNOWN in (a, b) for a, b in zip(shape, other, strict=True)
    )


def is_known(network: Network) -> bool:
    """Whether weights and output shapes are known."""
    return network.weights is not UNKNOWN and not any(
        tensor.shape is UNKNOWN or UNKNOWN in tensor.shape for tensor in network.outputs
    )
