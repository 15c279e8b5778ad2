"""From an origin to a network in memory."""

from __future__ import annotations

from tflint.convert.request import Origin, OriginKind
from tflint.convert.tensorflow.loaded import CannotLoad, Loaded

__all__ = ["CannotLoad", "Loaded", "load"]


def load(origin: Origin, source: str | None = None) -> Loaded:
    """Load what an origin names; a factory from the text `source` where one is given.

    Raises `CannotLoad`.
    """
    from tflint.convert.tensorflow.user_code import load_factory, load_modules

    if origin.kind is OriginKind.FACTORY:
        return load_factory(origin, source)
    custom = load_modules(origin.modules)
    if origin.kind is OriginKind.SAVED_MODEL:
        from tflint.convert.tensorflow.saved_model import load_saved_model

        return load_saved_model(origin, custom)
    from tflint.convert.tensorflow.keras_archive import load_archive

    return load_archive(origin, custom)
