"""What is in a Keras archive."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.keras.facts import KerasFacts


@dataclass(frozen=True, slots=True)
class ExecutableContent:
    """Something that would run code when the archive is loaded.

    `what` names it in a few words, `when` what loads it so, `layer` the layer that holds it, where
    one does. `is_certain` is False where the code is not in the archive and what it does is not
    known: a class of a module that is imported for it.
    """

    what: str
    when: str
    layer: str | None = None
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that was read: its configuration as facts, and what would run when loaded.

    `file_bytes` are those of the file, or of all files of a SavedModel. `stored_weights` counts
    the scalars that the archive says it holds, None where that was not read.
    """

    keras: KerasFacts
    executable: tuple[ExecutableContent, ...] = ()
    file_bytes: int = 0
    stored_weights: int | None = None
