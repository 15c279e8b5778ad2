"""The parts of `docs/repairs.md` that are written by scripts, each between two comments.

`scripts/generate_docs.py` writes the table of passes, `scripts/measure_repairs.py` the measurements.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from tflint.fix.model.registry import ORDER
from tflint.lint.registry import find_rule

PAGE = Path(__file__).resolve().parent.parent / "docs" / "repairs.md"


def passes_table() -> str:
    """The passes in their order: the rule, what its repair may change, what the pass does."""
    lines = ["| | rule | repair | what the pass does |", "|---|---|---|---|"]
    for number, name in enumerate(ORDER, 1):
        module = importlib.import_module(f"tflint.fix.model.{name}")
        rule = find_rule(module.FIX.code)
        assert rule is not None
        link = f"[{rule.meta.code} {rule.meta.name}](rules/{rule.meta.code}-{rule.meta.name}.md)"
        safety = rule.meta.fix.value if rule.meta.fix is not None else ""
        if module.FIX.on_request:
            safety += ", on request"
        # `TFL010: operator codes in both fields, as every reader understands them.`
        summary = " ".join((module.__doc__ or "").split("\n\n")[0].split())
        what = summary.partition(": ")[2].removesuffix(".")
        lines.append(f"| {number} | {link} | {safety} | {what} |")
    return "\n".join(lines) + "\n"


def with_part(page: str, name: str, text: str) -> str:
    """The page with other text between the comments of this name."""
    begin, end = (f"<!-- {name}: {which} -->" for which in ("begin", "end"))
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{PAGE.name} has no part `{name}`")
    return f"{before}{begin}\n{text}{end}{after}"
