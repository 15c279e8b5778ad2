"""The comparison with other tools: how answers are read, and what they are held against."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.peer_models import EXAMPLES, Model, damaged, example_models, shared_models
from benchmarks.peer_tables import Peer, details, outcome, report
from benchmarks.peer_tools import PEERS, TFLINT, Answer, Tool, Verdict
from benchmarks.peers import BEGIN, END, install
from benchmarks.process import Run, measure
from examples.build import MODELS
from tests.cli.program import environment, tflint
from tests.conftest import ROOT
from tests.tflm_worker import runs_on_tflm
from tflint.model.writer import write_model

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs os.wait4")

GOOD = write_model(MODELS["motion_int8"]())
DAMAGED = damaged(GOOD)
TOOLS = {tool.name: tool for tool in (TFLINT, *PEERS)}


def run(
    output: str = "", code: int = 0, cpu: float = 0.1, peak: int = 30 * 2**20, late: bool = False
) -> Run:
    return Run(cpu=cpu, wall=cpu, peak=peak, code=code, timed_out=late, output=output)


def read(tool: str, output: str, code: int) -> Answer:
    return TOOLS[tool].read(run(output, code))


# How answers are read


@pytest.mark.parametrize(("name", "runs"), EXAMPLES.items())
def test_our_own_answer_is_read_from_real_output(name: str, runs: bool, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(write_model(MODELS[name]()))
    result = tflint("check", str(path), COLUMNS="200")

    answer = read("tflint", result.stdout + result.stderr, result.code)

    assert answer.verdict is (Verdict.RUNS if runs else Verdict.FAILS)
    if not runs:
        assert answer.operator in ("FlexConv2D #0", "CONV_2D #0")
        assert answer.cause is not None
        assert answer.cause.startswith("TFL")
        assert answer.advice is not None


def test_the_first_error_is_read_and_not_a_warning_before_it() -> None:
    output = (
        "m.tflite\n\n  warning TFL303 dense-dominates\n      [FULLY_CONNECTED #5]\n"
        "      repair: pool\n\n  error   TFL204 hybrid-kernel\n      a > [CONV_2D #0] > b\n"
    )

    answer = read("tflint", output, 1)

    assert answer == Answer(Verdict.FAILS, "CONV_2D #0", "TFL204 hybrid-kernel", None)


@pytest.mark.parametrize(
    ("output", "code", "answer"),
    [
        ("│ FITS │", 0, Answer(Verdict.RUNS)),
        (
            "│ WON'T FIT - needs ~309 KB RAM │",
            1,
            Answer(Verdict.FAILS, cause="WON'T FIT - needs ~309 KB RAM"),
        ),
        (
            f"TFLM benchmark failed on this model\n{'-' * 20}\nOPTIMIZATION=none\n{'-' * 20}\n"
            "Hybrid.\nNode CONV_2D (number 2) failed to prepare\n",
            2,
            Answer(
                Verdict.FAILS,
                "CONV_2D (number 2)",
                "Hybrid. Node CONV_2D (number 2) failed to prepare",
            ),
        ),
        ("m.tflite is not a valid .tflite file", 2, Answer(Verdict.NONE)),
    ],
)
def test_mcufit(output: str, code: int, answer: Answer) -> None:
    assert read("mcufit, with Node", output, code) == answer


@pytest.mark.parametrize(
    ("output", "code", "answer"),
    [
        ("Results", 0, Answer(Verdict.RUNS)),
        (
            "Plan\nError: FULLY_CONNECTED float path\nrequires int8.\n  hint: Ensure\nit.\n",
            1,
            Answer(
                Verdict.FAILS,
                "FULLY_CONNECTED",
                "FULLY_CONNECTED float path requires int8.",
                "Ensure it.",
            ),
        ),
        ("Traceback (most recent call last)\nError: x", 1, Answer(Verdict.NONE)),
        ("", 1, Answer(Verdict.NONE)),
    ],
)
def test_helia(output: str, code: int, answer: Answer) -> None:
    assert read("heliaAOT", output, code) == answer


def test_vela_and_mlia_ask_something_else() -> None:
    vela = "operator: RELU, ofm: 'x'\nReason: Float32\nNPU operators = 0 (0.0%)\n"
    mlia = (
        "│ accelerator_operator_percentage │ 0     │ %    │\n"
        "│ npu_support_source_operator/operator/0 │ fail   │ conv │\n"
        "Advice:\n Severity  Category  Message\n warning   compatibility  Choose another.\n"
    )

    assert read("Vela", vela, 0) == Answer(Verdict.ELSEWHERE, "RELU", "Float32")
    assert read("Vela", "Segmentation fault", -11) == Answer(Verdict.NONE)
    answer = read("MLIA", mlia, 0)
    assert (answer.verdict, answer.operator) == (Verdict.ELSEWHERE, "conv")
    assert answer.advice == "Choose another."


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (run("no model", 1), "message"),
        (run("", 1), "silent"),
        (run("fine", 0), "accepted"),
        (run("a\nTraceback (most recent call last):\n", 1), "traceback"),
        (run("", -11), "crash (SIGSEGV)"),
        (run("", -9, late=True), "time-out"),
    ],
)
def test_how_a_damaged_file_was_taken(found: Run, word: str) -> None:
    assert outcome(found) == word


# The truth


def test_the_truth_about_the_examples_is_that_of_tflm(tmp_path: Path) -> None:
    assert EXAMPLES.keys() == MODELS.keys()
    models = example_models(tmp_path)
    for model in models:
        model.path.write_bytes(write_model(MODELS[model.name]()))

    ran = [ran for ran, _ in runs_on_tflm([model.path for model in models])]

    assert ran == [model.runs for model in models]


def test_shared_models_are_those_with_a_file_and_a_measurement(tmp_path: Path) -> None:
    (tmp_path / "facts").mkdir()
    (tmp_path / "models").mkdir()
    measured = {
        "b.tflite": {"m4_ref": {"ok": True}},
        "a.tflite": {"m4_ref": {"ok": False}},
        "gone.tflite": {"m4_ref": {"ok": True}},
    }
    facts = tmp_path / "facts" / "arena-cortex-m4.json"
    facts.write_text(json.dumps({"models": measured}))
    for name in ("a.tflite", "b.tflite", "unmeasured.tflite"):
        (tmp_path / "models" / name).write_bytes(b"")

    assert [(model.name, model.runs) for model in shared_models(tmp_path)] == [
        ("a.tflite", False),
        ("b.tflite", True),
    ]
    assert shared_models(tmp_path / "nowhere") == []


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_one(case: str, tmp_path: Path) -> None:
    """LiteRT, which is not ours, refuses it too."""
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    path = tmp_path / "m.tflite"
    code = (
        "import sys; from ai_edge_litert.interpreter import Interpreter; "
        "i = Interpreter(model_path=sys.argv[1]); i.allocate_tensors(); i.invoke(); print('ran')"
    )
    command = [sys.executable, "-c", code, str(path)]
    path.write_bytes(DAMAGED[case])

    found = measure(command, variables=environment())

    assert found.code != 0
    assert "ran" not in found.output.split()


def test_what_was_damaged_was_good(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(GOOD)

    assert tflint("check", str(path)).code == 0
    assert len(set(DAMAGED.values()) | {GOOD}) == len(DAMAGED) + 1


# The tables


MODEL_LIST = [Model("good", Path("good"), True), Model("bad", Path("bad"), False)]


def peer(name: str, bad: Run, good: Run) -> Peer:
    found = Peer(TOOLS[name], version="1.2", python="3.12.1")
    found.runs = {"good": [good], "bad": [bad]}
    found.damaged = {"empty": run("no", 2)}
    return found


def test_the_report() -> None:
    ours = peer("tflint", run("error TFL204 hybrid\n  [CONV_2D #0]", 1), run(cpu=0.2))
    vela = "NPU operators = 0 (0.0%)\n"
    other = peer("Vela", run(vela, cpu=0.2), run(vela, cpu=0.8))
    gone = Peer(TOOLS["MLIA"], missing="ERROR: no wheel")

    lines = report([ours, other, gone], MODEL_LIST, 1, run(cpu=0.25))

    text = "\n".join(lines)
    assert "2 models, of which TFLM refuses 1 and runs 1." in text
    assert f"| tflint 1.2 | {TFLINT.question} | 1 of 1 | 0 of 1 | 0 of 1 | 1 of 1 |" in text
    assert f"| Vela 1.2 | {TOOLS['Vela'].question} | – | (0 of 1) | (0 of 1) | – |" in text
    assert f"| MLIA | {TOOLS['MLIA'].question} | not measured: ERROR: no wheel |" in text
    # 0.2 / 0.1 and 0.8 / 0.2: the median of the ratios is 3.
    assert "| Vela | 500 | 500 | 30 | 3.0 |" in text
    assert "| empty | message | message |" in text
    assert "| MLIA | 500" not in text
    assert "250 ms CPU" in text


def test_details_name_every_tool_that_was_measured() -> None:
    ours = peer("tflint", run("", 1), run())
    gone = Peer(TOOLS["MLIA"], missing="why")

    assert details([ours, gone], MODEL_LIST) == [
        "good: runs on TFLM",
        "  tflint: runs",
        "bad: refused on TFLM",
        "  tflint: fails",
    ]


# Installing


def test_a_tool_that_cannot_be_installed_keeps_the_reason(tmp_path: Path) -> None:
    """No index is asked: the requirement is a folder that is not there."""
    tool = Tool("x", "?", (str(tmp_path / "nothing"),), TFLINT.call, TFLINT.read, "x", "x")

    found = install(tool, tmp_path, sys.executable)

    assert found.missing.startswith("ERROR: ")
    assert "nothing" in found.missing


def test_a_tool_whose_program_is_missing_keeps_the_reason(tmp_path: Path) -> None:
    tool = Tool(
        "x", "?", ("x",), TFLINT.call, TFLINT.read, "x", "x", needs="no-such-program-anywhere"
    )

    assert "no-such-program-anywhere" in install(tool, tmp_path, sys.executable).missing


def test_the_page_holds_a_run_of_every_tool() -> None:
    page = (ROOT / "docs" / "peers.md").read_text(encoding="utf-8")
    measured = page.split(BEGIN)[1].split(END)[0]

    for tool in TOOLS.values():
        assert f"\n| {tool.name} " in measured
        assert tool.question in measured
    assert page.count(BEGIN) == page.count(END) == 1
