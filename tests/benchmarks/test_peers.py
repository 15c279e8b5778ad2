"""The comparison with other tools: how answers are read, and what they are held against."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from benchmarks.peer_arenas import Deviation, deviation
from benchmarks.peer_models import (
    CMSIS_NN,
    EXAMPLES,
    REFERENCE,
    Arena,
    Model,
    damaged,
    example_models,
    shared_models,
)
from benchmarks.peer_tables import Peer, arena_section, details, outcome, report
from benchmarks.peer_tools import MCUFIT_NODE, PEERS, TFLINT, TFLINT_ESP32, Answer, Tool, Verdict
from benchmarks.peers import BEGIN, END, ask_for_arenas, install
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


# How figures for RAM are read

MCUFIT_SAID = """{
  "model": {
    "file_size_bytes": 53936
  },
  "estimate": {
    "peak_activation_bytes": 16000,
    "overhead_bytes": 8908,
    "margin_bytes": 0,
    "total_arena_bytes": 24908,
    "peak_layer_index": -1,
    "method": "tflm-wasm32-measurement",
    "caveat": "reads about 2,128 B high against a real ESP32"
  },
  "fits": true
}
"""
HELIA_TENSORS = """
#define aot_arena_dtcm_size  19344
#define aot_arena_dtcm_alignment  16
#define aot_arena_const_dtcm_size  29088
#define aot_arena_const_dtcm_alignment  16
"""


@pytest.mark.parametrize("name", [name for name, runs in EXAMPLES.items() if runs])
def test_our_own_arena_is_read_from_real_output(name: str, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(write_model(MODELS[name]()))
    reference, cmsis_nn, esp32 = TFLINT.arenas

    figures = []
    for question in (reference, cmsis_nn, esp32):
        program, *arguments = question.call(Path("programs"), path, tmp_path)
        assert program == str(Path("programs", "tflint"))
        result = tflint(*arguments)
        figures.append(question.read(run(result.stdout + result.stderr, result.code), tmp_path))

    for found in figures:
        assert found.keys() == {"arena_bytes", "min_arena_bytes"}
        assert 0 < found["arena_bytes"] <= found["min_arena_bytes"]
    # Longer enums take more.
    assert figures[0]["arena_bytes"] < figures[2]["arena_bytes"]


def test_our_own_arena_is_not_taken_for_a_model_that_does_not_run(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(write_model(MODELS["motion_dynamic_range"]()))
    question = TFLINT.arenas[0]

    result = tflint(*question.call(Path(), path, tmp_path)[1:])

    assert '"runnable": false' in result.stdout
    assert question.read(run(result.stdout, result.code), tmp_path) == {}


@pytest.mark.parametrize(
    ("tool", "output", "figures"),
    [
        ("mcufit, with Node", MCUFIT_SAID, {"total_arena_bytes": 24908}),
        ("mcufit, with Node", f"Note: slow\n{MCUFIT_SAID}", {"total_arena_bytes": 24908}),
        # It fell back on the other way; and that is no figure of the first.
        ("mcufit, without Node", MCUFIT_SAID, {}),
        (
            "mcufit, without Node",
            MCUFIT_SAID.replace("tflm-wasm32-measurement", "static-lifetime-analysis"),
            {"total_arena_bytes": 24908},
        ),
        ("mcufit, with Node", "TFLM benchmark failed on this model (exit 1):\n{", {}),
        ("mcufit, with Node", '{"estimate": null}', {}),
        ("mcufit, with Node", "", {}),
    ],
)
def test_the_figure_of_mcufit(
    tool: str, output: str, figures: dict[str, int], tmp_path: Path
) -> None:
    (question,) = TOOLS[tool].arenas

    assert question.read(run(output), tmp_path) == figures


def test_the_figure_of_helia_is_in_the_generated_header(tmp_path: Path) -> None:
    (question,) = TOOLS["heliaAOT"].arenas
    with zipfile.ZipFile(tmp_path / "module.zip", "w") as module:
        module.writestr("helia_aot_nn/includes-api/aot_tensors.h", HELIA_TENSORS)
        module.writestr("helia_aot_nn/src/aot_tensors.c", "#define aot_arena_x_size 7\n")

    assert dict(question.read(run(), tmp_path)) == {"aot_arena_*_size": 19344}
    assert question.read(run(code=1), tmp_path) == {}
    assert question.read(run(), tmp_path / "nothing was written") == {}


def test_every_model_is_asked_about_in_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "helia-aot").write_text(
        f"#!{sys.executable}\nimport sys, zipfile\n"
        "with zipfile.ZipFile(sys.argv[-1], 'x') as module:\n"
        f"    module.writestr('x_tensors.h', {HELIA_TENSORS!r})\n"
    )
    (tmp_path / "helia-aot").chmod(0o755)
    tool = TOOLS["heliaAOT"]
    found = Peer(tool, programs=tmp_path)

    ask_for_arenas(found, MODEL_LIST, tmp_path)

    sizes = {name: dict(figures) for (_, name), figures in found.arenas.items()}
    assert sizes == {name: {"aot_arena_*_size": 19344} for name in ("good", "bad")}


def test_how_far_figures_are_from_the_truth() -> None:
    assert deviation([(110, 100), (200, 200), (30, 40), (50, 40)]) == Deviation(
        models=4,
        exact=1,
        below=1,
        least=0,
        median=10,
        largest=10,
        median_share=0.175,
        largest_share=0.25,
    )
    assert deviation([]) is None


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


def test_the_measured_arenas_go_with_the_model(tmp_path: Path) -> None:
    (tmp_path / "facts").mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.tflite").write_bytes(b"")
    reference = {"ok": True, "arena": 676, "min_arena": 1072}
    facts = tmp_path / "facts" / "arena-cortex-m4.json"
    measured = {"m.tflite": {"m4_ref": reference, "m4_cmsis": {"ok": False}}}
    facts.write_text(json.dumps({"models": measured}))

    (model,) = shared_models(tmp_path)

    assert model.arenas == {REFERENCE: Arena(used=676, smallest=1072)}


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


def test_the_arenas_in_the_report() -> None:
    truth = {REFERENCE: Arena(1000, 1040), CMSIS_NN: Arena(2000, 2000)}
    models = [Model("a", Path("a"), True, truth), Model("b", Path("b"), True, truth)]
    models.append(Model("refused", Path("c"), False))
    ours, theirs, helia = Peer(TFLINT), Peer(TOOLS["mcufit, with Node"]), Peer(TOOLS["heliaAOT"])
    reference, _, esp32 = TFLINT.arenas
    for name in ("a", "b"):
        ours.arenas[reference, name] = {"arena_bytes": 1000, "min_arena_bytes": 1040}
        ours.arenas[esp32, name] = {"arena_bytes": 1020, "min_arena_bytes": 1040}
    theirs.arenas[MCUFIT_NODE, "a"] = {"total_arena_bytes": 1030}
    helia.arenas[helia.tool.arenas[0], "b"] = {"aot_arena_*_size": 768}

    text = "\n".join(arena_section([ours, theirs, helia], models))

    used = "`arena_used_bytes()`, reference kernels"
    assert "On the 2 models that TFLM runs" in text
    assert f"| tflint | `arena_bytes` | {used} | 2 | 2 | 0 | 0 | 0 | 0.0% | 0.0% | 0 |" in text
    # Not asked with CMSIS-NN: no figure is not an exact one.
    assert "| tflint | `arena_bytes` | `arena_used_bytes()`, CMSIS-NN | 0 | – | –" in text
    head = "| mcufit, with Node | `total_arena_bytes` |"
    assert f"{head} {used} | 1 | 0 | 30 | 30 | 30 | 3.0% | 3.0% | 0 |" in text
    # As an arena, it is too small.
    assert (
        f"{head} smallest that works, reference kernels | 1 | 0 | 10 | 10 | 10 | 1.0% | 1.0% | 1 |"
    ) in text
    assert "| a | 1,000 | 1,040 | 1,000 | 1,040 | 1,030 | – |" in text
    assert "| b | 1,000 | 1,040 | 1,000 | 1,040 | – | 768 |" in text
    assert "| refused" not in text
    assert "heliaAOT (another runtime) |" in text
    assert "10 bytes on 1 of 1 models, 10 to 10 on all." in text
    assert TFLINT_ESP32.shown_call in text


def test_without_measured_arenas_nothing_is_held_against_them() -> None:
    ours = Peer(TFLINT)
    ours.arenas[TFLINT.arenas[0], "good"] = {"arena_bytes": 1000, "min_arena_bytes": 1040}

    text = "\n".join(arena_section([ours], MODEL_LIST))

    assert "was not measured for these models" in text
    assert "| good | – | – | 1,000 | 1,040 |" in text
    assert "exact" not in text


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
        for question in tool.arenas:
            assert f"- {tool.name}, `{question.shown_call}`: {question.build}\n" in measured
    assert page.count(BEGIN) == page.count(END) == 1
