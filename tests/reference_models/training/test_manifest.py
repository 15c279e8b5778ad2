"""`manifest.json`: the files there are, and what made them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from tests.reference_models.training.made_up import APPLICATION, BASELINE, OURS, RESULTS
from tflint_reference_models.training.manifest import (
    command_of,
    file_name,
    files_of,
    manifest_of,
)


def test_files_are_the_new_ones_and_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "original").mkdir()
    old = tmp_path / "original" / "keyword_spotting_int8.tflite"
    old.write_bytes(b"old")
    (tmp_path / "keyword_spotting_float16.tflite").write_bytes(b"nobody's")
    new = {"keyword_spotting_int8.tflite": b"new"}

    files = files_of(APPLICATION, RESULTS, tmp_path, new)
    held = json.loads(manifest_of(APPLICATION, RESULTS, files))

    assert held["files"] == {
        "keyword_spotting_int8.tflite": {
            "network": "chosen",
            "form": "int8",
            "bytes": 3,
            "sha256": hashlib.sha256(b"new").hexdigest(),
        },
        "original/keyword_spotting_int8.tflite": {
            "network": "original",
            "form": "int8",
            "bytes": 3,
            "sha256": hashlib.sha256(b"old").hexdigest(),
        },
    }
    assert held["made"]["chosen"]["seed"] == 0
    assert held["made"]["chosen"]["data_sha256"] == {"recordings.npz": "da7a" * 16}
    assert held["made"]["original"]["command"] == "tflint train keyword_spotting --original"


def test_a_call_has_what_differs_from_the_recipe() -> None:
    result = replace(OURS, experiment="random", seed=3, epochs=4, threads=1)
    assert command_of(APPLICATION, result) == (
        "tflint train keyword_spotting --experiment random --seed 3 --epochs 4 --threads 1"
    )
    assert command_of(APPLICATION, BASELINE) == "tflint train keyword_spotting --original"


def test_names() -> None:
    assert file_name("car_sensor", "chosen", None) == "car_sensor.keras"
    assert file_name("car_sensor", "original", "int8") == "original/car_sensor_int8.tflite"
