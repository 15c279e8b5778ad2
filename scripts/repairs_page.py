"""The parts of `docs/repairs.md` that are written by scripts, each between two comments.

`scripts/generate_docs.py` writes the passes, `scripts/measure_repairs.py` what was measured.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tflint.finding import FixSafety
from tflint.fix.model.registry import model_fixes
from tflint.lint.registry import find_rule

PAGE = Path(__file__).resolve().parent.parent / "docs" / "repairs.md"


def passes_table() -> str:
    """The passes in their order: the rule, what its repair may change, what the pass does."""
    lines = ["| | rule | repair | what the pass does |", "|---|---|---|---|"]
    for number, fix in enumerate(model_fixes(), 1):
        rule = find_rule(fix.code)
        assert rule is not None
        link = f"[{rule.meta.code} {rule.meta.name}](rules/{rule.meta.code}-{rule.meta.name}.md)"
        # What a rule leaves to the converter, its pass does by rounding differently.
        safety = "safe" if rule.meta.fix is FixSafety.SAFE else "unsafe"
        if fix.on_request:
            safety += ", on request"
        # `TFL010: operator codes in both fields, as every reader understands them.`
        module = sys.modules[f"tflint.fix.model.{rule.meta.name.replace('-', '_')}"]
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
