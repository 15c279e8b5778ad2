"""What a training keeps on disk, so that it can go on after an interruption at any moment."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tflint.atomic_file import write_files
from tflint.execution.frames import Array

_NAME = "state.npz"


@dataclass(frozen=True)
class State:
    """Where a training stands: `epochs` are done, `watched` has the figure of each of them, and
    `variables` those of the network and then of its optimiser.
    """

    epochs: int
    watched: tuple[float, ...]
    variables: tuple[Array, ...]


def save(folder: Path, state: State) -> None:
    """Replace the state of a folder; what is there stays whole until then."""
    stream = io.BytesIO()
    head = json.dumps({"epochs": state.epochs, "watched": state.watched})
    arrays: dict[str, Any] = {f"v{number}": array for number, array in enumerate(state.variables)}
    arrays["head"] = np.frombuffer(head.encode(), np.uint8)
    np.savez(stream, **arrays)
    write_files([(folder / _NAME, stream.getvalue())])


def load(folder: Path, shapes: Sequence[tuple[int, ...]]) -> State | None:
    """The state of a folder; None where there is none, or none for variables of these shapes."""
    path = folder / _NAME
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as held:
            head = json.loads(held["head"].tobytes())
            variables = tuple(held[f"v{number}"] for number in range(len(shapes)))
            if len(held.files) != len(shapes) + 1:
                return None
        state = State(int(head["epochs"]), tuple(map(float, head["watched"])), variables)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    if [array.shape for array in variables] != list(shapes):
        return None
    return state
