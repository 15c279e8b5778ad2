"""What is read from an archive is what Keras itself says, for networks that are built here."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from record_keras_networks import networks, record
from tests.archive.recorded_networks import as_recorded, disagreements, is_known
from tflint.archive.config import facts_from_config
from tflint.archive.reader import read_archive

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

APPLICATIONS = ("EfficientNetB0", "MobileNetV2", "MobileNetV3Small", "NASNetMobile", "ResNet50")
pytestmark = pytest.mark.slow


@pytest.fixture(params=["keras", "tf_keras"])
def keras(request: pytest.FixtureRequest) -> Any:
    pytest.importorskip("tensorflow", reason="Keras itself says what is right")
    return pytest.importorskip(request.param, reason="Keras itself says what is right")


def test_our_own_networks(keras: Any, tmp_path: Path) -> None:
    for network in networks(keras):
        written = json.loads(json.dumps(record(keras, network, str(tmp_path))))
        for form in ("keras", "h5"):
            recorded = as_recorded(written, form)
            archive = read_archive(tmp_path / f"m.{form}")
            assert disagreements(archive.keras, recorded) == [], (form, network.name)
            assert is_known(archive.keras.networks[-1]), (form, network.name)
            assert archive.executable == ()


@pytest.mark.parametrize("name", APPLICATIONS)
def test_applications(keras: Any, name: str) -> None:
    model = getattr(keras.applications, name)(weights=None)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    network = facts_from_config(config).networks[-1]

    assert network.weights == model.count_params()
    assert [tensor.shape for tensor in network.outputs] == [
        tuple(each.shape) for each in model.outputs
    ]
    # Keras 3 has operations on tensors beside its layers.
    operations = getattr(model, "operations", model.layers)
    shapes = {each.name: tuple(each.output.shape) for each in operations}
    for call in network.calls:
        assert call.output_shapes == (shapes[call.layer.name or ""],), call.layer.name
