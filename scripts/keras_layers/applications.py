"""The layers of a whole model of `keras.applications`, as Keras builds them. Run with Keras.

Standard input has `{"version": 3, "model": "MobileNetV2", "data_format": "channels_last"}`. The
answer is `{"count": parameters, "layers": [...]}`, a layer with its config, the shapes of its
inputs and outputs, and the shapes of its weights; or `{"refused": why}`.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def shapes(tensors: Any) -> list[list[int | None]]:
    """The shapes of one tensor or several, without TensorFlow's types."""
    found = []
    for tensor in tensors if isinstance(tensors, (list, tuple)) else [tensors]:
        shape = tensor.shape
        found.append(list(shape.as_list() if hasattr(shape, "as_list") else shape))
    return found


def layers(model: Any) -> list[dict[str, Any]]:
    """All layers of a model."""
    return [
        {
            "kind": type(layer).__name__,
            "module": type(layer).__module__,
            "arguments": json.loads(json.dumps(layer.get_config(), default=lambda _: None)),
            "inputs": shapes(layer.input),
            "outputs": shapes(layer.output),
            "weights": [[int(size) for size in weight.shape] for weight in layer.weights],
        }
        for layer in model.layers
    ]


def main() -> None:
    """Answer the one question."""
    asked = json.loads(sys.stdin.read())
    if asked["version"] == 3:
        import keras
    else:
        import tf_keras as keras
    keras.backend.set_image_data_format(asked["data_format"])
    try:
        model = getattr(keras.applications, asked["model"])(weights=None)
    except ValueError as error:
        print(json.dumps({"refused": str(error)}))
        return
    print(json.dumps({"count": int(model.count_params()), "layers": layers(model)}))


if __name__ == "__main__":
    main()
