"""The command line of the probes."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from probe import control, features, litert, tables, tflm
from probe.recipes import RECIPES
from probe.tables import Json

FACTS = Path(__file__).resolve().parents[2] / "mcu_runtime" / "tflint_mcu_runtime" / "facts"
# Recipes exist for exactly what this file offers; the probe fails when a wheel differs.
REGISTERED = "micro_mutable_op_resolver.h at 90b983c2b3f1480642e040bbd2ddb37b998f3424 (2026-08-20)"


def main() -> None:
    """Probe both runtimes and write their tables, or show one operator's entry."""
    parser = argparse.ArgumentParser(prog="probe_runtimes.py", description=main.__doc__)
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help="probe this operator in TFLM and print its entry, write nothing; may be repeated",
    )
    parser.add_argument(
        "--demands",
        action="store_true",
        help="ask only what kernels demand of scales, and put it into the tables there are",
    )
    parser.add_argument("--facts", type=Path, default=FACTS, help="the folder to write to")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    arguments = parser.parse_args()
    if arguments.only:
        print(tables.layout(operators(arguments.only, arguments.jobs)))
        return
    if arguments.demands:
        for runtime in ("tflm", "litert"):
            renew_demands(arguments.facts / f"{runtime}.json", arguments.facts / "tflm.json")
        return
    tables.write(arguments.facts / "litert.json", litert_table())
    tables.write(arguments.facts / "tflm.json", tflm_table(arguments.jobs))
    renew_demands(arguments.facts / "litert.json", arguments.facts / "tflm.json")


def renew_demands(path: Path, signatures: Path) -> None:
    """Put what kernels demand of scales into a table; which signatures to ask about is in
    TFLM's, as that of LiteRT has no types.
    """
    table = json.loads(path.read_text(encoding="utf-8"))
    accepted = json.loads(signatures.read_text(encoding="utf-8"))["operators"]
    run = litert.run if table["runtime"] == "litert" else tflm.run
    for name, recipe in RECIPES.items():
        entry = table["operators"].get(name)
        if entry is None:
            continue
        entry.pop("demands", None)
        found = tables.demands_of(name, recipe, accepted[name]["accepts"], run)
        if found:
            entry["demands"] = found
    tables.write(path, table)


def litert_table() -> dict[str, Json]:
    """Everything about LiteRT."""
    return {
        "schema": 1,
        "runtime": "litert",
        "source": f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')} from PyPI, "
        "x86-64, probed by scripts/probe_runtimes.py",
        "date": datetime.date.today().isoformat(),
        "ignores_versions": False,
        "custom_operators": litert.custom_operators(),
        "operators": litert.operators(),
    }


def tflm_table(jobs: int) -> dict[str, Json]:
    """Everything about TFLM with reference kernels."""
    names = sorted({*RECIPES, *control.OPERATORS})
    custom = features.registered(features.CUSTOM_OPERATORS)
    differing = set(names) ^ set(features.builtin_operators())
    differing |= set(custom) ^ set(features.CUSTOM_OPERATORS)
    if differing:
        sys.exit(f"no longer what {REGISTERED} says: {', '.join(sorted(differing))}")
    return {
        "schema": 1,
        "runtime": "tflm",
        "kernels": "reference",
        "source": f"tflite-micro {importlib.metadata.version('tflite-micro')} from PyPI, x86-64, "
        "probed by scripts/probe_runtimes.py; registered operators: those of its resolver, "
        f"the same as in {REGISTERED}",
        "date": datetime.date.today().isoformat(),
        "ignores_versions": features.ignores_versions(),
        "tensor_types": features.tensor_types(),
        "storage": features.unusual_storage(),
        "custom_operators": sorted(custom),
        "operators": operators(names, jobs),
    }


def operators(names: list[str], jobs: int) -> dict[str, Json]:
    """Probe operators side by side; progress goes to standard error."""
    unknown = sorted(set(names) - {*RECIPES, *control.OPERATORS})
    if unknown:
        sys.exit(f"no recipe for {', '.join(unknown)}")
    found: dict[str, Json] = {}
    # Each worker forks children that may crash: start from a process without threads.
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(probe, name): name for name in names}
        for future in as_completed(futures):
            name = futures[future]
            found[name], seconds = future.result()
            print(f"{len(found)}/{len(names)} {name} {seconds:.0f} s", file=sys.stderr)
    return found


def probe(name: str) -> tuple[Json, float]:
    """The entry of one operator, and the seconds it took."""
    start = time.monotonic()
    entry = control.entry(name) if name in control.OPERATORS else tables.entry(name, RECIPES[name])
    return entry, time.monotonic() - start
