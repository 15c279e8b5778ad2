"""What findings say about operators that only move elements."""

from __future__ import annotations

from tflint.analysis.movement import Run
from tflint.printable import counted, size_text
from tflint_rules.wording import operator, operators


def describe(run: Run) -> str:
    """What a run comes to, as a finding says it."""
    which = operators(run.movers)
    if run.passed:
        which += f", with {operators(run.passed)} in between,"
    if run.alone:
        message = f"{operator(run.movers[1])} undoes {operator(run.movers[0])}"
    elif run.cancel:
        message = f"{which} cancel out"
    else:
        message = f"{which} do what one could do"
    return f"{message}: {size_text(run.bytes_saved)} copied for nothing at each inference"


def saving(run: Run) -> str:
    """What to do about a run and what it saves."""
    if run.alone:
        what = f"read what {operator(run.movers[0])} reads"
    elif run.cancel:
        what = "remove them"
    else:
        what = "keep one of them"
    gone = counted(run.removable, "operator")
    return f"{what}: saves {gone} and {size_text(run.bytes_saved)} written"
