"""Training one network with Keras: epoch after epoch, each the same however often it is run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tflint.execution.frames import Array
from tflint_reference_models.application import Recipe, Samples, Task, Teacher
from tflint_reference_models.dataset import Floats, Integers
from tflint_reference_models.training.job import TrainingFailed
from tflint_reference_models.training.state import State, load, save
from tflint_reference_models.training.steps import epoch_of, optimizer_of

if TYPE_CHECKING:
    import keras

# An interruption costs no more than this, and the epoch that it fell into.
_SAVE_SECONDS = 5.0
# Samples that are answered at once: their maps take memory.
_CHUNK = 1024

# Asks teachers for their softened answers (n, classes) to samples (n, *shape).
Asked = Callable[[Floats], Floats]


def trained(
    build: Callable[[], keras.Model], recipe: Recipe, task: Task, seed: int, folder: Path
) -> Generator[str, None, keras.Model]:
    """The network after the last epoch of the recipe; goes on from what the folder holds.

    Yields what has been done, for people. Raises `TrainingFailed`.

    The same seed, task and recipe give the same weights on the same machine with as many threads,
    interrupted or not.
    """
    import keras

    teachers = yield from _teachers(recipe.teacher, task, seed, folder)
    keras.utils.set_random_seed(seed)
    model = build()
    first = task.epoch(0)
    _check(first, task, model)
    steps = math.ceil(len(first.inputs) / recipe.batch)
    optimizer = optimizer_of(model, recipe, steps)
    variables = [*model.variables, *optimizer.variables]
    state = load(folder, [tuple(variable.shape) for variable in variables])
    done, watched = 0, list[float]()
    if state is not None:
        for variable, value in zip(variables, state.variables, strict=True):
            variable.assign(value)
        done, watched = state.epochs, list(state.watched)
    run = epoch_of(model, optimizer, steps)
    started, saved = time.monotonic(), -math.inf
    for epoch in range(done, recipe.epochs):
        samples = first if epoch == 0 else task.epoch(epoch)
        if samples.inputs.shape != first.inputs.shape:
            raise TrainingFailed(
                f"epoch {epoch + 1} has samples {samples.inputs.shape}, the first"
                f" {first.inputs.shape}: all have to have as many"
            )
        samples = _shuffled(samples, seed, epoch)
        targets = _targets(samples, len(task.classes), recipe, teachers)
        weights = samples.weights
        if weights is None:
            weights = np.ones(len(samples.labels), np.float32)
        loss = run(samples.inputs, targets, weights)
        held = tuple(np.asarray(variable.numpy()) for variable in variables)
        # Of what is no number a ReLU and a max pool may make one.
        if not (math.isfinite(loss) and all(map(_is_finite, held))):
            raise TrainingFailed(
                f"the loss is {loss:.3g} after epoch {epoch + 1}, and weights are no numbers: the"
                f" rate ({recipe.rate:g}) is too high, or the samples hold what is none"
            )
        watched.append(mean_recall(answers(model, task.validation.inputs), task.validation.labels))
        if epoch + 1 == recipe.epochs or time.monotonic() - saved >= _SAVE_SECONDS:
            save(folder, State(epoch + 1, tuple(watched), held))
            saved = time.monotonic()
        text = f"epoch {epoch + 1} of {recipe.epochs}, mean recall {100 * watched[-1]:.1f} %"
        if epoch == done:
            started = time.monotonic()  # The first also traces the graph.
            yield text
            continue
        left = (time.monotonic() - started) / (epoch - done) * (recipe.epochs - epoch - 1)
        yield f"{text}, {_duration(left)} left" if left >= 1 else text
    return model


def _check(samples: Samples, task: Task, model: keras.Model) -> None:
    """Raise `TrainingFailed` for samples that the network cannot be trained on or watched by."""
    shape = tuple(model.input_shape[1:])
    parts = (("train on", samples), ("validate on", task.validation), ("test on", task.test))
    for purpose, part in parts:
        if not len(part.inputs):
            raise TrainingFailed(f"there are no samples to {purpose}")
        if part.inputs.shape[1:] != shape:
            raise TrainingFailed(
                f"the network takes {shape}, the samples to {purpose} are {part.inputs.shape[1:]}"
            )


def _is_finite(array: Array) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _teachers(
    teacher: Teacher | None, task: Task, seed: int, folder: Path
) -> Generator[str, None, Asked | None]:
    if teacher is None:
        return None
    models = []
    for number in range(1, teacher.count + 1):
        own = folder / f"teacher{number}"
        own.mkdir(parents=True, exist_ok=True)
        training = trained(teacher.build, teacher.recipe, task, seed + 1000 * number, own)
        while True:
            try:
                text = next(training)
            except StopIteration as ended:
                models.append(ended.value)
                break
            yield f"teacher {number} of {teacher.count}, {text}"

    def answered(inputs: Floats) -> Floats:
        mean = np.mean([_as_classes(answers(model, inputs)) for model in models], axis=0)
        soft = np.power(np.maximum(mean, 1e-7), 1 / teacher.temperature)
        found: Floats = (soft / soft.sum(axis=1, keepdims=True)).astype(np.float32)
        return found

    return answered


def _shuffled(samples: Samples, seed: int, epoch: int) -> Samples:
    order = np.random.default_rng((seed, epoch)).permutation(len(samples.inputs))
    weights = None if samples.weights is None else samples.weights[order]
    wanted = None if samples.answers is None else samples.answers[order]
    return Samples(samples.inputs[order], samples.labels[order], weights, answers=wanted)


def _targets(
    samples: Samples,
    classes: int,
    recipe: Recipe,
    teachers: Asked | None,
) -> Floats:
    """What the network is to answer: (n, classes), or (n, 1) for two classes."""
    hard = samples.answers
    if hard is None:
        hard = np.eye(classes, dtype=np.float32)[samples.labels]
    wanted = hard * np.float32(1 - recipe.smoothing) + np.float32(recipe.smoothing / classes)
    if teachers is not None and recipe.teacher is not None:
        share = np.float32(recipe.teacher.share)
        wanted = share * teachers(samples.inputs) + (1 - share) * wanted
    found: Floats = wanted[:, 1:] if classes == 2 else wanted
    return found


def answers(model: keras.Model, inputs: Floats) -> Floats:
    """What the network answers to samples: (n, outputs)."""
    parts = [
        np.asarray(model(inputs[start : start + _CHUNK], training=False))
        for start in range(0, len(inputs), _CHUNK)
    ]
    found: Floats = np.concatenate(parts)
    return found


def _as_classes(given: Floats) -> Floats:
    """Probabilities a class: (n, 1) to (n, 2), others as they are."""
    return np.concatenate([1 - given, given], axis=1) if given.shape[1] == 1 else given


def mean_recall(given: Floats, labels: Integers) -> float:
    """The mean over the classes that occur of the part of their samples that is decided right."""
    decided = _as_classes(given).argmax(axis=1)
    recalls = [float(np.mean(decided[labels == label] == label)) for label in np.unique(labels)]
    return float(np.mean(recalls))


def decide_at(model: keras.Model, threshold: float) -> None:
    """Move the last bias so that 0.5 is answered where `threshold` was.

    Raises `ValueError` for a threshold that is not between 0 and 1.
    """
    if not 0 < threshold < 1:
        raise ValueError(f"{threshold} is no threshold")
    last = model.layers[-1]
    kernel, bias = last.get_weights()
    last.set_weights([kernel, bias - np.float32(math.log(threshold / (1 - threshold)))])
