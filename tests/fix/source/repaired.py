"""Repairs of sources in memory, as `tflint fix` does them."""

from __future__ import annotations

from pathlib import Path

from tflint.fix.run import Repaired, repair_bytes
from tflint.lint.discover import Artifact
from tflint.lint.plan import Plan
from tflint.lint.registry import all_rules
from tflint.rule import Kind
from tflint.target.target import find_target


def repair(
    source: str | bytes,
    *codes: str,
    unsafe: bool = True,
    target: str = "tflm",
    kind: Kind = Kind.KERAS_SOURCE,
) -> Repaired:
    """What came of a source, repaired for the rules of these codes, or for all."""
    rules = tuple(rule for rule in all_rules() if not codes or rule.meta.code in codes)
    data = source if isinstance(source, bytes) else source.encode("utf-8")
    name = "nb.ipynb" if kind is Kind.NOTEBOOK else "train.py"
    artifact = Artifact(Path(name), name, kind)
    plan = Plan(find_target(target), rules)
    return repair_bytes(data, artifact, plan, lambda report: report, unsafe=unsafe)


def fixed(source: str, *codes: str, unsafe: bool = True) -> str:
    """The repaired source; it must not be possible to repair it further."""
    once = repair(source, *codes, unsafe=unsafe).after.decode("utf-8")
    again = repair(once, *codes, unsafe=unsafe).after.decode("utf-8")
    assert again == once, "a second run changes something"
    return once


def obstacles(source: str, *codes: str) -> list[str]:
    """What stands in the way of repairs, a sentence each."""
    repaired = repair(source, *codes)
    return [reason for left in repaired.fix.left for reason, _ in left.reasons]
