"""What the formats of `tflint bench` for people say in the same words and figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tflint.printable import counted, printable, size_text
from tflint.report.accuracy_result import Accuracy
from tflint.report.bench_result import (
    BenchedModel,
    BenchReport,
    Machine,
    Noise,
    OperatorTotal,
    RuntimeUse,
    fastest,
    most_accurate,
    smallest,
)
from tflint.report.style import cut_front, text_width

MAX_NAME = 400
# What a model can be the best in.
MARKS = ("smallest", "fastest", "most accurate")
# Beside a figure that is not known.
UNKNOWN = "-"


def model_names(models: Sequence[BenchedModel]) -> list[str]:
    """Each model's path, printable, without the folders that all of them lie in."""
    paths = [model.path.split("/") for model in models]
    folders = 0
    if len(paths) > 1:
        least = min(map(len, paths)) - 1
        while folders < least and len({tuple(path[: folders + 1]) for path in paths}) == 1:
            folders += 1
    else:
        folders = len(paths[0]) - 1 if paths else 0
    return [printable("/".join(path[folders:]), MAX_NAME) or "(no name)" for path in paths]


def shortened(text: str, most: int) -> str:
    """The text, its middle left out where it takes more than `most` columns."""
    if max(len(text), text_width(text)) <= most:
        return text
    end = cut_front(text, (most - 3) * 2 // 3 + 3)
    room = most - text_width(end)
    start = text[:room]
    while text_width(start) > room:
        start = start[:-1]
    return start + end


def us_text(us: float | None) -> str:
    """Microseconds: `3.86`, `120.2`, `1,120`."""
    if us is None or not math.isfinite(us):
        return UNKNOWN
    digits = 2 if us < 99.995 else 1 if us < 999.95 else 0
    return f"{us:,.{digits}f}"


def number_text(figure: int | None) -> str:
    """A count or bytes, with thousands told apart."""
    return UNKNOWN if figure is None else f"{figure:,}"


def percent_figure(share: float | None) -> str:
    """A part of 1 as a percentage: `92.31`."""
    return UNKNOWN if share is None or not math.isfinite(share) else f"{100 * share:.2f}"


def interval_text(low: float, high: float) -> str:
    """An interval of parts of 1: `79.7–97.3 %`."""
    return f"{100 * low:.1f}–{100 * high:.1f} %"


def accuracy_text(accuracy: Accuracy | None) -> str:
    """`92.31 % (79.7–97.3 %)`."""
    if accuracy is None:
        return UNKNOWN
    return f"{percent_figure(accuracy.value)} % ({interval_text(accuracy.low, accuracy.high)})"


def samples_text(accuracy: Accuracy) -> str:
    """What was decided right of which data: `36 of 39 of motion_sense.npz, part test`."""
    part = f", part {printable(accuracy.split)}" if accuracy.split else ""
    of = printable(accuracy.dataset, MAX_NAME)
    return f"{accuracy.correct:,} of {counted(accuracy.n, 'sample')} of {of}{part}"


def marks(models: Sequence[BenchedModel]) -> list[tuple[str, ...]]:
    """For each model, in which of `MARKS` it is the best."""
    best = dict(zip(MARKS, (smallest(models), fastest(models), most_accurate(models)), strict=True))
    return [tuple(what for what in MARKS if i in best[what]) for i in range(len(models))]


def marks_of_application(models: Sequence[BenchedModel]) -> list[tuple[str, ...]]:
    """The same among the models of its application, where there are others; those of none are one.

    What is the best of all is not told again.
    """
    places: dict[str | None, list[int]] = {}
    for place, model in enumerate(models):
        places.setdefault(model.application, []).append(place)
    found: list[tuple[str, ...]] = [()] * len(models)
    of_all = marks(models)
    for group in places.values() if len(places) > 1 else ():
        for place, best in zip(group, marks([models[i] for i in group]), strict=True):
            found[place] = tuple(what for what in best if what not in of_all[place])
    return found


def machine_text(machine: Machine) -> str:
    """`AMD EPYC, 2 cores, Linux 6.18; LiteRT 2.3.0 (xnnpack), 1 thread, kept to core 0`."""
    kept = ""
    if machine.cpus is not None:
        cores = ", ".join(map(str, machine.cpus[:16])) + (", ..." if len(machine.cpus) > 16 else "")
        kept = f", kept to {'core' if len(machine.cpus) == 1 else 'cores'} {cores}"
    text = (
        f"{printable(machine.processor)}, {counted(machine.cores, 'core')}, "
        f"{printable(machine.system)}; {printable(machine.runtime)}"
    )
    if not machine.threads:
        return text
    return f"{text} ({printable(machine.kernels)}), {counted(machine.threads, 'thread')}{kept}"


def noise_text(noise: Noise) -> str:
    """`spread 1.2 %, load 0.10 before and 0.45 after, interrupted 3 times`."""
    parts = [f"spread {100 * noise.spread:.1f} %"]
    if noise.load_before is not None and noise.load_after is not None:
        parts.append(f"load {noise.load_before:.2f} before and {noise.load_after:.2f} after")
    if noise.interruptions is not None:
        parts.append(f"interrupted {counted(noise.interruptions, 'time')}")
    if noise.waiting is not None and noise.waiting >= 0.001:
        parts.append(f"kept waiting {100 * noise.waiting:.1f} % of the time")
    if noise.outliers:
        parts.append(counted(noise.outliers, "outlier"))
    return ", ".join(parts)


def ram_budget(model: BenchedModel) -> int | None:
    """The RAM of the target that its runtimes were computed for, None where it has no limit."""
    return None if model.memory is None else model.memory.target.ram_bytes


def runtime_names(models: Sequence[BenchedModel]) -> list[str]:
    """The runtimes that anything was computed for, in order."""
    return list(dict.fromkeys(use.runtime for model in models for use in model.runtimes))


def runtime_of(model: BenchedModel, runtime: str) -> RuntimeUse | None:
    """The model's use of a runtime."""
    return next((use for use in model.runtimes if use.runtime == runtime), None)


def headline(report: BenchReport) -> str:
    """`23 models measured, 1 of them not wholly`."""
    part = sum(not model.is_whole for model in report.models)
    asked = len(report.models)
    of = f" of {report.asked:,}" if report.is_interrupted and report.asked > asked else ""
    text = f"{asked:,}{of} models measured" if of else f"{counted(asked, 'model')} measured"
    if part:
        text += f", {part:,} of them not wholly"
    return f"{text}; stopped before the end" if report.is_interrupted else text


def noisy_text(models: Sequence[BenchedModel]) -> str:
    """What the noise means for a reader, or nothing where it was quiet."""
    noisy = sum(model.noise is not None and model.noise.is_noisy for model in models)
    if not noisy:
        return ""
    return (
        f"this machine was not quiet while {counted(noisy, 'model')} "
        f"{'was' if noisy == 1 else 'were'} measured: small differences of their times mean nothing"
    )


def total_text(total: OperatorTotal) -> str:
    """What the operators' times add up to, and why that is not the model's time."""
    text = (
        f"{total.timed:,} of {counted(total.operators, 'operator')} timed, each alone: "
        f"{us_text(total.us)} µs in all, {us_text(total.call_us)} µs for the call; "
        f"{us_text(total.whole_us)} µs as a whole"
    )
    if total.ratio > 1.1:
        return f"{text}; alone they are not fused with their neighbours"
    if 0 < total.ratio < 0.9 and total.timed == total.operators:
        return f"{text}; alone they find their inputs in the nearest cache"
    return text


def baseline_text(accuracy: Accuracy) -> str:
    """What the accuracy is held against: that of each class alike, and that of the largest one."""
    parts = []
    if accuracy.balanced is not None:
        parts.append(f"mean of the classes {percent_figure(accuracy.balanced)} %")
    if accuracy.majority:
        parts.append(f"always the largest class {percent_figure(accuracy.majority)} %")
    if accuracy.undecided:
        parts.append(f"{counted(accuracy.undecided, 'output')} not a number")
    return ", ".join(parts)


def facts_text(model: BenchedModel) -> str:
    """A model's main figures on one line."""
    parts = [size_text(model.file_bytes)]
    if model.quantization:
        parts.insert(0, model.quantization)
    if model.latency is not None:
        parts.append(f"{us_text(model.latency.avg)} µs")
    if model.accuracy is not None:
        parts.append(f"{percent_figure(model.accuracy.value)} %")
    return ", ".join(parts)
