"""What `tflint bench` is asked for, held to what it can be before anything is measured."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from tflint.bench.options import DEFAULT_MIN_SECONDS, BenchOptions, Dataset, Kernels
from tflint.errors import UnknownName, UsageError
from tflint.printable import printable
from tflint.target.target import parse_size

# LiteRT, NumPy and the stacks of their threads take as much before there is a model.
_LEAST_MEMORY = 512 << 20


def bench_options(
    *,
    runs: int | None,
    warmup: int,
    threads: int,
    kernels: str,
    data: Sequence[str],
    split: str | None,
    signature: str | None,
    operators: bool,
    seed: int,
    time_limit: float | None,
    memory_limit: str | None,
) -> BenchOptions:
    """The options put together. Raises `UsageError` or `UnknownName`."""
    names = [one.value for one in Kernels]
    if kernels not in names:
        raise UnknownName("kernels", kernels, names, f"kernels are {', '.join(names)}")
    folders = [text for text in data if _is_folder(text)]
    files = [text for text in data if text not in folders]
    if len(folders) > 1:
        raise UsageError("--data takes one folder with recordings")
    if split is not None and not files:
        raise UsageError("--split needs --data FILE.npz, the data that it is a part of")
    default = BenchOptions()
    seconds = default.seconds if time_limit is None else time_limit
    if not (math.isfinite(seconds) and seconds > 0):
        raise UsageError("--time-limit is a number of seconds above 0, such as 300")
    return BenchOptions(
        runs=default.runs if runs is None else runs,
        min_seconds=DEFAULT_MIN_SECONDS if runs is None else 0.0,
        warmup_runs=warmup,
        threads=threads,
        kernels=Kernels(kernels),
        datasets=tuple(map(dataset, files)),
        recordings=Path(os.path.expanduser(folders[0])) if folders else None,
        split=split,
        signature=signature,
        operators=operators,
        seed=seed,
        seconds=seconds,
        memory_bytes=_memory(memory_limit, default.memory_bytes),
    )


def _is_folder(text: str) -> bool:
    """Whether it can only be a folder with recordings."""
    return not text.lower().endswith(".npz") and os.path.isdir(os.path.expanduser(text))


def dataset(text: str) -> Dataset:
    """`FILE.npz`, or `GLOB=FILE.npz`. Raises `UsageError` for what is no file."""
    pattern, equals, name = text.partition("=")
    # A name may have `=` in it.
    if not equals or os.path.isfile(text):
        pattern, name = "", text
    path = Path(os.path.expanduser(name))
    shown = printable(name, 400)
    if path.suffix.lower() != ".npz":
        raise UsageError(f"--data is a .npz of samples and their labels, not `{shown}`")
    if not path.is_file():
        what = "is no file" if path.exists() else "does not exist"
        raise UsageError(f"`{shown}` {what} (--data)")
    return Dataset(path, pattern or None)


def _memory(text: str | None, default: int) -> int:
    if text is None:
        return default
    try:
        found = parse_size(text)
    except UsageError as error:
        raise UsageError(f"--memory-limit: {error}") from error
    if found < _LEAST_MEMORY:
        raise UsageError("--memory-limit is less than LiteRT takes for itself: 512M or more")
    return found
