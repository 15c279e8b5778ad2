"""JSON is refused in a sentence where it is hostile, and otherwise read as `json` does."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.archive import bounded_json
from tflint.archive.bounded_json import MAX_DEPTH, parse_json
from tflint.errors import MalformedArchive

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**60), 10**60) | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_what_json_reads_is_read_alike(value: object) -> None:
    text = json.dumps(value)

    assert parse_json(text, "it") == parse_json(text.encode(), "it") == json.loads(text)


@given(st.text(alphabet='{}[]",:\\ \n0123456789eE.-+truefalsn\u00e9', max_size=60))
def test_any_text_is_a_value_or_one_error(text: str) -> None:
    try:
        parse_json(text, "it")
    except MalformedArchive as error:
        assert "it" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"a": 1, "a": 2}', "the key `a` twice"),
        (b'{"a": {"\\u001b": 1, "\\u001b": 2}}', r"the key `\\x1b` twice"),
        (b"[" * 100_000, "levels deep"),
        (b'{"a":' * 100_000, "levels deep"),
        (b'"' + b"[" * 100_000, "is not JSON"),
        (b"1" * 5000, "5,000 digits"),
        (b"-" + b"1" * 5000, "5,001 digits"),
        (b"\xff\xfe", "not UTF-8"),
        (b"", "is not JSON"),
        (b"{'a': 1}", "line 1, column 2"),
        (b"[" + b"0," * 1_100_000 + b"0]", "more than 1,000,000 values"),
        (b" " * (bounded_json.MAX_BYTES + 1), "larger than"),
    ],
)
def test_hostile_json_is_refused_in_a_sentence(data: bytes, says: str) -> None:
    begin = time.process_time()
    with pytest.raises(MalformedArchive, match=says):
        parse_json(data, "`config.json`")
    assert time.process_time() - begin < 5


def test_brackets_in_texts_do_not_count() -> None:
    text = json.dumps(["[" * 1000, '\\"[{' * 1000])

    assert parse_json(text, "it") == json.loads(text)


def test_what_is_as_deep_as_allowed_is_read() -> None:
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH, "it")


def test_numbers_that_are_none_are_read_as_python_writes_them() -> None:
    assert parse_json("[Infinity, -Infinity]", "it") == [float("inf"), float("-inf")]


def test_tuples_of_keras_2_are_lists() -> None:
    shape = '{"class_name": "TensorShape", "items": []}'
    text = f'{{"class_name": "__tuple__", "items": [1, {shape}]}}'

    assert parse_json(text, "it") == [1, []]
