"""Trainings of a tiny network on made-up samples; run where TensorFlow is, as
`python -c 'import tests...tiny_training as t; t.main()'` with what to do as JSON on stdin.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tflint_reference_models.application import Recipe, Samples, Task, Teacher
from tflint_reference_models.network import Block, Head, Network, build
from tflint_reference_models.training import loop, worker
from tflint_reference_models.training.job import TrainingFailed

SHAPE, CLASSES = (8, 6, 1), 3
NETWORK = Network(
    SHAPE,
    CLASSES,
    (Block(4, pools=((2, 2),)), Block(6, (1, 1), is_separable=True, dropout=0.1)),
    Head.BOTH,
    dense=(5,),
    dropout=0.2,
)
COUNT = 301  # A prime would not part evenly into any number of steps; nor does this into 10.


def task(**changes: Any) -> Task:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, COUNT)
    plain = (rng.normal(size=(COUNT, *SHAPE)) + labels[:, None, None, None]).astype(np.float32)

    def epoch(number: int) -> Samples:
        noise = np.random.default_rng((1, number)).normal(size=plain.shape).astype(np.float32)
        return Samples(plain + noise, labels, np.linspace(0.5, 1.5, COUNT, dtype=np.float32))

    held = Samples(plain[:60], labels[:60])
    parts: dict[str, Any] = {
        "classes": ("a", "b", "c"),
        "epoch": epoch,
        "calibration": plain[:9],
        "validation": held,
        "test": held,
    }
    return Task(**(parts | changes))


def recipe(epochs: int = 3, **changes: Any) -> Recipe:
    teacher = Teacher(partial(build, NETWORK), Recipe(2, batch=50))
    return Recipe(epochs, **({"batch": 32, "smoothing": 0.1, "teacher": teacher} | changes))


def run(
    folder: Path, stop: int | None = None, *, of: Task | None = None, how: Recipe | None = None
) -> tuple[str, list[str]]:
    """A hash of all variables at the end, "" where it stops before; and what was said."""
    folder.mkdir(exist_ok=True)
    training = loop.trained(partial(build, NETWORK), how or recipe(), of or task(), 0, folder)
    said: list[str] = []
    while len(said) != stop:
        try:
            said.append(next(training))
        except StopIteration as ended:
            variables = [variable.numpy().tobytes() for variable in ended.value.variables]
            return hashlib.sha256(b"".join(variables)).hexdigest(), said
    return "", said


def resumed(folder: Path) -> dict[str, Any]:
    """Trainings that stop within the teacher's, after them and in the last, and their ends."""
    whole, said = run(folder / "whole")
    again, _ = run(folder / "again")
    ends = {}
    for stop in (1, 2, len(said) - 1):
        first, _ = run(folder / str(stop), stop)
        assert not first
        ends[stop], rest = run(folder / str(stop))
        # The epoch that it stopped after is not run again.
        assert _timeless(rest) == _timeless(said[stop:]), (rest, said[stop:])
    return {"whole": whole, "again": again, "said": said, "ends": ends}


def _timeless(said: list[str]) -> list[str]:
    return [re.sub(r", [0-9]+ (s|min) left$", "", text) for text in said]


def refused(folder: Path) -> dict[str, str]:
    """What is said of trainings that cannot be."""
    some = task()
    empty = Samples(np.empty((0, *SHAPE), np.float32), np.empty(0, np.int64))
    other = Samples(np.zeros((5, 8, 6, 2), np.float32), np.zeros(5, np.int64))
    broken = Samples(np.full((COUNT, *SHAPE), np.nan, np.float32), np.zeros(COUNT, np.int64))

    def growing(number: int) -> Samples:
        samples = some.epoch(number)
        return Samples(samples.inputs[: 300 - number], samples.labels[: 300 - number])

    def breaking(number: int) -> Samples:
        return broken if number == 2 else some.epoch(number)

    tasks = {
        "none to train on": task(epoch=lambda number: empty),
        "none to validate on": task(validation=empty),
        "another shape": task(epoch=lambda number: other),
        "another shape to test on": task(test=other),
        "as many as before": task(epoch=growing),
        "no number": task(epoch=breaking),
    }
    found = {}
    for name, one in tasks.items():
        try:
            run(folder / name.replace(" ", "-"), of=one, how=recipe(teacher=None))
        except TrainingFailed as error:
            found[name] = str(error)
    return found


def steps(folder: Path) -> dict[str, Any]:
    """What an epoch changes, and what it comes to over many."""
    import resource

    from tflint_reference_models.training.steps import epoch_of, optimizer_of

    model = build(NETWORK)
    optimizer = optimizer_of(model, recipe(60), 10)
    go = epoch_of(model, optimizer, 10)
    samples = task().epoch(0)
    targets = np.eye(CLASSES, dtype=np.float32)[samples.labels]
    weights = np.ones(COUNT, np.float32)
    losses, sizes = [], []
    for _ in range(60):
        losses.append(go(samples.inputs, targets, weights))
        sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return {
        "iterations": int(optimizer.iterations.numpy()),
        "losses": losses,
        "grown": sizes[-1] - sizes[9],
        "unweighted": go(samples.inputs, targets, 0 * weights),
    }


def main() -> None:
    """Do what is asked for."""
    asked = json.load(sys.stdin)
    worker._prepare(1)
    loop._SAVE_SECONDS = 0.0
    folder = Path(asked["folder"])
    print(json.dumps(globals()[asked["what"]](folder)))
