"""Configurations of archives that the examples of several rules start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def saved_sequential(
    shape: Sequence[int | None], *layers: tuple[str, Mapping[str, object]]
) -> Mapping[str, object]:
    """The `config.json` of a Sequential model: its input with the batch, and its layers."""
    first = _layer("InputLayer", {"name": "input_layer", "batch_shape": list(shape)})
    entries = [
        _layer(kind, {"name": f"{kind.lower()}_{number}", **given})
        for number, (kind, given) in enumerate(layers)
    ]
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "sequential", "layers": [first, *entries]},
    }


def _layer(kind: str, config: Mapping[str, object]) -> Mapping[str, object]:
    return {"module": "keras.layers", "class_name": kind, "config": config}
