"""The committed code sizes are what the measured images come to."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from code_sizes.images import read
from code_sizes.main import FACTS, document
from code_sizes.solve import non_negative
from tests.conftest import ROOT, SHARED_MODELS

MEASURED = SHARED_MODELS.parent / "facts"


@pytest.mark.shared
@pytest.mark.slow
def test_the_facts_are_what_the_images_say() -> None:
    """Everything but the sizes that were solved to the byte; those within a few."""
    if not (MEASURED / "tflm-flash.json").exists():
        pytest.skip(f"no tflm-flash.json in {MEASURED} (set TFLITE_LINT_SHARED)")
    found = json.loads(json.dumps(document(read(MEASURED))))
    committed = json.loads((ROOT / FACTS).read_text(encoding="utf-8"))
    solved, kept = found.pop("shared_code"), committed.pop("shared_code")
    assert solved.keys() == kept.keys()
    for name in kept:
        # Other builds of LAPACK round otherwise.
        assert abs(solved[name]["bytes"] - kept[name]["bytes"]) <= 4, name
    assert found == committed


values = st.integers(-5, 5).map(float)


@given(
    st.integers(1, 5).flatmap(
        lambda columns: st.lists(
            st.tuples(st.lists(values, min_size=columns, max_size=columns), values),
            min_size=columns,
            max_size=8,
        )
    )
)
def test_the_solution_cannot_be_improved(rows: list[tuple[list[float], float]]) -> None:
    """Karush-Kuhn-Tucker: x is not negative, nor is any slope where x is 0, and 0 elsewhere."""
    columns = len(rows[0][0])
    # Ridge rows, as in the real system, make every column count.
    matrix = np.vstack([np.array([row for row, _ in rows]), 0.1 * np.eye(columns)])
    target = np.array([size for _, size in rows] + [0.0] * columns)
    x = non_negative(matrix, target)

    slope = matrix.T @ (matrix @ x - target)
    assert (x >= 0).all()
    assert (slope >= -1e-6).all()
    assert np.abs(slope[x > 1e-9]).max(initial=0) < 1e-6
