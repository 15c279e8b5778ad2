"""The charts that compare models: what is drawn of what, and where."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

import pytest

from tests.report.bench_reports import BENCH_REPORTS, MACHINE, STARTED, accuracy, latency, model
from tests.report.memory_reports import classifier, reported
from tests.report.test_memory_documents import needs_matplotlib
from tflint.report.bar_chart import Bar, Row, bar_chart
from tflint.report.bench_charts import MAX_KINDS, MAX_PANELS, Chart, charts
from tflint.report.bench_result import BenchedModel, BenchReport
from tflint.report.chart_svg import SERIES
from tflint.report.scatter_chart import Point, scatter_chart

pytestmark = needs_matplotlib


def drawn(*models: BenchedModel) -> dict[str, Chart]:
    return {chart.title: chart for chart in charts(BenchReport(models, MACHINE, STARTED))}


def boxes(svg: str) -> dict[str, tuple[float, float, float, float]]:
    """What each title is of: the box of the path that it stands with, left, top, right, bottom."""
    found = {}
    for group in ElementTree.fromstring(svg).iter("g"):
        title, path = group.find("title"), group.find("path")
        if title is not None and path is not None and title.text:
            at = list(map(float, re.findall(r"-?[\d.]+", path.attrib["d"])))
            found[title.text] = (min(at[::2]), min(at[1::2]), max(at[::2]), max(at[1::2]))
    return found


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter("text")]


def test_only_what_there_are_figures_for_is_drawn() -> None:
    whole = BENCH_REPORTS["whole"]().models
    bare = BenchedModel("m.tflite", 10)

    titles = ["Size", "Latency", "Accuracy against size", "Smallest arena", "Where the time goes"]
    assert list(drawn(*whole)) == titles
    assert drawn(bare) == {}
    untimed = dataclasses.replace(model("m.tflite", "int8", avg=None), operators=())
    assert list(drawn(untimed)) == ["Size", "Smallest arena"]


def test_bars_are_as_long_as_their_figures() -> None:
    svg = bar_chart(
        "x", "label", "µs", [Row(n, (Bar(0, v, SERIES[0]),), v, n, n) for n, v in SMALL.items()]
    )
    found = boxes(svg)
    lengths = {name: right - left for name, (left, _, right, _) in found.items()}

    assert lengths["two"] == pytest.approx(2 * lengths["one"], abs=0.01)
    assert lengths["four"] == pytest.approx(4 * lengths["one"], abs=0.01)
    # From the top down, as the table has them.
    assert found["one"][1] < found["two"][1] < found["four"][1]
    assert {"one", "two", "four"} <= set(texts(svg))


def test_lines_to_the_slow_runs_stay_inside() -> None:
    svg = bar_chart("x", "label", "µs", [Row("r", (Bar(0, 2, SERIES[0], 1, 8),), 2, "", "t")])
    lines = [
        list(map(float, re.findall(r"-?[\d.]+", path.attrib["d"])))
        for path in ElementTree.fromstring(svg).iter("path")
        if "var(--ink)" in path.attrib.get("style", "") and "1.6" in path.attrib["style"]
    ]
    [clip] = list(ElementTree.fromstring(svg).iter("rect"))

    assert lines
    right = float(clip.attrib["x"]) + float(clip.attrib["width"])
    assert max(max(line[::2]) for line in lines) < right


SMALL = {"one": 1.0, "two": 2.0, "four": 4.0}


def test_figures_far_apart_are_dots_on_a_logarithmic_axis() -> None:
    rows = [Row(f"{v:g}", (Bar(0, v, SERIES[0]),), v, "", "") for v in (1.0, 1000.0, 1_000_000.0)]
    svg = bar_chart("x", "label", "µs", rows)

    assert any("ten times" in text for text in texts(svg))
    assert {"1", "1,000", "1e+06"} & set(texts(svg))


@pytest.mark.parametrize("value", [0.0, 1e-9, 1.0, 1e12])
def test_any_figure_can_be_drawn(value: float) -> None:
    for others in ((), (1.0,), (5e6,)):
        rows = [Row("r", (Bar(0, v, SERIES[0]),), v, "t", "title") for v in (value, *others)]
        for limit in (None, 0, 10**9):
            ElementTree.fromstring(bar_chart("x", "label", "bytes", rows, limit))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("size", [0, 1, 10**12])
def test_any_point_can_be_drawn(size: int, share: float) -> None:
    points = [
        Point(f"p{i}", size + i, 100 * share, 100 * share, 100 * share, SERIES[0], f"t{i}")
        for i in range(30)
    ]
    svg = scatter_chart("x", "label", {"data": points, "other": points[:1]})

    ElementTree.fromstring(svg)
    assert svg.count("<title>") == 31


def test_names_of_points_do_not_lie_on_one_another() -> None:
    points = [Point(f"point {i}", 1000 + 40 * i, 90, 80, 95, SERIES[0], f"t{i}") for i in range(12)]
    svg = scatter_chart("x", "label", {"data": points})
    placed = [
        (float(text.attrib["x"]), float(text.attrib["y"]), text.attrib["style"])
        for text in ElementTree.fromstring(svg).iter("text")
        if (text.text or "").startswith("point ")
    ]

    assert 2 <= len(placed) <= 12
    for i, (x, y, style) in enumerate(placed):
        for other_x, other_y, other_style in placed[:i]:
            assert (
                abs(y - other_y) > 10
                or abs(x - other_x) > 40
                or ("end" in style) != ("end" in other_style)
            )


def test_accuracies_on_other_data_are_in_a_panel_of_their_own() -> None:
    scores = accuracy(((3, 1), (0, 4)), ("a", "b"))
    models = [
        model(
            f"{i}-{j}.tflite", "int8", accuracy=dataclasses.replace(scores, dataset=f"data {i}.npz")
        )
        for i in range(MAX_PANELS + 1)
        for j in range(2)
    ]
    chart = drawn(*models)["Accuracy against size"]

    assert [f"data {i}.npz, test" in texts(chart.svg) for i in range(MAX_PANELS + 1)] == [
        *[True] * MAX_PANELS,
        False,
    ]
    assert "Without 2 more models" in chart.note
    assert chart.is_wide


def test_arenas_are_held_against_the_ram_of_the_target() -> None:
    board = reported(classifier(), "arduino-nano-33-ble")
    limited = model("m.tflite", "int8", memory=board)
    chart = drawn(limited)["RAM to plan for"]

    assert board.target.ram_bytes is not None
    assert f"{board.target.ram_bytes:,} bytes" in chart.note
    assert f"{limited.runtimes[0].ram_bytes:,} B" in texts(chart.svg)
    assert "var(--alarm)" in chart.svg
    # Without a limit, or with several, it is the arena that is shown.
    free = drawn(model("m.tflite", "int8"))["Smallest arena"]
    assert "var(--alarm)" not in free.svg
    assert "Smallest arena" in drawn(limited, model("n.tflite", "int8"))


def test_kinds_of_operators_share_the_whole_bar() -> None:
    one = model("m.tflite", "int8")
    kinds = [
        dataclasses.replace(one.operators[0], index=i, name=f"KIND_{i}", us_avg=20.0 - i)
        for i in range(12)
    ]
    chart = drawn(dataclasses.replace(one, operators=tuple(kinds)))["Where the time goes"]

    assert [text for _, text in chart.key] == [
        *(f"KIND_{i}" for i in range(MAX_KINDS)),
        f"{12 - MAX_KINDS} other kinds",
    ]
    total = sum(20 - i for i in range(12))
    assert f"KIND_0 {100 * 20 / total:.0f} %" in chart.svg


def test_what_is_no_number_is_not_drawn() -> None:
    one = model("m.tflite", "int8")
    broken = dataclasses.replace(latency(1.0), avg=float("nan"))
    operators = tuple(dataclasses.replace(row, us_avg=float("inf")) for row in one.operators)
    found = drawn(dataclasses.replace(one, latency=broken, operators=operators))

    assert list(found) == ["Size", "Smallest arena"]
