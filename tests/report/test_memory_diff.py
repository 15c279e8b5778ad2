"""The three formats of compared memory: word for word, within bounds, for any names and sizes."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.conftest import ROOT
from tests.model.sample_models import SAMPLES, convolutions
from tests.report.rendered_markdown import assert_inert
from tests.report.test_hostile_names import NAMES, hidden, hostile, strip_styles
from tests.report.test_json_document import COUNT, TEXT, array, nullable, record
from tflint.lint.memory_diff import compare_memory
from tflint.lint.memory_report import report_on
from tflint.memory.growth import parse_growth
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.schema import Padding, TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.report import (
    memory_diff_json,
    memory_diff_markdown,
    memory_diff_text,
    memory_json,
)
from tflint.report.memory_diff_result import FailureKind, MemoryDiffReport
from tflint.report.style import plain, styled
from tflint.target.target import find_target

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
WIDTH = 100


def compared(
    old: Model | None,
    new: Model | None,
    target: str = "tflm",
    limit: str | None = None,
) -> MemoryDiffReport:
    """The comparison of two models as they are read from files."""
    before, after = (model and parse_model(write_model(model)) for model in (old, new))
    growth = None if limit is None else parse_growth(limit)
    return compare_memory(before, after, find_target(target), growth, ("a.tflite", "b.tflite"))


def keyword_spotter(
    filters: int = 8,
    *,
    type: TensorType = TensorType.INT8,
    weights: TensorType | None = None,
    extra: bool = False,
) -> Model:
    """Convolutions over a spectrogram, their tensors named as a converter names them."""
    model = ModelBuilder()
    y = model.input((1, 49, 10, 1), type, name="spectrogram")
    y = model.conv_2d(y, filters, (10, 4), stride=2, padding=Padding.SAME, weights=weights)
    rename(model, y, "conv/Relu")
    y = model.depthwise_conv_2d(y, 3, padding=Padding.SAME, weights=weights)
    rename(model, y, "depthwise/Relu")
    if extra:
        y = model.conv_2d(y, 2 * filters, 1, weights=weights)
        rename(model, y, "pointwise/Relu")
    y = model.flatten(y)
    rename(model, y, "flatten/Reshape")
    y = model.fully_connected(y, 4, weights=weights)
    rename(model, y, "dense/BiasAdd")
    y = model.softmax(y)
    rename(model, y, "scores")
    model.output(y)
    return model.build()


def rename(model: ModelBuilder, tensor: int, name: str) -> None:
    model.tensors[tensor] = dataclasses.replace(model.tensors[tensor], name=name)


FLOAT32, INT8 = TensorType.FLOAT32, TensorType.INT8
COMPARISONS: dict[str, Callable[[], MemoryDiffReport]] = {
    "grown": lambda: compared(
        keyword_spotter(), keyword_spotter(12, extra=True), "cortex-m4:flash=48K,ram=8K", "5%"
    ),
    "shrunk": lambda: compared(keyword_spotter(type=FLOAT32), keyword_spotter(), limit="0%"),
    "no-longer-runs": lambda: compared(
        keyword_spotter(type=FLOAT32), keyword_spotter(type=FLOAT32, weights=INT8)
    ),
    "runs-now": lambda: compared(
        keyword_spotter(type=FLOAT32, weights=INT8), keyword_spotter(type=FLOAT32), limit="16K"
    ),
    "never-ran": lambda: compared(
        keyword_spotter(type=FLOAT32, weights=INT8),
        keyword_spotter(4, type=FLOAT32, weights=INT8),
    ),
    "the-same": lambda: compared(keyword_spotter(), keyword_spotter(), "cortex-m55", "0%"),
    "new": lambda: compared(None, keyword_spotter(), limit="5%"),
    "removed": lambda: compared(keyword_spotter(), None),
}


def as_text(report: MemoryDiffReport) -> str:
    return plain(memory_diff_text.render(report))


@pytest.mark.parametrize("name", COMPARISONS)
@pytest.mark.parametrize("suffix", ["txt", "md"])
def test_output_is_the_golden_one(name: str, suffix: str) -> None:
    report = COMPARISONS[name]()
    text = as_text(report) if suffix == "txt" else memory_diff_markdown.render(report)
    path = GOLDEN / f"memory-diff-{name}.{suffix}"
    if UPDATE:
        path.write_text(text, encoding="utf-8")

    assert path.exists(), f"no {path.name}: write it with UPDATE_GOLDEN=1"
    assert text == path.read_text(encoding="utf-8")


def kinds(report: MemoryDiffReport) -> list[tuple[str, str | None]]:
    return [(failure.kind.value, failure.figure) for failure in report.failures]


# Failures


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("grown", [("budget", "ram"), ("budget", "flash"), ("growth", "ram"), ("growth", "flash")]),
        ("shrunk", []),
        ("no-longer-runs", [("runnable", None)]),
        ("runs-now", []),
        ("never-ran", []),
        ("the-same", []),
        ("new", []),
        ("removed", []),
    ],
)
def test_what_fails(name: str, expected: list[tuple[str, str | None]]) -> None:
    report = COMPARISONS[name]()
    assert kinds(report) == expected
    for text in (as_text(report), memory_diff_markdown.render(report)):
        assert len(re.findall("fails:", text)) == len(expected)


def test_the_limit_is_exact_to_the_byte() -> None:
    old, new = keyword_spotter(), keyword_spotter(12)
    figures = compared(old, new).difference
    for name in ("ram", "flash"):
        difference = figures.figure(name).difference
        assert difference is not None
        assert ("growth", name) not in kinds(compared(old, new, limit=str(difference)))
        failing = compared(old, new, limit=str(difference - 1)).failures
        assert [f.limit for f in failing if f.figure == name] == [
            (figures.figure(name).after or 0) - 1
        ]
        assert kinds(compared(new, old, limit="0%")) == []


def test_budgets_hold_for_the_later_model_only() -> None:
    small, large = keyword_spotter(), keyword_spotter(64)
    ram = compared(None, small).difference.figure("ram").after
    target = f"cortex-m4:ram={ram}"

    assert kinds(compared(small, large, target)) == [("budget", "ram")]
    assert kinds(compared(large, small, target)) == []
    assert kinds(compared(None, large, target)) == [("budget", "ram")]
    assert kinds(compared(large, None, target)) == []
    failure = compared(small, large, target).failures[0]
    assert (failure.kind, failure.limit) == (FailureKind.BUDGET, ram)
    assert f"more than the budget of {ram:,}" in failure.message


def test_growth_that_cannot_be_judged_is_said() -> None:
    for report in (compared(None, keyword_spotter(), limit="0%"), COMPARISONS["new"]()):
        assert not report.is_growth_judged
        assert "growth is not held against --max-growth" in as_text(report)
    assert "--max-growth" not in as_text(compared(None, keyword_spotter()))


def test_a_broken_earlier_model_does_not_keep_its_repair_from_passing() -> None:
    model = keyword_spotter()
    graph = model.subgraphs[0]
    broken = dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, outputs=(10_000,)),))
    report = compared(broken, model, limit="5%")

    assert (report.before, report.failures) == (None, ())
    assert "note: before: `a.tflite` has a broken graph" in as_text(report)
    assert "growth is not held against" in as_text(report)


# JSON

INTEGER = {"type": "integer"}
PERSISTENT = {"type": "object", "additionalProperties": INTEGER, "minProperties": 1}


def totals(figure: dict[str, Any], **more: Any) -> Any:
    return nullable(
        record(
            arena_bytes=figure,
            min_arena_bytes=figure,
            nonpersistent_bytes=figure,
            persistent_bytes=figure,
            persistent=PERSISTENT,
            lower_bound_bytes=figure,
            flash_bytes=record(model=figure, runtime=figure, total=figure),
            ram_bytes=record(
                arena=figure, interpreter=figure, resolver=figure, stack=figure, total=figure
            ),
            **more,
        )
    )


OPERATOR = nullable(COUNT)
SIDE = totals(
    COUNT, runnable={"type": "boolean"}, reason=nullable(TEXT), peak_operator=nullable(COUNT)
)
NUMBER = nullable({"type": "number"})
PLACE = {"subgraph": COUNT, "tensor": COUNT, "name": TEXT}
SIZES = {"before": COUNT, "after": COUNT, "difference": INTEGER}
PEAK = nullable(
    record(
        subgraph=nullable(COUNT),
        operator=nullable(COUNT),
        operator_name=nullable(TEXT),
        bytes=COUNT,
        alive=array(
            record(
                subgraph=COUNT,
                tensor=nullable(COUNT),
                name=nullable(TEXT),
                operator=nullable(COUNT),
                bytes=COUNT,
                scratch={"type": "boolean"},
            )
        ),
    )
)


def buffers(entry: Any) -> Any:
    return record(
        matched={"type": "boolean"},
        grown=array(entry),
        shrunk=array(entry),
        added=array(entry),
        removed=array(entry),
        kept=COUNT,
        unmatched=record(before=COUNT, after=COUNT),
    )


KERNELS = array(record(operator=TEXT, bytes=nullable(COUNT), resolver_call=nullable(TEXT)))
BUDGET = record(ram=nullable(COUNT), flash=nullable(COUNT), fits=nullable({"type": "boolean"}))
DOCUMENT = record(
    schema={"const": 1},
    path=nullable(TEXT),
    against=nullable(TEXT),
    target=TEXT,
    runtime=TEXT,
    before=SIDE,
    after=SIDE,
    difference=totals(INTEGER),
    growth=record(ram=NUMBER, flash=NUMBER),
    max_growth=nullable(record(text=TEXT, ratio=NUMBER, bytes=nullable(COUNT))),
    budget=BUDGET,
    failures=array(
        record(
            kind={"enum": ["runnable", "budget", "growth"]},
            figure={"enum": ["ram", "flash", None]},
            bytes=nullable(COUNT),
            limit=nullable(COUNT),
            message=TEXT,
        )
    ),
    peak=record(before=PEAK, after=PEAK, moved=nullable({"type": "boolean"})),
    tensors=buffers(record(**PLACE, **SIZES)),
    scratch=buffers(record(**PLACE, operator=COUNT, operator_name=TEXT, **SIZES)),
    kernels=record(added=KERNELS, removed=KERNELS),
    notes=array(TEXT),
)


def document(report: MemoryDiffReport) -> dict[str, Any]:
    text = memory_diff_json.render(report)
    assert text.isascii()
    found: dict[str, Any] = json.loads(text)
    jsonschema.validate(found, DOCUMENT)
    return found


@pytest.mark.parametrize("build", SAMPLES, ids=lambda build: build.__name__)
def test_every_document_follows_the_schema(build: Callable[[], Model]) -> None:
    for report in (
        compared(convolutions().build(), build(), limit="5%"),
        compared(build(), None),
        compared(None, build(), "cortex-m4:flash=1K,ram=1K", "2K"),
    ):
        found = document(report)
        assert len(found["failures"]) == len(report.failures)


@pytest.mark.parametrize("name", COMPARISONS)
def test_differences_are_of_what_is_listed(name: str) -> None:
    found = document(COMPARISONS[name]())
    before, after, difference = found["before"], found["after"], found["difference"]
    if before is None or after is None:
        assert difference is None
        assert found["growth"] == {"ram": None, "flash": None}
        return
    for key in ("arena_bytes", "min_arena_bytes", "persistent_bytes"):
        assert difference[key] == after[key] - before[key]
    for key in ("persistent", "flash_bytes", "ram_bytes"):
        parts = after[key].items()
        assert difference[key] == {name: size - before[key][name] for name, size in parts}
    for name in ("ram", "flash"):
        ratio = difference[f"{name}_bytes"]["total"] / before[f"{name}_bytes"]["total"]
        assert found["growth"][name] == pytest.approx(ratio)
    for change, sign in (("grown", 1), ("added", 1), ("shrunk", -1), ("removed", -1)):
        listed = [entry["difference"] for entry in found["tensors"][change]]
        assert all(size * sign > 0 for size in listed)
        assert listed == sorted(listed, key=abs, reverse=True)


def test_what_the_document_of_the_grown_one_says() -> None:
    found = document(COMPARISONS["grown"]())

    assert (found["path"], found["against"]) == ("b.tflite", "a.tflite")
    assert found["target"] == "cortex-m4:flash=48K,ram=8K"
    assert found["budget"] == {"ram": 8192, "flash": 48 * 1024, "fits": False}
    assert found["max_growth"] == {"text": "5 %", "ratio": 0.05, "bytes": None}
    assert found["peak"]["moved"] is True
    assert found["peak"]["before"]["operator_name"] == "DEPTHWISE_CONV_2D"
    assert found["peak"]["after"]["operator_name"] == "RESHAPE"
    grown = [(entry["name"], entry["difference"]) for entry in found["tensors"]["grown"]]
    assert grown == [("flatten/Reshape", 2000), ("conv/Relu", 500), ("depthwise/Relu", 500)]
    assert [entry["name"] for entry in found["tensors"]["added"]] == ["pointwise/Relu"]


@pytest.mark.parametrize("build", SAMPLES, ids=lambda build: build.__name__)
def test_totals_are_those_of_one_model_alone(build: Callable[[], Model]) -> None:
    model = parse_model(write_model(build()))
    alone = memory_json.document(report_on(model, find_target("tflm"), "b.tflite"))
    after = document(compare_memory(None, model, find_target("tflm")))["after"]
    alone = json.loads(json.dumps(alone))

    for key, value in after.items():
        if isinstance(value, dict):
            assert value.items() <= alone[key].items()
        else:
            assert value == alone[key]


def test_the_default_target_is_called_by_its_core() -> None:
    assert document(COMPARISONS["shrunk"]())["target"] == "cortex-m4"
    assert document(COMPARISONS["shrunk"]())["runtime"] == "tflm"


# Hostile names and sizes

every_name = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)


def hostile_comparisons(name: str, path: str = "a.tflite") -> list[MemoryDiffReport]:
    """A model full of this name, against others that share nothing and all but the name."""
    bad, plain_ = parse_model(hostile(name)), parse_model(hostile("plain"))
    wide = parse_model(write_model(named_tensors(name, 64)))
    thin = parse_model(write_model(named_tensors(name, 16)))
    target, limit = find_target("cortex-m4:ram=1"), parse_growth("0%")
    return [
        compare_memory(old, new, target, limit, (path, "b.tflite"))
        for old, new in ((bad, plain_), (plain_, bad), (None, bad), (bad, None), (thin, wide))
    ]


def named_tensors(name: str, size: int) -> Model:
    """Tensors whose names begin alike, so that all can be matched."""
    model = ModelBuilder()
    tensors = [model.tensor((1, size), name=f"{'o' * i}{name}{i}") for i in range(4)]
    model.inputs.append(tensors[0])
    for x, y in pairwise(tensors):
        model.operator(f"Custom{name}{size}", [x], [y])
    model.output(tensors[-1])
    return model.build()


@every_name
def test_text_stays_in_its_bounds(name: str) -> None:
    for report in hostile_comparisons(name, f"{name[:300]}.tflite"):
        text = as_text(report)
        assert hidden(text) == set()
        text.encode("utf-8")
        assert max(map(len, text.splitlines())) <= WIDTH
        assert len(text) < 30_000
        assert strip_styles(styled(memory_diff_text.render(report))) == text


@every_name
def test_json_is_ascii_and_parses(name: str) -> None:
    for report in hostile_comparisons(name):
        assert hidden(json.dumps(document(report), ensure_ascii=False)) == set()
        assert len(memory_diff_json.render(report)) < 60_000


@every_name
def test_markdown_is_inert_and_fits_a_comment(name: str) -> None:
    for report in hostile_comparisons(name, f"{name[:300]}.tflite"):
        text = memory_diff_markdown.render(report)
        assert hidden(text) == set()
        assert len(text) < 65_000
        assert_inert(text)


@pytest.mark.parametrize("shape", [(2**31 - 1,) * 32, (2**31 - 1,) * 3, (-1, 2**31 - 1), (0, 5)])
def test_absurd_sizes_are_shown_and_compared(shape: tuple[int, ...]) -> None:
    model = ModelBuilder()
    x = model.input((1, 4), name="x")
    y = model.tensor(shape, name="y")
    model.operator("ADD", [x, x], [y])
    model.output(y)
    absurd = model.build()
    for old, new in ((absurd, keyword_spotter()), (keyword_spotter(), absurd), (absurd, absurd)):
        report = compared(old, new, limit="5%")
        document(report)
        assert max(map(len, as_text(report).splitlines())) <= WIDTH
        assert_inert(memory_diff_markdown.render(report))


def test_long_lists_are_cut_and_say_so() -> None:
    def wide(size: int) -> Model:
        model = ModelBuilder()
        x = model.input((1, size), name="x")
        for index in range(300):
            y = model.tensor((1, size), name=f"y{index}")
            model.operator(f"Custom{index}of{size}", [x], [y])
            model.output(y)
        return model.build()

    report = compared(wide(16), wide(32))
    text, page = as_text(report), memory_diff_markdown.render(report)
    assert "and 291 more; `--format json` has all" in text
    assert "and 281 more; `--format json` has all" in page
    assert len(text.splitlines()) < 120
    assert len(page) < 20_000
    assert len(document(report)["tensors"]["grown"]) == 301


def test_the_manual_shows_what_comes_out() -> None:
    page = ROOT / "docs" / "memory-against.md"
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"<!-- tests/report/golden/(\S+) -->\n```text\n(.*?)```", text, re.DOTALL)

    assert shown
    for name, block in shown:
        golden = (GOLDEN / name).read_text(encoding="utf-8")
        if UPDATE:
            page.write_text(text.replace(f"```text\n{block}```", f"```text\n{golden}```"), "utf-8")
        else:
            assert block == golden
