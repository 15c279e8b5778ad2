"""`manifest.json`: which files there are, and what made them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflint_reference_models.application import CHOSEN, ORIGINAL, Application
from tflint_reference_models.training.metrics import lines_of
from tflint_reference_models.training.options import DEFAULT_THREADS
from tflint_reference_models.training.results import Result

MANIFEST = "manifest.json"
SCHEMA = 1
# The originals' files are no models that anybody should take, and lie in a folder of their own.
_FOLDERS = {CHOSEN: "", ORIGINAL: "original/"}


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file of a network: in a form, or Keras' own (None)."""

    name: str
    network: str
    form: str | None
    bytes: int
    sha256: str


def file_name(application: str, network: str, form: str | None) -> str:
    """What a file is called, from the folder of the results."""
    folder = _FOLDERS[network]
    if form is None:
        return f"{folder}{application}.keras"
    return f"{folder}{application}_{form}.tflite"


def files_of(
    of: Application, results: Sequence[Result], folder: Path, new: Mapping[str, bytes]
) -> tuple[MadeFile, ...]:
    """The files that the results of the first experiment say there are: `new`, or in the folder."""
    found = []
    for result in shipped_results(of, results):
        for form in (None, *(one.form for one in result.forms)):
            name = file_name(of.name, result.network, form)
            data = new.get(name)
            if data is None:
                try:
                    data = (folder / name).read_bytes()
                except OSError:
                    continue
            digest = hashlib.sha256(data).hexdigest()
            found.append(MadeFile(name, result.network, form, len(data), digest))
    return tuple(found)


def shipped_results(of: Application, results: Sequence[Result]) -> Iterator[Result]:
    """Those whose files are kept: of the first experiment, ours before the original."""
    for network in (CHOSEN, ORIGINAL):
        for result in results:
            if (result.experiment, result.network) == (of.experiments[0].name, network):
                yield result


def command_of(of: Application, result: Result) -> str:
    """The call of `tflint train` that gives a result."""
    words = ["tflint train", of.name]
    if result.experiment != of.experiments[0].name:
        words.append(f"--experiment {result.experiment}")
    if result.network == ORIGINAL:
        words.append("--original")
    if result.seed:
        words.append(f"--seed {result.seed}")
    recipe = of.experiment(result.experiment).networks[result.network].recipe
    if result.epochs != recipe.epochs:
        words.append(f"--epochs {result.epochs}")
    if result.threads != DEFAULT_THREADS:
        words.append(f"--threads {result.threads}")
    return " ".join(words)


def manifest_of(of: Application, results: Sequence[Result], files: Sequence[MadeFile]) -> str:
    """`manifest.json`: files by their names, and for each network what made its files."""
    return (
        lines_of(
            {
                "schema": SCHEMA,
                "application": of.name,
                "files": {
                    one.name: {
                        "network": one.network,
                        "form": one.form or "keras",
                        "bytes": one.bytes,
                        "sha256": one.sha256,
                    }
                    for one in files
                },
                "made": {
                    result.network: {
                        "command": command_of(of, result),
                        "seed": result.seed,
                        "epochs": result.epochs,
                        "date": result.date,
                        "tflint": result.version,
                        "versions": dict(result.versions),
                        "code_sha256": result.code_sha256,
                        "data_sha256": dict(result.data_sha256),
                    }
                    for result in shipped_results(of, results)
                },
            }
        )
        + "\n"
    )
