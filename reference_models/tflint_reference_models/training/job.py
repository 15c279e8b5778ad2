"""One training: which network of which application, on which recordings, from which seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from tflint.errors import TflintError
from tflint_reference_models.application import Application, Experiment, Recipe, Trained
from tflint_reference_models.applications import application

# What a worker leaves in the folder of its state: the trained network.
NETWORK = "network.keras"


class TrainingFailed(TflintError):
    """A training that comes to nothing; the message says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one worker trains. `epochs` replaces the recipe's, None leaves them; `folder` has the
    recordings, `state` is where it keeps what it needs to go on after an interruption.
    """

    application: str
    experiment: str
    network: str
    fold: int
    seed: int
    epochs: int | None
    folder: str
    state: str
    threads: int = 2

    def to_json(self) -> dict[str, Any]:
        """As a worker is sent it."""
        return asdict(self)

    @staticmethod
    def from_json(held: Mapping[str, Any]) -> Job:
        """The inverse of `to_json`."""
        return Job(**{key: held[key] for key in Job.__dataclass_fields__})

    @property
    def of(self) -> Application:
        """Its application."""
        return application(self.application)

    @property
    def in_experiment(self) -> Experiment:
        """Its experiment."""
        return self.of.experiment(self.experiment)

    @property
    def trained(self) -> Trained:
        """Its network, with the epochs that were asked for."""
        held = self.in_experiment.networks[self.network]
        if self.epochs is None:
            return held
        return replace(held, recipe=with_epochs(held.recipe, self.epochs))

    def state_name(self, hashes: tuple[tuple[str, str], ...], sources: str) -> str:
        """The name of the folder for its state: what is trained, and a key for what the training
        starts from: the same data, code and settings, and as many threads, by which sums are
        parted.
        """
        held = self.to_json()
        for key in ("folder", "state"):
            del held[key]
        text = json.dumps([held, hashes, sources], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        return f"{state_prefix(self.experiment, self.network)}-{key}"


def state_prefix(experiment: str, network: str) -> str:
    """What the names of the states of a network begin with, before a hyphen and the key."""
    return f"{experiment}-{network}"


def with_epochs(recipe: Recipe, epochs: int) -> Recipe:
    """The recipe, and its teacher's, with as many epochs."""
    teacher = recipe.teacher
    if teacher is not None:
        teacher = replace(teacher, recipe=with_epochs(teacher.recipe, epochs))
    return replace(recipe, epochs=epochs, teacher=teacher)
