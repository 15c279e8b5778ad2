"""`docs/recurrent-networks.md` says what was measured, and that is what the program counts on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recurrence.page import FACTS, FRAMEWORKS, PAGE, form, page

NETWORKS: dict[str, dict[str, Any]] = json.loads(FACTS.read_text(encoding="utf-8"))["networks"]
# The largest error of integers, as a share of an output's range: from a few samples, at random.
_MOST_OFF = 0.08


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", NETWORKS)
def test_what_was_rebuilt_runs_on_tflm_and_is_near_enough(name: str, framework: str) -> None:
    rows = NETWORKS[name][framework]
    for key in filter(lambda key: key.startswith("rebuilt"), rows):
        row = rows[key]
        assert "fails" not in row, row
        assert row["subgraphs"] == 1
        assert row["tflm"] < (_MOST_OFF if key.endswith(("int8", "int16x8")) else 1e-5)


def test_only_tf_keras_fuses_an_lstm_by_itself() -> None:
    plain = NETWORKS["LSTM"]

    assert form(plain["keras 3"]["batch 1"]) == "loop"
    assert form(plain["tf-keras 2"]["batch 1"]) == "fused"
    for rows in plain.values():
        assert form(rows["rebuilt for int8"]) == "fused"
        assert "FlexTensorListReserve" in rows["batch open"]["operators"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_loop_in_floats_takes_less_than_what_is_unrolled(framework: str) -> None:
    rows = NETWORKS["GRU"][framework]

    for size in ("bytes", "arena"):
        assert 2 * rows["batch 1"][size] < rows["rebuilt for int8"][size]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_mask_keeps_a_network_off_tflm(framework: str) -> None:
    rows = NETWORKS["LSTM behind Masking"][framework]

    assert "REDUCE_ANY" in rows["batch 1"]["tflm"]
    assert "rebuilt for int8" not in rows
