"""Lines, columns and offsets in the units of an editor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position, PositionEncodingKind

from tflint.finding import Location
from tflint.server.positions import Text, characters, encoding_named, units

UTF8, UTF16, UTF32 = (
    PositionEncodingKind.Utf8,
    PositionEncodingKind.Utf16,
    PositionEncodingKind.Utf32,
)
ENCODINGS = {UTF8: "utf-8", UTF16: "utf-16-le", UTF32: "utf-32-le"}
WIDTHS = {UTF8: 1, UTF16: 2, UTF32: 4}
texts = st.text(st.sampled_from("ab \t=é中\u2028\f\x85😀🏳\r\n\ud800"), max_size=40)


@pytest.mark.parametrize(
    ("encoding", "expected"), [(UTF8, 2 + 3 + 4 + 1), (UTF16, 1 + 1 + 2 + 1), (UTF32, 4)]
)
def test_units_are_those_of_the_encoding(encoding: PositionEncodingKind, expected: int) -> None:
    assert units("é中😀x", encoding) == expected


@given(texts, st.sampled_from(list(ENCODINGS)))
def test_units_agree_with_the_codec(text: str, encoding: PositionEncodingKind) -> None:
    data = text.encode(ENCODINGS[encoding], "surrogatepass")

    assert units(text, encoding) * WIDTHS[encoding] == len(data)


@given(texts, st.sampled_from(list(ENCODINGS)), st.integers(0, 41))
def test_what_is_counted_is_found_again(
    text: str, encoding: PositionEncodingKind, length: int
) -> None:
    start = text[:length]

    assert characters(text, units(start, encoding), encoding) == len(start)


@given(texts, st.sampled_from(list(ENCODINGS)), st.integers(0, 41))
def test_a_position_leads_back(text: str, encoding: PositionEncodingKind, offset: int) -> None:
    offset = min(offset, len(text))
    places = Text(text, encoding)
    found = places.offset(places.position(offset))

    inside_line_end = text[:offset].endswith("\r") and text[offset:].startswith("\n")
    assert found == (offset - 1 if inside_line_end else offset)


def test_a_character_that_is_cut_in_half_does_not_count() -> None:
    assert characters("a😀b", 2, UTF16) == 1
    assert characters("é", 1, UTF8) == 0


@pytest.mark.parametrize("separator", ["\f", "\x0b", "\u2028", "\x85", "\x1c"])
def test_only_line_ends_of_python_end_a_line(separator: str) -> None:
    assert Text(f"a{separator}b\nc").line_count == 2


def test_places_beyond_the_text_are_its_edge() -> None:
    text = Text("ab\ncd")

    assert text.offset(Position(9, 0)) == 5
    assert text.offset(Position(0, 99)) == 2
    assert text.position(99) == Position(1, 2)
    assert text.span(Location(line=7, column=3, end_line=8, end_column=1)) == (5, 5)
    assert text.span(Location(line=2, column=2, end_line=1, end_column=1)) == (4, 4)


@pytest.mark.parametrize(
    ("location", "covered"),
    [
        (Location(), "x = 1"),
        (Location(line=2), "return 😀"),
        (Location(line=2, column=12), "😀"),
        (Location(line=2, column=5, end_line=2, end_column=11), "return"),
        (Location(line=1, column=5, end_line=2, end_column=11), "1\n    return"),
    ],
)
def test_a_finding_covers_its_place_or_its_line(location: Location, covered: str) -> None:
    text = Text("x = 1\n    return 😀")
    start, end = text.span(location)

    assert text.text[start:end] == covered


def test_an_encoding_that_is_not_known_is_utf_16() -> None:
    assert [encoding_named(name) for name in (None, "utf-7", "utf-8")] == [UTF16, UTF16, UTF8]
