"""The formats of `tflint bench`: what each is for, and how to get at its renderer.

A format's module is imported when a report is rendered in it, and no sooner: workbook and charts
take libraries, which are an extra.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass

from tflint.errors import MissingExtra
from tflint.report.bench_result import BenchReport


@dataclass(frozen=True, slots=True)
class BenchFormat:
    """One output format; its module's `render` gives a text, or bytes if it `is_binary`.

    `packages` are what its module imports that the base install lacks, see the extra `report`.
    """

    name: str
    suffixes: tuple[str, ...]
    purpose: str
    packages: tuple[str, ...] = ()
    is_binary: bool = False

    def require(self) -> None:
        """Raise `MissingExtra` before minutes go into what cannot be written in the end."""
        for package in self.packages:
            if not _is_installed(package):
                raise MissingExtra(f"a report as {self.name} ({package})", "report")

    def document(self, report: BenchReport) -> str | bytes:
        """The finished document; raises `MissingExtra` where its library is not installed."""
        module = importlib.import_module(f"tflint.report.bench_{self.name}")
        found: str | bytes = module.render(report)
        return found


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        # Python's own answer for a module that was kept from being imported.
        return False


_ALL = (
    BenchFormat("json", (".json",), "for scripts"),
    BenchFormat("csv", (".csv",), "a row a model"),
    BenchFormat("markdown", (".md", ".markdown"), "a table for pull requests and cards"),
    BenchFormat("html", (".html", ".htm"), "one page that works offline", ("matplotlib",)),
    BenchFormat("xlsx", (".xlsx",), "a workbook with formulas", ("xlsxwriter",), is_binary=True),
)
FORMATS = {format.name: format for format in _ALL}
BY_SUFFIX = {suffix: format for format in _ALL for suffix in format.suffixes}
