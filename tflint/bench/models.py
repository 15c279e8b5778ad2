"""Which models to measure: those that are named, and those in folders; and their bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tflint.errors import UnreadableModel, UsageError
from tflint.lint.discover import discover
from tflint.printable import printable
from tflint.rule import Kind


def models_at(
    paths: Sequence[str], excluded: Callable[[Path], bool] = lambda path: False
) -> list[tuple[Path, str]]:
    """The .tflite files that the paths name, with what reports call them.

    Raises `UsageError` where there are none, and as `discover` does.
    """
    if not paths:
        raise UsageError("no models: name some, or a folder of them")
    found = [one for one in discover(paths, excluded) if one.kind is Kind.TFLITE]
    if not found:
        raise UsageError(f"no .tflite models in `{printable(paths[0])}`")
    return [(one.path, one.shown) for one in found]


def bytes_of(path: Path, most: int) -> bytes:
    """The file, which workers are sent: of more than `most` bytes none could hold it.

    Raises `UnreadableModel` for those, and `OSError`.
    """
    with path.open("rb") as file:
        if file.seek(0, 2) > most:
            raise UnreadableModel(f"it is larger than the {most:,} bytes that a worker may take")
        file.seek(0)
        return file.read()
