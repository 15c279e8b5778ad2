"""Running models on this host: on LiteRT, and on TFLM where it is installed.

Both run in worker processes, which models may take down: `execute` for one run, `execute_all`
for many in one process, as most of the time goes into starting it.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from tflint.errors import HostFailed, MissingExtra, ModelRefused, UsageError
from tflint.execution.frames import Array
from tflint.execution.process import DEFAULT_LIMITS, Limits, run_worker
from tflint.model.reader import parse_model
from tflint.model.tables import Model
from tflint.printable import counted, printable

MAX_REASON = 400


class Host(Enum):
    """A runtime on this host. The value is its name in reports.

    `LITERT` has the reference kernels, which are plain and the same everywhere, but not one for
    each operator: `LITERT_OPTIMISED` is for what they lack.
    """

    LITERT = "litert-reference"
    LITERT_OPTIMISED = "litert"
    TFLM = "tflm"

    @property
    def title(self) -> str:
        """Its name in sentences."""
        return _TITLES[self]


_TITLES = {
    Host.LITERT: "LiteRT",
    Host.LITERT_OPTIMISED: "LiteRT (optimised kernels)",
    Host.TFLM: "TFLM",
}
_LITERT = ("ai_edge_litert", "quantize")
_PACKAGES = {
    Host.LITERT: _LITERT,
    Host.LITERT_OPTIMISED: _LITERT,
    Host.TFLM: ("tflite_micro", "tflm"),
}
_WORKERS = {
    Host.LITERT: "tflint.execution.litert_worker",
    Host.LITERT_OPTIMISED: "tflint.execution.litert_worker",
    Host.TFLM: "tflint.execution.tflm_worker",
}
_NO_KERNEL = "Didn't find op for builtin opcode"
# LiteRT 2.1's reference kernel leaves out the last of the neighbouring channels.
_WRONG_REFERENCE = "LOCAL_RESPONSE_NORMALIZATION"
# Operators whose state is not in variable tensors: only a new interpreter forgets it.
RESOURCES = frozenset(("VAR_HANDLE", "HASHTABLE", "CALL_ONCE"))


@dataclass(frozen=True, slots=True)
class Run:
    """A model to run on samples: `inputs[i]` has the shape (samples, *shape of input i).

    Values are as the model takes them, already quantised. Variables are reset before each sample
    unless it `keeps_state`. `signature` is the key of the signature to run instead of the first
    subgraph; inputs and outputs then are in the order in which the signature names them.
    """

    model: bytes
    inputs: tuple[Array, ...]
    signature: str | None = None
    keeps_state: bool = False


# What came of a run: the outputs, (samples, *shape of the output), or why there are none.
Outcome = tuple[Array, ...] | ModelRefused | HostFailed


def is_installed(host: Host) -> bool:
    """Whether the runtime is there; it is not loaded."""
    return importlib.util.find_spec(_PACKAGES[host][0]) is not None


def execute(
    model: bytes, inputs: Sequence[Array], host: Host, limits: Limits = DEFAULT_LIMITS
) -> tuple[Array, ...]:
    """The outputs of a model's first subgraph, (samples, *shape of the output).

    Raises `ModelRefused` with what the runtime says, `HostFailed` where it crashed or ran out of
    time or memory, `MissingExtra` where it is not installed.
    """
    outcome = execute_all([Run(model, tuple(inputs))], host, limits)[0]
    if isinstance(outcome, ModelRefused | HostFailed):
        raise outcome
    return outcome


def execute_all(runs: Sequence[Run], host: Host, limits: Limits = DEFAULT_LIMITS) -> list[Outcome]:
    """What came of each run. `limits.seconds` are for all of them.

    Raises `MissingExtra` where the runtime is not installed, `HostFailed` where no process can
    be started, `UsageError` for another number of inputs than the model takes, and what
    `parse_model` raises.
    """
    if not is_installed(host):
        package, extra = _PACKAGES[host]
        raise MissingExtra(f"running models on {host.title} (`{package}`)", extra)
    deadline = time.monotonic() + limits.seconds
    outcomes: list[Outcome] = []
    while len(outcomes) < len(runs):
        left = replace(limits, seconds=max(deadline - time.monotonic(), 0.1))
        outcomes += _until_a_crash(runs[len(outcomes) :], host, left)
    return outcomes


def _until_a_crash(runs: Sequence[Run], host: Host, limits: Limits) -> list[Outcome]:
    """The outcomes up to that of the run that ends the process; of all after a time-out."""
    arrays: list[Array] = []
    places: dict[int, int] = {}
    known: dict[int, Model] = {}

    def place(held: bytes | Array) -> int:
        """Where among the arrays it is; what several runs share is sent once."""
        if id(held) not in places:
            places[id(held)] = len(arrays)
            arrays.append(np.frombuffer(held, np.uint8) if isinstance(held, bytes) else held)
        return places[id(held)]

    requests = []
    for run in runs:
        if id(run.model) not in known:
            known[id(run.model)] = parse_model(run.model)
        request = {
            "model": place(run.model),
            "inputs": [place(values) for values in run.inputs],
            "is_reference": host is Host.LITERT,
        }
        requests.append({**request, **_request(run, known[id(run.model)])})
    ended = run_worker(_WORKERS[host], {"runs": requests}, arrays, limits)
    outcomes = [_outcome(head, found, host) for head, found in ended.frames]
    for i, run in enumerate(runs[: len(outcomes)] if host is Host.LITERT else ()):
        if any(code.name == _WRONG_REFERENCE for code in known[id(run.model)].operator_codes):
            outcomes[i] = _without_a_right_kernel(host)
    if len(outcomes) < len(runs):
        fault = ended.fault or "it ended early"
        log = _reason(ended.log) if ended.log and not ended.is_time_out else ""
        failed = HostFailed(f"{host.title} failed: {fault}{f' ({log})' if log else ''}")
        outcomes += [failed] * (len(runs) - len(outcomes) if ended.is_time_out else 1)
    return outcomes


def _request(run: Run, model: Model) -> dict[str, Any]:
    names: list[str] = []
    graph = model.subgraphs[0] if model.subgraphs else None
    outputs: list[str] = ["" for index in graph.outputs if index >= 0] if graph else []
    for signature in model.signature_defs:
        if run.signature is not None and (signature.signature_key or "") == run.signature:
            names = [entry.name or "" for entry in signature.inputs]
            outputs = [entry.name or "" for entry in signature.outputs]
    taken = len(names) if run.signature is not None else len(graph.inputs) if graph else 0
    if taken != len(run.inputs):
        raise UsageError(
            f"the model takes {counted(taken, 'input')}, {len(run.inputs):,} were given"
        )
    return {
        "samples": len(run.inputs[0]) if run.inputs else 1,
        "signature": run.signature,
        "names": names,
        "outputs": outputs,
        "keeps_state": run.keeps_state,
        "has_resources": any(code.name in RESOURCES for code in model.operator_codes),
    }


def _outcome(head: dict[str, Any], arrays: list[Array], host: Host) -> Outcome:
    if "failed" in head:
        return HostFailed(f"{host.title} failed: {head['failed']}")
    if "refused" in head:
        return ModelRefused(f"{host.title} does not run the model: {_reason(head['refused'])}")
    return tuple(arrays)


def _without_a_right_kernel(host: Host) -> ModelRefused:
    return ModelRefused(f"{host.title} has no right kernel: {_NO_KERNEL} {_WRONG_REFERENCE}")


def lacks_kernel(outcome: Outcome | None) -> bool:
    """Whether LiteRT refuses a model because it has no kernel for an operator."""
    return isinstance(outcome, ModelRefused) and _NO_KERNEL in str(outcome)


def _reason(text: str) -> str:
    """What a runtime says, on one line."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return printable("; ".join(dict.fromkeys(line for line in lines if line)), MAX_REASON)
