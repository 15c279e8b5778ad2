"""What machine this is, as far as it bears on times."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

from tflint.bench.options import BenchOptions
from tflint.printable import printable
from tflint.report.bench_result import Machine

_PACKAGE = "ai-edge-litert"


def this_machine(options: BenchOptions) -> Machine:
    """This machine, and what the options make of it."""
    return Machine(
        processor=printable(_processor()),
        cores=os.cpu_count() or 1,
        system=printable(f"{platform.system()} {platform.release()}"),
        runtime=f"LiteRT {importlib.metadata.version(_PACKAGE)}",
        kernels=options.kernels.value,
        threads=options.threads,
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n"):
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model", "Processor"):
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
