"""Write `card.md`, `manifest.json` and the static figures in `metrics.json` of reference models.

What was decided is kept as it was measured; `tflint train` measures. Folders that it wrote can be
named: their results take the place of those of the same experiments, and their models are copied.
`tests/reference_models/test_shipped_models.py` fails when a card is stale. Run with `make docs`.
"""

from __future__ import annotations

import argparse
import shutil
from importlib import resources
from pathlib import Path

from tflint_reference_models.applications import NAMES, application
from tflint_reference_models.training.manifest import file_name, shipped_results
from tflint_reference_models.training.metrics import METRICS, from_json, to_json
from tflint_reference_models.training.renewal import renewed

ROOT = Path(str(resources.files("tflint_reference_models")))


def main() -> None:
    """Write what changed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trained", nargs="*", type=Path, help="folders that tflint train wrote")
    for trained in parser.parse_args().trained:
        take(trained, ROOT)
    for name in NAMES:
        folder = ROOT / name
        if not (folder / METRICS).is_file():
            continue
        for file, text in renewed(application(name), folder).items():
            path = folder / file
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8", newline="\n")
                print(f"wrote {path.relative_to(ROOT)}")


def take(trained: Path, root: Path) -> None:
    """Copy what a training wrote beside what an application has of others."""
    text = (trained / METRICS).read_text(encoding="utf-8")
    name, new = from_json(text, str(trained / METRICS))
    of, folder = application(name), root / name
    before = folder / METRICS
    old = ()
    if before.is_file():
        old = from_json(before.read_text(encoding="utf-8"), str(before))[1]
    held = {(one.experiment, one.network): one for one in (*old, *new)}
    for result in shipped_results(of, new):
        for form in (None, *(one.form for one in result.forms)):
            path = folder / file_name(name, result.network, form)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(trained / file_name(name, result.network, form), path)
    before.write_text(to_json(name, tuple(held.values())), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
