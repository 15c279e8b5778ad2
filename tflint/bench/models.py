"""Which models to measure: those that are named, and those in folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tflint.errors import UsageError
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
