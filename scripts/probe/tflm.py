"""One model in TFLM: does it allocate and run, what does it say, and what comes out?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tflite_micro import runtime

from probe.cases import (
    PLAIN,
    READABLE,
    Attempt,
    Case,
    Feed,
    Signature,
    T,
    Variant,
    attempt,
    dequantized,
)
from probe.worker import Log, Outcome
from tflint.model.schema import TensorType
from tflint.model.tables import QuantizationParameters
from tflint.model.types import QUANTIZED_RANGES

ALL = tuple(TensorType)
FLOATS = (T.FLOAT32, T.FLOAT16, T.FLOAT64)
DTYPES: dict[TensorType, npt.DTypeLike] = {
    T.FLOAT32: np.float32,
    T.FLOAT16: np.float16,
    T.FLOAT64: np.float64,
    T.INT8: np.int8,
    T.INT16: np.int16,
    T.INT32: np.int32,
    T.INT64: np.int64,
    T.UINT8: np.uint8,
    T.UINT16: np.uint16,
    T.UINT32: np.uint32,
    T.UINT64: np.uint64,
    T.BOOL: np.bool_,
}
# Large enough for every model here, and for the kernel to hand out as fresh pages.
ARENA_BYTES = 1 << 20
WRONG = "runs, but computes something else"

Reals = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A model of one operator, not yet built: building is work for the child process.

    `reference` is the case that gives the right results, the usual one unless set.
    """

    operator: str
    case: Case
    signature: Signature
    variant: Variant = PLAIN
    reals: Reals | None = None
    reference: Case | None = None


def run(item: Trial, log: Log) -> Outcome:
    """Build and run one model; called in a child process."""
    built = attempt(item.operator, item.case, item.signature, item.variant, item.reals)
    return ask(built, log)


def ask(built: Attempt, log: Log) -> Outcome:
    """Allocate, feed and invoke a model, and read its outputs; called in a child process."""
    log.take()
    try:
        interpreter = runtime.Interpreter.from_bytes(built.model, arena_size=ARENA_BYTES)
        for index, feed in enumerate(built.feeds):
            interpreter.set_input(array(feed), index)
        interpreter.invoke()
    except (RuntimeError, ValueError) as error:
        return Outcome(accepted=False, says=tidy(log.take()) or str(error))
    results = None
    if all(type in READABLE for type, _ in built.outputs):
        results = tuple(
            tuple(dequantized(interpreter.get_output(index).ravel().tolist(), scale))
            for index, (_, scale) in enumerate(built.outputs)
        )
    return Outcome(accepted=True, results=results, reals=built.reals, outputs=built.outputs)


def array(feed: Feed) -> npt.NDArray[np.generic]:
    """A graph input's values as the wheel wants them."""
    return np.frombuffer(feed.data, DTYPES[feed.type]).reshape(feed.shape)


def tidy(log: str) -> str:
    """The lines of the log that say why, without the one that names the node."""
    lines = [line.strip() for line in log.splitlines()]
    return " ".join(line for line in lines if line and not line.startswith("Node "))


def agrees(
    got: Sequence[float],
    want: Sequence[float],
    type: TensorType,
    scale: QuantizationParameters | None,
    *,
    truncates: bool,
    closely: bool = False,
) -> bool:
    """Whether one output is that of the reference, as closely as its type allows.

    Quantised kernels round, more than once; `closely` allows them little more than a step of
    the output's scale. `truncates` is True for operators that drop what
    the type cannot hold, as CAST does.
    """
    if not all(map(math.isfinite, [*got, *want])):
        return False
    if truncates and type is T.BOOL:
        want = [float(bool(value)) for value in want]
    elif truncates and type not in FLOATS:
        want = [float(int(value)) for value in want]
    if type in QUANTIZED_RANGES and scale is not None:
        limits = list(dequantized(QUANTIZED_RANGES[type], scale))
        want = [min(max(value, limits[0]), limits[1]) for value in want]
    slack = 0.002 if type in FLOATS else 0.08
    if closely and scale is not None:
        slack = 1.25 * scale.scale[0]
    share = 0.01 if type in FLOATS else 0.02 if type in (T.INT8, T.INT16, T.UINT8) else 1e-6
    return len(got) == len(want) and all(
        abs(a - b) <= slack + share * abs(b) for a, b in zip(got, want, strict=True)
    )
