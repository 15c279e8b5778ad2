"""What stands beside committed models, written anew from them: nothing is trained or measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tflint.errors import UsageError
from tflint.printable import printable
from tflint_reference_models.application import Application
from tflint_reference_models.training.card import CARD, card
from tflint_reference_models.training.figures import figures_of
from tflint_reference_models.training.manifest import (
    MANIFEST,
    file_name,
    files_of,
    manifest_of,
    shipped_results,
)
from tflint_reference_models.training.metrics import METRICS, from_json, to_json
from tflint_reference_models.training.results import Result


def renewed(of: Application, folder: Path) -> dict[str, str]:
    """`metrics.json`, `manifest.json` and `card.md` of a folder, by their names.

    What was decided and when is kept, but for experiments that there are no more; sizes, memory and
    findings are computed from the files that are there. Raises `UsageError` for metrics that are
    missing or broken, and as reading a model does.
    """
    path = folder / METRICS
    shown = printable(str(path), 400)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"`{shown}` cannot be read: {error}") from error
    _, results = from_json(text, shown)
    known = {(one.name, network) for one in of.experiments for network in one.networks}
    results = tuple(
        _with_figures(of, results, one, folder)
        for one in results
        if (one.experiment, one.network) in known
    )
    return {
        METRICS: to_json(of.name, results),
        MANIFEST: manifest_of(of, results, files_of(of, results, folder, {})),
        CARD: card(of, results),
    }


def _with_figures(
    of: Application, results: Sequence[Result], result: Result, folder: Path
) -> Result:
    if result not in shipped_results(of, results):
        return result
    forms = []
    for form in result.forms:
        path = folder / file_name(of.name, result.network, form.form)
        if path.is_file():
            form = replace(form, figures=figures_of(path.read_bytes()))
        forms.append(form)
    return replace(result, forms=tuple(forms))
