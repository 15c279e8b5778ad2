"""What a card says of where a model comes from: recordings, code, seed, versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint_reference_models.application import Application
from tflint_reference_models.training.card_decisions import NETWORKS, in_order
from tflint_reference_models.training.manifest import command_of, shipped_results
from tflint_reference_models.training.markdown import literal, message, name, number, table
from tflint_reference_models.training.results import Result


def data(of: Application, results: Sequence[Result]) -> Iterator[str]:
    """The public sources, and how many samples there are of what."""
    for source in of.sources:
        yield f"- {source.title}; {source.author}. Licence: {source.licence}. {source.how}."
    yield ""
    yield from table(
        ("Parted", "network", "trained on", "chosen by", "tested on"),
        [
            (
                name(of.experiment(result.experiment).title),
                NETWORKS[result.network],
                number(result.sizes.train or None),
                f"{result.sizes.validation:,}",
                f"{result.sizes.test:,}{_folds(result)}",
            )
            for result in in_order(of, results)
            if not result.curve
        ],
        "llrrr",
    )


def _folds(result: Result) -> str:
    return f" (fold 1 of {result.folds})" if result.folds > 1 else ""


def making(of: Application, results: Sequence[Result]) -> Iterator[str]:
    """The calls that make the models and the figures, and what with."""
    yield from table(
        ("Experiment", "network", "call", "epochs", "parameters", "seed", "date"),
        [
            (
                name(of.experiment(result.experiment).title),
                NETWORKS[result.network],
                literal(command_of(of, result)),
                f"{result.epochs:,}",
                f"{result.parameters:,}",
                f"{result.seed}",
                name(result.date),
            )
            for result in in_order(of, results)
        ],
        "lllrrrl",
    )
    for result in in_order(of, results):
        for note in result.notes:
            title = name(of.experiment(result.experiment).title)
            yield f"- {title}, {NETWORKS[result.network]}: {message(note)}"
    shown = list(shipped_results(of, results))
    if not shown:
        return
    first = shown[0]
    held = {pair for result in in_order(of, results) for pair in result.data_sha256}
    files = ", ".join(f"{name(file)} {literal(digest)}" for file, digest in sorted(held))
    versions = ", ".join(f"{name(what)} {name(version)}" for what, version in first.versions)
    yield f"- Recordings (SHA-256): {files}"
    yield f"- Code (SHA-256 of its sources): {literal(first.code_sha256)}"
    yield f"- With tflint {name(first.version)}, {versions}"
    thresholds = [one for one in first.thresholds if one is not None]
    if thresholds:
        shown_thresholds = ", ".join(f"{one:.4g}" for one in thresholds)
        yield (
            f"- The last bias holds the threshold that validation samples gave"
            f" ({shown_thresholds}), so that 0.5 decides."
        )
    yield (
        f"- {literal('manifest.json')} has the hash of each file, {literal('metrics.json')} all"
        " that was counted."
    )
    yield (
        f"- Where the recordings are, {literal('tflint bench --data FOLDER')} measures the models"
        f" again, and {literal(f'tflint train {of.name} --data FOLDER')} trains them again."
    )
    yield ""
