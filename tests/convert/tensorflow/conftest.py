"""What the tests of the rebuilt network share."""

from __future__ import annotations

import importlib
from typing import Any

import pytest


@pytest.fixture(params=["keras", "tf_keras"])
def keras(request: pytest.FixtureRequest) -> Any:
    """Keras 3, then tf-keras."""
    pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")
    return importlib.import_module(request.param)
