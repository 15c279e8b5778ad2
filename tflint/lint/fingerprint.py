"""What a finding is known by from one version of a model to the next."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from tflint.finding import Finding


def fingerprints(findings: Iterable[Finding], path: str) -> Iterator[str]:
    """A fingerprint for each finding of one file, in order.

    It is made of what a finding is about, by name, and not of indices or figures: those move
    with every conversion. `path` is part of it; with an empty one, findings of two files
    can be compared. Findings that are about the same are told apart by their order.
    """
    seen: Counter[tuple[str | None, ...]] = Counter()
    for finding in findings:
        at = finding.location
        about = (path, finding.code, at.operator_name, at.anchor)
        seen[about] += 1
        text = "\0".join((*(part or "" for part in about), str(seen[about])))
        yield hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
