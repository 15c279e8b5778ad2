"""Jobs of quantising, each in a process of its own: ranges of tensors, and ai-edge-quantizer.

Both libraries are native code that a model can take down, and they print what they like.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.errors import HostFailed, MissingExtra, TflintError
from tflint.execution.frames import Array
from tflint.execution.process import Limits, run_worker
from tflint.fix.quantize.histogram import Histogram, merged
from tflint.printable import printable

# Called with how many samples have been run, and how many there are.
Progress = Callable[[int, int], None]

_WORKER = "tflint.fix.quantize.worker"
_PACKAGES = ("ai_edge_litert", "ai_edge_quantizer")
# Quantising a model of many megabytes takes minutes; each part of the samples has as long.
LIMITS = Limits(seconds=1800.0, memory_bytes=16 << 30)
# Samples go to a process in parts of this size, so that any number of them can be run.
MAX_PART_BYTES = 64 << 20
_MAX_REASON = 400


class QuantizerRefused(TflintError):
    """LiteRT or ai-edge-quantizer does not take the model; its words follow."""


def check_installed() -> None:
    """Raise `MissingExtra` unless LiteRT and ai-edge-quantizer are there; neither is loaded."""
    if any(importlib.util.find_spec(package) is None for package in _PACKAGES):
        raise MissingExtra("quantising", "quantize")


def histograms(
    model: bytes,
    tensors: Sequence[int],
    inputs: Sequence[NDArray[Any]],
    *,
    limits: Limits = LIMITS,
    progress: Progress | None = None,
) -> list[Histogram]:
    """What float tensors of the first subgraph hold over all samples, on LiteRT, in their order.

    `inputs[i].shape` is (samples, *the shape of input i). Raises `MissingExtra`,
    `QuantizerRefused` or `HostFailed`.
    """
    check_installed()
    total = len(inputs[0]) if inputs else 1
    sample_bytes = sum(values.nbytes // max(total, 1) for values in inputs)
    step = max(1, min(total, MAX_PART_BYTES // max(sample_bytes, 1)))
    found = [Histogram() for _ in tensors]
    request = {"job": "calibrate", "tensors": list(tensors)}
    for first in range(0, total, step):
        part = [np.ascontiguousarray(values[first : first + step]) for values in inputs]
        ends, seen, counts = _answer(model, request, part, limits)
        new = [
            Histogram(float(e[0]), float(e[1]), float(e[2]), int(s[0]), bool(s[1]), c.copy())
            for e, s, c in zip(ends, seen, counts, strict=True)
        ]
        found = [merged(old, more) for old, more in zip(found, new, strict=True)]
        if progress is not None:
            progress(min(first + step, total), total)
    return found


def quantized(
    model: bytes,
    mode: str,
    ranges: Mapping[str, tuple[int, float, float]],
    *,
    limits: Limits = LIMITS,
) -> bytes:
    """What ai-edge-quantizer makes of a model. It returns what it does not understand unchanged.

    `ranges` has rank, low and high end by tensor name. Raises as `histograms` does.
    """
    check_installed()
    request = {"job": "quantize", "mode": mode, "ranges": dict(ranges)}
    (data,) = _answer(model, request, (), limits)
    return data.tobytes()


def _answer(
    model: bytes, request: Mapping[str, Any], arrays: Sequence[Array], limits: Limits
) -> Sequence[Array]:
    ended = run_worker(_WORKER, request, [np.frombuffer(model, np.uint8), *arrays], limits)
    if not ended.frames:
        last = ended.log.strip().splitlines()[-1:]
        log = f" ({printable(last[0], _MAX_REASON)})" if last and not ended.is_time_out else ""
        raise HostFailed(f"quantising failed: {ended.fault or 'it ended early'}{log}")
    head, found = ended.frames[0]
    if "refused" in head:
        tool = "LiteRT" if request["job"] == "calibrate" else "ai-edge-quantizer"
        reason = printable(" ".join(str(head["refused"]).split()), _MAX_REASON)
        raise QuantizerRefused(f"{tool} refuses the model: {reason}")
    return found
