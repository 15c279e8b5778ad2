"""The conversions of `diagnosed_networks`, one process for all: they are what tests look at.

    python tests/convert/diagnosed_runs.py

prints them as JSON, with `--record` it writes `diagnosed_runs.json`.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import inspect
import json
import sys
from pathlib import Path
from typing import Any

from tests.tensorflow_runs import run_with_tensorflow
from tflint.convert.request import Attempt, Fault, Needed, Network, Place, Support
from tflint.convert.worker_process import Converted

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "diagnosed_networks.py"
RECORDED = HERE / "diagnosed_runs.json"
KERASES = ("keras", "tf_keras")
_SCRIPT = """
import sys
sys.path[:0] = [{root!r}]
import runpy
runpy.run_path({path!r}, run_name="__main__")
"""


@functools.cache
def runs() -> dict[str, dict[str, Any]]:
    """All conversions as they are today; skips without TensorFlow."""
    script = _SCRIPT.format(root=str(HERE.parents[1]), path=str(HERE / "diagnosed_runs.py"))
    return run_with_tensorflow(script, None, timeout=900)  # type: ignore[no-any-return]


@functools.cache
def recorded() -> dict[str, dict[str, Any]]:
    """The same as they were recorded, without models: for where there is no TensorFlow."""
    return json.loads(RECORDED.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def converted(run: dict[str, Any]) -> Converted:
    """What the worker would have handed over."""

    def place(sent: dict[str, Any]) -> Place:
        return Place(**sent)

    attempts = tuple(
        Attempt(
            Support(sent["allowed"]),
            sent["error"],
            tuple(
                Needed(n["name"], Support(n["support"]), place(n["place"]), n["count"], n["detail"])
                for n in sent["needed"]
            ),
            tuple(Fault(f["operator"], place(f["place"]), f["detail"]) for f in sent["faults"]),
        )
        for sent in run["attempts"]
    )
    layers = {name: place(sent) for name, sent in run["layers"].items()}
    model = base64.b64decode(run["model"]) if run.get("model") else None
    return Converted(Network(run["framework"], layers=layers), attempts, model)


def line_of(name: str) -> int:
    """The line of a network that diagnoses must name."""
    lines = SOURCE.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"def {name}("))
    return next(i for i in range(start, len(lines)) if lines[i].endswith("# here")) + 1


def _all() -> dict[str, dict[str, Any]]:
    import importlib

    from tests.convert import diagnosed_networks
    from tflint.convert.request import Origin, OriginKind, Request
    from tflint.convert.tensorflow.construction import observed
    from tflint.convert.tensorflow.conversion import attempts
    from tflint.convert.tensorflow.loaded import Loaded, framework
    from tflint.convert.tensorflow.places import layers

    found = {}
    makers = inspect.getmembers(diagnosed_networks, inspect.isfunction)
    for keras in map(importlib.import_module, KERASES):
        for name, make in makers:
            for batch in (1, None) if name == "open_recurrence" else (1,):
                keras.backend.clear_session()
                with observed(keras):
                    model = make(keras)
                loaded = Loaded(model, keras, framework(keras), layers(model))
                request = Request(
                    Origin(OriginKind.FACTORY, SOURCE, SOURCE.name),
                    batch=batch,
                    fallback=Support.CUSTOM,
                )
                made, data = attempts(loaded, request)
                plain = [dataclasses.asdict(each) for each in made]
                title = f"{keras.__name__}:{name}" + ("" if batch else ":any")
                found[title] = {
                    "framework": keras.__name__.replace("_", "-"),
                    "attempts": json.loads(json.dumps(plain, default=lambda kind: kind.value)),
                    "layers": {n: dataclasses.asdict(p) for n, p in loaded.layers.items()},
                    "model": None if data is None else base64.b64encode(data).decode(),
                }
    text = json.dumps(found).replace(json.dumps(str(SOURCE))[1:-1], SOURCE.name)
    return json.loads(text)  # type: ignore[no-any-return]


if __name__ == "__main__":
    found = _all()
    if "--record" in sys.argv:
        small = {title: {**run, "model": None} for title, run in found.items()}
        RECORDED.write_text(json.dumps(small, indent=1) + "\n", encoding="utf-8")
    else:
        print(json.dumps(found))
