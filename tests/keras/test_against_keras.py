"""Random layers and whole models, against Keras itself where it is installed."""

from __future__ import annotations

import importlib.util
import math
import os
import sys
from pathlib import Path

import pytest

from keras_layers import applications
from keras_layers.cases import cases
from keras_layers.compare import ask, disagreements, layer
from tests.tensorflow_runs import VARIABLE, run_with_tensorflow
from tflint.keras.building import apply
from tflint.keras.network import Tensor

# What `keras.applications` itself defines is not for tflint to know.
OWN_LAYERS = {"CustomScaleLayer", "LayerScale", "Sequential"}


@pytest.fixture
def python() -> str:
    found = os.environ.get(VARIABLE)
    if found is not None:
        return found
    for name in ("tensorflow", "tf_keras"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"needs {name}: set {VARIABLE} to a Python that has it")
    return sys.executable


@pytest.mark.slow
def test_random_layers(python: str) -> None:
    made = list(cases(7, 300))
    answers = {version: ask(python, version, made)[1:] for version in (3, 2)}

    wrong = [
        each for each in disagreements(made, answers) if each.what not in ("missed", "unknown")
    ]

    assert sum("shapes" in answer for answer in answers[3]) > 150
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "version", "data_format"),
    [
        ("MobileNetV2", 3, "channels_last"),
        ("MobileNet", 3, "channels_first"),
        ("ResNet50", 2, "channels_last"),
    ],
)
def test_whole_models(model: str, version: int, data_format: str) -> None:
    asked = {"model": model, "version": version, "data_format": data_format}
    script = Path(applications.__file__).read_text(encoding="utf-8")
    built = run_with_tensorflow(script, asked)
    total = 0
    for each in built["layers"]:
        shapes = [] if each["kind"] == "InputLayer" else each["inputs"]
        call = apply(layer(each), [Tensor(tuple(shape)) for shape in shapes])
        if each["kind"] not in OWN_LAYERS:
            assert call.fault is None
            assert [list(shape) for shape in call.output_shapes] == each["outputs"]
            assert call.weights == sum(math.prod(shape) for shape in each["weights"])
        total += call.weights if isinstance(call.weights, int) else 0
    assert total == built["count"]
