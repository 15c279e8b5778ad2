"""The reference models in a run: what is known of them, and their samples, made of recordings.

Where the recordings are, accuracy is measured on them as on any data; elsewhere it is shown as it
was recorded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflint.bench.data_plan import Plan
from tflint.bench.datasets import LabelledData
from tflint.bench.known_models import KnownModel
from tflint.errors import UsageError


@dataclass(frozen=True, slots=True)
class References:
    """`known` has one for each model of a run, or none at all. `samples_of` makes the samples of an
    application, and raises `UsageError` where its recordings are missing or broken; it is None
    where no recordings are at hand.
    """

    known: tuple[KnownModel | None, ...] = ()
    samples_of: Callable[[str], LabelledData] | None = None


def references_to(
    found: Sequence[tuple[Path, str]],
    folder: str | os.PathLike[str] | None,
    say: Callable[[str], None],
) -> References:
    """What is known of the reference models, and the recordings in a folder, if one is named.

    Raises `UsageError` for what is no folder.
    """
    from tflint_reference_models.data_folder import data_folder
    from tflint_reference_models.shipped import known_models, samples_to_test_on

    known = known_models([path for path, _ in found])
    if not folder:
        return References(known)
    recordings = data_folder(folder)

    def samples_of(application: str) -> LabelledData:
        say(f"{application}: reading recordings")
        return samples_to_test_on(application, recordings)

    return References(known, samples_of)


def with_recordings(
    plan: Plan,
    references: References,
) -> Plan:
    """The plan, with samples for those reference models that have none.

    Recordings that are missing or broken become a note. Raises `UsageError` where that is so for
    all applications.
    """
    if references.samples_of is None:
        return plan
    found: dict[str, LabelledData | UsageError] = {}
    data, notes = list(plan.data), list(plan.notes)
    for place, one in enumerate(references.known):
        if one is None or data[place] is not None:
            continue
        name = one.reference.application
        if name not in found:
            try:
                found[name] = references.samples_of(name)
            except UsageError as error:
                found[name] = error
        here = found[name]
        if isinstance(here, UsageError):
            notes[place] = f"accuracy not measured: {here}"
        else:
            data[place] = here
            notes[place] = _other_recordings(one, here)
    wrong = [one for one in found.values() if isinstance(one, UsageError)]
    if wrong and len(wrong) == len(found):
        raise wrong[0]
    return Plan(tuple(data), tuple(notes))


def _other_recordings(known: KnownModel, data: LabelledData) -> str | None:
    """That what is here is not what the recorded accuracy was measured on, and what else bears
    on measuring it again.
    """
    said = [known.note_measured] if known.note_measured else []
    if known.recorded is not None and known.recorded.files != data.files:
        said.append("these recordings are others than those that its accuracy was recorded on")
    return "; ".join(said) or None
