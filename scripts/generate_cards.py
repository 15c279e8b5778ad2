"""Write `card.md`, `manifest.json` and the static figures in `metrics.json` of reference models.

What was decided is kept as it was measured; `tflint train` measures.
`tests/reference_models/test_shipped_models.py` fails when a card is stale. Run with `make docs`.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from tflint_reference_models.applications import NAMES, application
from tflint_reference_models.training.metrics import METRICS
from tflint_reference_models.training.renewal import renewed


def main() -> None:
    """Write what changed."""
    root = Path(str(resources.files("tflint_reference_models")))
    for name in NAMES:
        folder = root / name
        if not (folder / METRICS).is_file():
            continue
        for file, text in renewed(application(name), folder).items():
            path = folder / file
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8", newline="\n")
                print(f"wrote {path.relative_to(root)}")


if __name__ == "__main__":
    main()
