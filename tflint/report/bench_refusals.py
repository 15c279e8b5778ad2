"""Why runtimes refuse models, each reason once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tflint.printable import printable
from tflint.report.bench_result import BenchedModel
from tflint.target.runtime import RUNTIMES

# What a reason quotes of the runtime.
_QUOTED = re.compile(r'\("[^"]+"\)')


def runtime_title(runtime: str) -> str:
    """What a runtime is called: `TFLM with CMSIS-NN`."""
    return RUNTIMES[runtime][0] if runtime in RUNTIMES else printable(runtime)


def reason_key(reason: str | None) -> str:
    """What makes two reasons one: what they quote of the runtime, or else all of them."""
    quoted = _QUOTED.search(reason or "")
    return quoted[0] if quoted else reason or ""


def numbered_reasons(models: Sequence[BenchedModel]) -> dict[str, int]:
    """The reasons that there are, by `reason_key`, numbered from 1."""
    found: dict[str, int] = {}
    for model in models:
        for use in model.runtimes:
            if not use.runnable and use.reason:
                found.setdefault(reason_key(use.reason), len(found) + 1)
    return found
