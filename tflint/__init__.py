"""Lint, shrink and prove TensorFlow Lite models for microcontrollers.

import tflint

report = tflint.check("models/", target="cortex-m4:flash=256K,ram=64K")
for finding in report.findings:
print(finding.path, finding.code, finding.message)
if report.fails(tflint.Severity.ERROR):
...
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from tflint.version import __version__ as __version__

if TYPE_CHECKING:
    from tflint.api import check as check
    from tflint.api import render as render
    from tflint.errors import TflintError as TflintError
    from tflint.errors import UsageError as UsageError
    from tflint.finding import Finding as Finding
    from tflint.finding import Location as Location
    from tflint.finding import Severity as Severity
    from tflint.report.result import FileReport as FileReport
    from tflint.report.result import LintReport as Report

# Where each name of the public interface lives. They are imported when they are first used:
# every start of the command line imports this module, and needs few of them.
_PUBLIC = {
    "FileReport": ("tflint.report.result", "FileReport"),
    "Finding": ("tflint.finding", "Finding"),
    "Location": ("tflint.finding", "Location"),
    "Report": ("tflint.report.result", "LintReport"),
    "Severity": ("tflint.finding", "Severity"),
    "TflintError": ("tflint.errors", "TflintError"),
    "UsageError": ("tflint.errors", "UsageError"),
    "check": ("tflint.api", "check"),
    "render": ("tflint.api", "render"),
}
__all__ = [
    "FileReport",
    "Finding",
    "Location",
    "Report",
    "Severity",
    "TflintError",
    "UsageError",
    "check",
    "render",
]


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted((*globals(), *_PUBLIC))
