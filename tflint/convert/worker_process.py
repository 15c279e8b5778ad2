"""The conversation with the worker that has TensorFlow."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tflint.convert.out_of_memory import speaks_of_memory
from tflint.convert.request import (
    Attempt,
    Fault,
    Needed,
    Network,
    Place,
    Port,
    Rebuilt,
    Request,
    Support,
)
from tflint.errors import HostFailed, MissingExtra, TflintError, UsageError
from tflint.execution.frames import Array
from tflint.execution.process import Ended, Limits, run_worker
from tflint.lint.discover import shown_path
from tflint.printable import printable

if TYPE_CHECKING:
    from tflint.fix.proof.samples import Samples

# TensorFlow reserves far more addresses than it uses. Files are the user's code's to write.
LIMITS = Limits(seconds=900.0, memory_bytes=16 << 30, file_bytes=None)
_WORKER = "tflint.convert.tensorflow.worker"
_MAX_REASON = 4000
# What TensorFlow prints at every start, and other lines that are no errors.
_CHATTER = re.compile(r"[IW]\d{4} |WARNING: All log messages|\d{4}-\d\d-\d\d .*: [IW] ")
_FATAL = re.compile(r"F\d{4} ")
_MAX_STEP = 200
_MAX_LINE = 300


class SourceRefused(TflintError):
    """What was named holds no network that can be loaded; the message says why."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What TensorFlow made of a network.

    `model` is the float .tflite of the last attempt, None where none succeeded; `quantized` what
    TensorFlow's own quantiser made, where that was asked for and needed. `samples` are inputs of
    the original, (samples, *shape of the input), and `reference` what the original in Keras
    answers to them, (samples, *shape of the output) in float32 or its own integers, in the order
    of `network.outputs`: the batch of one sample (1, mostly) is part of these shapes, as in what
    `execute` gives. `reference` is empty where the original cannot be run; a note says so.
    `weights` are the file of weights for the repaired source, where the original's were in one.
    """

    network: Network
    attempts: tuple[Attempt, ...]
    model: bytes | None = None
    quantized: bytes | None = None
    samples: Samples | None = None
    reference: tuple[Array, ...] = ()
    weights: bytes | None = None


def convert(
    request: Request,
    limits: Limits = LIMITS,
    say: Callable[[str], None] = lambda text: None,
) -> Converted:
    """Let the worker load, rebuild and convert a network.

    `say` is told what takes its time. Raises `MissingExtra` without TensorFlow, `SourceRefused`,
    `UsageError` for samples that do not fit, and `HostFailed` where the worker crashed or ran out
    of time or memory.
    """
    if importlib.util.find_spec("tensorflow") is None:
        raise MissingExtra("converting (TensorFlow)", "convert")
    arrays = [] if request.donor is None else [np.frombuffer(request.donor, np.uint8)]
    step = "starting TensorFlow"

    def hear(head: dict[str, Any]) -> None:
        nonlocal step
        if head.get("event") == "progress":
            step = printable(str(head.get("text")), _MAX_STEP)
            say(step)

    say(step)
    limits = replace(limits, file_bytes=None)
    ended = run_worker(_WORKER, request.to_json(), arrays, limits, hear)
    head, found = ended.frames[-1] if ended.frames else ({}, [])
    event = head.get("event")
    if event == "converted":
        return _converted(head, found)
    if event == "memory":
        raise HostFailed(_no_memory(limits, step))
    if event in _RAISED:
        raise _RAISED[event](printable(head["reason"], _MAX_REASON))
    raise HostFailed(_what_happened(ended, limits, step))


def _what_happened(ended: Ended, limits: Limits, step: str) -> str:
    """One line for a worker that has come to no end of its own."""
    if ended.is_time_out:
        return (
            f"the conversion took longer than {limits.seconds:,.0f} s and was ended while {step}:"
            " see --time-limit"
        )
    if speaks_of_memory(ended.log):
        return _no_memory(limits, step)
    lines = [line.strip() for line in ended.log.splitlines() if line.strip()]
    lines = [line for line in lines if not _CHATTER.match(line)]
    # What TensorFlow ends itself with, which the names of its functions follow.
    fatal = [line for line in lines if _FATAL.match(line)]
    last = f" ({printable((fatal or lines)[-1], _MAX_LINE)})" if lines else ""
    return f"the conversion failed while {step}: {ended.fault or 'it ended early'}{last}"


def _no_memory(limits: Limits, step: str) -> str:
    return (
        f"the conversion ran out of memory (limit {limits.memory_bytes / (1 << 30):.3g} GiB) while"
        f" {step}: see --memory-limit"
    )


def _broken(reason: str) -> UsageError:
    return UsageError(f"TensorFlow is installed, but cannot be imported: {reason}")


_RAISED: dict[str, Callable[[str], TflintError]] = {
    "refused": SourceRefused,
    "usage": UsageError,
    "broken": _broken,
}


def _converted(head: dict[str, Any], arrays: list[Array]) -> Converted:
    from tflint.fix.proof.samples import Samples

    def place(sent: dict[str, Any]) -> Place:
        if sent["path"] is not None:
            sent = {**sent, "path": shown_path(Path(sent["path"]))}
        return Place(**sent)

    def port(sent: dict[str, Any]) -> Port:
        order = None if sent["order"] is None else tuple(sent["order"])
        return Port(sent["name"], tuple(sent["shape"]), sent["dtype"], order)

    def attempt(sent: dict[str, Any]) -> Attempt:
        needed = tuple(
            Needed(n["name"], Support(n["support"]), place(n["place"]), n["count"], n["detail"])
            for n in sent["needed"]
        )
        faults = tuple(Fault(f["operator"], place(f["place"]), f["detail"]) for f in sent["faults"])
        return Attempt(Support(sent["allowed"]), sent["error"], needed, faults)

    def data(index: int | None) -> bytes | None:
        return None if index is None else arrays[index].tobytes()

    network, samples = head["network"], None
    if (sent := head["samples"]) is not None:
        inputs = tuple(arrays[index] for index in sent["inputs"])
        labels = None if sent["labels"] is None else arrays[sent["labels"]]
        samples = Samples(inputs, labels, sent["source"], sent["is_random"])
    return Converted(
        Network(
            network["framework"],
            tuple(map(port, network["inputs"])),
            tuple(map(port, network["outputs"])),
            tuple(Rebuilt(r["what"], tuple(r["layers"])) for r in network["rebuilt"]),
            tuple(network["notes"]),
            {name: place(sent) for name, sent in network["layers"].items()},
            network["source_refusal"],
            network["donor_refusal"],
            network["answered_by"],
        ),
        tuple(map(attempt, head["attempts"])),
        data(head["model"]),
        data(head["quantized"]),
        samples,
        tuple(arrays[index] for index in head["reference"]),
        data(head["weights"]),
    )
