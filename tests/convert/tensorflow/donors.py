"""Donors for tests: networks converted by TensorFlow alone, and the same with other weights."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from tests.convert import corpus
from tflint.convert.request import Origin, OriginKind, Request
from tflint.convert.tensorflow.donor import Adopted, adopt
from tflint.convert.tensorflow.loaded import Loaded, framework
from tflint.convert.tensorflow.probe_model import probe_model

REQUEST = Request(Origin(OriginKind.ARCHIVE, Path("network.keras"), "network.keras"))


def loaded(model: Any, keras: Any) -> Loaded:
    """A model as the worker has it."""
    return Loaded(model, keras, framework(keras))


def variant(name: str) -> Loaded:
    """A network of the corpus, by its `id`."""
    chosen = corpus.variant(name)
    model = corpus.build(name)
    finalise(model)
    return loaded(model, importlib.import_module(chosen.keras))


def adopted(network: Loaded, donor: bytes) -> Adopted:
    """What becomes of a donor's weights."""
    return adopt(network, donor, lambda probed: probe_model(probed, REQUEST))


def donor_of(network: Loaded, mode: str = "none") -> bytes:
    """What TensorFlow's own converter makes of a network, quantised by TensorFlow."""
    import tensorflow as tf

    specs = [tf.TensorSpec((1, *each.shape[1:]), each.dtype) for each in network.model.inputs]
    function = tf.function(
        lambda *values: network.model(values[0] if len(values) == 1 else list(values))
    )
    # As its own model TensorFlow keeps the weights of Keras 3 as variables.
    owner = tf.Module()
    owner.function = function
    concrete = function.get_concrete_function(*specs)
    owner.held = list(concrete.variables)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], owner)
    if mode != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if mode == "int8":
        rng = np.random.default_rng(2)

        def samples() -> Any:
            for _ in range(30):
                yield [rng.uniform(-1, 1, each.shape).astype(np.float32) for each in specs]

        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    data: bytes = converter.convert()
    return data


def change_weights(model: Any, seed: int = 5) -> None:
    """Other weights, as a fresh network of the same source has."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = np.asarray(weight)
        if values.dtype.kind == "f":
            is_positive = "variance" in weight.name or "gamma" in weight.name
            low, high = (0.6, 1.4) if is_positive else (-0.5, 0.5)
            weight.assign(rng.uniform(low, high, values.shape).astype(values.dtype))
    finalise(model)


def finalise(model: Any) -> None:
    """Let layers that copy their statistics do so again."""
    for layer in model._flatten_layers():
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
