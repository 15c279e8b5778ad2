"""What a classifier decides: the class that an output stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tflint.errors import UsageError
from tflint.fix.proof.interface import Array, Port

# What stands for no class: an output that is not a number.
UNDECIDED = -1
# What a probability may be beyond 1 by rounding.
_ROUNDING = 1e-3
_RANKING = frozenset(("TOPK_V2", "ARG_MAX", "ARG_MIN"))


@dataclass(frozen=True, slots=True)
class Decision:
    """How the values of an output become a class. `columns` are the values of one sample, None
    where only running the model tells; `threshold` is what a single one has to be above for
    class 1; `is_class` tells outputs that are the number of a class themselves.
    """

    port: Port
    columns: int | None
    text: str
    threshold: float = 0.0
    is_class: bool = False


def decision_of(port: Port, maker: str) -> Decision:
    """How to read an output; `maker` is the operator that made it.

    Raises `UsageError` for outputs that are not one decision a sample.
    """
    sizes = port.shape[1:] if port.shape and port.shape[0] in (1, None) else port.shape
    wide = [size for size in sizes if size != 1]
    if len(wide) > 1:
        shape = " x ".join("any" if size is None else f"{size:,}" for size in wide)
        raise UsageError(f"its output {port.title} has {shape} values, not one decision a sample")
    if port.dtype.kind == "c":
        raise UsageError(f"its output {port.title} is of complex numbers")
    columns = wide[0] if wide else 1
    if columns == 0:
        raise UsageError(f"its output {port.title} is empty")
    if columns == 1:
        return _of_one_value(port, maker)
    if not port.is_real and maker in _RANKING:
        raise UsageError(f"its output {port.title} ranks several classes")
    count = "" if columns is None else f"{columns:,} "
    return Decision(port, columns, f"the greatest of {count}outputs")


def _of_one_value(port: Port, maker: str) -> Decision:
    if not port.is_real:
        return Decision(port, 1, f"the number of the class ({maker or 'input'})", is_class=True)
    if maker in ("LOGISTIC", "SOFTMAX"):
        return Decision(port, 1, f"class 1 above 0.5, a probability ({maker})", 0.5)
    if maker == "RELU_0_TO_1":
        return Decision(port, 1, f"class 1 above 0.5, as it is from 0 to 1 ({maker})", 0.5)
    if port.scale is not None:
        least, most = port.real_range
        if least >= 0 and most <= 1 + _ROUNDING:
            text = f"class 1 above 0.5, as the output's range is {least:g} to {most:.4g}"
            return Decision(port, 1, text, 0.5)
    return Decision(port, 1, f"class 1 above 0, a logit ({maker or 'input'})")


def decided(values: Array, decision: Decision) -> Array:
    """The class of each sample, (samples,) of int64, from raw outputs of (samples, ...).

    Among equals the first is taken, as `argmax` does. Rows with NaN decide nothing: `UNDECIDED`.
    """
    with np.errstate(all="ignore"):
        rows = decision.port.real(values).reshape(len(values), -1)
    if decision.is_class:
        found: Array = rows[:, 0].astype(np.int64)
        return np.where(found < 0, UNDECIDED, found)
    if rows.shape[1] == 1:
        found = (rows[:, 0] > decision.threshold).astype(np.int64)
    else:
        found = rows.argmax(axis=1).astype(np.int64)
    if rows.dtype.kind == "f":
        found[np.isnan(rows).any(axis=1)] = UNDECIDED
    return found


def ties(values: Array, decision: Decision) -> int:
    """In how many samples several classes share the greatest value."""
    rows = values.reshape(len(values), -1)
    if rows.shape[1] < 2:
        return 0
    return int(((rows == rows.max(axis=1, keepdims=True)).sum(axis=1) > 1).sum())
