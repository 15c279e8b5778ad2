"""Which of several steps it is that a proof fails with."""

from __future__ import annotations

from collections.abc import Callable

from tflint.errors import HostFailed
from tflint.report.fix_result import Proof


def first_failing(count: int, proof: Callable[[int], Proof]) -> int:
    """A step, of `count`, that a proof first fails with, where it fails with the last.

    `proof(i)` is that of the model behind steps 0 to i; it is asked for about log2(count) times,
    and where a runtime crashes that fails as well. The model before the step that is found holds:
    so it is a culprit, also where several are.
    """
    low, high = 0, count - 1  # `high` is known to fail.
    while low < high:
        middle = (low + high) // 2
        if _fails(middle, proof):
            high = middle
        else:
            low = middle + 1
    return high


def _fails(step: int, proof: Callable[[int], Proof]) -> bool:
    try:
        return not proof(step).holds
    except HostFailed:
        return True
