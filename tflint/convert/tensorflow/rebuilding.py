"""The same function in a form that converts better, held equal to the original."""

from __future__ import annotations

from dataclasses import dataclass

from tflint.convert.request import Port, Rebuilt, Request
from tflint.convert.tensorflow.loaded import Loaded


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """What is converted in the place of the original.

    `inputs` and `outputs` are the original's, with `order` where a dimension has moved.
    """

    loaded: Loaded
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    rebuilt: tuple[Rebuilt, ...] = ()
    notes: tuple[str, ...] = ()


def unchanged(loaded: Loaded, inputs: tuple[Port, ...], outputs: tuple[Port, ...]) -> Rebuilding:
    """The original as it is."""
    return Rebuilding(loaded, inputs, outputs)


def rebuild(subject: Rebuilding, wanted: Request) -> Rebuilding:
    """The network rebuilt, as far as that comes out equal."""
    return subject
