"""The options of `tflint convert`, put together and checked before any process starts."""

from __future__ import annotations

import importlib.util
import math
import os
from collections.abc import Sequence
from pathlib import Path

from tflint.cli.fix_request import fix_options
from tflint.cli.reporting import is_one_file, output_file, shown
from tflint.convert.options import DEFAULT_MEMORY, DEFAULT_SECONDS, MODES, NONE, ConvertOptions
from tflint.convert.request import Origin, Support
from tflint.errors import MissingExtra, UnknownName, UsageError
from tflint.fix.result_file import MODEL_SUFFIX
from tflint.printable import printable
from tflint.target.target import parse_size

ANY = "any"
FALLBACKS = (Support.SELECT.value, Support.CUSTOM.value)
# TensorFlow 2.21 takes 1.6 GB of the address space before there is a network.
_LEAST_MEMORY = 1 << 30


def convert_options(
    origin: Origin,
    *,
    quantize: str | None,
    calibrate: str | None,
    calibration: str | None,
    tolerance: float | None,
    fallback: str | None,
    batch: str | None,
    time_limit: float | None,
    memory_limit: str | None,
) -> ConvertOptions:
    """The options put together. Raises `UsageError` where they do not fit together."""
    if quantize is not None and quantize not in MODES:
        raise UnknownName("mode of quantisation", quantize, MODES, f"modes are {', '.join(MODES)}")
    if fallback is not None and fallback not in FALLBACKS:
        hint = f"fallbacks are {' and '.join(FALLBACKS)}"
        raise UnknownName("fallback", fallback, FALLBACKS, hint)
    mode = None if quantize == NONE else quantize
    fix = fix_options(
        unsafe=False,
        diff=False,
        quantize=mode,
        calibrate=calibrate,
        calibration=calibration,
        tolerance=tolerance,
    )
    seconds, memory_bytes = limits(time_limit, memory_limit)
    return ConvertOptions(
        origin,
        quantize=mode or NONE,
        calibrate=fix.calibrate,
        is_random=fix.is_random,
        calibration=fix.calibration,
        tolerance=fix.tolerance,
        fallback=Support.BUILTIN if fallback is None else Support(fallback),
        batch=_batch(batch),
        seconds=seconds,
        memory_bytes=memory_bytes,
    )


def limits(time_limit: float | None, memory_limit: str | None) -> tuple[float, int]:
    """Seconds and bytes that a worker may take. Raises `UsageError`."""
    seconds = DEFAULT_SECONDS if time_limit is None else time_limit
    if not (math.isfinite(seconds) and seconds > 0):
        raise UsageError("--time-limit is a number of seconds above 0, such as 300")
    if memory_limit is None:
        return seconds, DEFAULT_MEMORY
    try:
        memory_bytes = parse_size(memory_limit)
    except UsageError as error:
        raise UsageError(f"--memory-limit: {error}") from error
    if memory_bytes < _LEAST_MEMORY:
        raise UsageError("--memory-limit is less than TensorFlow takes for itself: 2G or more")
    return seconds, memory_bytes


def _batch(text: str | None) -> int | None:
    if text is None:
        return 1
    if text == ANY:
        return None
    # `int` also takes blanks, underscores and the digits of other scripts.
    if text.isascii() and text.isdigit() and len(text) <= 6 and int(text):
        return int(text)
    raise UsageError(f"--batch is a number of 1 or more, or `{ANY}`; not `{printable(text)}`")


def require_tensorflow() -> None:
    """Raise `MissingExtra` where TensorFlow is not installed; it is not loaded."""
    if importlib.util.find_spec("tensorflow") is None:
        raise MissingExtra("converting (TensorFlow)", "convert")


def existing(option: str, paths: Sequence[str]) -> tuple[Path, ...]:
    """The files that an option names, absolute. Raises `UsageError` for what is no file."""
    found = []
    for text in paths:
        if not os.path.isfile(text):
            what = "is no file" if os.path.exists(text) else "does not exist"
            raise UsageError(f"`{printable(text, 400)}` {what} ({option})")
        found.append(Path(text).absolute())
    return tuple(found)


def result_file(text: str, origin: Origin, others: Sequence[Path], format: str) -> Path:
    """Where the result goes. Raises `UsageError` for what it cannot be written to.

    `others` are what weights, classes and samples are read from.
    """
    path = output_file(format, Path(text))
    if path.suffix.lower() != MODEL_SUFFIX:
        raise UsageError(f"-o is the .tflite to write, not `{shown(path)}`")
    refuse_overwriting(path, (origin.path, *others))
    return path


def refuse_overwriting(path: Path, read: Sequence[Path]) -> None:
    """Raise `UsageError` where a result would be written over, or into, what is read."""
    for other in read:
        if is_one_file(path, other):
            raise UsageError(f"-o would overwrite `{shown(other)}`, which is read")
        folder = os.path.realpath(other)
        if other.is_dir() and os.path.realpath(path).startswith(folder + os.sep):
            raise UsageError(f"`{shown(path)}` is in `{shown(other)}`, which is read")
