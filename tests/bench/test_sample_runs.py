"""Samples go through a model each by itself, however many workers it takes."""

from __future__ import annotations

import dataclasses
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bench.labelled import as_it_is, classifier, data, measured
from tflint.bench import accuracy_worker, sample_runs
from tflint.bench.accuracy import measure_accuracy
from tflint.bench.inputs import entry_of
from tflint.bench.options import BenchOptions
from tflint.errors import HostFailed, ModelRefused
from tflint.execution.process import Ended
from tflint.model.builder import ModelBuilder
from tflint.model.schema import (
    AssignVariableOptions,
    ReadVariableOptions,
    SVDFOptions,
    TensorType,
    VarHandleOptions,
    WhileOptions,
)
from tflint.model.tables import Model, SignatureDef, TensorMap
from tflint.model.writer import write_model

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ai_edge_litert") is None, reason="needs LiteRT"
)
RNG = np.random.default_rng(8)


def test_values_that_the_input_cannot_hold_are_said(tmp_path: Path) -> None:
    model = classifier(TensorType.INT8)
    values = RNG.normal(0, 1, (20, 6, 6, 2))

    _, good = measured(model, data(tmp_path, x=values, y=RNG.integers(0, 4, 20)))
    _, bad = measured(model, data(tmp_path, x=values * 100, y=RNG.integers(0, 4, 20)))

    assert not any("beyond" in note for note in good)
    assert any("% of the input values are beyond what the input can hold" in note for note in bad)


def test_a_signature_and_inputs_by_name(tmp_path: Path) -> None:
    model = two_signatures()
    found = data(tmp_path, minus=np.eye(3), plus=5 * np.eye(3)[[2, 2, 2]], labels=[2, 2, 1])

    forwards, _ = measured(model, found)
    backwards, _ = measured(model, found, signature="backwards")

    assert (forwards.correct, forwards.confusion[2]) == (2, (0, 0, 2))
    assert (backwards.correct, backwards.confusion[2]) == (0, (1, 1, 0))


def two_signatures() -> Model:
    """`plus` - `minus`, and in the second subgraph `minus` - `plus`."""
    build = ModelBuilder()
    second = build.subgraph("backwards")
    for graph in (build, second):
        one, other = graph.input((1, 3), name="a"), graph.input((1, 3), name="b")
        y = graph.tensor((1, 3))
        graph.operator("SUB", [one, other], [y])
        graph.output(y)
    names = (("plus", "minus"), ("minus", "plus"))
    signatures = tuple(
        SignatureDef(
            tuple(TensorMap(name, index) for index, name in enumerate(names[place])),
            (TensorMap("out", 2),),
            key,
            place,
        )
        for place, key in enumerate(("forwards", "backwards"))
    )
    return dataclasses.replace(build.build(), signature_defs=signatures)


def test_samples_do_not_see_those_before_them(tmp_path: Path) -> None:
    build = ModelBuilder()
    x = build.input((1, 1))
    feature = build.constant((1, 1), TensorType.FLOAT32, (1.0,))
    weights = build.constant((1, 3), TensorType.FLOAT32, (1.0, 1.0, 1.0))
    bias = build.constant((1,), TensorType.FLOAT32, (0.0,))
    state = build.tensor((1, 3), is_variable=True)
    y = build.tensor((1, 1))
    build.operator("SVDF", [x, feature, weights, bias, state], [y], SVDFOptions(rank=1))
    build.output(y)
    found = data(tmp_path, x=[[5.0], [-1.0], [-1.0], [2.0]], labels=[1, 0, 0, 1])

    assert measured(build.build(), found)[0].correct == 4


def test_nor_do_resources_keep_anything(tmp_path: Path) -> None:
    build = ModelBuilder()
    x = build.input((1, 2))
    handle = build.tensor((), TensorType.RESOURCE)
    before, y = build.tensor((1, 2)), build.tensor((1, 2))
    build.operator("VAR_HANDLE", [], [handle], VarHandleOptions(shared_name="v"))
    build.operator("ASSIGN_VARIABLE", [handle, x], [], AssignVariableOptions())
    build.operator("READ_VARIABLE", [handle], [before], ReadVariableOptions())
    build.operator("ADD", [x, before], [y])
    build.output(y)
    found = data(tmp_path, x=[[5, 0], [0, 1], [1, 0]], labels=[0, 1, 0])

    assert measured(build.build(), found)[0].correct == 3


@pytest.mark.parametrize("chunk", [1, 7, 250])
def test_how_samples_are_cut_up_makes_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    values = RNG.normal(0, 1, (5 if chunk == 1 else 20, 3))
    truth = RNG.integers(0, 3, len(values))
    found = data(tmp_path, x=values, y=truth)
    monkeypatch.setattr(sample_runs, "_CHUNK", chunk * 3)

    accuracy, _ = measured(as_it_is(3), found)

    assert accuracy.correct == (values.argmax(axis=1) == truth).sum()
    assert accuracy.right == (values.argmax(axis=1) == truth).astype(np.uint8).tobytes()


def rigged(monkeypatch: pytest.MonkeyPatch, *ends: Ended) -> None:
    """Workers that end like this, one after the other."""
    left = iter(ends)

    def run(
        module: str, request: object, arrays: object, limits: object, tell: Callable[[Any], None]
    ) -> Ended:
        ended = next(left)
        for head, _ in ended.frames:
            tell(head)
        return ended

    monkeypatch.setattr(sample_runs, "run_worker", run)


def test_how_far_it_is_and_where_it_ended_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1]]
    rigged(
        monkeypatch,
        Ended((({"done": 1}, []), ({}, [rows[:2, None]]))),
        Ended((({"done": 2}, []),), "it crashed (SIGSEGV)", "INFO: no matter\nno luck"),
    )
    model, said = as_it_is(3), list[str]()

    with pytest.raises(HostFailed) as error:
        measure_accuracy(
            write_model(model),
            model,
            entry_of(model, None),
            data(tmp_path, x=rows, y=[0, 1, 2, 0, 1]),
            BenchOptions(),
            said.append,
        )

    assert said == ["1 of 5 samples", "4 of 5 samples"]
    assert str(error.value) == (
        "LiteRT failed after at least 4 of 5 labelled samples: it crashed (SIGSEGV) (no luck)"
    )


@pytest.mark.parametrize(
    "frame",
    [
        ({}, []),
        ({}, [np.zeros((0, 3), np.float32)]),
        ({}, [np.float32(3)]),
        ({}, [np.zeros((2, 3), np.float32)] * 2),
        ({"done": "all"}, []),
    ],
)
def test_what_makes_no_sense_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frame: tuple[dict[str, Any], list[Any]]
) -> None:
    rigged(monkeypatch, Ended((frame,)))

    with pytest.raises(HostFailed, match="LiteRT failed"):
        measured(as_it_is(3), data(tmp_path, x=np.eye(3), y=[0, 1, 2]))


def test_a_worker_tells_how_many_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy_worker, "_TELL_SECONDS", -1)
    monkeypatch.setattr(accuracy_worker, "take_log", str)  # It would cut off what pytest captures.
    rows = np.eye(3, dtype=np.float32)[:, None]
    output = entry_of(as_it_is(3), None).outputs[0].tensor
    request = {
        **{"threads": 1, "kernels": "builtin", "subgraph": 0, "tensors": [0], "resized": []},
        **{"output": output, "has_variables": False, "has_resources": False, "seconds": 9},
    }
    model = np.frombuffer(write_model(as_it_is(3)), np.uint8)

    *told, (head, arrays) = accuracy_worker.answer(request, [model, rows])

    assert told == [({"done": done}, ()) for done in (1, 2, 3)]
    assert head == {}
    assert np.array_equal(arrays[0], rows)


@pytest.mark.parametrize(("factor", "said"), [(1.0, 0), (0.001, 1)])
def test_values_that_were_never_scaled_are_said(tmp_path: Path, factor: float, said: int) -> None:
    values = RNG.uniform(-1, 1, (20, 6, 6, 2)) * factor
    found = data(tmp_path, x=values, y=RNG.integers(0, 4, 20))

    _, notes = measured(classifier(TensorType.INT8), found)

    assert sum("of the range that the input can hold" in note for note in notes) == said


def test_a_worker_hands_back_what_it_has_before_its_time_is_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow models take many workers, and are not taken for models that hang."""
    monkeypatch.setattr(sample_runs, "_SHARE_OF_TIME", 0.0)
    values = RNG.normal(0, 1, (4, 3))

    accuracy, _ = measured(as_it_is(3), data(tmp_path, x=values, y=values.argmax(axis=1)))

    assert (accuracy.n, accuracy.correct) == (4, 4)


@pytest.mark.parametrize("chunk", [1, 24, 1 << 20])
def test_a_model_that_takes_several_samples_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(sample_runs, "_CHUNK", chunk)
    build = ModelBuilder()
    build.output(build.softmax(build.input((4, 3))))
    values = RNG.normal(0, 1, (10, 3))
    truth = np.where(np.arange(10) < 7, values.argmax(axis=1), values.argmin(axis=1))

    accuracy, _ = measured(build.build(), data(tmp_path, x=values, y=truth))

    assert (accuracy.n, accuracy.correct) == (10, 7)
    assert accuracy.right == bytes([1] * 7 + [0] * 3)


def test_ten_thousand_samples_take_seconds(tmp_path: Path) -> None:
    values = RNG.normal(0, 1, (10_000, 20)).astype(np.float32)
    found, start = data(tmp_path, x=values, y=values.argmax(axis=1)), time.perf_counter()

    accuracy, _ = measured(as_it_is(20), found)

    assert accuracy.value == 1
    assert time.perf_counter() - start < 20  # One alone; eight share this machine at times.


def test_a_model_that_litert_refuses(tmp_path: Path) -> None:
    build = ModelBuilder()
    build.output(build.unary("Mystery", build.input((1, 2))))

    with pytest.raises(ModelRefused, match="Mystery"):
        measured(build.build(), data(tmp_path, x=np.eye(2), labels=[0, 1]))


def test_a_model_that_hangs_on_a_sample(tmp_path: Path) -> None:
    build = ModelBuilder()
    x = build.input((1, 2))
    y = build.tensor((1, 2))
    condition, body = build.subgraph("condition"), build.subgraph("body")
    a = condition.input((1, 2))
    truth = condition.tensor((1, 2), TensorType.BOOL)
    zero = condition.constant((1,), TensorType.FLOAT32, (0.0,))
    some = condition.tensor((1,), TensorType.BOOL)
    both = condition.constant((2,), TensorType.INT32, (0, 1))
    condition.operator("LESS", [a, zero], [truth])
    condition.operator("REDUCE_ANY", [truth, both], [some])
    condition.output(some)
    b = body.input((1, 2))
    body.output(body.reshape(b, (1, 2)))
    build.operator("WHILE", [x], [y], WhileOptions(cond_subgraph_index=1, body_subgraph_index=2))
    build.output(y)
    model = build.build()

    fine, _ = measured(model, data(tmp_path, x=np.eye(2), labels=[0, 1]))
    assert fine.correct == 2
    with pytest.raises(HostFailed, match="after 0 of 2 labelled samples: it was ended after 2 sec"):
        measured(model, data(tmp_path, x=[[1, 0], [-1, 0]], labels=[0, 1]), seconds=2.0)
