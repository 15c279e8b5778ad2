"""Names and figures as people read them."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.bench_reports import BENCH_REPORTS, accuracy
from tflint.report import bench_wording as wording
from tflint.report.bench_result import BenchedModel, Noise, OperatorTotal, WeightsUse
from tflint.report.style import text_width


def names(*paths: str) -> list[str]:
    return wording.model_names([BenchedModel(path, 1) for path in paths])


def test_folders_that_all_lie_in_are_not_told() -> None:
    assert names("/m/seed/A/x.tflite", "/m/seed/B/x.tflite") == ["A/x.tflite", "B/x.tflite"]
    assert names("/m/seed/A/x.tflite") == ["x.tflite"]
    assert names("a/x.tflite", "y.tflite") == ["a/x.tflite", "y.tflite"]
    assert names("a/x.tflite", "a/x.tflite") == ["x.tflite", "x.tflite"]
    assert names("ab/x", "ac/x") == ["ab/x", "ac/x"]
    assert names() == []


def test_names_are_printable_and_never_empty() -> None:
    assert names("a/\x1b[2J", "a/\udcff") == ["\\x1b[2J", "\\xff"]
    assert names("", "") == ["(no name)", "(no name)"]
    assert names("a\\b.tflite") == ["a\\b.tflite"]


@given(st.text(max_size=80), st.integers(8, 40))
def test_what_is_shortened_keeps_both_ends(text: str, most: int) -> None:
    short = wording.shortened(text, most)

    assert text_width(short) <= most
    if short != text:
        start, dots, end = short.partition("...")
        assert dots
        assert text.startswith(start)
        assert text.endswith(end)


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0.0, "0.00"),
        (3.858, "3.86"),
        (99.994, "99.99"),
        (99.996, "100.0"),
        (999.94, "999.9"),
        (999.96, "1,000"),
        (1_234_567.8, "1,234,568"),
        (None, "-"),
        (float("nan"), "-"),
        (float("inf"), "-"),
    ],
)
def test_times_have_as_many_digits_as_mean_something(us: float | None, text: str) -> None:
    assert wording.us_text(us) == text


def test_accuracies_are_percentages() -> None:
    found = accuracy(((13, 0, 0), (0, 12, 1), (1, 1, 11)), ("a", "b", "c"))

    # The published figure of the reduced MotionSense model, 36 of 39.
    assert wording.accuracy_text(found) == "92.31 % (79.7–97.3 %)"
    assert wording.samples_text(found) == "36 of 39 samples of motion.npz, part test"
    held = dataclasses.replace(found, majority=13 / 39, undecided=1)
    assert wording.baseline_text(held) == (
        "mean of the classes 92.31 %, always the largest class 33.33 %, 1 output not a number"
    )


def test_noise_is_told_as_far_as_it_is_known() -> None:
    assert wording.noise_text(Noise(0.012)) == "spread 1.2 %"
    assert wording.noise_text(Noise(0.2, 0.1, 1.0, 1, 0.05, 2)) == (
        "spread 20.0 %, load 0.10 before and 1.00 after, interrupted 1 time, "
        "kept waiting 5.0 % of the time, 2 outliers"
    )


@pytest.mark.parametrize(
    ("us", "why"), [(20.0, "not fused"), (10.5, ""), (9.5, ""), (5.0, "nearest cache")]
)
def test_sums_of_operators_say_why_they_differ(us: float, why: str) -> None:
    text = wording.total_text(OperatorTotal(us, 10.0, 8, 8, 0.25))
    told = f"8 of 8 operators timed, each alone: {us:.2f} µs in all, 0.25 µs for the call; 10.00"

    assert text.startswith(told)
    assert why in text
    assert ("alone they" in text) is bool(why)


def test_sums_of_some_operators_need_no_reason_to_be_less() -> None:
    assert wording.total_text(OperatorTotal(5.0, 10.0, 7, 8)).endswith("10.00 µs as a whole")


def test_marks_are_of_all_and_of_each_application() -> None:
    models = [
        BenchedModel(f"{i}.tflite", size, application, weights=WeightsUse(1, 1))
        for i, (application, size) in enumerate((("a", 9), ("a", 7), (None, 5), (None, 6)))
    ]

    assert wording.marks(models) == [(), (), ("smallest",), ()]
    # The best of all is not told a second time.
    assert wording.marks_of_application(models) == [(), ("smallest",), (), ()]
    assert wording.marks_of_application(models[:2]) == [(), ()]
    assert wording.marks([]) == wording.marks_of_application([]) == []


def test_the_headline_counts_what_was_asked_for() -> None:
    reports = {name: build() for name, build in BENCH_REPORTS.items()}

    assert wording.headline(reports["whole"]) == "4 models measured"
    assert wording.headline(reports["failures"]) == "7 models measured, 4 of them not wholly"
    stopped = dataclasses.replace(reports["interrupted"], asked=5)
    assert wording.headline(stopped) == "1 of 5 models measured; stopped before the end"
