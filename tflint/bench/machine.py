"""What machine this is, as far as it bears on times."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import platform
from pathlib import Path

from tflint.bench.cores import allowed_cores
from tflint.bench.options import BenchOptions
from tflint.bench.upheaval import control_group_file
from tflint.errors import MissingExtra
from tflint.printable import counted, printable
from tflint.report.bench_result import Machine

_MODULE, _PACKAGE, _EXTRA = "ai_edge_litert", "ai-edge-litert", "report"
# What lets a core reach its clock rate at once, and keep it (Documentation/admin-guide/pm/cpufreq).
_STEADY = frozenset(("performance", "userspace"))


def has_runtime() -> bool:
    """Whether LiteRT is installed; it is not loaded."""
    try:
        return importlib.util.find_spec(_MODULE) is not None
    except (ImportError, ValueError):
        # Python's own answer for a module that was kept from being imported.
        return False


def require_runtime() -> None:
    """Raises `MissingExtra` where LiteRT is not installed."""
    if not has_runtime():
        raise _missing()


def _missing() -> MissingExtra:
    return MissingExtra(f"timing models on LiteRT (`{_MODULE}`)", _EXTRA)


def this_machine(options: BenchOptions) -> Machine:
    """This machine, and what the options make of it; without kernels where nothing is run."""
    if not options.runs_models:
        return Machine(
            processor=printable(_processor(), 200),
            cores=os.cpu_count() or 1,
            system=printable(f"{platform.system()} {platform.release()}", 200),
            runtime="no LiteRT",
            kernels="",
            threads=0,
            notes=(f"nothing was run: {_missing()}",),
        )
    return Machine(
        processor=printable(_processor(), 200),
        cores=os.cpu_count() or 1,
        system=printable(f"{platform.system()} {platform.release()}", 200),
        runtime=_runtime(),
        kernels=options.kernels.value,
        threads=options.threads,
        cpus=options.cores,
        notes=tuple(_notes(options)),
    )


def _runtime() -> str:
    try:
        return printable(f"LiteRT {importlib.metadata.version(_PACKAGE)}", 100)
    except importlib.metadata.PackageNotFoundError:
        return "LiteRT"


def _notes(options: BenchOptions) -> list[str]:
    """What bears on the times of all models."""
    notes = []
    cores = options.cores if options.cores is not None else allowed_cores()
    at_hand = len(cores) if cores is not None else os.cpu_count() or 1
    if options.threads > at_hand:
        notes.append(
            f"{options.threads} threads share {counted(at_hand, 'core')}: they wait for each other"
        )
    governors = {_governor(core) for core in cores or ()} - {None}
    if slow := sorted(str(governor) for governor in governors if governor not in _STEADY):
        notes.append(
            f"the clock rate of the cores follows the load (governor {', '.join(slow)}): short"
            " measurements may find them slow"
        )
    if (quota := _quota()) is not None and quota < options.threads:
        notes.append(
            f"the control group may use {quota:.3g} cores for {counted(options.threads, 'thread')}:"
            " the kernel halts them when that is used up"
        )
    return notes


def _governor(core: int) -> str | None:
    path = Path(f"/sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor")
    with contextlib.suppress(OSError):
        return printable(path.read_text(errors="replace").strip(), 40)
    return None


def _quota() -> float | None:
    """How many cores' time the control group may use; None where that is not limited."""
    with contextlib.suppress(OSError, ValueError, ZeroDivisionError, IndexError):
        if path := control_group_file("cpu.max"):
            quota, period = path.read_text(errors="replace").split()[:2]
            return None if quota == "max" else int(quota) / int(period)
        if path := control_group_file("cpu.cfs_quota_us"):
            found = int(path.read_text(errors="replace"))
            period = path.with_name("cpu.cfs_period_us").read_text(errors="replace")
            return None if found <= 0 else found / int(period)
    return None


def _processor() -> str:
    with contextlib.suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        for line in text.split("\n"):
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model", "Processor"):
                return value.strip()
    return platform.processor() or platform.machine()
