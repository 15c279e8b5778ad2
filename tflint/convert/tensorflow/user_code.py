"""Running the user's sources."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tflint.convert.request import Origin
from tflint.convert.tensorflow.loaded import CannotLoad, Loaded


def load_modules(paths: Sequence[Path]) -> dict[str, Any]:
    """Run sources for the classes and functions in them, by name."""
    return {}


def load_factory(origin: Origin, source: str | None = None) -> Loaded:
    """The network that a source makes. Raises `CannotLoad`."""
    raise CannotLoad("not yet")
