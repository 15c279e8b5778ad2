"""The folder with real recordings, where it is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import SHARED_MODELS


def shared_recordings() -> Path:
    folder = SHARED_MODELS.parent / "data"
    if not folder.is_dir():
        pytest.skip(f"no recordings in {folder} (set TFLITE_LINT_SHARED)")
    return folder


def write(path: Path, arrays: Mapping[str, Any]) -> None:
    np.savez_compressed(path, **arrays)
