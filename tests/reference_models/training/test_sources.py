"""What a training runs through makes another training when it changes, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tflint_reference_models.training import sources
from tflint_reference_models.training.sources import code_sha256, training_sources

ROOT = Path(sources.__file__).resolve().parent.parent


def test_it_is_what_the_worker_and_the_application_import() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in training_sources("motion_sense")}
    assert {
        "application.py",
        "dataset.py",
        "gravity.py",
        "motion_sense/data.py",
        "motion_sense/features.py",
        "motion_sense/model.py",
        "motion_sense/train.py",
        "network.py",
        "training/loop.py",  # which the worker imports late
        "training/state.py",
        "training/worker.py",
    } <= names
    assert not {"training/card.py", "training/run.py", "car_sensor/data.py"} & names


def test_a_hash_is_of_names_and_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "training/worker.py": "def go():\n    from tflint_reference_models import late\n",
        "late.py": "import numpy\n",
        "app/train.py": "from tflint_reference_models.app import model, prose\n",
        "app/model.py": "import tflint_reference_models.app.train\n",  # round in a circle
        "app/prose.py": "",
        "card.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    monkeypatch.setattr(sources, "_ROOT", tmp_path)
    found = [path.relative_to(tmp_path).as_posix() for path in training_sources("app")]
    assert found == ["app/model.py", "app/train.py", "late.py", "training/worker.py"]
    before = code_sha256("app")
    (tmp_path / "card.py").write_bytes(b"x = 1\n")
    (tmp_path / "late.py").write_bytes(b"import numpy\r\n")
    assert code_sha256("app") == before
    (tmp_path / "late.py").write_bytes(b"import scipy\n")
    assert code_sha256("app") != before
