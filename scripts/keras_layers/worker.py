"""Builds layers with Keras: cases in, what came out, a line each. Knows nothing of tflint.

    python worker.py 3 < cases.jsonl > results.jsonl

The version is 3 (Keras 3) or 2 (tf-keras).
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

# tf-keras' own takes an `InputSpec` of Keras 3, where that is installed, and fails.
BROKEN_IN_2 = {"SpectralNormalization"}
# Parameters that Keras 2 calls differently.
KERAS_2_NAMES = {"LeakyReLU": {"negative_slope": "alpha"}}


def materialise(keras: Any, version: int, value: Any) -> Any:
    """An argument as Keras takes it: tuples for lists, layers for their descriptions."""
    if isinstance(value, list):
        return tuple(materialise(keras, version, item) for item in value)
    if isinstance(value, dict) and "kind" in value:
        return make(keras, version, value)
    if isinstance(value, dict) and "layers" in value:
        return [make(keras, version, item) for item in value["layers"]]
    return value


def make(keras: Any, version: int, case: dict[str, Any]) -> Any:
    """The layer of a case."""
    names = KERAS_2_NAMES.get(case["kind"], {}) if version == 2 else {}
    arguments = {
        names.get(name, name): materialise(keras, version, value)
        for name, value in case["arguments"].items()
    }
    if case["kind"] == "Sequential":
        return keras.Sequential(list(arguments["layers"]))
    if case["kind"] == "Dropout" and "p" in arguments:
        arguments["rate"] = arguments.pop("p")
    return getattr(keras.layers, case["kind"])(**arguments)


def operate(keras: Any, tensorflow: Any, version: int, case: dict[str, Any], inputs: Any) -> Any:
    """What a function of Keras 3's `ops`, or of TensorFlow, makes of tensors."""
    home: Any = tensorflow if version == 2 else keras.ops
    for part in case["operation"][str(version)].split("."):
        home = getattr(home, part)
    arguments = {name: materialise(keras, version, v) for name, v in case["arguments"].items()}
    return home(inputs, **arguments) if case.get("is_listed") else home(*inputs, **arguments)


def shape_of(tensor: Any) -> list[int | None]:
    """A tensor's shape, without TensorFlow's types."""
    shape = tensor.shape
    return list(shape.as_list() if hasattr(shape, "as_list") else shape)


def flat(value: Any) -> list[Any]:
    """Tensors in order, whatever they are nested in."""
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in flat(item)]
    return [value]


def build(keras: Any, tensorflow: Any, version: int, case: dict[str, Any]) -> dict[str, Any]:
    """The output shapes and weights of one case, or the first line of the error."""
    try:
        dtypes = case.get("dtypes") or ["float32"] * len(case["inputs"])
        inputs = [
            keras.Input(batch_shape=tuple(shape), dtype=dtype)
            if version == 3
            else keras.Input(batch_size=shape[0], shape=tuple(shape[1:]), dtype=dtype)
            for shape, dtype in zip(case["inputs"], dtypes, strict=True)
        ]
    except Exception as error:
        return {"no_input": repr(error)[:200]}
    try:
        if "operation" in case:
            if str(version) not in case["operation"]:
                return {"absent": True}
            outputs = operate(keras, tensorflow, version, case, inputs)
            return {"shapes": [shape_of(tensor) for tensor in flat(outputs)], "variables": []}
        if case["kind"] != "Sequential" and not hasattr(keras.layers, case["kind"]):
            return {"absent": True}
        if version == 2 and case["kind"] in BROKEN_IN_2:
            return {"absent": True}
        layer = make(keras, version, case)
        if case.get("is_listed"):
            outputs = layer(inputs)
        else:
            outputs = layer(*inputs)
    except ImportError as error:  # of what this installation does not have
        return {"absent": repr(error)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}
    trainable = {id(weight) for weight in layer.trainable_weights}
    variables = [
        [
            str(weight.name).rsplit("/", 1)[-1].split(":")[0],
            [int(size) for size in weight.shape],
            id(weight) in trainable,
        ]
        for weight in layer.weights
    ]
    return {"shapes": [shape_of(tensor) for tensor in flat(outputs)], "variables": variables}


def main() -> None:
    """Answer all cases of standard input."""
    version = int(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    if version == 3:
        import keras
    else:
        import tf_keras as keras
    answers.write(json.dumps({"keras": keras.__version__, "tf": tensorflow.__version__}) + "\n")
    for number, line in enumerate(sys.stdin):
        answers.write(json.dumps(build(keras, tensorflow, version, json.loads(line))) + "\n")
        if number % 200 == 199:
            keras.backend.clear_session()
            answers.flush()
    answers.flush()


if __name__ == "__main__":
    main()
