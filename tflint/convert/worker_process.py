"""The conversation with the worker that has TensorFlow."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

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
from tflint.errors import HostFailed, MissingExtra, TflintError
from tflint.execution.frames import Array
from tflint.execution.process import Limits, run_worker
from tflint.printable import printable

if TYPE_CHECKING:
    from tflint.fix.proof.samples import Samples

# TensorFlow reserves far more addresses than it uses.
LIMITS = Limits(seconds=900.0, memory_bytes=16 << 30)
_WORKER = "tflint.convert.tensorflow.worker"
_MAX_REASON = 4000


class SourceRefused(TflintError):
    """What was named holds no network that can be loaded; the message says why."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What TensorFlow made of a network.

    `model` is the float .tflite of the last attempt, None where none succeeded; `quantized` what
    TensorFlow's own quantiser made, where that was asked for and needed. `samples` are the
    inputs of the original, `reference` what the original in Keras answers to them,
    (samples, *shape without the batch).
    """

    network: Network
    attempts: tuple[Attempt, ...]
    model: bytes | None = None
    quantized: bytes | None = None
    samples: Samples | None = None
    reference: tuple[Array, ...] = ()


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
    say("starting TensorFlow")

    ended = run_worker(_WORKER, request.to_json(), arrays, limits)
    for head, found in ended.frames:
        if head["event"] == "refused":
            raise SourceRefused(printable(head["reason"], _MAX_REASON))
        if head["event"] == "converted":
            return _converted(head, found)
    raise HostFailed(f"the conversion failed: {ended.fault or 'it ended early'}")


def _converted(head: dict[str, Any], arrays: list[Array]) -> Converted:
    def place(sent: dict[str, Any]) -> Place:
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

    network = head["network"]
    return Converted(
        Network(
            network["framework"],
            tuple(map(port, network["inputs"])),
            tuple(map(port, network["outputs"])),
            tuple(Rebuilt(r["what"], tuple(r["layers"])) for r in network["rebuilt"]),
            tuple(network["notes"]),
            {name: place(sent) for name, sent in network["layers"].items()},
        ),
        tuple(map(attempt, head["attempts"])),
        arrays[0].tobytes() if head["has_model"] else None,
    )
