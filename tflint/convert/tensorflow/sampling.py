"""Samples for a network in memory, read or made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tflint.convert.request import Port
from tflint.fix.proof import interface
from tflint.fix.proof.index_bounds import index_bounds
from tflint.fix.proof.interface import first_entry
from tflint.fix.proof.samples import Samples, load_inputs, random_inputs
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType

_OPEN = 32


def given_samples(path: Path, ports: Sequence[Port], batch: int) -> Samples:
    """The samples in a file or folder, each with `batch` in front. Raises `UsageError`."""
    return load_inputs(path, _ports(ports, batch))


def made_up(ports: Sequence[Port], batch: int, count: int, model: bytes) -> Samples:
    """Random samples; which integers an input takes is seen in what the network converts to."""
    entry = first_entry(parse_model(model))
    bounds = index_bounds(parse_model(model))
    names = {(port.key or port.name).removesuffix(":0"): port.tensor for port in entry.inputs}
    known = {}
    for place, port in enumerate(ports):
        in_order = entry.inputs[place].tensor if len(entry.inputs) == len(ports) else None
        tensor = names.get(port.name, in_order)
        if tensor in bounds:
            known[place] = bounds[tensor]
    # A size that is open has to be enough for the windows and pools that follow.
    sized = [
        replace(port, shape=tuple(_OPEN if size is None else size for size in port.shape))
        for port in _ports(ports, batch)
    ]
    return random_inputs(sized, count, known)


def _ports(ports: Sequence[Port], batch: int) -> list[interface.Port]:
    """As the proof knows inputs, by their number instead of that of a tensor."""
    found = []
    for place, port in enumerate(ports):
        shape = port.shape
        if shape and shape[0] is None:
            shape = (batch, *shape[1:])
        kind = TensorType.__members__.get(port.dtype.upper(), TensorType.STRING)
        found.append(interface.Port(place, port.name, port.name, shape, kind))
    return found
