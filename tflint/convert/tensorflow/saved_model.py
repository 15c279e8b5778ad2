"""SavedModels: as Keras models where Keras wrote them, else by a signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tflint.convert.request import Origin
from tflint.convert.tensorflow.loaded import CannotLoad, Loaded


def load_saved_model(origin: Origin, custom: Mapping[str, Any]) -> Loaded:
    """The network in a folder. Raises `CannotLoad`."""
    raise CannotLoad("not yet")
