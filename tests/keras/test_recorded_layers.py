"""Random layers as Keras built them, recorded by `scripts/record_keras_layers.py`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from keras_layers.compare import Disagreement, disagreements

ROWS: list[Any] = [
    json.loads(line)
    for line in Path(__file__).with_name("layers.jsonl").read_text(encoding="utf-8").splitlines()
]
# Nobody writes these: inputs of another rank that tf-keras or Keras 3's wrappers let pass, and
# the sparse weights of `implementation=3`.
CORNERS = {
    "EinsumDense",
    "GroupNormalization",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "RNN",
    "SpectralNormalization",
    "TimeDistributed",
    "UpSampling3D",
}


def answer(recorded: Any) -> dict[str, Any]:
    if recorded is None:
        return {"absent": True}
    if recorded == "refused":
        return {"error": "refused"}
    return {
        "shapes": recorded["shapes"],
        "variables": [["", shape, trains] for shape, trains in recorded["variables"]],
    }


@pytest.fixture(scope="module")
def differing() -> list[Disagreement]:
    cases = [row[0] for row in ROWS[1:]]
    answers = {3: [answer(row[1]) for row in ROWS[1:]], 2: [answer(row[2]) for row in ROWS[1:]]}
    return list(disagreements(cases, answers))


def test_the_record_says_where_it_is_from_and_has_all_kinds() -> None:
    assert {"by", "keras", "tf_keras", "tensorflow"} <= ROWS[0].keys()
    assert len({row[0]["kind"] for row in ROWS[1:]}) > 90
    told = Counter(str(row[1]) == "refused" for row in ROWS[1:])
    assert min(told.values()) > 80


@pytest.mark.parametrize("what", ["refused", "shape", "weights"])
def test_nothing_is_said_that_keras_does_not(what: str, differing: list[Disagreement]) -> None:
    assert [each for each in differing if each.what == what] == []


@pytest.mark.parametrize("what", ["missed", "unknown"])
def test_all_is_known_but_in_corners(what: str, differing: list[Disagreement]) -> None:
    found = [each for each in differing if each.what == what and each.case["kind"] not in CORNERS]

    assert found == []
