"""The custom operator of Vela, `ethos-u`: everything that an Ethos-U runs of a model.

Source: ethosu.cc in tensorflow/lite/micro/kernels/ethos_u.
"""

from __future__ import annotations

from tflint.memory.abi import Struct
from tflint.memory.requests import Kernel, Requests

# Size of the command stream, two scratch buffers.
ETHOS_U_DATA = Struct("i32*3")


def ethos_u(ask: Requests) -> None:
    """An address of 64 bits and a size for each input and output."""
    ask.init(ETHOS_U_DATA)
    tensors = len(ask.node.inputs) + len(ask.node.outputs)
    ask.scratch(8 * tensors)
    ask.scratch(ask.build.abi.pointer * tensors)
    ask.temporary(ask.input(0))
    ask.doubt("its kernel comes with the driver of the Ethos-U and has not been measured")


REFERENCE: dict[str, Kernel] = {"ethos-u": ethos_u}
