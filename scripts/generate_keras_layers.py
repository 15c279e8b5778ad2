"""Write `tflint/keras/layers.json`: the parameters of Keras' layers, read from Keras itself.

Run with a Python that has TensorFlow, Keras 3 and tf-keras:

    python scripts/generate_keras_layers.py
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from types import ModuleType
from typing import Any

OUTPUT = Path(__file__).parents[1] / "tflint" / "keras" / "layers.json"
# Bases, and what is no layer.
NOT_LAYERS = {"Layer", "Wrapper", "InputSpec", "AbstractRNNCell"}
# Stands for defaults that are neither constants nor made of them; there are none today.
CALLABLE = "<callable>"


def literal(value: Any) -> Any:
    """What JSON has for a default; lists stand for tuples."""
    if isinstance(value, (list, tuple)):
        return [literal(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return CALLABLE


def parameters(thing: Any) -> list[Any]:
    """Names in order; with the default, as a pair, where there is one."""
    found: list[Any] = []
    call = thing.__init__ if inspect.isclass(thing) else thing
    for parameter in inspect.signature(call).parameters.values():
        if parameter.name == "self" or parameter.kind in (
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        ):
            continue
        if parameter.default is parameter.empty:
            found.append(parameter.name)
        else:
            found.append([parameter.name, literal(parameter.default)])
    return found


def tables(keras: ModuleType) -> tuple[dict[str, list[Any]], dict[str, str]]:
    """The layers of one Keras by their own name, and other names for them."""
    layers: dict[str, list[Any]] = {}
    aliases: dict[str, str] = {}
    for name in sorted(dir(keras.layers)):
        thing = getattr(keras.layers, name)
        if not inspect.isclass(thing) or name in NOT_LAYERS:
            continue
        if thing.__name__ == name:
            layers[name] = parameters(thing)
        elif hasattr(keras.layers, thing.__name__):
            aliases[name] = thing.__name__
        else:  # archives have the class's name, sources the public one
            layers[name] = parameters(thing)
            aliases[thing.__name__] = name
    layers["Input"] = parameters(keras.Input)
    return layers, aliases


def main() -> None:
    """Read both and write the table, a layer a line."""
    import keras
    import tf_keras

    layers_3, aliases_3 = tables(keras)
    layers_2, aliases_2 = tables(tf_keras)
    lines = []
    for name in sorted(layers_3.keys() | layers_2.keys()):
        table = {"3": layers_3.get(name), "2": layers_2.get(name)}
        if table["3"] == table["2"]:
            table = {"both": table["3"]}
        lines.append(f"{json.dumps(name)}: {json.dumps({k: v for k, v in table.items() if v})}")
    origin = {
        "from": "inspect.signature of every class in keras.layers and tf_keras.layers",
        "by": "scripts/generate_keras_layers.py",
        "keras": keras.__version__,
        "tf_keras": tf_keras.__version__,
    }
    aliases = {**aliases_2, **aliases_3}
    OUTPUT.write_text(
        "{\n"
        f'"origin": {json.dumps(origin)},\n'
        f'"aliases": {json.dumps(aliases, sort_keys=True)},\n'
        '"layers": {\n' + ",\n".join(lines) + "\n}\n}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
