"""Comparisons of `tflint bench --compare`, one for each kind of outcome; nothing was measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tests.report.bench_reports import (
    HOSTILE_NAMES,
    LABELS,
    MACHINE,
    STARTED,
    accuracy,
    failures,
    model,
)
from tflint.bench.paired_accuracy import paired_accuracy
from tflint.model.changes import FieldChange
from tflint.report.bench_compare_result import (
    BenchComparison,
    ComparedOperator,
    OperatorFate,
    Ratio,
)
from tflint.report.bench_result import BenchReport, Failure


def ratio(low: float, middle: float, high: float, before: float = 8.8) -> Ratio:
    """A ratio as it is measured: 24 loads, and some thousand runs."""
    return Ratio(middle, low, high, before, before * middle, 24, (7956, 8100))


def faster() -> BenchComparison:
    """Everything could be measured; B is smaller, faster, decides as well, and runs on TFLM."""
    confusion = ((13, 0, 0), (0, 12, 1), (1, 1, 11))
    right = b"\1" * 36 + b"\0" * 3, b"\1" * 35 + b"\0" + b"\1" * 2 + b"\0"
    a = model("models/reduced_drange.tflite", "dynamic", 16, accuracy=accuracy(confusion, LABELS))
    better = accuracy(((13, 0, 0), (0, 13, 0), (1, 1, 11)), LABELS)
    b = model("models/reduced_int8.tflite", "int8", 16, 6.2, accuracy=better)
    rows = [
        ComparedOperator(OperatorFate.KEPT, one.name, one, other, ratio(0.69, 0.7, 0.71, 3))
        for one, other in zip(a.operators, b.operators, strict=True)
    ]
    rows[0] = dataclasses.replace(
        rows[0],
        fate=OperatorFate.CHANGED,
        fields=(
            FieldChange("type", "FLOAT32", "INT8", "input 0"),
            FieldChange("version", "1", "3"),
        ),
    )
    rows[1] = dataclasses.replace(rows[1], fate=OperatorFate.MOVED, ratio=None)
    added = dataclasses.replace(b.operators[0], name="QUANTIZE", us_avg=0.1, macs=0)
    rows += [
        ComparedOperator(OperatorFate.ADDED, "QUANTIZE", None, added),
        ComparedOperator(OperatorFate.REMOVED, "RELU", a.operators[2], None),
    ]
    return BenchComparison(
        BenchReport((a, b), MACHINE, STARTED, asked=2),
        is_same_file=False,
        latency=ratio(0.701, 0.705, 0.709),
        init=ratio(0.94, 1.02, 1.13, 210),
        first=ratio(1.1, 1.3, 1.5, 20),
        operators=tuple(rows),
        accuracy=paired_accuracy(*right),
    )


def same() -> BenchComparison:
    """A model and itself."""
    a = model("model.tflite", "int8", notes=("noisy: the middle half of the runs is far apart",))
    operators = [ComparedOperator(OperatorFate.KEPT, one.name, one, one) for one in a.operators]
    return BenchComparison(
        BenchReport((a, a), MACHINE, STARTED, asked=2),
        is_same_file=True,
        latency=ratio(0.997, 0.999, 1.002),
        operators=tuple(operators),
    )


def broken() -> BenchComparison:
    """A needs Flex, B is no model."""
    rows = {row.path: row for row in failures().models}
    pair = rows["MotionSense/drange_selected_ops.tflite"], rows["broken.tflite"]
    text = "not timed in turns: A and B could not be timed"
    return BenchComparison(
        BenchReport(pair, MACHINE, STARTED, asked=2),
        is_same_file=False,
        failures=(Failure("latency", text),),
        notes=("the accuracies are of different samples: they do not compare",),
    )


def interrupted() -> BenchComparison:
    """Stopped after A."""
    found = same()
    stopped = Failure("latency", "not measured: it was interrupted before")
    row = dataclasses.replace(found.after, latency=None, noise=None, failures=(stopped,))
    report = dataclasses.replace(found.report, models=(found.before, row), is_interrupted=True)
    return dataclasses.replace(found, report=report, latency=None)


def hostile(name: str) -> BenchComparison:
    """A comparison that says this wherever it says anything from a model or a path."""
    found = faster()
    rows = tuple(
        dataclasses.replace(
            row,
            path=name,
            failures=(Failure(name, name),),
            runtimes=tuple(
                dataclasses.replace(use, target=name, reason=name) for use in row.runtimes
            ),
        )
        for row in found.report.models
    )
    operators = tuple(
        dataclasses.replace(
            one,
            name=name,
            fields=(FieldChange(name, name, name, name),) if number % 2 else (),
            before=one.before and dataclasses.replace(one.before, output=name, note=name),
            after=one.after and dataclasses.replace(one.after, output=name, note=name),
        )
        for number, one in enumerate(found.operators)
    )
    machine = dataclasses.replace(MACHINE, processor=name, system=name, runtime=name)
    return dataclasses.replace(
        found,
        report=dataclasses.replace(found.report, models=rows, machine=machine),
        operators=operators,
        failures=(Failure(name, name),),
        notes=(name,),
    )


COMPARISONS: dict[str, Callable[[], BenchComparison]] = {
    "faster": faster,
    "same": same,
    "broken": broken,
    "interrupted": interrupted,
    "hostile": lambda: hostile(HOSTILE_NAMES["markup"]),
}
