"""What a repair is handed and what it hands back, for sources and models alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tflint.lint.discover import Artifact
from tflint.report.fix_result import FileFix, FixReport
from tflint.report.result import FileReport

# What is set aside of a report: accepted by a configuration or a baseline.
Accept = Callable[[FileReport], FileReport]


@dataclass(frozen=True, slots=True)
class Repaired:
    """What came of one file, and its bytes as they are to be written.

    Of a network that was converted again these are the new model's, and `source` is the file that
    builds it where that was repaired as well, `weights` the file of weights for that source and
    what is in it: all are to be written, or none.
    """

    artifact: Artifact
    fix: FileFix
    before: bytes
    after: bytes
    source: Repaired | None = None
    weights: tuple[Path, bytes] | None = None


@dataclass(frozen=True, slots=True)
class RepairRun:
    """What came of all files, and the report."""

    files: tuple[Repaired, ...]
    report: FixReport
