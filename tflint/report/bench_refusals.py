"""Why runtimes refuse models, each reason once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tflint.printable import printable
from tflint.report.bench_result import BenchedModel, RuntimeUse
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


def is_for_others(use: RuntimeUse) -> bool:
    """Whether the runtime is not there for the target's core at all, whatever the model."""
    return not use.runnable and use.min_arena_bytes is None


def refusal_of(model: BenchedModel) -> RuntimeUse | None:
    """The first runtime that refuses the model; others mostly say the same in other words."""
    refused = (use for use in model.runtimes if not use.runnable and not is_for_others(use))
    return next(refused, None)


def numbered_reasons(models: Sequence[BenchedModel]) -> dict[str, tuple[int, list[RuntimeUse]]]:
    """The reasons that there are, by `reason_key`: the number of each, from 1, and its refusals,
    one a model.
    """
    found: dict[str, tuple[int, list[RuntimeUse]]] = {}
    for model in models:
        use = refusal_of(model)
        if use is not None and use.reason:
            _, same = found.setdefault(reason_key(use.reason), (len(found) + 1, []))
            same.append(use)
    return found
