"""Which of the four applications a model is for, as far as its path says."""

from __future__ import annotations

import re

from tflint.report.bench_result import APPLICATIONS

_BY_LETTERS = {name.replace("_", ""): name for name in APPLICATIONS}


def application_of(path: str) -> str | None:
    """`motion_sense` for `models/MotionSense/reduced.tflite`; the innermost part that names one."""
    for part in reversed(re.split(r"[/\\]", path)):
        letters = re.sub(r"[^a-z]", "", part.lower())
        for key, name in _BY_LETTERS.items():
            if key in letters:
                return name
    return None
