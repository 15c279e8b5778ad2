"""What a block of the workbook says about its model in words; every sentence from its figures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tflint.printable import counted, percent_text, printable
from tflint.report.bench_refusals import runtime_title
from tflint.report.bench_result import BenchedModel, RuntimeUse
from tflint.report.bench_wording import noise_text, total_text
from tflint.report.reference_wording import accuracy_notes, reference_notes
from tflint.report.wording import MAX_PATH

# How the sheets of the original call them.
TITLES = {
    "float32": "TFLite WITHOUT Optimization",
    "float16": "FLOAT16",
    "dynamic": "Dynamic Range (8-bit int)",
    "int8": "Full Integer (8-bit int)",
    "uint8": "Full Integer (8-bit uint)",
    "int16x8": "Full Integer (16-bit int, 8-bit weights)",
}
APPLICATION_TITLES = {
    "motion_sense": "MotionSense",
    "music_classifier": "MusicClassifier",
    "keyword_spotting": "KeywordSpotting",
    "car_sensor": "CarSensor",
}
PARTS = {
    "reading": "Not read",
    "latency": "Latency not measured",
    "operators": "Operators not timed",
    "accuracy": "Accuracy not measured",
}
# Models of one application with about as many weights are one network in several quantisations.
_SAME_NETWORK = 0.8
# Where operators, each timed alone, add up to about the whole inference.
_USUAL = (0.9, 1.1)
_MOST_NAMED = 6
_MOST_TEXT = 600
_BATCH_NORM = re.compile(r"batch_?norm", re.IGNORECASE)
_AFFINE = frozenset(("MUL", "ADD", "SUB"))


def quantisation_title(model: BenchedModel) -> str:
    """The title of a model's block: its quantisation, and whether it needs Select operators."""
    if model.weights is None:
        return "Not readable"
    title = TITLES.get(model.quantization or "", printable(model.quantization or "Unknown"))
    if select_operators(model):
        return f"{title} with Selected Ops"
    return f"{title} with Built In Ops" if model.quantization == "dynamic" else title


def application_title(application: str) -> str:
    """`MotionSense` for `motion_sense`."""
    return APPLICATION_TITLES.get(application, printable(application))


def select_operators(model: BenchedModel) -> list[str]:
    """The operators of TensorFlow's own that the model needs, each once."""
    return list(dict.fromkeys(one.name for one in model.operators if one.name.startswith("Flex")))


def is_same_network(model: BenchedModel, other: BenchedModel) -> bool:
    """Whether two models of an application differ in little but how numbers are stored."""
    if model.weights is None or other.weights is None:
        return False
    fewer, more = sorted((model.weights.count, other.weights.count))
    return fewer >= _SAME_NETWORK * more


def notes(model: BenchedModel, among: Sequence[BenchedModel]) -> list[str]:
    """The sentences about a model; `among` are the models on its sheet."""
    said = [
        f"{PARTS.get(one.part, printable(one.part))}: {printable(one.text, _MOST_TEXT)}."
        for one in model.failures
    ]
    said += _on_runtimes(model.runtimes)
    said += _select(model, among)
    said += _batch_norm(model)
    if model.noise is not None and model.noise.is_noisy:
        said.append(f"Noisy: {noise_text(model.noise)}.")
    total = model.operator_total
    if total is not None and not _USUAL[0] < total.ratio < _USUAL[1]:
        said.append(f"{total_text(total)}.")
    if model.accuracy is not None:
        said += [_sentence(note) for note in accuracy_notes(model.accuracy)]
    if model.reference is not None:
        said += [_sentence(note) for note in reference_notes(model.reference)]
    said += [_sentence(note) for note in model.notes]
    return [
        sentence.replace("..", ".") if sentence.endswith("..") else sentence for sentence in said
    ]


def _sentence(text: str) -> str:
    shown = printable(text, _MOST_TEXT)
    return f"{shown[:1].upper()}{shown[1:]}."


def _on_runtimes(uses: Sequence[RuntimeUse]) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for use in uses:
        title = runtime_title(use.runtime)
        if use.runnable:
            reasons.setdefault("", []).append(title)
        else:
            # Runtimes of one family refuse for one reason, each with its own name in it.
            reason = printable(use.reason or "unknown reason", _MOST_TEXT)
            reasons.setdefault(reason.replace(title, "{}"), []).append(title)
    said = []
    for reason, titles in reasons.items():
        if not reason:
            said.append(f"Runs on {' and '.join(titles)}.")
        else:
            said.append(
                f"Does not run on {' or '.join(titles)}: {reason.replace('{}', titles[0])}."
            )
    return said


def _select(model: BenchedModel, among: Sequence[BenchedModel]) -> list[str]:
    names = select_operators(model)
    if not names:
        return []
    listed = ", ".join(printable(name, 60) for name in names[:_MOST_NAMED])
    more = ", ..." if len(names) > _MOST_NAMED else ""
    said = f"Needs Select operators ({listed}{more}), which are TensorFlow's own."
    plain = _built_in(model, among)
    if plain is None or not plain.dynamic_bytes or model.dynamic_bytes is None:
        return [said]
    times = model.dynamic_bytes / plain.dynamic_bytes
    return [
        f"{said} Its dynamic tensors take {times:.1f} times those of "
        f"{printable(plain.path, MAX_PATH)}, which has built-in operators only."
    ]


def _built_in(model: BenchedModel, among: Sequence[BenchedModel]) -> BenchedModel | None:
    """The same network in the same quantisation without Select operators."""
    for other in among:
        if (
            other.quantization == model.quantization
            and is_same_network(model, other)
            and not select_operators(other)
        ):
            return other
    return None


def _batch_norm(model: BenchedModel) -> list[str]:
    """Batch normalisation that is still there as operators of its own, and what it allocates."""
    if model.memory is None or not model.dynamic_bytes:
        return []
    sizes = [
        value.bytes
        for graph in model.memory.graphs
        for node in graph.nodes
        if node.name in _AFFINE
        for value in node.outputs
        # A convolution that batch normalisation was folded into has the names of both.
        if _BATCH_NORM.search(value.name) and ";" not in value.name
    ]
    if not sizes:
        return []
    share = percent_text(sum(sizes) / model.dynamic_bytes)
    return [
        f"Batch normalisation takes {counted(len(sizes), 'operator')} of its own, whose outputs "
        f"are {sum(sizes):,} bytes, {share} of the dynamic tensors; folded into the layer before, "
        "it takes none."
    ]
