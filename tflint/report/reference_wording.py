"""What the formats of `tflint bench` say of reference models in the same words."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.printable import counted, printable
from tflint.report.accuracy_result import Accuracy
from tflint.report.bench_result import BenchedModel
from tflint.report.bench_wording import percent_figure
from tflint.report.reference_result import PublishedFigures, Reference

# Of a hash, which tells files apart all the same.
_HASH = 12
PUBLISHED = (
    "published: what the original's tables say of its own network in this form, weights in KB of"
    " 1,024 bytes; beside int8, which they do not have, what they say of dynamic range (TFLM runs"
    " them in float32 only)"
)
SAME_DATA = (
    "same data: the accuracy of the original's network, trained and tested on these recordings as"
    " ours was"
)
HOW_TO_MEASURE = (
    "`tflint bench --data FOLDER` measures it where the recordings are; the cards say how to get"
    " them"
)


def are_references(models: Sequence[BenchedModel]) -> bool:
    """Whether all of them are reference models."""
    return bool(models) and all(model.reference is not None for model in models)


def kilobytes_text(published: PublishedFigures) -> str:
    """KB as the original's tables have them: `6.02`, `42`."""
    return f"{published.kilobytes:g}"


def published_text(published: PublishedFigures) -> str:
    """`6.02 KB of weights, 92.31 % in dynamic range (36 of 39 plots)`."""
    form = "dynamic range" if published.form == "dynamic" else printable(published.form)
    share = "" if published.accuracy is None else f", {percent_figure(published.accuracy)} %"
    note = f" ({printable(published.note)})" if published.note else ""
    return f"{kilobytes_text(published)} KB of weights{share} in {form}{note}"


def recorded_text(accuracy: Accuracy) -> str:
    """`recorded on 2026-11-23 with tflint 0.1.0`; nothing for what was measured in this run."""
    recorded = accuracy.recorded
    if recorded is None:
        return ""
    return f"recorded on {printable(recorded.date, 40)} with tflint {printable(recorded.version)}"


def files_text(accuracy: Accuracy) -> str:
    """The files that the samples come from, by name and the beginning of their SHA-256."""
    named = (
        f"{printable(name, 100)} ({printable(digest[:_HASH])})" for name, digest in accuracy.files
    )
    return ", ".join(named) or printable(accuracy.dataset, 400)


def two_class_text(accuracy: Accuracy) -> str:
    """`finds 87.06 % of on, takes 3.41 % of the others for it`; nothing for more classes."""
    if len(accuracy.classes) != 2:
        return ""
    others, wanted = accuracy.classes
    if not (others.n and wanted.n):
        return ""
    label = printable(wanted.label, 60)
    false = 1 - others.correct / others.n
    return (
        f"finds {percent_figure(wanted.recall)} % of {label},"
        f" takes {percent_figure(false)} % of the others for it"
    )


def same_data_text(of: Reference, *, is_dated: bool = True) -> str:
    """What the original's network comes to on the same recordings; nothing where it is not known.

    `90.12 % (mean of the classes 88.01 %) with 6,100 B of weights and an arena of 31,152 B, ...`
    """
    if of.baseline is None:
        return ""
    accuracy, arena = of.baseline.accuracy, of.baseline.min_arena_bytes
    sizes = f"{of.baseline.weight_bytes:,} B of weights"
    if arena is not None:
        sizes += f" and an arena of {arena:,} B"
    parts = [
        f"{percent_figure(accuracy.value)} %"
        f" (mean of the classes {percent_figure(accuracy.balanced)} %) with {sizes}",
        two_class_text(accuracy),
        recorded_text(accuracy) if is_dated else "",
    ]
    return ", ".join(part for part in parts if part)


def further_text(name: str, accuracy: Accuracy, *, is_dated: bool = True) -> str:
    """`unheard words: 1,203 of 1,250 samples right, 96.24 %, recorded on 2026-11-23 ...`."""
    when = f", {recorded_text(accuracy)}" if is_dated and accuracy.recorded else ""
    return (
        f"{printable(name, 100)}: {accuracy.correct:,} of {counted(accuracy.n, 'sample')} right,"
        f" {percent_figure(accuracy.value)} %{when}"
    )


def accuracy_notes(accuracy: Accuracy) -> list[str]:
    """Where and when an accuracy was measured, and what one figure of two classes does not tell."""
    said = []
    if accuracy.recorded is not None:
        said.append(f"accuracy as {recorded_text(accuracy)} on {files_text(accuracy)}")
    elif accuracy.files:
        said.append(f"accuracy measured on {files_text(accuracy)}")
    two = two_class_text(accuracy)
    return [*said, two] if two else said


def reference_notes(of: Reference) -> list[str]:
    """What a reference model is held against, each a sentence without its full stop."""
    said = []
    if of.published is not None:
        said.append(f"the original's network, as published: {published_text(of.published)}")
    same = same_data_text(of)
    if same:
        said.append(f"the original's network on the same data: {same}")
    for name, accuracy in of.further:
        said.append(further_text(name, accuracy))
    return said
