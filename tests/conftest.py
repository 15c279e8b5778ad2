"""What all tests share: the models in `../shared/models`, where that folder is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
SHARED_MODELS = Path(os.environ.get("TFLITE_LINT_SHARED", ROOT.parent / "shared")) / "models"

# By default an example may take 200 ms of the wall clock, which a busy machine takes for nothing.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `shared_model` once for each model file."""
    if "shared_model" not in metafunc.fixturenames:
        return
    found = sorted(SHARED_MODELS.rglob("*.tflite"))
    missing = pytest.mark.skip(reason=f"no models in {SHARED_MODELS} (set TFLITE_LINT_SHARED)")
    metafunc.parametrize(
        "shared_model",
        [
            pytest.param(
                path, id=path.relative_to(SHARED_MODELS).as_posix(), marks=pytest.mark.shared
            )
            for path in found
        ]
        or [pytest.param(None, id="none", marks=[pytest.mark.shared, missing])],
    )


@pytest.fixture
def shared_models() -> list[Path]:
    """All models of `../shared/models`; a test that uses it carries the marker `shared`."""
    found = sorted(SHARED_MODELS.rglob("*.tflite"))
    if not found:
        pytest.skip(f"no models in {SHARED_MODELS} (set TFLITE_LINT_SHARED)")
    return found
