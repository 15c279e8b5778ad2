"""`metrics.json`: what is written is read again, and what is no metrics is refused in a line."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference_models.training.made_up import OURS, RESULTS
from tflint.errors import UsageError
from tflint_reference_models.training.metrics import from_json, lines_of, to_json

TEXT = to_json("keyword_spotting", RESULTS)


def test_what_is_written_is_read_again() -> None:
    application, results = from_json(TEXT, "metrics.json")
    assert application == "keyword_spotting"
    assert {(one.experiment, one.network): one for one in results} == {
        (one.experiment, one.network): one for one in RESULTS
    }


def test_threads_are_told_where_they_are_not_the_usual() -> None:
    usual, other = to_json("x", [OURS]), to_json("x", [replace(OURS, threads=1)])
    assert "threads" not in usual
    assert [from_json(text, "x")[1][0].threads for text in (usual, other)] == [2, 1]


def test_it_does_not_depend_on_the_order_of_trainings() -> None:
    assert to_json("keyword_spotting", RESULTS[::-1]) == TEXT
    assert to_json(*from_json(TEXT, "metrics.json")) == TEXT


def test_people_can_read_it() -> None:
    assert '"test": {"n": 200, "correct": 176, "confusion": [[85, 15], [9, 91]]}' in TEXT
    assert max(map(len, TEXT.splitlines())) <= 200
    assert json.loads(TEXT)["schema"] == 1


def test_floats_are_no_longer_than_they_need_be() -> None:
    held = json.loads(TEXT)["results"][0]
    assert held["curve"][0]["share"] == 0.5
    assert held["thresholds"] == [0.625]


@given(
    st.recursive(
        st.integers() | st.text() | st.none(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
def test_lines_are_the_same_document(value: Any) -> None:
    assert json.loads(lines_of(value)) == value


def _changed(*path: str | int, to: Any) -> str:
    held = json.loads(TEXT)
    part = held
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = to
    return json.dumps(held)


FORM = ("results", 0, "forms", 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "JSON"),
        ("[" * 100_000, "deep"),
        ('{"schema": NaN}', ""),
        ("[]", "no object"),
        ("{}", "no `schema`"),
        (_changed("schema", to=2), "another schema"),
        (_changed("application", to=7), "no text"),
        (_changed("application", to="x" * 5000), "too long"),
        (_changed("results", to={}), "no list"),
        (_changed("results", 0, "seed", to=-1), "no count"),
        (_changed("results", 0, "seed", to=True), "no count"),
        (_changed("results", 0, "seed", to=1e3), "no count"),
        (_changed("results", 0, "classes", to=["one"]), "two or more"),
        (_changed("results", 0, "network", to="../../etc"), "none of chosen, original"),
        (_changed(*FORM, "form", to="../../etc"), "none of float32"),
        (_changed("results", 0, "thresholds", to=["high"]), "0 to 1"),
        (_changed("results", 0, "curve", 0, "share", to=3), "0 to 1"),
        (_changed(*FORM, "test", "confusion", to=[[1]]), "row and a column"),
        (_changed(*FORM, "test", "n", to=3), "add up"),
        (_changed(*FORM, "test", "by_group", "4", to=[[0, 1, 1]]), "add up"),
        (_changed(*FORM, "test", "by_group", "4", to=[[9, 100, 100]]), "add up"),
        (_changed(*FORM, "test", "by_group", "4", to=[[0, 50, 51], [1, 50, 50]]), "add up"),
        (_changed(*FORM, "test", "by_group", "4", to=[[0, 0]]), "class, samples and right"),
        (_changed(*FORM, "figures", "uses", to=[]), "no runtime"),
        (_changed(*FORM, "figures", "operators", to=[]), "no object"),
        (_changed(*FORM, "figures", "weights", to=None), "no count"),
        (_changed("results", 0, "seed", to=10**70), ""),
    ],
)
def test_what_is_no_metrics(text: str, expected: str) -> None:
    with pytest.raises(UsageError, match="`here` holds no metrics") as caught:
        from_json(text, "here")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.data())
def test_any_part_may_be_anything(data: st.DataObject) -> None:
    """Whatever stands at one place, it is read or refused."""
    held: Any = json.loads(TEXT)
    part, key = held, "results"
    while isinstance(part[key], (dict, list)) and part[key] and data.draw(st.booleans()):
        part = part[key]
        key = data.draw(st.sampled_from(list(part) if isinstance(part, dict) else range(len(part))))
    part[key] = data.draw(
        st.none()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text()
        | st.lists(st.integers())
    )
    with contextlib.suppress(UsageError):
        from_json(json.dumps(held), "here")
