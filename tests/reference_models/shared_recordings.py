"""The folder `../shared/data`, where it is there; tests that use it carry the marker `shared`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SHARED_MODELS

SHARED_DATA = SHARED_MODELS.parent / "data"


def shared_recordings(*names: str) -> Path:
    """The folder, if it holds all files of these names; else the test is skipped."""
    missing = [name for name in names if not (SHARED_DATA / name).is_file()]
    if missing:
        pytest.skip(f"no {', '.join(missing)} in {SHARED_DATA} (set TFLITE_LINT_SHARED)")
    return SHARED_DATA
