"""The three formats of a comparison: word for word, within bounds, whatever names models have."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.conftest import ROOT
from tests.model.sample_models import SAMPLES, convolutions
from tests.report.rendered_markdown import assert_inert
from tests.report.test_hostile_names import NAMES, hidden, hostile, strip_styles
from tests.report.test_json_document import COUNT, SCHEMA, TEXT, array, nullable, record
from tflint.lint.diff import diff_models
from tflint.lint.registry import all_rules
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.report import diff_json, diff_markdown
from tflint.report.diff_phrases import number, percentage
from tflint.report.diff_result import DiffReport, Total
from tflint.report.diff_text import WIDTH, render
from tflint.report.style import plain, styled
from tflint.target.target import find_target

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
TFLM = find_target("tflm")


def compared(old: Model | None, new: Model | None) -> DiffReport:
    """The comparison of two models as they are read from files."""
    read = [model and parse_model(write_model(model)) for model in (old, new)]
    return diff_models(read[0], read[1], all_rules(), TFLM, ("a.tflite", "b.tflite"))


def classifier(*, weights: TensorType | None = None, extra: bool = False) -> Model:
    model = ModelBuilder(seed=int(extra))
    y = model.conv_2d(model.input((1, 16, 16, 1), name="image"), 8, 3, weights=weights)
    y = model.unary("HARD_SWISH", y) if extra else y
    y = model.pool_2d(y)
    model.output(model.softmax(model.fully_connected(model.flatten(y), 4, weights=weights)))
    model.signature({"image": 0}, {"scores": len(model.tensors) - 1})
    return model.build()


def int8_model() -> Model:
    model = ModelBuilder()
    y = model.conv_2d(model.input((1, 16, 16, 1), TensorType.INT8, name="image"), 8, 3)
    model.output(model.softmax(model.fully_connected(model.flatten(model.pool_2d(y)), 4)))
    return model.build()


COMPARISONS: dict[str, Callable[[], tuple[Model | None, Model | None]]] = {
    "dynamic-range": lambda: (classifier(), classifier(weights=TensorType.INT8)),
    "int8": lambda: (classifier(), int8_model()),
    "an-operator-more": lambda: (classifier(), classifier(extra=True)),
    "the-same": lambda: (classifier(), classifier()),
    "new": lambda: (None, classifier(weights=TensorType.INT8)),
    "removed": lambda: (classifier(), None),
}


def as_text(report: DiffReport) -> str:
    return plain(render(report))


def in_colour(report: DiffReport) -> str:
    return styled(render(report))


@pytest.mark.parametrize("name", COMPARISONS)
@pytest.mark.parametrize("suffix", ["txt", "md"])
def test_output_is_the_golden_one(name: str, suffix: str) -> None:
    report = compared(*COMPARISONS[name]())
    text = as_text(report) if suffix == "txt" else diff_markdown.render(report)
    path = GOLDEN / f"diff-{name}.{suffix}"
    if UPDATE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    assert path.exists(), f"no {path.name}: write it with UPDATE_GOLDEN=1"
    assert text == path.read_text(encoding="utf-8")


FIELDS = array(record(slot=nullable(TEXT), field=TEXT, before=TEXT, after=TEXT))
CHANGE = {"enum": ["added", "removed", "changed", "moved"]}
SUM = record(count=COUNT, bytes=COUNT)
SIGNED = nullable({"type": "integer"})
FILE = nullable(
    record(path=TEXT, model=SCHEMA["properties"]["files"]["items"]["properties"]["model"])
)
END = nullable(
    record(
        tensor=COUNT,
        name=TEXT,
        shape=array({"type": "integer"}),
        type=TEXT,
        scale=nullable({"type": "number"}),
        zero_point=SIGNED,
    )
)
OPERATOR = nullable(record(subgraph=COUNT, operator=COUNT, outputs=TEXT, macs=COUNT))
CONSTANT = nullable(
    record(subgraph=COUNT, tensor=COUNT, name=TEXT, shape=TEXT, type=TEXT, bytes=COUNT)
)
COUNTS = record(error=COUNT, warning=COUNT, info=COUNT)
DOCUMENT = record(
    schema={"const": 1},
    tool=SCHEMA["properties"]["tool"],
    target=TEXT,
    before=FILE,
    after=FILE,
    identical={"type": "boolean"},
    changed={"type": "boolean"},
    difference=record(
        file_bytes=SIGNED,
        operators=SIGNED,
        tensors=SIGNED,
        weights=nullable(record(count=SIGNED, bytes=SIGNED)),
        macs=SIGNED,
        arena=SIGNED,
    ),
    changes=nullable(
        record(
            interface=array(
                record(
                    kind={"enum": ["input", "output"]},
                    subgraph=COUNT,
                    position=COUNT,
                    change=CHANGE,
                    breaking={"type": "boolean"},
                    before=END,
                    after=END,
                    fields=FIELDS,
                )
            ),
            operators=array(
                record(change=CHANGE, name=TEXT, before=OPERATOR, after=OPERATOR, fields=FIELDS)
            ),
            operator_counts=array(record(name=TEXT, before=COUNT, after=COUNT)),
            constants=record(
                added=SUM,
                removed=SUM,
                changed=SUM,
                tensors=array(record(change=CHANGE, before=CONSTANT, after=CONSTANT)),
            ),
            properties=FIELDS,
            renamed_tensors=COUNT,
        )
    ),
    findings=record(
        added=SCHEMA["properties"]["findings"],
        removed=SCHEMA["properties"]["findings"],
        kept=COUNT,
    ),
    summary=record(
        breaking=nullable({"type": "boolean"}),
        new_operators=array(TEXT),
        added=COUNTS,
        removed=COUNTS,
    ),
    notes=array(TEXT),
)


def document(report: DiffReport) -> dict[str, Any]:
    text = diff_json.render(report)
    assert text.isascii()
    found: dict[str, Any] = json.loads(text)
    jsonschema.validate(found, DOCUMENT)
    return found


@pytest.mark.parametrize("build", SAMPLES, ids=lambda build: build.__name__)
def test_every_document_follows_the_schema(build: Callable[[], Model]) -> None:
    found = document(compared(convolutions().build(), build()))

    assert found["difference"]["operators"] == (
        found["after"]["model"]["operators"] - found["before"]["model"]["operators"]
    )
    changes = found["changes"]
    for kind in ("added", "removed", "changed"):
        listed = [c for c in changes["constants"]["tensors"] if c["change"] == kind]
        assert changes["constants"][kind]["count"] == len(listed)


@pytest.mark.parametrize("name", COMPARISONS)
def test_the_summary_is_of_what_is_listed(name: str) -> None:
    found = document(compared(*COMPARISONS[name]()))

    for side in ("added", "removed"):
        for severity in ("error", "warning", "info"):
            listed = [f for f in found["findings"][side] if f["severity"] == severity]
            assert found["summary"][side][severity] == len(listed)
    assert found["changed"] is (name != "the-same")


def test_a_scale_that_is_no_number_is_null() -> None:
    def build(scale: float) -> Model:
        model = ModelBuilder()
        from tflint.model.graph_builder import per_tensor

        model.output(model.unary("RELU", model.input((1, 4), TensorType.INT8, per_tensor(scale))))
        return model.build()

    found = document(compared(build(0.5), build(float("inf"))))
    change = found["changes"]["interface"][0]
    assert (change["before"]["scale"], change["after"]["scale"]) == (0.5, None)
    assert change["fields"][0]["after"] == "inf"


def test_a_broken_graph_is_said_and_not_compared() -> None:
    import dataclasses

    model = classifier()
    graph = model.subgraphs[0]
    broken = dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, outputs=(10_000,)),))

    report = compared(model, broken)
    found = document(report)
    assert found["changes"] is None
    assert "operators and tensors were not compared" in as_text(report)
    assert "TFL003" in {f["code"] for f in found["findings"]["added"]}
    assert "TFL003" in diff_markdown.render(report)


# Hostile names

every_name = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)


def hostile_comparisons(name: str, path: str = "a.tflite") -> list[DiffReport]:
    """A model full of this name, against others that share nothing and all but the name."""
    bad, plain_ = parse_model(hostile(name)), parse_model(hostile("plain"))
    rules = all_rules()
    return [
        diff_models(old, new, rules, TFLM, (path, "b.tflite"))
        for old, new in ((bad, plain_), (plain_, bad), (None, bad), (bad, None))
    ]


@every_name
def test_text_stays_in_its_bounds(name: str) -> None:
    for report in hostile_comparisons(name, f"{name[:300]}.tflite"):
        text = as_text(report)
        assert hidden(text) == set()
        text.encode("utf-8")
        assert max(map(len, text.splitlines())) <= WIDTH
        assert len(text) < 30_000
        assert strip_styles(in_colour(report)) == text


@every_name
def test_json_is_ascii_and_parses(name: str) -> None:
    for report in hostile_comparisons(name):
        assert hidden(json.dumps(document(report), ensure_ascii=False)) == set()


@every_name
def test_markdown_is_inert_and_fits_a_comment(name: str) -> None:
    for report in hostile_comparisons(name, f"{name[:300]}.tflite"):
        text = diff_markdown.render(report)
        assert hidden(text) == set()
        assert len(text) < 65_000
        assert_inert(text)


# Figures


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (100, 38, "-62.0 %"),
        (100, 100, ""),
        (0, 5, ""),
        (None, 5, ""),
        (1_000_000, 1_000_001, "+<0.1 %"),
        (1_000_000, 999_999, "-<0.1 %"),
        (3, 4, "+33.3 %"),
        (1, 2**62, "+4.6e+20 %"),
    ],
)
def test_percentages(before: int | None, after: int, shown: str) -> None:
    assert percentage(Total("bytes", before, after)) == shown


@pytest.mark.parametrize(
    ("value", "signed", "shown"),
    [
        (None, True, "-"),
        (0, True, "0"),
        (1234, False, "1,234"),
        (1234, True, "+1,234"),
        (-1234, True, "-1,234"),
        (2**124, False, "2.13e+37"),
        (-(2**124), True, "-2.13e+37"),
    ],
)
def test_numbers(value: int | None, signed: bool, shown: str) -> None:
    assert number(value, signed=signed) == shown


def test_the_manual_shows_what_comes_out() -> None:
    page = ROOT / "docs" / "diff.md"
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"<!-- tests/report/golden/(\S+) -->\n```text\n(.*?)```", text, re.DOTALL)

    assert shown
    for name, block in shown:
        golden = (GOLDEN / name).read_text(encoding="utf-8")
        if UPDATE:
            page.write_text(text.replace(f"```text\n{block}```", f"```text\n{golden}```"), "utf-8")
        else:
            assert block == golden
