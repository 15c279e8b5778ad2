"""What is asked of a run of `tflint convert`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tflint.convert.request import Origin, Support
from tflint.fix.options import DEFAULT_TOLERANCE
from tflint.lint.discover import Artifact
from tflint.lint.plan import Plan

NONE = "none"
MODES = (NONE, "dynamic", "float16", "int8", "int16x8")

# TensorFlow reserves far more addresses than it uses.
DEFAULT_SECONDS = 900.0
DEFAULT_MEMORY = 16 << 30


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """How a network is converted.

    `quantize` is one of `MODES`; `calibrate` where samples are, `is_random` asks for random ones
    instead, `calibration` is the way from samples to ranges, `tolerance` what quantised results
    may be off. `fallback` is the most that operators may need. `batch` replaces an unknown first
    dimension, None leaves it open. `seconds` and `memory_bytes` limit the worker.
    """

    origin: Origin
    quantize: str = NONE
    calibrate: Path | None = None
    is_random: bool = False
    calibration: str = "best"
    tolerance: float = DEFAULT_TOLERANCE
    fallback: Support = Support.BUILTIN
    batch: int | None = 1
    seconds: float = DEFAULT_SECONDS
    memory_bytes: int = DEFAULT_MEMORY


@dataclass(frozen=True, slots=True)
class ReconvertOptions:
    """What `tflint fix --reconvert` is asked for beside `FixOptions`.

    `keeps_layout` keeps the order of dimensions that inputs and outputs of the original have.
    `seconds` and `memory_bytes` limit each worker.
    """

    keeps_layout: bool = False
    seconds: float = DEFAULT_SECONDS
    memory_bytes: int = DEFAULT_MEMORY


@dataclass(frozen=True, slots=True)
class ReconvertJob:
    """One file to reconvert: what it is, what builds its network, and what it is checked for.

    The two are the same but for a .tflite, whose network the `origin` builds: `--source`.
    """

    artifact: Artifact
    origin: Origin
    plan: Plan
