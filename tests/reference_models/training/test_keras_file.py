"""Archives of the same network are the same, whenever they were saved."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from tflint_reference_models.training.keras_file import reproducible

WEIGHTS = bytes(5000)


def saved(path: Path, date: str, year: int, addresses: tuple[int, int]) -> bytes:
    one, two = addresses
    config = {
        "layers": [
            {"policy": {"shared_object_id": one}, "name": "a"},
            {"policy": {"shared_object_id": two}, "name": "b"},
            {"policy": {"shared_object_id": one}, "name": "c"},
        ]
    }
    with zipfile.ZipFile(path, "w") as archive:
        members = (
            ("metadata.json", json.dumps({"keras_version": "3.15.1", "date_saved": date})),
            ("config.json", json.dumps(config)),
            ("model.weights.h5", WEIGHTS),
        )
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), data)
    return reproducible(path)


def test_neither_times_nor_addresses_are_left(tmp_path: Path) -> None:
    path = tmp_path / "x.keras"
    first = saved(path, "2026-11-23@15:00:00", 2026, (140147785405584, 139959646888592))
    assert first == saved(path, "2027-01-01@00:00:00", 2027, (77, 5))
    assert first != saved(path, "2027-01-01@00:00:00", 2027, (5, 5))


def test_what_is_shared_stays_shared_and_all_else_is_kept(tmp_path: Path) -> None:
    made = zipfile.ZipFile(io.BytesIO(saved(tmp_path / "x.keras", "now", 2026, (9, 8))))
    layers = json.loads(made.read("config.json"))["layers"]
    assert [one["policy"]["shared_object_id"] for one in layers] == [1, 2, 1]
    assert [one["name"] for one in layers] == ["a", "b", "c"]
    assert json.loads(made.read("metadata.json")) == {"keras_version": "3.15.1"}
    assert made.read("model.weights.h5") == WEIGHTS
