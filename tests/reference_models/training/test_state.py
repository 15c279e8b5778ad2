"""What is kept on disk comes back, and what is damaged counts as nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tflint_reference_models.training.state import State, load, save

STATE = State(
    3,
    (0.25, 1 / 3, 0.5),
    (np.array([[1.5, -0.0]], np.float32), np.array(7, np.int64), np.empty((0, 2), np.float32)),
)
SHAPES = [(1, 2), (), (0, 2)]


def test_it_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    save(tmp_path, STATE)
    found = load(tmp_path, SHAPES)
    assert found is not None
    assert (found.epochs, found.watched) == (STATE.epochs, STATE.watched)
    for one, other in zip(found.variables, STATE.variables, strict=True):
        assert one.dtype == other.dtype
        assert one.tobytes() == other.tobytes()


def test_none_where_there_is_none(tmp_path: Path) -> None:
    assert load(tmp_path, SHAPES) is None


@pytest.mark.parametrize(
    "shapes", [[(2, 1), (), (0, 2)], SHAPES[:2], [*SHAPES, (1,)]], ids=["turned", "fewer", "more"]
)
def test_that_of_another_network_counts_as_none(
    tmp_path: Path, shapes: list[tuple[int, ...]]
) -> None:
    save(tmp_path, STATE)
    assert load(tmp_path, shapes) is None


def test_what_is_cut_off_anywhere_counts_as_none(tmp_path: Path) -> None:
    save(tmp_path, STATE)
    path = tmp_path / "state.npz"
    whole = path.read_bytes()
    for size in range(0, len(whole), 37):
        path.write_bytes(whole[:size])
        assert load(tmp_path, SHAPES) is None


def test_the_last_counts_and_nothing_else_is_left(tmp_path: Path) -> None:
    save(tmp_path, STATE)
    save(tmp_path, State(4, (0.5,), STATE.variables))
    found = load(tmp_path, SHAPES)
    assert found is not None
    assert found.epochs == 4
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]
