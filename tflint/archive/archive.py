"""What is in a Keras archive."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.keras.facts import KerasFacts


@dataclass(frozen=True, slots=True)
class ExecutableContent:
    """Something that would run code when the archive is loaded.

    `what` names it in a few words, `layer` the layer that holds it, where one does.
    """

    what: str
    layer: str | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that was read: its configuration as facts, and what would run when loaded."""

    keras: KerasFacts
    executable: tuple[ExecutableContent, ...] = ()
    file_bytes: int = 0
