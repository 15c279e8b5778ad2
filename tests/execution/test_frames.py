"""What is sent to a worker arrives, and what is no frame is none."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.execution.frames import Array, FrameParser, read_frame, write_frame

DTYPES = ("<f4", "<f2", "<f8", "|i1", "|u1", "<i2", "<i8", "|b1", "<c8", ">i4")


@st.composite
def arrays(draw: st.DrawFn) -> Array:
    shape = draw(st.lists(st.integers(0, 3), max_size=4))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    count = int(np.prod(shape)) * dtype.itemsize
    # Any bit of the booleans but the last one would be no boolean.
    data = bytes(
        b & 1 if dtype.kind == "b" else b for b in draw(st.binary(min_size=count, max_size=count))
    )
    return np.frombuffer(data, dtype).reshape(shape)


@given(st.lists(st.tuples(st.dictionaries(st.text(), st.integers()), st.lists(arrays()))))
def test_frames_come_as_they_were_sent(frames: list[tuple[dict[str, int], list[Array]]]) -> None:
    stream = io.BytesIO()
    for head, sent in frames:
        head.pop("arrays", None)
        write_frame(stream, head, [np.asarray(array, order="F") for array in sent])
    stream.seek(0)
    for head, sent in frames:
        found = read_frame(stream)
        assert found is not None
        assert found[0] == head
        for mine, yours in zip(sent, found[1], strict=True):
            assert (mine.dtype, mine.shape) == (yours.dtype, yours.shape)
            assert mine.tobytes() == yours.tobytes()
    assert read_frame(stream) is None


def test_half_a_frame_is_none() -> None:
    stream = io.BytesIO()
    write_frame(stream, {"a": 1}, [np.arange(4)])
    whole = stream.getvalue()
    for size in range(len(whole)):
        assert read_frame(io.BytesIO(whole[:size])) is None


@pytest.mark.parametrize(
    "line",
    [
        b"[]\n",
        b"{}\n",
        b"nonsense\n",
        b'{"arrays": [["O", [1]]]}\n________',
        b'{"arrays": [["<f4", [-1]]]}\n____',
        b'{"arrays": [["<f4", ["x"]]]}\n____',
        b'{"arrays": [["no", [1]]]}\n____',
        b'{"arrays": [["<f4", 1]]}\n____',
        b'{"arrays": [["<f4", [99999999999]]]}\n____',
        b"\xff\xfe\n",
    ],
)
def test_what_is_no_frame_is_none(line: bytes) -> None:
    assert read_frame(io.BytesIO(line)) is None


@given(
    st.lists(st.tuples(st.dictionaries(st.text(), st.integers()), st.lists(arrays()))),
    st.integers(1, 40),
)
def test_frames_come_piece_by_piece(
    frames: list[tuple[dict[str, int], list[Array]]], step: int
) -> None:
    stream = io.BytesIO()
    for head, sent in frames:
        head.pop("arrays", None)
        write_frame(stream, head, sent)
    data, parser = stream.getvalue(), FrameParser()
    found = [
        frame for at in range(0, len(data), step) for frame in parser.feed(data[at : at + step])
    ]

    assert [head for head, _ in found] == [head for head, _ in frames]
    for (_, mine), (_, yours) in zip(frames, found, strict=True):
        assert [a.tobytes() for a in mine] == [b.tobytes() for b in yours]


def test_behind_what_is_no_frame_are_none() -> None:
    stream = io.BytesIO()
    write_frame(stream, {"a": 1})
    parser = FrameParser()

    found = [*parser.feed(stream.getvalue() + b"noise\n"), *parser.feed(stream.getvalue())]

    assert found == [({"a": 1}, [])]


def test_a_frame_may_claim_more_than_there_is() -> None:
    parser = FrameParser()

    assert list(parser.feed(b'{"arrays": [["<f4", [99999999999999999999]]]}\n____')) == []
    assert list(parser.feed(b"____")) == []


def test_only_numbers_are_sent() -> None:
    with pytest.raises(TypeError, match="cannot be sent"):
        write_frame(io.BytesIO(), {}, [np.array(["text"])])
