"""The four applications, by their names."""

from __future__ import annotations

from importlib import import_module

from tflint.errors import UnknownName
from tflint_reference_models.application import Application

NAMES = ("motion_sense", "music_classifier", "keyword_spotting", "car_sensor")


def application(name: str) -> Application:
    """An application by its name. Raises `UnknownName` for one that there is not."""
    if name not in NAMES:
        raise UnknownName("application", name, NAMES, f"there are {', '.join(NAMES)}")
    found: Application = import_module(f"{__package__}.{name}.train").APPLICATION
    return found
