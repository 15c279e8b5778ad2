"""What a model is timed on: values that it takes, of the shapes that LiteRT lays out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from tflint.errors import ModelRefused
from tflint.fix.proof.index_bounds import index_bounds
from tflint.fix.proof.interface import (
    DTYPES,
    MAX_ELEMENTS,
    MAX_RANK,
    Array,
    Entry,
    NotComparable,
    Port,
    first_entry,
)
from tflint.fix.proof.samples import random_inputs
from tflint.model.tables import Model, SignatureDef
from tflint.model.types import elements
from tflint.printable import printable


def entry_of(model: Model, signature: str | None) -> Entry:
    """The way into the model: its first subgraph, or what a signature leads to.

    Raises `NotComparable` where it has no such signature, or takes what cannot be made up.
    """
    entry = first_entry(model)
    if signature is not None:
        entry = _entry(model, _signature(model, signature), entry)
    for port in entry.inputs:
        if port.type not in DTYPES:
            raise NotComparable(
                f"the input {port.title} is of type {port.type.name}, for which no values can be"
                " made up"
            )
        if len(port.shape) > MAX_RANK or elements(port.default_shape) > MAX_ELEMENTS:
            raise NotComparable(f"the input {port.title} is too large to be run here")
    return entry


def timing_inputs(
    model: Model, entry: Entry, seed: int, samples: Sequence[Array] | None = None
) -> list[Array]:
    """One sample, a value for each input, in the type and shape in which LiteRT takes it.

    `samples` are real data, (samples, *shape of the input) of real values each, of which the
    first that fits is taken; else they are made up: reals around zero or, where integers stand
    for them, of all of their range, and indices that are in bounds.
    """
    ports = [_laid_out(model, entry, port) for port in entry.inputs]
    if samples is not None and len(samples) == len(ports) and all(map(len, samples)):
        rows = [values[0] for values in samples]
        if all(port.takes(row.shape) for port, row in zip(entry.inputs, rows, strict=True)):
            return [_as_taken(port, row) for port, row in zip(ports, rows, strict=True)]
    known = [port if port.dtype.kind != "c" else _complex_parts(port) for port in ports]
    made = random_inputs(known, 1, index_bounds(model, entry.subgraph), seed)
    return [_as_taken(port, values[0]) for port, values in zip(ports, made.inputs, strict=True)]


def _laid_out(model: Model, entry: Entry, port: Port) -> Port:
    """The input with the sizes that the file gives for those left open, 1 where it gives none:
    LiteRT lays it out like that unless it is told otherwise.
    """
    held = model.subgraphs[entry.subgraph].tensors[port.tensor].shape
    if len(held) != len(port.shape):
        return dataclasses.replace(port, shape=port.default_shape)
    pairs = zip(port.shape, held, strict=True)
    shape = tuple((size if size > 0 else 1) if known is None else known for known, size in pairs)
    if elements(shape) > MAX_ELEMENTS:
        shape = port.default_shape
    return dataclasses.replace(port, shape=shape)


def _complex_parts(port: Port) -> Port:
    """The same with one real for each complex number: nothing that is made up has two parts."""
    from tflint.model.schema import TensorType

    return dataclasses.replace(port, type=TensorType.FLOAT32)


def _as_taken(port: Port, values: Array) -> Array:
    taken = port.quantised(values) if port.is_real else values.astype(port.dtype)
    return np.ascontiguousarray(taken).reshape(taken.shape)


def _signature(model: Model, name: str) -> SignatureDef:
    for signature in model.signature_defs:
        if (signature.signature_key or "") == name:
            return signature
    names = ", ".join(f"`{printable(s.signature_key or '')}`" for s in model.signature_defs[:8])
    has = f"it has {names}" if names else "it has none"
    raise NotComparable(f"no signature `{printable(name)}`: {has}")


def _entry(model: Model, signature: SignatureDef, first: Entry) -> Entry:
    """The ports of a signature in its order; LiteRT calls one of the first subgraph as that."""
    place = signature.subgraph_index
    if place == 0:
        return first
    if not 0 <= place < len(model.subgraphs):
        raise ModelRefused(f"the signature leads to subgraph {place}, which is not there")
    graph = model.subgraphs[place]
    alone = first_entry(dataclasses.replace(model, subgraphs=(graph,), signature_defs=()))
    keys = {entry.tensor_index: entry.name for entry in (*signature.inputs, *signature.outputs)}

    def named(ports: tuple[Port, ...]) -> tuple[Port, ...]:
        return tuple(dataclasses.replace(port, key=keys.get(port.tensor)) for port in ports)

    return Entry(signature.signature_key or "", place, named(alone.inputs), named(alone.outputs))
