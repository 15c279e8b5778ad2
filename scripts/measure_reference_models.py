"""Write the workbooks of `reference_models/analysis`: of our models, and of the original project's.

    python scripts/measure_reference_models.py [--shared ../shared] [--only NAME]

Both are what `tflint bench --export` writes, with the same columns. The accuracy of ours is the one
that was recorded when they were trained, over all folds, as in their cards; the original's files
are tested on all recordings that fit them, as `docs/benchmarking.md` has it, since nobody knows
what those were trained on.
Times are worth what the machine is.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from measure_benchmarks import CLASSES, ROOT, samples
from tflint.api import run_bench
from tflint.atomic_file import write_files
from tflint.bench.options import DEFAULT_MIN_SECONDS, BenchOptions, Dataset
from tflint.config.load import load_settings
from tflint.report.bench_result import BenchedModel, BenchReport
from tflint.report.bench_xlsx import render
from tflint.report.bench_xlsx_notes import application_title
from tflint.report.reference_result import PublishedFigures, Reference
from tflint_reference_models.published import REDUCED, UNREDUCED, figures_of

FOLDER = ROOT / "reference_models" / "analysis"
OURS, ORIGINAL = "reference_models", "original_models"
_REDUCED = "reduced_"


def ours() -> BenchReport:
    """The models that come with tflint, with their accuracy as it was recorded."""
    return run_bench(load_settings({}, isolated=True), (), _options(), say=_say)


def original(shared: Path) -> BenchReport:
    """The original project's models, on the recordings that they take."""
    seed = shared / "models" / "seed"
    with tempfile.TemporaryDirectory() as folder:
        datasets = []
        for name, arrays in samples(shared / "data"):
            path = Path(folder, f"{name}.npz")
            if name in CLASSES:
                arrays["classes"] = np.asarray(CLASSES[name])
            np.savez(path, **arrays)
            datasets.append(Dataset(path, name))
        options = _options(datasets=tuple(datasets))
        report = run_bench(load_settings({}, isolated=True), [str(seed)], options, say=_say)
    rows = (_row(row, seed) for row in report.models)
    return dataclasses.replace(report, models=tuple(rows))


def _options(**more: object) -> BenchOptions:
    held = BenchOptions(min_seconds=DEFAULT_MIN_SECONDS, seconds=600.0)
    return dataclasses.replace(held, **more)  # type: ignore[arg-type]


def _row(row: BenchedModel, seed: Path) -> BenchedModel:
    """The row, called as the original's folders do, with what was published of it."""
    path = Path(row.path).resolve().relative_to(seed.resolve())
    row = dataclasses.replace(row, path=f"original/{path.as_posix()}")
    name, form = row.application, row.quantization
    if name is None or form is None:
        return row
    title, published = application_title(name), _published(path, name, form)
    reference = Reference(name, title, "", form, published=published)
    return dataclasses.replace(row, reference=reference)


def _published(path: Path, name: str, form: str) -> PublishedFigures | None:
    held = REDUCED if path.name.startswith(_REDUCED) else UNREDUCED
    found = (one for one in held.get(name, ()) if one.form == form)
    one = next(found, None)
    return None if one is None else figures_of(one)


def _plain(report: BenchReport) -> BenchReport:
    """The report without what names this very machine."""
    system = re.match(r"\w+ [\d.]+", report.machine.system)
    shown = system[0] if system else report.machine.system
    return dataclasses.replace(report, machine=dataclasses.replace(report.machine, system=shown))


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _wanted(only: str | None, shared: Path) -> Iterator[tuple[str, BenchReport]]:
    if only in (None, OURS):
        yield OURS, ours()
    if only in (None, ORIGINAL):
        yield ORIGINAL, original(shared)


def main() -> None:
    """Measure, and write the workbooks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--only", choices=(OURS, ORIGINAL))
    given = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    for name, report in _wanted(given.only, given.shared):
        if report.is_interrupted:
            raise SystemExit("stopped before the end: nothing is written")
        write_files([(FOLDER / f"{name}.xlsx", render(_plain(report)))])
        print(f"wrote {FOLDER / name}.xlsx")


if __name__ == "__main__":
    main()
