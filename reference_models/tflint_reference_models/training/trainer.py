"""The conversation with the worker that trains."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflint.atomic_file import write_files
from tflint.convert.out_of_memory import speaks_of_memory
from tflint.errors import HostFailed, MissingExtra, TflintError, UsageError
from tflint.execution.process import Ended, Limits, run_worker
from tflint.printable import printable
from tflint_reference_models.training.job import NETWORK, Job, TrainingFailed

_WORKER = "tflint_reference_models.training.worker"
# What says that a training came to its end: what the worker's last frame said.
_DONE = "trained.json"
# TensorFlow reserves far more addresses than it uses.
_MEMORY = 16 << 30
_MAX_LINE = 300


@dataclass(frozen=True, slots=True)
class TrainedNetwork:
    """A trained network: its file, the threshold that became part of its last bias (None for
    none), and its parameters, all of them.
    """

    path: Path
    threshold: float | None
    parameters: int


def check_installed() -> None:
    """Raise `MissingExtra` where TensorFlow is not installed."""
    if importlib.util.find_spec("tensorflow") is None:
        raise MissingExtra("training (TensorFlow)", "convert")


def train(
    job: Job, seconds: float, say: Callable[[str], None], *, fresh: bool = False
) -> TrainedNetwork:
    """Train a network, or go on where the last call was interrupted; `say` is told how far it is.

    With `fresh` what is there of an earlier call is thrown away.
    Raises `UsageError` for recordings that are missing or broken, `TrainingFailed` for a training
    that comes to nothing, and `HostFailed` where the worker crashed or was too slow: what it did by
    then is kept.
    """
    folder = Path(job.state)
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    done = _done(folder)
    if done is not None:
        return done
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        shown = printable(str(folder), 400)
        raise UsageError(f"no folder `{shown}`: {error.strerror or error}") from error

    step = "starting TensorFlow"

    def hear(head: dict[str, Any]) -> None:
        nonlocal step
        if head.get("event") == "progress":
            step = printable(str(head.get("text")), _MAX_LINE)
            say(step)

    limits = Limits(seconds, _MEMORY, None)
    ended = run_worker(_WORKER, job.to_json(), (), limits, hear)
    head: dict[str, Any] = ended.frames[-1][0] if ended.frames else {}
    if head.get("event") in _RAISED:
        raise _RAISED[head["event"]](printable(str(head["reason"]), 1000))
    if head.get("event") != "trained":
        raise HostFailed(_what_happened(ended, step))
    kept = {"threshold": head["threshold"], "parameters": head["parameters"]}
    write_files([(folder / _DONE, json.dumps(kept))])
    found = _done(folder)
    if found is None:
        raise HostFailed("the training failed: it left no network")
    return found


def _done(folder: Path) -> TrainedNetwork | None:
    path = folder / NETWORK
    try:
        held = json.loads((folder / _DONE).read_text(encoding="utf-8"))
        threshold = held["threshold"]
        found = TrainedNetwork(
            path, None if threshold is None else float(threshold), int(held["parameters"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if path.is_file() else None


def _what_happened(ended: Ended, step: str) -> str:
    """One line for a worker that has come to no end of its own."""
    if ended.is_time_out:
        return (
            f"the training took too long and was ended ({step}); the same call goes on from there,"
            " see --time-limit"
        )
    if speaks_of_memory(ended.log):
        return f"the training ran out of memory ({step})"
    lines = [line.strip() for line in ended.log.splitlines() if line.strip()]
    last = f": {printable(lines[-1], _MAX_LINE)}" if lines else ""
    return f"the training failed ({step}): {ended.fault or 'it ended early'}{last}"


_RAISED: dict[str, Callable[[str], TflintError]] = {
    "refused": UsageError,
    "failed": TrainingFailed,
    "memory": HostFailed,
}
