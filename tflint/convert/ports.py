"""Whose input is whose: the network's in Keras, and those of the .tflite made of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tflint.convert.request import Port
from tflint.fix.proof.interface import Port as ModelPort
from tflint.fix.proof.interface import first_entry
from tflint.model.tables import Model

if TYPE_CHECKING:
    from tflint.fix.proof.samples import Samples

# What the converter puts around the name of an input: `serving_default_x:0`.
_PREFIX, _SUFFIX = re.compile(r"^serving_default_"), re.compile(r":\d+$")


def places(ports: Sequence[Port], held: Sequence[ModelPort]) -> list[int] | None:
    """For each input or output of the model the position of the network's own.

    By the signature's names, then by those of tensors, then by position; None where there are
    not as many.
    """
    if len(ports) != len(held):
        return None
    known = {_plain(port.name): place for place, port in enumerate(ports)}
    for names in ([port.key or "" for port in held], [port.name for port in held]):
        plain = [_plain(name) for name in names]
        if len(known) == len(ports) and set(plain) == set(known):
            return [known[name] for name in plain]
    return list(range(len(ports)))


def samples_for(model: Model, samples: Samples, ports: Sequence[Port]) -> Samples:
    """The network's samples as the model takes them: its inputs in turn, dimensions in its order.

    `samples.inputs` are (samples, *shape of the network's input); where there are not as many
    inputs they stay as they are.
    """
    found = places(ports, first_entry(model).inputs)
    if found is None or len(samples.inputs) != len(ports):
        return samples
    turned = []
    for place in found:
        values, order = samples.inputs[place], ports[place].order
        if order is not None and values.ndim == len(order) + 1:
            values = np.transpose(values, (0, *(axis + 1 for axis in order)))
        turned.append(values)
    return dataclasses.replace(samples, inputs=tuple(turned))


def _plain(name: str) -> str:
    return _SUFFIX.sub("", _PREFIX.sub("", name))
