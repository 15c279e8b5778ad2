"""Counts are those of a bare loop over LiteRT, one sample after the other."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.bench.labelled import as_it_is, classifier, data, measured
from tflint.bench import accuracy as subject
from tflint.bench.intervals import wilson_interval
from tflint.bench.options import Kernels
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.schema import (
    ArgMaxOptions,
    TensorType,
)
from tflint.model.writer import write_model

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="needs LiteRT"
)
RNG = np.random.default_rng(8)


def bare_loop(model: bytes, values: NDArray[Any]) -> NDArray[Any]:
    """The classes, by LiteRT's documented interface and NumPy."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter: Any = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    into, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    found = []
    for value in values.astype(np.float32):
        sample = value.reshape(into["shape"])
        if into["dtype"] != np.float32:
            scale, zero_point = into["quantization"]
            steps = sample / np.float32(scale)
            rounded = np.trunc(steps + np.copysign(np.float32(0.5), steps)) + zero_point
            limits = np.iinfo(into["dtype"])
            sample = np.clip(rounded, limits.min, limits.max).astype(into["dtype"])
        interpreter.set_tensor(into["index"], sample)
        interpreter.invoke()
        row = interpreter.get_tensor(out["index"]).reshape(-1).astype(np.float64)
        if out["dtype"] != np.float32:
            scale, zero_point = out["quantization"]
            row = (row - zero_point) * scale
        found.append(int(row.argmax()) if len(row) > 1 else int(row[0] > 0.5))
    return np.array(found)


def test_a_hand_counted_example(tmp_path: Path) -> None:
    rows = [[9, 1, 0], [1, 9, 0], [0, 1, 9], [5, 1, 0], [7, 7, 0]]
    found = data(
        tmp_path, x=rows, labels=[0, 1, 1, 1, 0], classes=["a", "b", "c"], split="validation"
    )

    accuracy, notes = measured(as_it_is(3), found)

    assert (accuracy.value, accuracy.n, accuracy.correct) == (0.6, 5, 3)
    assert (accuracy.low, accuracy.high) == wilson_interval(3, 5)
    assert (accuracy.dataset, accuracy.split) == ("data.npz", "validation")
    assert accuracy.sha256 == hashlib.sha256((tmp_path / "data.npz").read_bytes()).hexdigest()
    assert accuracy.decision == "the greatest of 3 outputs"
    assert accuracy.confusion == ((2, 0, 0), (1, 1, 1), (0, 0, 0))
    assert [(c.label, c.n, c.correct, c.predicted) for c in accuracy.classes] == [
        ("a", 2, 2, 3),
        ("b", 3, 1, 1),
        ("c", 0, 0, 1),
    ]
    first, second, third = accuracy.classes
    assert (first.recall, first.precision, first.f1) == (1, pytest.approx(2 / 3), 0.8)
    assert (second.low, second.high) == wilson_interval(1, 3)
    assert (first.precision_low, first.precision_high) == wilson_interval(2, 3)
    assert (third.recall, third.precision, third.f1) == (None, 0, 0)
    assert accuracy.balanced == pytest.approx((1 + 1 / 3) / 2)
    assert accuracy.majority == 0.6
    assert notes == (
        "classes share the greatest output in 1 of 5 samples: the first of them is taken, as"
        " argmax does",
        "not shown to be better than a constant: always saying `b` would be right in 60.0 %",
    )


@pytest.mark.parametrize("kernels", list(Kernels))
@pytest.mark.parametrize("type", [TensorType.FLOAT32, TensorType.INT8])
def test_counts_are_those_of_a_bare_loop(
    tmp_path: Path, type: TensorType, kernels: Kernels
) -> None:
    model = classifier(TensorType.FLOAT32 if type is TensorType.UINT8 else type)
    values = RNG.normal(0, 1, (300, 6, 6, 2))
    truth = RNG.integers(0, 4, 300)
    answers = bare_loop(write_model(model), values)

    accuracy, _ = measured(model, data(tmp_path, x=values, y=truth), kernels=kernels)

    assert accuracy.correct == (answers == truth).sum()
    matrix = np.zeros((4, 4), int)
    np.add.at(matrix, (truth, answers), 1)
    assert np.array_equal(accuracy.confusion, matrix)


@pytest.mark.shared
def test_real_models_count_like_a_bare_loop(shared_models: list[Path], tmp_path: Path) -> None:
    folder = next(path for path in shared_models if path.parent.name == "MotionSense").parent
    recordings = folder.parents[2] / "data" / "motionsense_rp32.npz"
    if not recordings.exists():
        pytest.skip(f"no recordings in {recordings.parent}")
    with np.load(recordings, allow_pickle=False) as held:
        chosen = held["subject"] > 12
        values, truth = held["rp12"][chosen].astype(np.float32) / 100, held["label"][chosen]
    found = data(tmp_path, plot=values, label=truth)
    values_found = {}
    for name in ("reduced_no_quant", "reduced_float16", "reduced_drange", "no_quant"):
        path = folder / f"{name}.tflite"
        accuracy, _ = measured(parse_model(path.read_bytes()), found)
        assert accuracy.correct == (bare_loop(path.read_bytes(), values) == truth).sum()
        values_found[name] = accuracy.value
    # Networks that learnt these activities, in forms that differ by rounding.
    assert min(values_found.values()) > 0.9
    assert abs(values_found["reduced_no_quant"] - values_found["reduced_drange"]) < 0.03


def test_a_single_probability_and_a_single_logit(tmp_path: Path) -> None:
    found = data(tmp_path, x=[[-2.0], [0.0], [0.4], [3.0]], labels=[0, 0, 1, 1])
    build = ModelBuilder()
    build.output(build.unary("LOGISTIC", build.input((1, 1))))

    probability, _ = measured(build.build(), found)
    logit, _ = measured(as_it_is(1), found)

    assert probability.correct == logit.correct == 4
    assert "above 0.5, a probability (LOGISTIC)" in probability.decision
    assert "above 0, a logit" in logit.decision


def test_the_class_that_a_model_gives_as_a_number(tmp_path: Path) -> None:
    build = ModelBuilder()
    x = build.input((1, 3))
    axis = build.constant((1,), TensorType.INT32, (1,))
    y = build.tensor((1,), TensorType.INT32)
    build.operator("ARG_MAX", [x, axis], [y], ArgMaxOptions(output_type=TensorType.INT32))
    build.output(y)

    accuracy, _ = measured(build.build(), data(tmp_path, x=np.eye(3), labels=[0, 1, 1]))

    assert accuracy.correct == 2
    assert accuracy.confusion == ((1, 0, 0), (0, 1, 1), (0, 0, 0))


def test_what_is_not_a_number_is_wrong_and_said(tmp_path: Path) -> None:
    build = ModelBuilder()
    build.output(build.unary("SQRT", build.input((1, 2))))
    found = data(tmp_path, x=[[1, 4], [-1, 4], [4, -1]], labels=[1, 1, 0])

    accuracy, notes = measured(build.build(), found)

    assert (accuracy.correct, accuracy.n, accuracy.undecided) == (1, 3, 2)
    assert accuracy.confusion == ((0, 0), (0, 1))
    assert notes[0] == (
        "the output stands for no class (not a number) in 2 of 3 samples, which count as wrong"
    )


def test_a_majority_is_said(tmp_path: Path) -> None:
    rows = np.eye(2)[[0] * 95 + [1] * 5]

    _, notes = measured(as_it_is(2), data(tmp_path, x=rows, labels=rows))
    assert notes == ("classes are out of balance: always saying `0` would be right in 95.0 %",)
    _, notes = measured(as_it_is(2), data(tmp_path, x=rows[:9], labels=rows[:9]))
    assert notes == ("all samples are of the class `0`",)
    even = np.eye(2)[[0, 1] * 20]
    assert measured(as_it_is(2), data(tmp_path, x=even, labels=even))[1] == ()


def test_the_part_that_counts_is_what_is_run(tmp_path: Path) -> None:
    rows = np.eye(3)[[0, 1, 2, 0]]
    found = data(tmp_path, x=rows, labels=[0, 0, 2, 1], split=["test", "train", "test", "train"])

    accuracy, notes = measured(as_it_is(3), found)

    assert (accuracy.n, accuracy.correct, accuracy.split) == (2, 2, "test")
    assert notes[0].startswith("2 of 4 samples count, those of the part `test`")


def test_so_many_classes_are_not_listed(tmp_path: Path) -> None:
    columns = subject.MAX_CLASSES + 1
    rows = np.eye(columns, dtype=np.float32)[:20]

    accuracy, notes = measured(as_it_is(columns), data(tmp_path, x=rows, y=np.arange(20)))

    assert accuracy.value == 1
    assert (accuracy.classes, accuracy.confusion) == ((), ())
    assert notes == ("more than 1,024 classes: no figures for each",)


def test_a_hostile_name_of_a_class_is_shown_harmless(tmp_path: Path) -> None:
    found = data(tmp_path, x=np.eye(2), labels=[0, 1], classes=["\x1b[2J=1+1", "\u202e" * 999])

    accuracy, _ = measured(as_it_is(2), found)

    assert accuracy.classes[0].label == "\\x1b[2J=1+1"
    assert len(accuracy.classes[1].label) < 400
    assert accuracy.classes[1].label.isascii()
