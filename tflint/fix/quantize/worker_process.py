"""Jobs of quantising, each in a process of its own: ranges of tensors, and ai-edge-quantizer.

Both libraries are native code that a model can take down, and they print what they like.
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.errors import HostFailed, MissingExtra, TflintError
from tflint.execution.frames import Array
from tflint.execution.process import Limits, run_worker
from tflint.fix.quantize.histogram import Histogram, merged
from tflint.model.reader import parse_model
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


@dataclass(frozen=True, slots=True)
class Statistics:
    """What `statistics` has found, by tensor."""

    histograms: dict[int, Histogram]
    peaks: dict[int, NDArray[np.float32]]
    tops: dict[int, float]


def check_installed() -> None:
    """Raise `MissingExtra` unless LiteRT and ai-edge-quantizer are there; neither is loaded."""
    if any(importlib.util.find_spec(package) is None for package in _PACKAGES):
        raise MissingExtra("quantising", "quantize")


def statistics(
    model: bytes,
    tensors: Sequence[int],
    inputs: Sequence[NDArray[Any]],
    *,
    channels: Sequence[int] = (),
    rows: Sequence[int] = (),
    limits: Limits = LIMITS,
    progress: Progress | None = None,
) -> Statistics:
    """What float tensors of the first subgraph hold over all samples, on LiteRT.

    A histogram of each of `tensors`; of each of `channels` the largest absolute value by channel;
    of each of `rows` the smallest that the largest value along the last axis is.
    `inputs[i].shape` is (samples, *the shape of input i). Raises `MissingExtra`,
    `QuantizerRefused` or `HostFailed`.
    """
    request: dict[str, Any] = {"job": "count", "tensors": list(tensors)}
    request.update(channels=list(channels), rows=list(rows))
    found = [Histogram() for _ in tensors]
    peaks: list[NDArray[np.float32]] = []
    tops = np.full(len(rows), np.inf)
    for part in _parts(inputs, progress):
        ends, seen, counts, least, *most = _answer(request, [_bytes(model), *part], limits)
        new = [
            Histogram(float(e[0]), float(e[1]), float(e[2]), int(s[0]), bool(s[1]), c.copy())
            for e, s, c in zip(ends, seen, counts, strict=True)
        ]
        found = [merged(old, more) for old, more in zip(found, new, strict=True)]
        peaks = [np.maximum(a, b) for a, b in zip(peaks, most, strict=True)] if peaks else most
        tops = np.minimum(tops, least)
    return Statistics(
        dict(zip(tensors, found, strict=True)),
        dict(zip(channels, peaks, strict=True)),
        dict(zip(rows, tops.tolist(), strict=True)),
    )


def corrected(
    original: bytes,
    quantized: bytes,
    pairs: Mapping[int, int],
    inputs: Sequence[NDArray[Any]],
    *,
    limits: Limits = LIMITS,
) -> list[bytes]:
    """What `bias_correction` makes of a quantised model, and what it and `weight_rounding` do
    together, for as many samples as fit one process.

    Raises as `statistics` does.
    """
    part = next(_parts(inputs, None))
    request = {"job": "correct", "pairs": [list(pair) for pair in pairs.items()]}
    found = _answer(request, [_bytes(original), _bytes(quantized), *part], limits)
    return [data.tobytes() for data in found]


def outputs(
    runs: Sequence[tuple[bytes, Sequence[NDArray[Any]]]], *, limits: Limits = LIMITS
) -> list[list[NDArray[Any]]]:
    """What models give for inputs, as they are stored: (samples, *shape) for each output.

    On LiteRT's optimised kernels, for comparing many candidates. Raises as `statistics` does.
    """
    arrays: list[Array] = []
    places = []
    for model, inputs in runs:
        places.append([len(arrays), len(arrays) + 1 + len(inputs)])
        arrays += [_bytes(model), *inputs]
    found = iter(_answer({"job": "run", "runs": places}, arrays, limits))
    counts = [len(parse_model(model).subgraphs[0].outputs) for model, _ in runs]
    return [list(itertools.islice(found, count)) for count in counts]


def quantized(
    model: bytes,
    mode: str,
    ranges: Sequence[Mapping[str, tuple[int, float, float]]],
    *,
    limits: Limits = LIMITS,
) -> list[bytes]:
    """What ai-edge-quantizer makes of a model with each set of ranges.

    A set has rank, low and high end by tensor name. What the tool does not understand it returns
    unchanged. Raises as `statistics` does.
    """
    request = {"job": "quantize", "mode": mode, "ranges": [dict(named) for named in ranges]}
    return [data.tobytes() for data in _answer(request, [_bytes(model)], limits)]


def _bytes(model: bytes) -> Array:
    return np.frombuffer(model, np.uint8)


def _parts(
    inputs: Sequence[NDArray[Any]], progress: Progress | None
) -> Iterator[list[NDArray[Any]]]:
    total = len(inputs[0]) if inputs else 1
    sample_bytes = sum(values.nbytes // max(total, 1) for values in inputs)
    step = max(1, min(total, MAX_PART_BYTES // max(sample_bytes, 1)))
    for first in range(0, total, step):
        yield [np.ascontiguousarray(values[first : first + step]) for values in inputs]
        if progress is not None:
            progress(min(first + step, total), total)


def _answer(request: Mapping[str, Any], arrays: Sequence[Array], limits: Limits) -> Sequence[Array]:
    check_installed()
    ended = run_worker(_WORKER, request, arrays, limits)
    if not ended.frames:
        last = ended.log.strip().splitlines()[-1:]
        log = f" ({printable(last[0], _MAX_REASON)})" if last and not ended.is_time_out else ""
        raise HostFailed(f"quantising failed: {ended.fault or 'it ended early'}{log}")
    head, found = ended.frames[0]
    if "refused" in head:
        tool = "ai-edge-quantizer" if request["job"] == "quantize" else "LiteRT"
        reason = printable(" ".join(str(head["refused"]).split()), _MAX_REASON)
        raise QuantizerRefused(f"{tool} refuses the model: {reason}")
    return found
