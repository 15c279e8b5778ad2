"""What would run code is told with the layer that holds it, and what would not is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.archive.recorded_networks import Recorded, recorded_networks
from tflint.archive.executable import executable_content

CODE = "4wEAAAAA"


def model(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}}


def layer(kind: str, name: str = "l", module: str | None = "keras.layers", **config: Any) -> Any:
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": name, **config},
        "registered_name": None,
    }


def function(module: str | None, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


LAMBDA = {"class_name": "__lambda__", "config": {"code": CODE, "defaults": None, "closure": None}}


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (layer("Lambda", function=LAMBDA), "marshalled Python code (6 B)"),
        (layer("Lambda", function=function("builtins", "relu"), output_shape=LAMBDA), "marshalled"),
        (layer("Lambda", function=[CODE, None, None]), "marshalled Python code (6 B)"),
        (layer("Lambda", function=[CODE, None, None], function_type="lambda"), "marshalled"),
        (layer("Lambda", function=CODE, function_type="lambda"), "marshalled"),
        (layer("Dense", activation=LAMBDA), "marshalled"),
        (layer("Lambda", function=function("os", "system")), "`os.system` of Python's library"),
        (layer("Dense", activation=function("builtins", "exec")), "Python's `exec`"),
        (layer("run", module="subprocess"), "`subprocess.run`"),
        (layer("Lambda", function=function("keras.utils", "get_file")), "`keras.utils.get_file`"),
        (layer("Lambda", function=function("numpy.f2py.crackfortran", "myeval")), "myeval"),
        (layer("TorchModuleWrapper", module="keras.layers"), "pickled"),
        (layer("TFSMLayer", filepath="/tmp/x"), "SavedModel"),
    ],
)
def test_code_is_named_with_its_layer(entry: dict[str, Any], what: str) -> None:
    (found,) = executable_content(model(layer("Dense"), entry))

    assert what in found.what
    assert found.layer == "l"
    assert found.is_certain


def test_what_runs_unasked_is_told_apart() -> None:
    config = model(layer("Lambda", function=[CODE, None, None]))

    (asked,), (unasked,) = (
        executable_content(config),
        executable_content(config, is_legacy=True),
    )
    assert "safe_mode=False" in asked.when
    assert "unasked" in unasked.when


def test_layers_in_models_are_named_behind_them() -> None:
    inner = {**model(layer("Lambda", function=LAMBDA)), "name": "inner"}
    inner["config"]["name"] = "inner"

    (found,) = executable_content(model(inner))
    assert found.layer == "inner/l"


def test_a_class_of_another_package_is_uncertain() -> None:
    (found,) = executable_content(model(layer("Gate", module="gates.layers")))

    assert "`gates.layers.Gate` of another package" in found.what
    assert not found.is_certain


@pytest.mark.parametrize(
    "entry",
    [
        layer("Lambda", function=function("builtins", "relu")),
        layer("Lambda", function="my_function", function_type="function"),
        layer("Dense", activation=function("keras.activations", "relu")),
        layer("Dense", activation="relu"),
        {**layer("Gate", module="gates.layers"), "registered_name": "gates>Gate"},
        {**layer("Gate", module=None), "registered_name": "Gate"},
        layer("Gate", module="__main__"),
        layer("Dense", module="tf_keras.src.layers"),
        layer("Rescaling", module="tensorflow.keras.layers"),
        {"class_name": "function", "config": "exec"},
        {"class_name": "Lambda", "config": {"name": "l", "function": None}},
    ],
)
def test_what_runs_nothing_is_not_told(entry: dict[str, Any]) -> None:
    assert list(executable_content(model(entry))) == []


@pytest.mark.parametrize("recorded", recorded_networks(), ids=lambda each: each.name)
def test_networks_that_keras_wrote_have_nothing_that_runs(recorded: Recorded) -> None:
    assert list(executable_content(recorded.config)) == []


def test_names_are_printable() -> None:
    (found,) = executable_content(model(layer("Dense", activation=function("os", "a\x1b[2J"))))

    assert "\x1b" not in found.what
