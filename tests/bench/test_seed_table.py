"""The original's tables, from its models: weights, weight bytes and tensors to the last digit.

The figures are those of `../shared/facts/seed-table.md`, and each is looked for there as well.
"""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from tests.conftest import SHARED_MODELS
from tflint.bench.applications import application_of
from tflint.bench.static_figures import with_static_figures
from tflint.model.reader import parse_model
from tflint.report.bench_result import BenchedModel
from tflint.target.target import find_target

TABLE = SHARED_MODELS.parent / "facts" / "seed-table.md"
SEED = SHARED_MODELS / "seed"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not TABLE.exists(), reason=f"needs {TABLE} (set TFLITE_LINT_SHARED)"),
]

# Weights, and KB of weights, by model; where the table has no KB, those of the same kind have.
WEIGHTS = {
    "MotionSense/reduced_no_quant": ("4,997", "19.5"),
    "MotionSense/reduced_float16": ("4,997", "9.76"),
    "MotionSense/reduced_drange": ("4,997", "6.02"),
    "MusicClassifier/reduced_no_quant": ("40,716", "159"),
    "MusicClassifier/reduced_float16": ("40,716", "79.5"),
    "MusicClassifier/reduced_drange": ("40,716", "42"),
    "KeywordSpotting/reduced_no_quant": ("5,379", "21"),
    "KeywordSpotting/reduced_float16": ("5,379", "10.5"),
    "KeywordSpotting/reduced_drange": ("5,379", "6.01"),
    "CarSensor/reduced_no_quant": ("1,811", "7.07"),
    "CarSensor/reduced_float16": ("1,811", "3.54"),
    "CarSensor/reduced_drange": ("1,811", "2.57"),
    "MotionSense/no_quant": ("83,557", "326"),
    "MusicClassifier/drange": ("249,260", "248"),
}
WEIGHT_BYTES = {
    "MotionSense/reduced_drange": "6,164",
    "MusicClassifier/reduced_drange": "43,056",
    "KeywordSpotting/reduced_drange": "6,156",
    "CarSensor/reduced_drange": "2,636",
}
# The smallest arenas of a Cortex-M4 with reference kernels.
ARENAS = {
    "CarSensor/reduced_no_quant": "14,912",
    "KeywordSpotting/reduced_no_quant": "36,880",
    "MotionSense/reduced_no_quant": "145,456",
    "MusicClassifier/reduced_no_quant": "604,608",
}
# What the sheet of MotionSense reduced, dynamic range, lists, by the ends of names.
TENSORS = (
    ("tfl.conv_2d", "115,200"),
    ("MaxPool", "28,800"),
    ("MaxPool", "6,272"),
    ("MaxPool", "1,152"),
    ("Reshape", "1,152"),
    ("Relu", "64"),
    ("BiasAdd", "12"),
)
APPLICATIONS = {
    "MotionSense": "motion_sense",
    "MusicClassifier": "music_classifier",
    "KeywordSpotting": "keyword_spotting",
    "CarSensor": "car_sensor",
}


@functools.cache
def row(name: str) -> BenchedModel:
    path = SEED / f"{name}.tflite"
    data = path.read_bytes()
    model = parse_model(data)
    return with_static_figures(BenchedModel(name, len(data)), model, find_target("tflm"))


def weight_bytes(name: str) -> int:
    weights = row(name).weights
    assert weights is not None
    return weights.bytes


def stands_in_table(figure: str) -> bool:
    return figure in TABLE.read_text(encoding="utf-8")


def names() -> list[str]:
    return sorted(
        path.relative_to(SEED).with_suffix("").as_posix() for path in SEED.rglob("*.tflite")
    )


@pytest.mark.parametrize("name", WEIGHTS)
def test_numbers_of_weights(name: str) -> None:
    count, _ = WEIGHTS[name]
    weights = row(name).weights

    assert weights is not None
    assert f"{weights.count:,}" == count
    assert stands_in_table(f"{count} weights")


@pytest.mark.parametrize("name", WEIGHTS)
def test_kilobytes_of_weights(name: str) -> None:
    _, kilobytes = WEIGHTS[name]

    # Three digits and 1,024 bytes: the analyser that the original used prints them so.
    assert f"{weight_bytes(name) / 1024:.3g}" == kilobytes
    assert stands_in_table(kilobytes)


@pytest.mark.parametrize("name", WEIGHT_BYTES)
def test_bytes_of_weights(name: str) -> None:
    assert f"{weight_bytes(name):,}" == WEIGHT_BYTES[name]
    assert stands_in_table(WEIGHT_BYTES[name])


@pytest.mark.parametrize("name", ARENAS)
def test_arenas(name: str) -> None:
    use = row(name).runtimes[0]

    assert use.runtime == "tflm"
    assert f"{use.min_arena_bytes:,}" == ARENAS[name]
    assert use.runnable
    assert stands_in_table(ARENAS[name])


def test_tensors_of_the_sheet_and_their_sum() -> None:
    dynamic = [tensor for tensor in row("MotionSense/reduced_drange").tensors if tensor.is_dynamic]

    listed = [f"{tensor.bytes:,}" for tensor in dynamic]
    assert listed == [size for _, size in TENSORS]
    for tensor, (end, size) in zip(dynamic, TENSORS, strict=True):
        assert tensor.name.rpartition("/")[2] == end
        assert stands_in_table(size)
    total = sum(int(size.replace(",", "")) for _, size in TENSORS)
    assert row("MotionSense/reduced_drange").dynamic_bytes == total == 152_652


def test_what_the_sheet_does_not_list_is_the_callers() -> None:
    activations = [t for t in row("MotionSense/reduced_drange").tensors if t.kind == "activation"]

    assert [(t.name, t.bytes) for t in activations if not t.is_dynamic] == [
        ("conv2d_input", 4096),
        ("Identity", 12),
    ]


def test_every_quantisation_of_a_network_has_the_same_weights_and_sizes() -> None:
    reduced = [row(f"MotionSense/reduced_{kind}") for kind in ("no_quant", "float16", "drange")]
    between = [
        {(t.name, t.bytes) for t in one.tensors if t.is_dynamic and "dequantize" not in t.name}
        for one in reduced
    ]

    assert between[0] == between[1] == between[2]


def test_all_models_have_an_application_and_none_fails() -> None:
    assert len(names()) == 23
    for name in names():
        assert application_of(f"{name}.tflite") == APPLICATIONS[name.partition("/")[0]]
        assert not row(name).failures


def test_sixteen_of_them_run_on_no_runtime() -> None:
    refused = [name for name in names() if not any(use.runnable for use in row(name).runtimes)]

    assert len(refused) == 16
    assert sum(row(name).quantization == "dynamic" for name in refused) == 9
    assert sum(row(name).quantization == "float16" for name in refused) == 7
    assert stands_in_table("16 of the 23")


def test_an_analyser_as_simple_as_the_originals_agrees() -> None:
    """What it lists: tensors of the first subgraph without data that are no inputs or outputs."""
    tflite = pytest.importorskip("tflite", reason="needs the package `tflite`")
    sizes = {tflite.TensorType.FLOAT32: 4, tflite.TensorType.INT32: 4, tflite.TensorType.INT8: 1}
    sizes[tflite.TensorType.FLOAT16] = 2
    for name in names():
        model = tflite.Model.GetRootAsModel(Path(SEED, f"{name}.tflite").read_bytes(), 0)
        graph = model.Subgraphs(0)
        ends = {*graph.InputsAsNumpy().tolist(), *graph.OutputsAsNumpy().tolist()}
        listed, weights = [], 0
        for index in range(graph.TensorsLength()):
            tensor = graph.Tensors(index)
            held = model.Buffers(tensor.Buffer()).DataLength()
            size = sizes[tensor.Type()]
            for axis in range(tensor.ShapeLength()):
                size *= tensor.Shape(axis)
            weights += held
            if not held and index not in ends:
                listed.append((index, size))
        assert [(t.index, t.bytes) for t in row(name).tensors if t.is_dynamic] == listed, name
        assert weight_bytes(name) == weights, name
