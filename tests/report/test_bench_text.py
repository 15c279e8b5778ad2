"""`tflint bench` for people: word for word, within its width, marked where something is best.

`UPDATE_GOLDEN=1 pytest tests/report/test_bench_text.py` writes the golden files; read the diff.
"""

from __future__ import annotations

import dataclasses
import os
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.bench_reports import (
    BENCH_REPORTS,
    MACHINE,
    STARTED,
    accuracy,
    latency,
    model,
    whole,
)
from tests.report.test_hostile_documents import hidden
from tests.report.test_hostile_names import NAMES
from tflint.report.bench_result import BenchedModel, BenchReport, Failure, Noise
from tflint.report.bench_text import WIDTH, render
from tflint.report.bench_wording import us_text
from tflint.report.style import plain, styled

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
# What a file is called, which report, in how many columns, with details or without.
SHOWN = {
    "whole": ("whole", 100, None),
    "narrow": ("whole", 80, None),
    "details": ("whole", 100, True),
    "failures": ("failures", 100, None),
    "one": ("one", 100, None),
    "one-row": ("one", 100, False),
    "nothing-read": ("nothing-read", 100, None),
    "interrupted": ("interrupted", 100, None),
    "none": ("none", 100, None),
    "references": ("references", 100, None),
    "references-narrow": ("references", 70, None),
    "references-details": ("references", 100, True),
    "references-not-run": ("not-run", 100, None),
}


def columns(text: str) -> int:
    """What a line takes in a terminal, counted here once more."""
    widths = (
        0
        if unicodedata.category(c) in ("Mn", "Me")
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )
    return sum(widths)


def shown(*models: BenchedModel, width: int = WIDTH, details: bool | None = None) -> str:
    return plain(render(BenchReport(models, MACHINE, STARTED, 1.0), width, details=details))


def row(text: str, name: str) -> str:
    """The row of the table that begins with this name."""
    (found,) = [line for line in text.splitlines() if line.startswith(f"  {name}")]
    return found


@pytest.mark.parametrize("name", SHOWN)
def test_output_is_the_golden_one(name: str) -> None:
    report, width, details = SHOWN[name]
    text = plain(render(BENCH_REPORTS[report](), width, details=details))
    path = GOLDEN / f"bench-{name}.txt"
    if UPDATE:
        path.write_text(text, encoding="utf-8")

    assert path.exists(), f"no {path.name}: write it with UPDATE_GOLDEN=1"
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BENCH_REPORTS)
@pytest.mark.parametrize("width", [20, 60, 80, 100, 300])
@pytest.mark.parametrize("details", [False, True])
def test_lines_fit_the_width(name: str, width: int, details: bool) -> None:
    report = BENCH_REPORTS[name]()
    text = plain(render(report, width, details=details))

    assert max(map(columns, text.splitlines())) <= min(max(width, 60), 100)
    assert not any(line != line.rstrip() for line in text.splitlines())
    # Colours change nothing of the text.
    assert re.sub(r"\x1b\[[0-9;]*m", "", styled(render(report, width, details=details))) == text


def hostile(name: str) -> BenchedModel:
    """A row that says this wherever it says anything."""
    found = model(f"{name}/{name}.tflite", "int8")
    use = [dataclasses.replace(u, runnable=False, reason=name) for u in found.runtimes]
    return dataclasses.replace(
        found,
        accuracy=dataclasses.replace(
            accuracy(((3, 1), (0, 4)), (name, "other")), dataset=name, split=name, decision=name
        ),
        tensors=tuple(dataclasses.replace(tensor, name=name) for tensor in found.tensors),
        operators=tuple(dataclasses.replace(one, name=name, note=name) for one in found.operators),
        runtimes=tuple(use),
        failures=(Failure("latency", name),),
        notes=(name,),
    )


@pytest.mark.parametrize(
    "name", [*NAMES.values(), "::set-output name=x::y", " ::error::x"], ids=lambda name: name[:12]
)
@pytest.mark.parametrize("count", [1, 3])
def test_names_neither_act_nor_leave_their_place(name: str, count: int) -> None:
    rows = (hostile(name), *(model(f"{i}.tflite", "int8") for i in range(count - 1)))
    for details in (False, True):
        text = shown(*rows, details=details)
        assert hidden(text) == set()
        assert max(map(columns, text.splitlines())) <= WIDTH
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())
        assert len(text) < 41_000


@settings(max_examples=40)
@given(
    st.lists(st.text(max_size=60), min_size=1, max_size=4),
    st.integers(0, 10**15),
    st.floats(0.001, 1e12),
    st.sampled_from([60, 80, 100]),
    st.booleans(),
)
def test_whatever_the_names_and_figures(
    names: list[str], size: int, avg: float, width: int, details: bool
) -> None:
    rows = [
        dataclasses.replace(
            model(f"{name}.tflite", "int8"),
            file_bytes=size,
            latency=dataclasses.replace(latency(1.0), avg=avg, most=avg),
            noise=Noise(avg),
        )
        for name in names
    ]
    text = shown(*rows, width=width, details=details)

    assert max(map(columns, text.splitlines())) <= width
    assert hidden(text) == set()


def test_wide_characters_leave_the_columns_in_line() -> None:
    text = shown(model("m/漢字模型.tflite", "int8"), model("m/plain.tflite", "int8"), details=False)
    ends = {columns(row(text, name)[: row(text, name).index("int8")]) for name in ("漢字", "plain")}

    assert len(ends) == 1


def test_a_long_path_shows_its_end() -> None:
    names = [f"{part}/{'folder/' * 40}net_{part}.tflite" for part in "ab"]
    text = shown(*(model(name, "int8") for name in names))

    for part in "ab":
        assert re.search(rf"^  \.\.\.[a-z/]*/net_{part}\.tflite  int8 ", text, re.MULTILINE)


def test_a_name_of_any_length_shows_its_end() -> None:
    text = shown(model("x" * 40_000 + "_a.tflite", "int8"), model("b.tflite", "int8"))

    assert re.search(r"^  \.\.\.x+_a\.tflite  int8 ", text, re.MULTILINE)


def test_the_common_folder_is_said_once() -> None:
    text = shown(model("models/a/x.tflite", "int8"), model("models/b/y.tflite", "int8"))

    assert text.startswith("2 models in models/: ")
    assert text.count("models/") == 1
    assert row(text, "a/x.tflite")


def test_the_best_are_marked() -> None:
    wrong, right = (accuracy(((n, 9 - n), (0, 9)), ("a", "b")) for n in (5, 9))
    text = shown(
        model("small.tflite", "int8", 4, 9.0, accuracy=wrong),
        model("fast.tflite", "int8", 8, 2.0, accuracy=wrong),
        model("right.tflite", "int8", 16, 9.0, accuracy=right),
    )

    assert "  * the smallest, the fastest, the most accurate\n" in text
    assert [row(text, name).count("*") for name in ("small", "fast", "right")] == [1, 1, 1]
    assert re.search(r"small.tflite +int8 +[0-9,]+\*", row(text, "small"))
    assert f" {us_text(latency(2.0).avg)}* " in row(text, "fast")
    assert " 100.00 %* " in row(text, "right")


def test_each_application_has_its_best() -> None:
    text = shown(
        model("a.tflite", "int8", 4, 9.0, application="car_sensor"),
        model("b.tflite", "int8", 8, 2.0, application="car_sensor"),
        model("c.tflite", "int8", 16, 3.0, application="motion_sense"),
        model("d.tflite", "int8", 32, 4.0, application="motion_sense"),
    )

    marked = [(row(text, name).count("*"), row(text, name).count("+")) for name in "abcd"]
    assert marked == [(1, 0), (1, 0), (0, 2), (0, 0)]
    assert "of all; + of its application" in text
    assert text.index("car_sensor\n") < text.index("  b.tflite") < text.index("motion_sense\n")


def test_nothing_is_best_where_there_is_no_choice() -> None:
    assert "*" not in shown(model("a.tflite", "int8"), details=False)


def test_times_that_were_disturbed_are_marked() -> None:
    text = shown(
        model("quiet.tflite", "int8"),
        model("spread.tflite", "int8", noise=Noise(0.3)),
        model("shared.tflite", "int8", noise=Noise(0.01, waiting=0.5)),
    )

    assert [row(text, name)[-1] for name in ("quiet", "spread", "shared")] == ["%", "!", "!"]
    assert "the times of 2 models were disturbed (!)" in text


def test_a_reason_is_said_once() -> None:
    reasons = ['a thing ("Refused.")', 'another thing ("Refused.")', "a third"]
    rows = []
    for i, reason in enumerate(reasons):
        one = model(f"{i}.tflite", "int8")
        uses = [dataclasses.replace(use, runnable=False, reason=reason) for use in one.runtimes]
        rows.append(dataclasses.replace(one, runtimes=tuple(uses)))
    text = shown(*rows)

    assert '  (1) 2 models, such as: a thing ("Refused.")\n' in text
    assert "  (2) a third\n" in text
    assert "another thing" not in text
    assert ["(1)" in row(text, str(i)) for i in range(3)] == [True, True, False]


def test_what_two_runtimes_say_of_one_model_is_one_reason() -> None:
    one = model("a.tflite", "int8")
    first, second = one.runtimes
    uses = (
        dataclasses.replace(first, runnable=False, reason="TFLM has no kernel"),
        dataclasses.replace(second, runnable=False, reason="CMSIS-NN has no kernel"),
    )
    only_second = (first, dataclasses.replace(second, runnable=False, reason="not there"))
    text = shown(
        dataclasses.replace(one, runtimes=uses),
        dataclasses.replace(one, path="b.tflite", runtimes=only_second),
        width=100,
    )

    assert "  (1) TFLM has no kernel\n  (2) not there\n" in text
    assert "CMSIS-NN has no kernel" not in text


def test_what_is_too_large_for_the_target_is_marked() -> None:
    rows = []
    for name, fits in (("fits", True), ("large", False), ("no budget", None)):
        one = model(f"{name}.tflite", "int8")
        uses = tuple(dataclasses.replace(use, fits=fits) for use in one.runtimes)
        rows.append(dataclasses.replace(one, runtimes=uses))
    text = shown(*rows)

    assert [">" in row(text, name) for name in ("fits", "large", "no budget")] == [0, 1, 0]
    assert "  > takes more RAM or flash than the target has\n" in text
    assert "more than there is" in shown(rows[1])


def test_a_runtime_for_other_cores_is_no_refusal() -> None:
    one = model("a.tflite", "int8")
    elsewhere = dataclasses.replace(
        one.runtimes[1],
        runnable=False,
        reason="TFLM with CMSIS-NN is written for Arm, not for esp32",
        arena_bytes=None,
        min_arena_bytes=None,
        ram_bytes=None,
        flash_bytes=None,
    )
    one = dataclasses.replace(one, runtimes=(one.runtimes[0], elsewhere))

    assert "do not run" not in shown(one, details=False)
    assert "CMSIS-NN B" not in shown(one, details=False)
    assert "fails" not in shown(one)
    assert "is written for Arm, not for esp32" in shown(one)


def test_what_failed_is_told_with_its_reason() -> None:
    text = plain(render(BENCH_REPORTS["failures"]()))

    assert "  broken.tflite, reading\n    Verification of the flatbuffer failed" in text
    assert "4 of them not wholly" in text


def test_one_model_has_details_and_several_have_a_table() -> None:
    assert "    operator  " in shown(model("a.tflite", "int8"))
    assert "    operator  " not in shown(model("a.tflite", "int8"), details=False)
    assert "    operator  " not in shown(model("a.tflite", "int8"), model("b.tflite", "int8"))
    several = shown(model("a.tflite", "int8"), model("b.tflite", "int8"), details=True)
    assert several.count("    operator  ") == 2


def test_an_interrupted_run_of_several_models_keeps_its_table() -> None:
    text = plain(render(dataclasses.replace(whole(), is_interrupted=True, asked=23)))

    assert text.endswith("interrupted: 4 of 23 measured\n")


def test_many_operators_are_cut_to_those_that_cost_most() -> None:
    one = model("a.tflite", "int8")
    many = tuple(
        dataclasses.replace(one.operators[0], index=i, us_avg=float(i % 97)) for i in range(5000)
    )
    text = shown(dataclasses.replace(one, operators=many))

    assert "and 4,960 more; `--format json` has all" in text
    assert text.count("CONV_2D") == 40
    assert len(text.splitlines()) < 120


def test_a_large_confusion_matrix_is_told_in_words() -> None:
    size = 30
    matrix = tuple(
        tuple(9 if i == j else 3 if (i, j) == (4, 7) else 0 for j in range(size))
        for i in range(size)
    )
    found = accuracy(matrix, tuple(f"class {i}" for i in range(size)))
    text = shown(model("a.tflite", "int8", accuracy=found))

    assert "    3 of class 4 taken for class 7\n" in text
    assert "confusion matrix" not in text
