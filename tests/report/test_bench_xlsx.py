"""The workbook of `tflint bench`: the original's columns, formulas for what follows from others."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from tests.report.bench_reports import (
    BENCH_REPORTS,
    LABELS,
    MACHINE,
    STARTED,
    accuracy,
    model,
    whole,
)
from tests.report.workbooks import Read, parts, read, sample, written
from tflint.errors import MissingExtra
from tflint.report import bench_xlsx, bench_xlsx_layout, bench_xlsx_lists
from tflint.report.bench_formats import FORMATS
from tflint.report.bench_result import BenchedModel, BenchReport, RuntimeUse, TensorRow
from tflint.report.bench_wording import model_names

every_report = pytest.mark.parametrize("name", BENCH_REPORTS)
# The original's sheets, see the facts about them.
COLUMNS = (
    "Quantization",
    "Init",
    "1st Inference",
    "Avg Warmup",
    "Avg Inference",
    "Accuracy (%)",
    "Number of Weights",
    "Weights Size (KB)",
    "Dynamic Tensors Memory Allocation (KB)",
    "Tensor Name",
    "Tensor Size (Bytes)",
    "Notes",
)


def rendered(*models: BenchedModel) -> Read:
    return read(bench_xlsx.render(BenchReport(models, MACHINE, STARTED)))


def block_rows(book: Read, sheet: str) -> list[int]:
    """The rows on which blocks begin: those with a file's size."""
    return [cell.row for cell in book.sheet(sheet)["P"][2:] if cell.value is not None]


def test_an_application_has_one_sheet_and_other_models_one_each() -> None:
    names = sample("whole").formulas.sheetnames

    assert names == [
        *("Summary", "MotionSense", "gesture"),
        *("Charts", "Accuracy", "Operators", "Tensors", "About"),
    ]


def test_the_columns_are_those_of_the_original_in_its_order() -> None:
    sheet = sample("whole").sheet("MotionSense")

    heads = [sheet.cell(2, n).value or sheet.cell(1, n).value for n in range(1, len(COLUMNS) + 1)]
    assert tuple(heads) == COLUMNS
    assert sheet["B1"].value == "Latency (us)"
    assert {"B1:E1", "A1:A2", "F1:F2", "L1:L2"} <= {str(area) for area in sheet.merged_cells.ranges}


def test_a_block_a_quantisation_under_the_originals_titles() -> None:
    book = sample("whole")

    titles = [book.value("MotionSense", f"A{row}") for row in block_rows(book, "MotionSense")]
    assert titles == [
        "TFLite WITHOUT Optimization",
        "Dynamic Range (8-bit int) with Built In Ops",
        "Full Integer (8-bit int)",
    ]


def test_a_block_has_the_figures_of_its_model() -> None:
    book, row = sample("whole"), whole().models[1]
    assert row.latency
    assert row.weights
    top = block_rows(book, "MotionSense")[1]

    figures = [book.value("MotionSense", f"{letter}{top}") for letter in "BCDEFGHI"]
    assert figures == [
        row.latency.init,
        row.latency.first,
        row.latency.warmup_avg,
        row.latency.avg,
        pytest.approx(100 * 36 / 39),
        row.weights.count,
        pytest.approx(row.weights.bytes / 1024),
        pytest.approx((row.dynamic_bytes or 0) / 1000),
    ]
    more = [book.value("MotionSense", f"{letter}{top}") for letter in "MNOPQR"]
    latency = row.latency
    assert more == [
        latency.p50,
        latency.p95,
        latency.runs,
        row.file_bytes,
        row.weights.bytes,
        row.macs,
    ]
    assert book.value("MotionSense", f"A{top + 1}") == row.path


def test_a_row_a_tensor_between_operators_and_the_sum_over_them() -> None:
    book, rows = sample("whole"), whole().models
    top = block_rows(book, "MotionSense")[0]
    sheet = book.sheet("MotionSense")
    dynamic = [tensor for tensor in rows[0].tensors if tensor.is_dynamic]

    names = [sheet[f"J{top + i}"].value for i in range(len(dynamic))]
    sizes = [sheet[f"K{top + i}"].value for i in range(len(dynamic))]
    assert names == [tensor.name for tensor in dynamic]
    assert sizes == [tensor.bytes for tensor in dynamic]
    assert sheet[f"I{top}"].value == f"=SUM(K{top}:K{top + len(dynamic) - 1})/1000"
    assert sheet[f"H{top}"].value == f"=Q{top}/1024"


@every_report
def test_every_formula_comes_to_the_value_it_was_written_with(name: str) -> None:
    book = sample(name)
    formulas = [(sheet, cell) for sheet, cell in book.cells() if cell.data_type == "f"]

    assert bool(formulas) is bool(BENCH_REPORTS[name]().models)
    for sheet, cell in formulas:
        value = book.value(sheet, cell.coordinate)
        assert isinstance(value, (int, float)), (sheet, cell.coordinate)
        assert value == pytest.approx(book.computed(sheet, cell.value), rel=1e-12, abs=1e-9), (
            sheet,
            cell.coordinate,
            cell.value,
        )


def test_the_summary_takes_its_figures_from_the_sheets() -> None:
    book, report = sample("whole"), whole()
    sheet = book.sheet("Summary")

    assert [sheet[f"A{6 + i}"].value for i in range(4)] == model_names(report.models)
    tops = block_rows(book, "MotionSense")
    assert [sheet[f"E{6 + i}"].value for i in range(3)] == [f"='MotionSense'!P{t}" for t in tops]
    assert book.value("Summary", "E9") == report.models[3].file_bytes
    assert book.value("Summary", "I9") == report.models[3].latency.avg  # type: ignore[union-attr]
    assert sheet["A6"].hyperlink.location == f"'MotionSense'!A{tops[0]}"
    assert sheet["E10"].value == "=SUBTOTAL(109,E6:E9)"
    assert book.value("Summary", "E10") == sum(row.file_bytes for row in report.models)


def test_the_summary_marks_the_best_in_words_and_by_rules() -> None:
    sheet = sample("whole").sheet("Summary")

    assert [sheet[f"D{row}"].value for row in range(6, 10)] == [
        "most accurate",
        "smallest+",
        "smallest+, fastest+",
        "smallest, fastest",
    ]
    ruled = {str(area.sqref) for area in sheet.conditional_formatting}
    assert {"E6:E9", "I6:I9", "M6:M9"} <= ruled


def test_the_summary_says_what_runs_on_microcontrollers() -> None:
    book = sample("whole")

    assert book.value("Summary", "Q4") == "TFLM"
    assert [book.value("Summary", f"Q{6 + i}") for i in range(4)] == ["yes", "no", "yes", "yes"]
    arenas = [row.runtimes[0].min_arena_bytes for row in whole().models]
    assert [book.value("Summary", f"R{6 + i}") for i in range(4)] == arenas


def test_a_runtime_that_another_model_lacks_keeps_its_column() -> None:
    use = RuntimeUse("tflint", "cortex-m4", True, None, 900, 912, 1000, 2000)
    first = model("a.tflite", "int8")
    second = dataclasses.replace(model("b.tflite", "int8"), runtimes=(use,))

    book = rendered(first, second)

    heads = [book.value("Summary", f"{letter}4") for letter in ("Q", "T", "W")]
    assert heads == ["TFLM", "TFLM with CMSIS-NN", "tflint"]
    assert [book.value("Summary", f"{letter}7") for letter in "QRTUWX"] == [
        *(None, None, None, None),
        *("yes", 912),
    ]


def test_the_confusion_matrix_gives_the_counts_of_the_classes() -> None:
    book = sample("whole")
    texts = book.texts("Accuracy")
    sheet = book.sheet("Accuracy")
    heads = [cell.row for cell in sheet["A"] if cell.value == "Class"]

    assert len(heads) == 3
    row = heads[1]
    assert [sheet.cell(row, 12 + i).value for i in range(3)] == list(LABELS)
    matrix = [[sheet.cell(row + 1 + i, 12 + j).value for j in range(3)] for i in range(3)]
    assert matrix == [[13, 0, 0], [0, 12, 1], [1, 1, 11]]
    assert sheet.cell(row + 3, 2).value == f"=SUM(L{row + 3}:N{row + 3})"
    assert sheet.cell(row + 3, 3).value == f"=N{row + 3}"
    assert book.value("Accuracy", f"B{row + 4}") == 39
    assert book.value("Accuracy", f"C{row + 4}") == 36
    assert book.value("Accuracy", f"D{row + 3}") == pytest.approx(100 * 11 / 13)
    assert book.value("Accuracy", f"H{row + 3}") == pytest.approx(100 * 11 / 12)
    assert book.value("Accuracy", f"I{row + 3}") == pytest.approx(200 * 11 / 25)
    assert book.value("Accuracy", f"D{row + 5}") == pytest.approx(100 * (1 + 12 / 13 + 11 / 13) / 3)
    assert book.value("Accuracy", f"D{row + 6}") == pytest.approx(100 / 3)
    assert any(text.startswith("Confusion matrix") for text in texts)


def test_outputs_that_are_no_numbers_are_samples_of_their_class() -> None:
    scored = accuracy(((3, 1), (0, 4)), ("a", "b"))
    classes = (dataclasses.replace(scored.classes[0], n=6), scored.classes[1])
    scored = dataclasses.replace(scored, n=10, value=0.7, classes=classes, undecided=2)

    book = rendered(dataclasses.replace(model("x.tflite", "int8"), accuracy=scored))

    assert "Not a Number" in book.texts("Accuracy")
    row = next(cell.row for cell in book.sheet("Accuracy")["A"] if cell.value == "Class")
    assert [book.value("Accuracy", f"{letter}{row + 1}") for letter in "BCGLMN"] == [
        *(6, 3, 3),
        *(3, 1, 2),
    ]
    assert book.value("Accuracy", f"B{row + 3}") == 10
    assert book.value("Summary", "M6") == pytest.approx(70)


def test_the_accuracy_of_a_block_is_that_of_the_matrix() -> None:
    book = sample("whole")
    top = block_rows(book, "MotionSense")[0]
    formula = book.sheet("MotionSense")[f"F{top}"].value

    assert formula.startswith("=100*'Accuracy'!C")
    assert book.value("MotionSense", f"F{top}") == pytest.approx(100 * 38 / 39)


def test_many_classes_are_listed_without_a_matrix() -> None:
    count = 70
    many = tuple(tuple(5 * (i == j) for j in range(count)) for i in range(count))
    scored = accuracy(many, tuple(f"class {i}" for i in range(count)))

    book = rendered(dataclasses.replace(model("a.tflite", "int8"), accuracy=scored))

    texts = book.texts("Accuracy")
    assert "class 69" in texts
    assert not any(text.startswith("Confusion") for text in texts)
    assert book.value("Summary", "M6") == 100


def test_figures_that_were_not_counted_class_by_class_are_taken_as_they_are() -> None:
    scored = dataclasses.replace(accuracy(((3, 1), (0, 4)), ("a", "b")), classes=(), confusion=())

    book = rendered(dataclasses.replace(model("a.tflite", "int8"), accuracy=scored))

    assert book.value("Summary", "M6") == pytest.approx(87.5)


def test_the_operators_have_their_times_and_shares() -> None:
    book, report = sample("whole"), whole()
    sheet = book.sheet("Operators")
    operators = [operator for row in report.models for operator in row.operators]

    assert sheet.max_row == 3 + len(operators)
    assert [sheet.cell(4 + i, 7).value for i in range(4)] == [
        operator.us_avg for operator in operators[:4]
    ]
    shares = [book.value("Operators", f"H{row}") for row in range(4, 8)]
    assert sum(shares) == pytest.approx(100)
    assert book.value("Operators", "I2") == sum(operator.macs for operator in operators)
    assert sheet.auto_filter.ref == f"A3:M{3 + len(operators)}"


def test_every_tensor_is_listed_constants_and_inputs_too() -> None:
    book, report = sample("whole"), whole()
    tensors = [tensor for row in report.models for tensor in row.tensors]
    sheet = book.sheet("Tensors")

    assert [sheet.cell(4 + i, 9).value for i in range(len(tensors))] == [t.bytes for t in tensors]
    assert book.value("Tensors", "I2") == sum(tensor.bytes for tensor in tensors)
    assert sheet["H4"].value == "input"


def test_a_block_says_what_could_not_be_measured() -> None:
    book = sample("failures")

    assert any("the flatbuffer failed (at byte 12)" in text for text in book.texts("broken"))
    assert book.value("broken", "A3") == "Not readable"
    notes = [text for text in book.texts("untimed") if text.startswith("Operators not timed")]
    assert notes == [
        "Operators not timed: LiteRT crashed (signal 11).\n"
        "Accuracy not measured: no data file has an input `image`.\n"
        "Runs on TFLM and TFLM with CMSIS-NN.\n"
        "Measured with the default signature `serving_default`."
    ]
    summary = book.texts("Summary")
    assert "4 models could not be measured in full; the last column says why." in summary
    assert any(text.startswith("Latency not measured: LiteRT does not run") for text in summary)


def test_select_operators_are_in_the_title_and_held_against_the_model_without_them() -> None:
    plain = model("plain.tflite", "dynamic", 40, application="car_sensor")
    select = model("select.tflite", "dynamic", 48, None, application="car_sensor")
    first = dataclasses.replace(select.operators[0], name="FlexConv2D")
    select = dataclasses.replace(select, operators=(first, *select.operators[1:]))

    book = rendered(plain, select)

    assert book.value("CarSensor", "A3") == "Dynamic Range (8-bit int) with Selected Ops"
    assert (
        "Needs Select operators (FlexConv2D), which are TensorFlow's own. Its dynamic tensors take "
        "1.2 times those of plain.tflite, which has built-in operators only."
    ) in book.value("CarSensor", "L3")


def test_noise_is_told() -> None:
    said = sample("whole").value("gesture", "L3")
    assert "Noisy: spread 17.0 %, load 2.40 before" in said


def test_an_interrupted_run_says_so() -> None:
    assert any(text.startswith("Interrupted") for text in sample("interrupted").texts("Summary"))
    assert any(text.startswith("Interrupted") for text in sample("none").texts("Summary"))


def test_charts_are_native_and_of_what_was_measured() -> None:
    charts = [text for name, text in parts(written("whole")).items() if "/chart" in name]
    titles = [
        "Size of the file and its weights",
        "Latency of one inference",
        "Accuracy by size, with intervals of 95 %",
        "RAM on microcontrollers",
    ]

    found = [title for title in titles for chart in charts if f"<a:t>{title}</a:t>" in chart]
    assert found == titles
    # Figures are in the file, for programs that do not look them up in the sheets.
    assert all("<c:numCache>" in chart for chart in charts)


def test_the_budget_is_in_the_chart_where_there_is_one() -> None:
    from tests.report.memory_reports import classifier, reported

    row = dataclasses.replace(
        model("a.tflite", "int8"), memory=reported(classifier(), "cortex-m55:ram=8K,flash=1M")
    )
    data = bench_xlsx.render(BenchReport((row,), MACHINE, STARTED))

    assert any("and what the target has" in text for text in parts(data).values())
    assert 8 in [cell.value for sheet, cell in read(data).cells() if sheet == "Charts"]


def test_pages_are_set_up_to_be_printed() -> None:
    sheet = sample("whole").sheet("MotionSense")

    assert sheet.freeze_panes == "B3"
    assert sheet.print_title_rows == "$1:$2"
    assert sheet.page_setup.orientation == "landscape"
    # One page wide is what the format has for a width that is not given.
    assert sheet.page_setup.fitToWidth in (None, 1)
    assert sheet.page_setup.fitToHeight == 0
    assert sheet.print_area == f"'MotionSense'!$A$1:$L${sheet.max_row}"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet["E3"].number_format == "#,##0.00"
    assert sheet["K3"].number_format == "#,##0"


def test_about_has_the_machine_and_the_meaning_of_columns() -> None:
    texts = sample("whole").texts("About")

    assert {"AMD EPYC", "LiteRT 2.3.0", "xnnpack", STARTED} <= set(texts)
    assert "Dynamic Tensors Memory Allocation (KB)" in texts


@every_report
def test_the_same_report_is_the_same_file(name: str) -> None:
    assert bench_xlsx.render(BENCH_REPORTS[name]()) == written(name)


@pytest.mark.parametrize("started", [STARTED, "2026-11-23T08:41:07Z", "2026-11-23T08:41:07"])
def test_the_time_of_the_report_is_that_of_the_file(started: str) -> None:
    data = bench_xlsx.render(BenchReport((), MACHINE, started))

    assert parts(data)["docProps/core.xml"].count("2026-11-23T08:41:07Z") == 2


@pytest.mark.parametrize("started", ["", "yesterday", "0001-01-01T00:00:00+23:59"])
def test_a_time_that_is_none_does_not_keep_the_file_from_being_the_same(started: str) -> None:
    report = BenchReport((), MACHINE, started)

    assert bench_xlsx.render(report) == bench_xlsx.render(report)


def test_figures_that_are_none_leave_cells_empty() -> None:
    row = model("a.tflite", "int8")
    assert row.latency
    broken = dataclasses.replace(
        row.latency, init=float("nan"), first=float("inf"), warmup_avg=None
    )

    book = rendered(dataclasses.replace(row, latency=broken))

    assert [book.value("a", f"{letter}3") for letter in "BCD"] == [None, None, None]


def test_more_tensors_than_a_block_lists_are_in_its_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_xlsx_layout, "MOST_LISTED", 2)
    row = model("a.tflite", "int8")

    book = rendered(row)

    assert book.value("a", "J5") == "1 more, see the sheet of tensors"
    assert book.value("a", "I3") == pytest.approx((row.dynamic_bytes or 0) / 1000)
    assert book.computed("a", book.sheet("a")["I3"].value) == book.value("a", "I3")


def test_lists_that_are_cut_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_xlsx_lists, "MOST_ROWS", 5)
    rows = [model(f"{i}.tflite", "int8") for i in range(3)]

    book = rendered(*rows)

    assert book.value("Operators", "D1").startswith("7 more rows are left out")
    assert book.value("Tensors", "D1").startswith("19 more rows are left out")
    assert book.sheet("Operators").max_row == 3 + 5
    # Multiply-accumulates are a sum over the list only where the list has them all.
    assert str(book.sheet("0")["R3"].value).startswith("=SUM('Operators'!")
    assert book.value("1", "R3") == book.sheet("1")["R3"].value == rows[1].macs
    for sheet, cell in book.cells():
        if cell.data_type == "f":
            computed = book.computed(sheet, cell.value)
            assert book.value(sheet, cell.coordinate) == pytest.approx(computed)


def test_sheets_stay_below_the_rows_that_the_format_has() -> None:
    from tflint.report.bench_xlsx_book import ROWS

    highest = bench_xlsx_layout.MOST_LISTED + 1 + bench_xlsx_layout.MOST_LINES
    assert bench_xlsx_layout.MOST_BLOCKS * highest + bench_xlsx_layout.HEADER_ROWS < ROWS
    assert bench_xlsx_lists.MOST_ROWS + bench_xlsx_lists.TOP < ROWS


def test_many_models_share_sheets_from_some_number_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_xlsx_layout, "MOST_SHEETS", 2)
    monkeypatch.setattr(bench_xlsx_layout, "MOST_BLOCKS", 3)

    book = rendered(*(model(f"{letter}.tflite", "int8") for letter in "abcdefg"))

    names = book.formulas.sheetnames
    assert names[1:5] == ["a", "b", "Further models", "Further models (2)"]
    assert len(block_rows(book, "Further models")) == 3
    assert len(block_rows(book, "Further models (2)")) == 2


def test_three_hundred_models_are_written_in_seconds() -> None:
    row = model("x.tflite", "int8")
    rows = [dataclasses.replace(row, path=f"{i}/model.tflite") for i in range(300)]

    book = rendered(*rows)

    assert "model (200)" in book.formulas.sheetnames
    assert book.value("Summary", "E306") == 300 * row.file_bytes


def test_batch_normalisation_of_its_own_is_told_with_what_it_allocates() -> None:
    from tests.report.memory_reports import reported
    from tflint.model.builder import ModelBuilder
    from tflint.model.schema import AddOptions, MulOptions

    made = ModelBuilder()
    x = made.input((1, 4))
    scale = made.constant((4,))
    y = made.tensor((1, 4), name="net/batch_normalization/FusedBatchNormV3")
    z = made.tensor((1, 4), name="net/batch_normalization/FusedBatchNormV31")
    folded = made.tensor((1, 4), name="net/relu;net/batch_normalization/FusedBatchNormV3")
    made.operator("MUL", [x, scale], [y], MulOptions())
    made.operator("ADD", [y, scale], [z], AddOptions())
    made.operator("ADD", [z, scale], [folded], AddOptions())
    made.output(folded)
    tensors = tuple(TensorRow(0, i, f"t{i}", (1, 4), "float32", 16, "activation") for i in range(4))
    row = dataclasses.replace(
        model("a.tflite", "float32"), tensors=tensors, memory=reported(made.build())
    )

    assert (
        "Batch normalisation takes 2 operators of its own, whose outputs are 32 bytes, 50 % of the "
        "dynamic tensors; folded into the layer before, it takes none."
    ) in rendered(row).value("a", "L3")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)

    for call in (FORMATS["xlsx"].require, lambda: FORMATS["xlsx"].document(whole())):
        with pytest.raises(MissingExtra, match=r"xlsx.*pip install 'tflint\[report\]'"):
            call()


def test_what_is_installed_is_not_asked_for() -> None:
    for format in FORMATS.values():
        if all(sys.modules.get(package, True) for package in format.packages):
            pytest.importorskip("matplotlib")
            format.require()


@pytest.mark.shared
def test_the_seed_models_have_the_figures_of_the_published_sheets(
    shared_models: list[Path],
) -> None:
    """MotionSense reduced, dynamic range: see the facts about the original's workbook."""
    from tflint.bench.inventory import tensors_of, weights_of
    from tflint.lint.context import LintedModel
    from tflint.model.reader import parse_model
    from tflint.target.target import find_target

    (path,) = (path for path in shared_models if path.match("MotionSense/reduced_drange.tflite"))
    context = LintedModel(find_target("tflm"), parse_model(path.read_bytes()))
    row = BenchedModel(
        path="MotionSense/reduced_drange.tflite",
        file_bytes=8416,
        application="motion_sense",
        quantization="dynamic",
        weights=weights_of(context),
        tensors=tensors_of(context),
    )
    book = rendered(row)

    sizes = [book.value("MotionSense", f"K{3 + i}") for i in range(7)]
    assert sizes == [115_200, 28_800, 6_272, 1_152, 1_152, 64, 12]
    assert book.value("MotionSense", "G3") == 4_997
    assert round(book.value("MotionSense", "H3"), 2) == 6.02
    assert book.value("MotionSense", "I3") == pytest.approx(sum(sizes) / 1000)
