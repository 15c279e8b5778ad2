"""What a worker is told of a model and the way into it, see `tflint.bench.session`."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.bench.options import BenchOptions
from tflint.execution.frames import Json
from tflint.fix.proof.interface import Entry
from tflint.model.tables import Model


def session_request(
    model: Model, entry: Entry, options: BenchOptions, shapes: Sequence[tuple[int, ...]]
) -> Json:
    """What it takes to load a model and lay it out; `shapes` are its inputs' in one inference."""
    held = model.subgraphs[entry.subgraph].tensors
    pairs = list(zip(entry.inputs, shapes, strict=True))
    return {
        "threads": options.threads,
        "kernels": options.kernels.value,
        "subgraph": entry.subgraph,
        "tensors": [port.tensor for port, _ in pairs],
        "resized": [
            [port.tensor, list(shape)]
            for port, shape in pairs
            if tuple(held[port.tensor].shape) != shape
        ],
    }
