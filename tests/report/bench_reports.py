"""Reports of `tflint bench`, one for each kind of outcome; no figure in them was measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from tests.report.memory_reports import classifier, reported
from tflint.model.schema import TensorType
from tflint.report.accuracy_result import Accuracy, ClassScore, Recorded
from tflint.report.bench_result import (
    BenchedModel,
    BenchReport,
    Failure,
    Latency,
    Machine,
    Noise,
    OperatorRow,
    RuntimeUse,
    TensorRow,
    WeightsUse,
)
from tflint.report.reference_result import Baseline, PublishedFigures, Reference

STARTED = "2026-11-23T09:41:07+01:00"
MACHINE = Machine(
    processor="AMD EPYC",
    cores=2,
    system="Linux 6.18.44",
    runtime="LiteRT 2.3.0",
    kernels="xnnpack",
    threads=1,
    cpus=(0,),
)
HYBRID = 'CONV_2D has float32 activations and int8 weights; TFLM has no hybrid kernels ("<Hybrid>")'

# Each would act in one format or another: as a formula, as markup, on a terminal, in XML.
HOSTILE_NAMES = {
    "formula": '=cmd|"/C calc"!A0',
    "plus": "+1+cmd",
    "minus": "-2+3",
    "at": "@SUM(A1:A9)",
    "tab": "\t=1+1",
    "carriage return": "\r=1+1",
    "link": "https://example.org/?a=1&b=2",
    "number": "1e5",
    "markup": '<script>alert("x")</script><img src=x onerror=alert(1)>&amp;]]>',
    "markdown": "[x](https://example.org) **b** | `c` <!-- --> \n# d",
    "escape sequence": "\x1b[2J\x1b]0;title\x07\x9b31m",
    "controls": "a\0b\x08c\x0bd\x7fe\x85f\u2028g",
    "not XML": "a\ufffeb\uffffc",
    "escape of Excel": "_x000D_=1+1",
    "bidi": "\u202e\u2066gnp.exe\u2069",
    "not UTF-8": "\udc80\udcff",
    "sheet": "a[b]:c*d?e/f\\g",
    "quotes": "'quoted' \"twice\"'",
    "long": "x" * 40_000,
    "long formula": "=" + "A1+" * 20_000,
    "empty": "",
    "blanks": "   ",
}


def latency(avg: float, runs: int = 200) -> Latency:
    """Times around an average, spread as they are on a quiet machine."""
    each = tuple(avg * (0.96 + 0.002 * (i * 7 % 40)) for i in range(runs))
    ordered = sorted(each)
    mean = sum(each) / runs
    return Latency(
        init=avg * 40 + 120,
        first=avg * 2.5,
        warmup_avg=avg * 1.08,
        avg=mean,
        p50=ordered[runs // 2],
        p95=ordered[runs * 95 // 100],
        runs=runs,
        warmup_runs=20,
        least=ordered[0],
        most=ordered[-1],
        deviation=(sum((one - mean) ** 2 for one in each) / (runs - 1)) ** 0.5,
        each=each,
    )


def accuracy(confusion: tuple[tuple[int, ...], ...], labels: tuple[str, ...]) -> Accuracy:
    """What a confusion matrix comes to; its intervals are Wilson's."""
    n = sum(map(sum, confusion))
    correct = sum(row[i] for i, row in enumerate(confusion))
    low, high = _interval(correct, n)
    classes = []
    for i, label in enumerate(labels):
        found, of = confusion[i][i], sum(confusion[i])
        predicted = sum(row[i] for row in confusion)
        classes.append(ClassScore(label, of, found, predicted, *_interval(found, of)))
    return Accuracy(
        value=correct / n,
        n=n,
        correct=correct,
        low=low,
        high=high,
        dataset="motion.npz",
        split="test",
        decision="the largest of 3 outputs",
        classes=tuple(classes),
        confusion=confusion,
    )


def _interval(found: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    if not n:
        return 0.0, 1.0
    middle = (found + z * z / 2) / (n + z * z)
    half = z * (found * (n - found) / n + z * z / 4) ** 0.5 / (n + z * z)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def runtimes(arena: int, flash: int, reason: str | None = None) -> tuple[RuntimeUse, ...]:
    """Both kinds of kernels of TFLM."""
    return tuple(
        RuntimeUse(
            runtime=name,
            target="cortex-m4",
            runnable=reason is None,
            reason=reason,
            arena_bytes=arena + extra - 12,
            min_arena_bytes=arena + extra,
            ram_bytes=arena + extra + 1776,
            flash_bytes=flash + code,
        )
        for name, extra, code in (("tflm", 0, 40_888), ("tflm-cmsis-nn", 512, 73_128))
    )


def network(
    width: int, dtype: str, weights: str, names: tuple[str, ...] = ()
) -> tuple[tuple[TensorRow, ...], tuple[OperatorRow, ...]]:
    """Convolution, pooling, reshape and a dense layer; `names` replace those of the tensors."""
    size, weight_size = (4 if dtype == "float32" else 1), (4 if weights == "float32" else 1)
    made = (
        ("conv2d_input", (1, 32, 32, 1), dtype, "activation"),
        ("sequential/conv2d/Conv2D", (width, 3, 3, 1), weights, "constant"),
        ("sequential/flatten/Const", (2,), "int32", "constant"),
        ("sequential/dense/MatMul", (3, width * 225), weights, "constant"),
        ("tfl.conv_2d", (1, 30, 30, width), dtype, "activation"),
        ("sequential/max_pooling2d/MaxPool", (1, 15, 15, width), dtype, "activation"),
        ("sequential/flatten/Reshape", (1, width * 225), dtype, "activation"),
        ("StatefulPartitionedCall:0", (1, 3), dtype, "activation"),
    )
    tensors = []
    for index, (name, shape, type, kind) in enumerate(made):
        count = 1
        for dimension in shape:
            count *= dimension
        each = 4 if type == "int32" else weight_size if kind == "constant" else size
        tensors.append(
            TensorRow(
                subgraph=0,
                index=index,
                name=names[index % len(names)] if names else name,
                shape=shape,
                dtype=type,
                bytes=count * each,
                kind=kind,
                is_input=index == 0,
                is_output=index == 7,
            )
        )
    bytes = [tensor.bytes for tensor in tensors]
    flow = (("CONV_2D", 1, 0, 4, 8_100), ("MAX_POOL_2D", None, 4, 5, 0))
    flow += (("RESHAPE", 2, 5, 6, 0), ("FULLY_CONNECTED", 3, 6, 7, 675))
    operators = tuple(
        OperatorRow(
            subgraph=0,
            index=index,
            name=name,
            us_avg=0.4 + 0.05 * width * (3 - index),
            macs=macs * width,
            weight_bytes=0 if constant is None else bytes[constant],
            input_bytes=bytes[source],
            output_bytes=bytes[into],
            output=" x ".join(map(str, tensors[into].shape)),
        )
        for index, (name, constant, source, into, macs) in enumerate(flow)
    )
    return tuple(tensors), operators


def model(
    path: str, quantization: str, width: int = 16, avg: float | None = 8.5, **more: object
) -> BenchedModel:
    """A row with all its parts; `more` replaces them."""
    weights = "float32" if quantization == "float32" else "int8"
    dtype = "int8" if quantization == "int8" else "float32"
    tensors, operators = network(width, dtype, weights)
    constants = [tensor for tensor in tensors if tensor.kind == "constant"]
    size = sum(tensor.bytes for tensor in constants)
    dynamic = sum(tensor.bytes for tensor in tensors if tensor.is_dynamic)
    reason = None if weights == dtype else HYBRID
    type = TensorType.INT8 if dtype == "int8" else TensorType.FLOAT32
    row = BenchedModel(
        path=path,
        file_bytes=size + 2_340,
        quantization=quantization,
        weights=WeightsUse(width * 9 + 2 + 3 * width * 225, size),
        tensors=tensors,
        operators=operators,
        macs=sum(operator.macs for operator in operators),
        latency=None if avg is None else latency(avg),
        noise=None if avg is None else Noise(0.031, 0.42, 0.47, 3),
        runtimes=runtimes(dynamic, size, reason),
        memory=reported(classifier(type), path=path),
    )
    return dataclasses.replace(row, **more)  # type: ignore[arg-type]


LABELS = ("walking", "standing", "in a car")


def _motion() -> tuple[BenchedModel, ...]:
    path = "models/MotionSense/{}.tflite".format
    app = {"application": "motion_sense"}
    good = accuracy(((13, 0, 0), (0, 12, 1), (1, 1, 11)), LABELS)
    better = accuracy(((13, 0, 0), (0, 13, 0), (1, 0, 12)), LABELS)
    return (
        model(path("no_quant"), "float32", 32, 24.7, accuracy=better, **app),
        model(path("reduced_drange"), "dynamic", 16, 8.8, accuracy=good, **app),
        model(path("reduced_int8"), "int8", 16, 6.2, accuracy=good, **app),
    )


def whole() -> BenchReport:
    """Everything could be measured: an application in three quantisations, and another model."""
    noisy = Noise(0.17, 2.4, 3.1, 211)
    other = model("models/gesture.tflite", "int8", 8, 3.1, noise=noisy)
    return BenchReport((*_motion(), other), MACHINE, STARTED, 4.2)


def failures() -> BenchReport:
    """A row for each part that can fail, among others."""
    flex = (
        "LiteRT does not run the model: Select TensorFlow op(s), included in the given model, "
        "is(are) not supported by this interpreter. Node number 0 (FlexConv2D) failed to prepare."
    )
    app = {"application": "motion_sense"}
    select = model("MotionSense/drange_selected_ops.tflite", "dynamic", 48, None, **app)
    operators = [
        dataclasses.replace(
            operator, name="FlexConv2D" if not operator.index else operator.name, us_avg=None
        )
        for operator in select.operators
    ]
    untimed = model("untimed.tflite", "int8")
    rows = (
        *_motion(),
        BenchedModel(
            "broken.tflite",
            312,
            failures=(Failure("reading", "Verification of the flatbuffer failed (at byte 12)"),),
        ),
        BenchedModel("gone.tflite", 0, failures=(Failure("reading", "cannot be read"),)),
        dataclasses.replace(
            select, operators=tuple(operators), failures=(Failure("latency", flex),)
        ),
        dataclasses.replace(
            untimed,
            operators=tuple(dataclasses.replace(row, us_avg=None) for row in untimed.operators),
            failures=(
                Failure("operators", "LiteRT crashed (signal 11)"),
                Failure("accuracy", "no data file has an input `image`"),
            ),
            notes=("measured with the default signature `serving_default`",),
        ),
    )
    return BenchReport(rows, MACHINE, STARTED, 9.9)


def hostile() -> BenchReport:
    """Names from a model, a path and a data file that would act where they are shown."""
    rows = []
    every = tuple(HOSTILE_NAMES.values())
    for name in every:
        row = model(f"{name}.tflite", "int8")
        tensors, operators = network(16, "int8", "int8", (name, *every))
        scores = accuracy(((3, 1), (0, 4)), (name, "other"))
        rows.append(
            dataclasses.replace(
                row,
                tensors=tensors,
                operators=tuple(
                    dataclasses.replace(operator, name=name, note=name, output=name)
                    for operator in operators
                ),
                accuracy=dataclasses.replace(scores, dataset=name, split=name, decision=name),
                runtimes=tuple(
                    dataclasses.replace(use, runnable=False, reason=name) for use in row.runtimes
                ),
                failures=(Failure("latency", name),),
                notes=(name,),
            )
        )
    machine = dataclasses.replace(MACHINE, processor=every[0], system=every[1])
    return BenchReport(tuple(rows), machine, STARTED, 1.0)


def interrupted() -> BenchReport:
    """The user stopped it after the first model."""
    return BenchReport(_motion()[:1], MACHINE, STARTED, 0.8, is_interrupted=True, asked=3)


HASHES = (("motion.npz", "3fa9" * 16),)
RECORDED = Recorded("2026-11-20", "0.1.0")


def _as_recorded(found: Accuracy) -> Accuracy:
    return dataclasses.replace(
        found, dataset="motion.npz", files=HASHES, sha256=HASHES[0][1], recorded=RECORDED
    )


def references() -> BenchReport:
    """Two applications of reference models, one of them with two classes and nothing measured."""
    of_motion = Reference(
        "motion_sense", "MotionSense", "Standing, walking, driving.", "", "by subject"
    )
    original = _as_recorded(accuracy(((11, 1, 1), (2, 10, 1), (1, 2, 10)), LABELS))
    published = PublishedFigures("dynamic", 6.02, 0.9231, "36 of 39 plots")
    baselines = {"float32": Baseline(19_988, original, 145_456), "dynamic": None}
    rows = [
        dataclasses.replace(
            row,
            path=f"tflint_reference_models/motion_sense/motion_sense_{row.quantization}.tflite",
            accuracy=None
            if row.accuracy is None
            else dataclasses.replace(row.accuracy, files=HASHES, dataset="motion.npz"),
            reference=dataclasses.replace(
                of_motion,
                form=row.quantization or "",
                published=None if row.quantization == "float32" else published,
                baseline=baselines.get(row.quantization or "", Baseline(5_102, original)),
            ),
        )
        for row in _motion()
    ]
    words = ("other", "on")
    of_words = Reference(
        *("keyword_spotting", "KeywordSpotting", "The word on.", "int8", "by speaker"),
        PublishedFigures("dynamic", 6.01, 0.9821),
        Baseline(5_379, _as_recorded(accuracy(((930, 27), (34, 51)), words)), 22_192),
        (("unheard words", _as_recorded(accuracy(((1203, 47), (0, 0)), words))),),
    )
    folder = "tflint_reference_models/keyword_spotting"
    heard = model(
        *(f"{folder}/keyword_spotting_int8.tflite", "int8", 12, None),
        application="keyword_spotting",
        accuracy=_as_recorded(accuracy(((925, 32), (11, 74)), words)),
        reference=of_words,
    )
    broken = BenchedModel(
        "tflint_reference_models/keyword_spotting/keyword_spotting_float32.tflite",
        312,
        "keyword_spotting",
        failures=(Failure("reading", "Verification of the flatbuffer failed (at byte 12)"),),
        notes=("no accuracy recorded: the file is not the one that `manifest.json` names",),
        reference=dataclasses.replace(of_words, form="float32", baseline=None, further=()),
    )
    return BenchReport((*rows, broken, heard), MACHINE, STARTED, 4.2)


def not_run() -> BenchReport:
    """Reference models where there is no runtime to measure with."""
    machine = dataclasses.replace(
        MACHINE, runtime="no LiteRT", kernels="", threads=0, cpus=None, notes=("nothing was run",)
    )
    rows = [
        dataclasses.replace(
            row,
            latency=None,
            noise=None,
            accuracy=None if row.accuracy is None else _as_recorded(row.accuracy),
            failures=(),
        )
        for row in references().models
    ]
    return BenchReport(tuple(rows), machine, STARTED, 0.1)


def hostile_references() -> BenchReport:
    """Names from metrics and from files that would act where they are shown."""
    rows = []
    for name in HOSTILE_NAMES.values():
        found = dataclasses.replace(
            accuracy(((3, 1), (0, 4)), ("other", name)),
            dataset=name,
            files=((name, name),),
            recorded=Recorded(name, name),
        )
        published = PublishedFigures(name, 6.0, None, name)
        of = Reference(*(name,) * 5, published, Baseline(1, found), ((name, found),))
        rows.append(model(f"{name}.tflite", "int8", accuracy=found, reference=of))
    return BenchReport(tuple(rows), MACHINE, STARTED, 1.0)


BENCH_REPORTS: dict[str, Callable[[], BenchReport]] = {
    "whole": whole,
    "failures": failures,
    "one": lambda: BenchReport((model("model.tflite", "int8"),), MACHINE, STARTED, 0.3),
    "nothing-read": lambda: BenchReport(failures().models[3:5], MACHINE, STARTED, 0.1),
    "interrupted": interrupted,
    "none": lambda: BenchReport((), MACHINE, STARTED, 0.0, is_interrupted=True, asked=3),
    "hostile": hostile,
    "references": references,
    "not-run": not_run,
    "hostile-references": hostile_references,
}
