"""How runs spread, drawn."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

import pytest

from tests.report.bench_reports import latency
from tflint.report.bench_result import Latency
from tflint.report.runs_drawing import runs_drawing


def of(*each: float) -> Latency:
    """Times of these runs; their percentiles are the nearest ranks."""
    ordered = sorted(each)
    return dataclasses.replace(
        latency(1.0),
        each=each,
        runs=len(each),
        p50=ordered[len(each) // 2],
        p95=ordered[len(each) * 95 // 100],
    )


def counts(drawing: str) -> list[int]:
    return [int(text) for text in re.findall(r"µs: (\d+) run", drawing)]


@pytest.mark.parametrize(
    "found",
    [
        latency(8.5),
        of(1.0, 2.0),
        of(3.0, 3.0, 3.0),
        of(0.0, 0.0),
        of(*range(1, 200), 1e9),
        of(5e-324, 1e300),
    ],
)
def test_every_run_is_counted_inside_the_picture(found: Latency) -> None:
    drawing = runs_drawing(found)
    root = ElementTree.fromstring(drawing)
    width = float(root.attrib["width"])

    assert sum(counts(drawing)) == len(found.each)
    for rect in root.iter("rect"):
        x, y, wide, high = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        assert x >= 0
        assert x + wide <= width + 0.1
        assert y >= 0
        assert high >= 1
    for line in root.iter("line"):
        assert 0 <= float(line.attrib["x1"]) <= width


def test_one_run_that_was_interrupted_leaves_room_for_the_others() -> None:
    quiet = [10 + 0.01 * (i % 50) for i in range(199)]
    drawing = runs_drawing(of(*quiet, 9000.0))

    assert len(counts(drawing)) > 20
    assert "and more" in drawing
    assert "and more" not in runs_drawing(of(*quiet))


def test_without_the_runs_there_is_no_picture() -> None:
    assert runs_drawing(dataclasses.replace(latency(8.5), each=())) == ""
