"""What `tflint train` is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Names all experiments of an application.
ALL = "all"
DEFAULT_THREADS = 2


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What is trained, on what, and where it is written.

    `experiment` is a name, None for the one whose models are shipped, `ALL` for each with both
    networks; `original` asks for the original's network. `folder` has the recordings, `output` is
    written to. `epochs` replaces the recipe's. `seconds` limits each training. With `fresh` what an
    interrupted call left is not gone on with.
    """

    output: Path
    folder: Path | None = None
    original: bool = False
    experiment: str | None = None
    seed: int = 0
    epochs: int | None = None
    seconds: float = 3600.0
    threads: int = DEFAULT_THREADS
    fresh: bool = False
