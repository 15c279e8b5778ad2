"""What the reference models' own metrics say: accuracy by form, and what a split is worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tflint_reference_models
from tflint_reference_models.application import CHOSEN, ORIGINAL, Application
from tflint_reference_models.applications import NAMES, application
from tflint_reference_models.training.metrics import from_json
from tflint_reference_models.training.results import Result

HOME = Path(tflint_reference_models.__file__).parent


@dataclass(frozen=True)
class Recorded:
    """A network of an experiment, and what was measured of it."""

    of: Application
    experiment: str
    is_honest: bool
    is_shipped: bool
    result: Result

    @property
    def network(self) -> str:
        """Whose network it is."""
        return {CHOSEN: "ours", ORIGINAL: "the original's"}.get(
            self.result.network, self.result.network
        )

    def recall(self, form: str) -> float | None:
        """The mean recall of a form; None where it was not made."""
        found = self.result.form(form)
        return None if found is None else found.test.balanced


def recorded() -> Iterator[Recorded]:
    """All that is recorded of the applications, in their order."""
    for name in NAMES:
        path = HOME / name / "metrics.json"
        if not path.is_file():
            continue
        of = application(name)
        _, results = from_json(path.read_text(encoding="utf-8"), path.name)
        for experiment in of.experiments:
            for result in results:
                if result.experiment == experiment.name:
                    shipped = experiment is of.experiments[0] and result.network == CHOSEN
                    title, is_honest = experiment.title, experiment.is_honest
                    yield Recorded(of, title, is_honest, shipped, result)
