"""`card.md`: what a reference model is, does, takes, and does not."""

from __future__ import annotations

from collections.abc import Sequence

from tflint_reference_models.application import Application
from tflint_reference_models.training.results import Result


def card(of: Application, results: Sequence[Result]) -> str:
    """The card of an application, from the results of its trainings."""
    lines = [f"# {of.title}", "", of.summary, ""]
    for result in results:
        form = result.form("int8")
        if form is not None:
            low, high = form.test.interval
            lines.append(
                f"- {result.experiment}, {result.network}: {100 * form.test.accuracy:.2f} %"
                f" ({100 * low:.1f} to {100 * high:.1f} %), balanced"
                f" {100 * form.test.balanced:.2f} %, {form.weight_bytes:,} weight bytes"
            )
    return "\n".join(lines) + "\n"
