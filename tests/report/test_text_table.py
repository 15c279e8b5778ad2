"""Tables of text: what is left out, what is cut, and that they fit whatever is in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tflint.report.style import Span, cut_front, plain, text_width, wrap
from tflint.report.text_table import Column, Table, fitted


def spans(*texts: str) -> list[Span]:
    return [Span(text) for text in texts]


def lines(table: Table) -> list[str]:
    return plain([table.heading, *table.rows]).splitlines()


def test_texts_stand_to_the_left_and_figures_to_the_right() -> None:
    names = Column("name", spans("a", "long"), is_text=True)
    columns = [
        Column("kind", spans("int8", "float32"), is_text=True),
        Column("bytes", spans("1", "22")),
    ]

    assert lines(fitted(names, columns, 60)) == [
        "  name  kind     bytes",
        "  a     int8         1",
        "  long  float32     22",
    ]


def test_columns_of_the_highest_rank_are_left_out_first() -> None:
    names = Column("name", spans("x" * 22), is_text=True)
    columns = [Column(f"rank {rank}", spans("0" * 9), rank) for rank in (0, 3, 1, 2)]
    kept = {
        width: [title for title in ("0", "1", "2", "3") if f"rank {title}" in text]
        for width in (80, 60, 50, 40)
        for text in [lines(fitted(names, columns, width))[0]]
    }

    assert kept == {80: ["0", "1", "2", "3"], 60: ["0", "1", "2"], 50: ["0", "1"], 40: ["0"]}
    assert fitted(names, columns, 50).left_out == ("rank 3", "rank 2")


def test_names_are_cut_in_front_and_their_numbers_stay() -> None:
    names = Column("name", spans("a/long/way/to/net"), is_text=True, numbers=["#7 "])
    table = fitted(names, [Column("bytes", spans("12345"))], 24)

    assert lines(table)[1] == "  #7 ...ay/to/net  12345"


@given(
    st.lists(st.text(max_size=40), min_size=1, max_size=4),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=6),
    st.integers(40, 100),
)
def test_it_fits_and_its_columns_are_in_line(
    names: list[str], ranks: list[int], width: int
) -> None:
    columns = [Column("c", spans(*["123456"] * len(names)), rank + 1) for rank in ranks]
    table = fitted(Column("name", spans(*names), is_text=True), columns, width)
    texts = ["".join(span.text for span in row) for row in table.rows]

    assert all(text_width(text) <= width for text in texts)
    if len(table.left_out) < len(columns):
        assert {text_width(text) for text in texts} == {text_width(texts[0])}


@given(st.text(max_size=60), st.integers(4, 40))
def test_what_is_cut_ends_as_the_text_does(text: str, width: int) -> None:
    cut = cut_front(text, width)

    assert text_width(cut) <= max(width, 3)
    assert cut == text or (cut.startswith("...") and text.endswith(cut[3:]))


@given(st.text(st.sampled_from("ab 漢字e\u0301\u0301")), st.integers(8, 40), st.integers(0, 4))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int, indent: int) -> None:
    wrapped = wrap(text, width, " " * indent)

    assert all(text_width(line) <= width for line in wrapped)
    assert "".join(wrapped).replace(" ", "") == text.replace(" ", "")
