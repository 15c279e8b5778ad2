"""Kernels that look at tensors while they prepare, and ask for no memory but their own data."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.memory.abi import Struct
from tflint.memory.requests import Kernel, Requests


def plain(
    inputs: Sequence[int] = (), outputs: Sequence[int] = (), data: Struct | None = None
) -> Kernel:
    """A kernel whose `Prepare` makes tensors of these inputs and outputs, by their positions.

    `data` is what its `Init` allocates, None where it has no `Init`.
    """

    def kernel(ask: Requests) -> None:
        if data is not None:
            ask.init(data)
        look_at(ask, inputs, outputs)

    return kernel


def look_at(ask: Requests, inputs: Sequence[int] = (), outputs: Sequence[int] = ()) -> None:
    """A temporary tensor for each of these inputs, then for each of these outputs."""
    ask.temporary(*map(ask.input, inputs), *map(ask.output, outputs))
