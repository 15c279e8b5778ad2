"""From an origin to a Keras model in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tflint.convert.request import Origin, OriginKind


class CannotLoad(Exception):
    """There is no network to be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model, and which Keras it belongs to: its module, and its name and version."""

    model: Any
    keras: Any
    framework: str

    @property
    def is_legacy(self) -> bool:
        """Whether it is one of Keras 2 (tf-keras)."""
        return self.framework.startswith("tf-keras")


def load(origin: Origin) -> Loaded:
    """Load what an origin names. Raises `CannotLoad`."""
    if origin.kind is not OriginKind.ARCHIVE:
        raise CannotLoad("not yet")
    for name in ("keras", "tf_keras"):
        try:
            keras = __import__(name)
            model = keras.models.load_model(str(origin.path), compile=False)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            continue
        title = "keras" if name == "keras" else "tf-keras"
        return Loaded(model, keras, f"{title} {keras.__version__}")
    raise CannotLoad(reason)
