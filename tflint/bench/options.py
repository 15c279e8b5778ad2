"""What `tflint bench` is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

DEFAULT_RUNS = 200
DEFAULT_WARMUP_RUNS = 20
# For how long models run at least whose number of runs nobody gave.
DEFAULT_MIN_SECONDS = 0.25


class Kernels(Enum):
    """Which kernels of LiteRT run the model. The value is its name in options and reports."""

    XNNPACK = "xnnpack"  # What LiteRT does by default: its delegate where that can.
    BUILTIN = "builtin"  # Its own optimised kernels, no delegate.
    REFERENCE = "reference"  # The plain ones that TFLM's are made of.


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled samples in a file, for the models whose path `pattern` matches; None for all."""

    path: Path
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """How to measure.

    `signature` is the key of the signature to run instead of the first subgraph. `split` is the
    part of the data that counts, where the data name parts. `seconds` and `memory_bytes` limit
    each worker. With `operators` False the time of each operator is left out.

    `recordings` is a folder that the samples of the reference models are made from. With
    `runs_models` False nothing is run: there is what files tell, and what was recorded.

    There are `runs` inferences, or more of them until they have taken `min_seconds`; fewer where
    they would take more than half of `seconds`. `cores` are those that workers are kept to.
    """

    runs: int = DEFAULT_RUNS
    warmup_runs: int = DEFAULT_WARMUP_RUNS
    threads: int = 1
    kernels: Kernels = Kernels.XNNPACK
    datasets: tuple[Dataset, ...] = ()
    split: str | None = None
    signature: str | None = None
    operators: bool = True
    seed: int = 0
    min_seconds: float = 0.0
    cores: tuple[int, ...] | None = None
    seconds: float = 120.0
    memory_bytes: int = 4 << 30
    recordings: Path | None = None
    runs_models: bool = True
