"""What `README.md` and `docs/benchmarking.md` show of the reference models.

Figures are those of the committed files and of what was recorded with them; `make docs` writes
them, and a test holds both pages to them.
"""

from __future__ import annotations

from pathlib import Path

from tflint.api import run_bench
from tflint.bench.options import BenchOptions
from tflint.config.load import load_settings
from tflint.report.accuracy_result import Accuracy
from tflint.report.bench_result import BenchedModel
from tflint.report.bench_text_reference import reference_table
from tflint.report.bench_wording import runtime_of
from tflint.report.reference_result import Reference
from tflint.report.style import plain
from tflint_reference_models.training.percent import percent, percent_at_most

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "benchmarking.md"
# What both pages call their part.
PART = "reference models"
_WIDTH = 100
_FORM = "int8"
_RUNTIME = "tflm"


def reference_rows() -> tuple[BenchedModel, ...]:
    """The reference models: what their files tell, and what was recorded."""
    options = BenchOptions(runs_models=False)
    return run_bench(load_settings({}, isolated=True), (), options).models


def readme_part(rows: tuple[BenchedModel, ...]) -> str:
    """A line an application: ours in int8, the original's on the same data, and as published."""
    lines = [
        "| int8, as it runs on the device | weights | arena | decides right "
        "| the original's network on the same data | as the original published it |",
        "|---|--:|--:|---|---|---|",
    ]
    for row in rows:
        of = row.reference
        if of is None or of.form != _FORM or row.weights is None or row.accuracy is None:
            continue
        use = runtime_of(row, _RUNTIME)
        arena = "-" if use is None or not use.runnable else f"{use.min_arena_bytes:,} B"
        card = f"reference_models/tflint_reference_models/{of.application}/card.md"
        cells = (
            f"[{of.title}]({card}), {of.split}",
            f"{row.weights.bytes:,} B",
            arena,
            _decides(row.accuracy),
            _same_data(of),
            _published(of),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page_part(rows: tuple[BenchedModel, ...]) -> str:
    """The table as `tflint bench` prints it where there is nothing to measure with."""
    return f"```text\n{plain(reference_table(rows, _WIDTH))}```\n"


def _decides(accuracy: Accuracy) -> str:
    """Of two classes how many are found and how many others are taken for them, else the part."""
    if len(accuracy.classes) == 2 and all(one.n for one in accuracy.classes):
        others, wanted = accuracy.classes
        found = percent(wanted.correct / wanted.n)
        false = percent_at_most(1 - others.correct / others.n)
        balanced = percent(accuracy.balanced or 0.0)
        return f"{balanced} balanced: finds {found}, {false} false"
    return percent(accuracy.value)


def _same_data(of: Reference) -> str:
    if of.baseline is None:
        return ""
    baseline = of.baseline
    arena = "" if baseline.min_arena_bytes is None else f", arena {baseline.min_arena_bytes:,} B"
    return f"{_decides(baseline.accuracy)}; {baseline.weight_bytes:,} B{arena}"


def _published(of: Reference) -> str:
    if of.published is None:
        return ""
    share = "" if of.published.accuracy is None else f"{100 * of.published.accuracy:.2f} %, "
    return f"{share}{of.published.kilobytes:g} KB; runs on no MCU"
