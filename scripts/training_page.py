"""What `docs/training.md` shows of the applications: recordings, experiments, and a call's end."""

from __future__ import annotations

from pathlib import Path

from repairs_page import with_part
from tflint_reference_models.applications import NAMES, application
from tflint_reference_models.training.manifest import file_name
from tflint_reference_models.training.metrics import from_json
from tflint_reference_models.training.report import TrainReport
from tflint_reference_models.training.run import CARD, MANIFEST, METRICS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "training.md"
MODELS = ROOT / "reference_models" / "tflint_reference_models"
# Whose call is shown.
_SHOWN = "motion_sense"


def training_page() -> str:
    """The page with these parts as they are."""
    text = with_part(PAGE.read_text(encoding="utf-8"), "recordings", recordings())
    text = with_part(text, "experiments", experiments())
    return with_part(text, "result", result())


def recordings() -> str:
    """A row a source: which application takes it, whose it is, and how to get it."""
    lines = ["| application | recordings | terms | how to get them |", "|---|---|---|---|"]
    for name in NAMES:
        of = application(name)
        for source in of.sources:
            module = f"../{MODELS.relative_to(ROOT).as_posix()}/{name}/data.py"
            cells = (f"[{name}]({module})", source.title, source.licence, source.how)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def experiments() -> str:
    """A row an experiment; the first of each application makes the models that are shipped."""
    lines = [
        "| application | `--experiment` | recordings are parted | networks |",
        "|---|---|---|---|",
    ]
    for name in NAMES:
        for one in application(name).experiments:
            honest = "" if one.is_honest else "; overstates"
            networks = ", ".join(one.networks)
            lines.append(f"| {name} | `{one.name}` | {one.title}{honest} | {networks} |")
    return "\n".join(lines) + "\n"


def result() -> str:
    """What the training of the models that are shipped has printed."""
    folder = MODELS / _SHOWN
    _, results = from_json((folder / METRICS).read_text(encoding="utf-8"), METRICS)
    of = application(_SHOWN)
    shown = next(one for one in results if one.experiment == of.experiments[0].name)
    forms = (*(one.form for one in shown.forms), None)
    files = (METRICS, MANIFEST, CARD)
    files += tuple(file_name(_SHOWN, shown.network, form) for form in forms)
    report = TrainReport(_SHOWN, Path(_SHOWN), (shown,), files)
    return f"```text\n{report.summary()}```\n"
