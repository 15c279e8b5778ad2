"""Measure what `docs/guide.md` states, and write the page's tables.

    python scripts/measure_guide.py [--shared ../shared] [--render] [PART...]

Networks are built by Keras and converted as users convert them, in one process that has TensorFlow;
all figures of a model come from its file. What was measured is kept in `scripts/guide/facts.json`,
from which the page is rendered. `--render` measures nothing; parts are what alone to measure again:
`leaks`, `calibration`, `thresholds`, `trainings`, or words that names of networks hold. Takes some
minutes; needs the extras `convert` and `tflm`, and the recordings of `../shared/data`.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from guide.calibration import calibrations
from guide.leaks import leaks
from guide.networks import cases
from guide.page import FACTS, PAGE, page
from guide.thresholds import thresholds

ROOT = Path(__file__).resolve().parent.parent
# The application whose reference model is calibrated with several sets.
CALIBRATED = "motion_sense"
_PACKAGES = ("tensorflow", "keras", "ai-edge-quantizer", "ai-edge-litert")


def with_tensorflow(module: str, *arguments: str) -> Iterator[Any]:
    """What a module says that runs in a process of its own: a line of JSON behind each `@`."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=Path(__file__).parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        )
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("@"):
                yield json.loads(line[1:])
        if process.wait():
            log.seek(0)
            raise SystemExit(log.read()[-3000:])


def main() -> None:
    """Measure what is asked for, keep it, and render the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--render", action="store_true", help="measure nothing")
    parser.add_argument("parts", nargs="*", help="what alone to measure again")
    given = parser.parse_args()
    known: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8")) if FACTS.exists() else {}
    if not given.render:
        measure(known, given.parts, given.shared / "data")
    PAGE.write_text(page(), encoding="utf-8")


def measure(known: dict[str, Any], parts: Sequence[str], data: Path) -> None:
    """Measure again what is asked for, each figure kept as soon as it is there."""
    known["date"] = datetime.date.today().isoformat()
    known["versions"] = {name: importlib.metadata.version(name) for name in _PACKAGES}
    every = list(cases())
    wanted = [name for name in every if not parts or any(part in name for part in parts)]
    held = known.setdefault("networks", {})
    if wanted:
        for found in with_tensorflow("guide.converting", *wanted):
            held[found["name"]] = found["found"]
            print(found["name"], file=sys.stderr, flush=True)
            keep(known)
    known["networks"] = {name: held[name] for name in every if name in held}
    others: dict[str, Callable[[], Any]] = {
        "leaks": lambda: leaks(data),
        "calibration": lambda: calibrations(CALIBRATED, data),
        "thresholds": lambda: thresholds(data),
        "trainings": lambda: next(with_tensorflow("guide.trainings", str(data))),
    }
    for name, measured in others.items():
        if not parts or name in parts:
            known[name] = measured()
            print(name, file=sys.stderr, flush=True)
            keep(known)


def keep(known: dict[str, Any]) -> None:
    """Write what is known, a network a line."""
    held = known["networks"]
    rest = {key: value for key, value in sorted(known.items()) if key != "networks"}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(held[name])}" for name in held)
    text = json.dumps(rest, indent=1).removesuffix("\n}")
    FACTS.write_text(f'{text},\n "networks": {{\n{lines}\n }}\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
