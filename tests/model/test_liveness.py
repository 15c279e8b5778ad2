"""The bytes of activations that are alive at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import SHARED_MODELS
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Graph, graphs
from tflint.model.liveness import peak
from tflint.model.reader import read_model
from tflint.model.schema import AddOptions, TensorType

MEASURED = SHARED_MODELS.parent / "facts" / "arena-cortex-m4.json"


def chain(*sizes: int, skip: bool = False) -> Graph:
    """int8 layers of these many elements; with `skip`, the first is added to the last."""
    model = ModelBuilder()
    first = x = model.input((1, sizes[0]), TensorType.INT8)
    for size in sizes[1:]:
        y = model.tensor((1, size), TensorType.INT8)
        model.operator("ABS", [x], [y])
        x = y
    if skip:
        y = model.tensor((1, sizes[-1]), TensorType.INT8)
        model.operator("ADD", [x, first], [y], AddOptions())
        x = y
    model.output(x)
    return graphs(model.build())[0]


@pytest.mark.parametrize(
    ("sizes", "skip", "most", "at"),
    [
        ((16, 16), False, 32, 0),
        ((16, 64, 32, 16), False, 96, 1),
        ((1, 1), False, 32, 0),  # each is rounded up to 16
        ((64, 16, 64), False, 80, 0),
        ((64, 16, 64), True, 192, 2),
    ],
)
def test_peak(sizes: tuple[int, ...], skip: bool, most: int, at: int) -> None:
    found = peak(chain(*sizes, skip=skip))

    assert found is not None
    assert (found.bytes, found.node.index) == (most, at)


def test_no_operators_have_no_peak() -> None:
    model = ModelBuilder()
    model.output(model.input((1, 4)))

    assert peak(graphs(model.build())[0]) is None


@pytest.mark.shared
def test_no_arena_was_measured_that_is_smaller(shared_model: Path) -> None:
    if not MEASURED.exists():
        pytest.skip(f"needs {MEASURED}")
    models = json.loads(MEASURED.read_text(encoding="utf-8"))["models"]
    head = models[shared_model.relative_to(SHARED_MODELS).as_posix()]["m4_ref"].get("head")
    if head is None:
        return  # It does not run.
    found = peak(graphs(read_model(shared_model))[0])

    assert found is not None
    assert found.bytes <= head
