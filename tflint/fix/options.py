"""What is asked of a run of `tflint fix`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# The share of decisions that may differ, and of the outputs' range that they may be off: see
# `proof`.
DEFAULT_TOLERANCE = 0.02
MODES = ("int8", "int16x8", "dynamic", "float16")
# Modes that need to know the ranges of activations.
CALIBRATED = frozenset(("int8", "int16x8"))
CALIBRATIONS = ("best", "minmax", "percentile", "mse")
# In place of data: ranges from random inputs.
RANDOM = "random"


@dataclass(frozen=True, slots=True)
class FixOptions:
    """How far repairs go.

    `unsafe` takes repairs that change an interface or round differently. `requested` holds the
    codes that were named one by one, for repairs that cost something. `is_dry` is a run that
    writes nothing. Of models: `quantize` is a mode, `calibrate` where samples are (quantisation
    and proof use them), `is_random` asks for random ones instead, `calibration` is the way from
    samples to ranges, and `tolerance` what results may be off that are not bit-equal.
    """

    unsafe: bool = False
    requested: frozenset[str] = frozenset()
    is_dry: bool = False
    quantize: str | None = None
    calibrate: Path | None = None
    is_random: bool = False
    calibration: str = "best"
    tolerance: float = DEFAULT_TOLERANCE
