"""Limits of growth: how they are written, and what they allow to the byte."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tflint.errors import UsageError
from tflint.memory.growth import parse_growth


@pytest.mark.parametrize(
    ("text", "before", "most", "shown"),
    [
        ("5%", 1000, 1050, "5 %"),
        ("5 %", 1000, 1050, "5 %"),
        (" 5% ", 1000, 1050, "5 %"),
        ("0%", 1000, 1000, "0 %"),
        ("2.5%", 1000, 1025, "2.5 %"),
        ("0.10%", 1000, 1001, "0.1 %"),
        ("0.000001%", 10**8, 10**8 + 1, "0.000001 %"),
        ("150%", 1000, 2500, "150 %"),
        ("005%", 1000, 1050, "5 %"),
        # Less than a byte is no byte.
        ("5%", 19, 19, "5 %"),
        ("5%", 20, 21, "5 %"),
        ("5%", 0, 0, "5 %"),
        ("2048", 1000, 3048, "2,048 B"),
        ("2K", 1000, 3048, "2,048 B"),
        ("1", 1000, 1001, "1 B"),
        ("0", 1000, 1000, "0 B"),
        ("1 MiB", 0, 2**20, "1,048,576 B"),
    ],
)
def test_limits(text: str, before: int, most: int, shown: str) -> None:
    limit = parse_growth(text)

    assert (limit.most(before), limit.text) == (most, shown)
    assert (limit.share is None) is (limit.bytes is not None) is (limit.ratio is None)


NO_LIMITS = ("", "%", "-5%", "5%%", "five", "5 percent", "1e3%", "nan%", "inf", "-1", "2,5%", ".5%")
NO_NUMBERS = ("5.%", "12345678%", "0.1234567%", "\x1b[2J", "9" * 5000, "\u0665%")


@pytest.mark.parametrize("text", [*NO_LIMITS, *NO_NUMBERS])
def test_anything_else_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(UsageError, match="is no limit of growth") as raised:
        parse_growth(text)
    assert "\x1b" not in str(raised.value)
    assert len(str(raised.value)) < 300


@given(st.integers(0, 10**7 - 1), st.integers(0, 10**6 - 1), st.integers(0, 2**80))
def test_shares_are_exact(whole: int, millionths: int, before: int) -> None:
    share = Fraction(whole * 10**6 + millionths, 10**8)
    limit = parse_growth(f"{whole}.{millionths:06}%")

    assert limit.most(before) == before + math.floor(before * share)
    assert limit.ratio == pytest.approx(float(share))
    assert parse_growth(limit.text) == limit
