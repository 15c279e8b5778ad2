"""`--quantize`, `--calibrate` and what belongs to them: checked before any file is read."""

from __future__ import annotations

import math
from pathlib import Path

from tflint.errors import UnknownName, UsageError
from tflint.fix.options import (
    CALIBRATED,
    CALIBRATIONS,
    DEFAULT_TOLERANCE,
    MODES,
    RANDOM,
    FixOptions,
)
from tflint.printable import printable


def fix_options(
    *,
    unsafe: bool,
    diff: bool,
    quantize: str | None,
    calibrate: str | None,
    calibration: str | None,
    tolerance: float | None,
) -> FixOptions:
    """The options put together. Raises `UsageError` where they do not fit together."""
    if quantize is not None and quantize not in MODES:
        raise UnknownName("mode of quantisation", quantize, MODES, f"modes are {', '.join(MODES)}")
    if calibration is not None and calibration not in CALIBRATIONS:
        known = ", ".join(CALIBRATIONS)
        raise UnknownName("calibration", calibration, CALIBRATIONS, f"calibrations are {known}")
    if calibration is not None and quantize not in CALIBRATED:
        raise UsageError(f"--calibration is for --quantize {' and '.join(sorted(CALIBRATED))}")
    if quantize in CALIBRATED and calibrate is None:
        raise UsageError(
            f"--quantize {quantize} needs real inputs to take the ranges of activations from: "
            f"--calibrate DATA (.npy, .npz, or a folder of .npy); --calibrate {RANDOM} guesses "
            "them, which can ruin a model"
        )
    if calibrate == RANDOM and quantize not in CALIBRATED:
        raise UsageError(f"--calibrate {RANDOM} is for --quantize int8 and int16x8")
    is_random = calibrate == RANDOM
    if calibrate is not None and not is_random and not Path(calibrate).exists():
        raise UsageError(f"`{printable(calibrate, 400)}` does not exist (--calibrate)")
    if tolerance is not None and not (math.isfinite(tolerance) and 0 <= tolerance <= 1):
        raise UsageError("--tolerance is a share from 0 to 1, such as 0.02")
    return FixOptions(
        unsafe=unsafe,
        is_dry=diff,
        quantize=quantize,
        calibrate=None if calibrate is None or is_random else Path(calibrate),
        is_random=is_random,
        calibration=calibration or CALIBRATIONS[0],
        tolerance=DEFAULT_TOLERANCE if tolerance is None else tolerance,
    )
