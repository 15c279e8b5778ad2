"""The peers: what they are installed from, how they are called, how their answers are read.

Each is called as its documentation says, with the largest board that it knows where it needs one,
so that no answer is about size. Nothing here judges quality: an answer is an exit code or a line
that the tool prints in a fixed form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from benchmarks.peer_arenas import (
    ArenaCall,
    Held,
    Truth,
    mcufit_check,
    read_helia_module,
    tflint_memory,
)
from benchmarks.peer_models import CMSIS_NN, REFERENCE
from benchmarks.process import Run


class Verdict(Enum):
    """What a tool says about a model on a microcontroller."""

    RUNS = "runs"
    FAILS = "fails"
    ELSEWHERE = "asks something else"
    NONE = "no answer"


@dataclass(frozen=True)
class Answer:
    """A verdict, and what was said with it: operator and cause (None where the tool names none)."""

    verdict: Verdict
    operator: str | None = None
    cause: str | None = None
    advice: str | None = None


@dataclass(frozen=True)
class Tool:
    """A peer.

    `question` is what it answers. `call` gets the folder of its programs, the model and a scratch
    folder that exists. `needs` is a program that has to be on PATH; with `hide_path` nothing is but
    the tool's own environment. `arenas` are the calls that ask it for RAM.
    """

    name: str
    question: str
    requirements: tuple[str, ...]
    call: Callable[[Path, Path, Path], list[str]]
    read: Callable[[Run], Answer]
    distribution: str
    shown_call: str
    prepare: tuple[tuple[str, ...], ...] = ()
    needs: str | None = None
    hide_path: bool = False
    environment: str = ""
    arenas: tuple[ArenaCall, ...] = ()


def first(pattern: str, text: str) -> str | None:
    """The first group of the first match, in one line."""
    match = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    return None if match is None else " ".join(match[1].split())


def read_tflint(run: Run) -> Answer:
    """Exit code 1: an error, which by definition means that it fails on the target."""
    if run.code not in (0, 1):
        return Answer(Verdict.NONE)
    if run.code == 0:
        return Answer(Verdict.RUNS)
    error = first(r"^ +(error +TFL\d+ .*?)(?=^ +(?:error|warning|info) +TFL|\Z)", run.output) or ""
    return Answer(
        Verdict.FAILS,
        first(r"\[([A-Z]\w+ #\d+)\]", error),
        first(r"(TFL\d+ [\w-]+)", error),
        first(r"(repair \(\w+\): .*)", error),
    )


def read_mcufit(run: Run) -> Answer:
    """0 fits, 1 does not fit, 2 TFLM could not allocate it (or the file could not be read)."""
    if run.code == 0:
        return Answer(Verdict.RUNS)
    if run.code == 1 and "WON'T FIT" in run.output:
        return Answer(Verdict.FAILS, cause=first(r"(WON'T FIT[^│\n]*)", run.output))
    if run.code == 2 and "TFLM benchmark failed" in run.output:
        said = first(r"^-{20}\n.*OPTIMIZATION=.*?-{20}\n(.*)", run.output)
        return Answer(Verdict.FAILS, first(r"Node (\w+ \(number \d+\))", run.output), said)
    return Answer(Verdict.NONE)


def read_helia(run: Run) -> Answer:
    """0 wrote C, 1 says after `Error:` why not, with a `hint:`."""
    if run.code == 0:
        return Answer(Verdict.RUNS)
    cause = first(r"^Error: (.*?)(?=^ *hint:|\Z)", run.output)
    if cause is None or "Traceback" in run.output:
        return Answer(Verdict.NONE)
    advice = first(r"^ *hint: (.*)", run.output)
    return Answer(
        Verdict.FAILS, first(r"\b([A-Z][A-Z0-9]+_?[A-Z0-9_]{2,})\b", cause), cause, advice
    )


def read_vela(run: Run) -> Answer:
    """How many operators the NPU takes; the others are left to a CPU runtime, unexamined."""
    share = first(r"^NPU operators = \d+ \(([\d.]+)%\)", run.output)
    if run.code != 0 or share is None:
        return Answer(Verdict.NONE)
    return Answer(
        Verdict.ELSEWHERE,
        first(r"operator: (\w+), ofm", run.output),
        first(r"^Reason: ([^\n]*)", run.output) or f"NPU operators {share} %",
    )


def read_mlia(run: Run) -> Answer:
    """The share of operators on the NPU, a table of those that it refuses, a table of advice."""
    share = first(r"accelerator_operator_percentage │ ([\d.]+)", run.output)
    if run.code != 0 or share is None:
        return Answer(Verdict.NONE)
    operator = first(r"operator/\d+ +│ fail +│ (\S+)", run.output)
    advice = first(r"^Advice:\n Severity[^\n]*\n +(?:info|warning|error) +\w+ +(.*)", run.output)
    return Answer(Verdict.ELSEWHERE, operator, f"{share} % of operators on the NPU", advice)


def helia_convert(programs: Path, model: Path, scratch: Path) -> list[str]:
    return [
        *(str(programs / "helia-aot"), "convert", "--force"),
        *("--model.path", str(model), "--module.path", str(scratch / "module.zip")),
    ]


NPU = "ethos-u55-128"
MCUFIT_BOARD = "portenta-h7"

# The same on a core whose compiler makes enums 4 bytes long, as mcufit's WebAssembly does.
TFLINT_ESP32 = tflint_memory("esp32", "tflm", "TFLM for an ESP32, reference kernels")
MCUFIT_NODE = mcufit_check(
    MCUFIT_BOARD,
    "tflm-wasm32-measurement",
    "TFLM as WebAssembly (32 bits, enums of 4 bytes, the recording allocator), of a version that "
    "it does not print; the same for every board",
)

TFLINT = Tool(
    "tflint",
    "does it run on TFLM, what does it cost, what repairs it",
    (),  # this checkout
    lambda programs, model, _: [str(programs / "tflint"), "check", str(model)],
    read_tflint,
    "tflint",
    "tflint check MODEL",
    arenas=(
        tflint_memory(
            *("cortex-m4", "tflm", "TFLM for a Cortex-M4, reference kernels"),
            Held("arena_bytes", REFERENCE, Truth.USED),
            Held("min_arena_bytes", REFERENCE, Truth.SMALLEST),
        ),
        tflint_memory(
            *("cortex-m4", "tflm-cmsis-nn", "TFLM for a Cortex-M4, CMSIS-NN"),
            Held("arena_bytes", CMSIS_NN, Truth.USED),
            Held("min_arena_bytes", CMSIS_NN, Truth.SMALLEST),
        ),
        TFLINT_ESP32,
    ),
)
PEERS = (
    Tool(
        "mcufit, with Node",
        "does it fit a board: TFLM itself, compiled to WebAssembly, allocates it",
        ("mcufit",),
        lambda programs, model, _: [
            *(str(programs / "mcufit"), "check", str(model), "--board", MCUFIT_BOARD)
        ],
        read_mcufit,
        "mcufit",
        f"mcufit check MODEL --board {MCUFIT_BOARD}",
        needs="node",
        environment="mcufit",
        arenas=(MCUFIT_NODE,),
    ),
    Tool(
        "mcufit, without Node",
        "does it fit a board: an estimate from tensor lifetimes",
        ("mcufit",),
        lambda programs, model, _: [
            *(str(programs / "mcufit"), "check", str(model), "--board", MCUFIT_BOARD)
        ],
        read_mcufit,
        "mcufit",
        f"mcufit check MODEL --board {MCUFIT_BOARD}",
        hide_path=True,
        environment="mcufit",
        arenas=(
            mcufit_check(
                *(MCUFIT_BOARD, "static-lifetime-analysis"),
                "no build of TFLM: an estimate, with margins of its own",
            ),
        ),
    ),
    Tool(
        "heliaAOT",
        "can it be compiled to C with Ambiq's kernels, which are not TFLM's",
        ("helia-aot",),
        helia_convert,
        read_helia,
        "helia-aot",
        "helia-aot convert --force --model.path MODEL --module.path OUT.zip",
        environment="helia-aot",
        arenas=(
            ArenaCall(
                "generated C, which is not TFLM: for Cortex-M55, without the weights that it too "
                "places in RAM",
                "helia-aot convert --force --model.path MODEL --module.path OUT.zip",
                helia_convert,
                read_helia_module,
            ),
        ),
    ),
    Tool(
        "Vela",
        "which operators does an Ethos-U NPU take; the rest is left to the CPU",
        ("ethos-u-vela",),
        lambda programs, model, scratch: [
            *(str(programs / "vela"), "--accelerator-config", NPU),
            *("--output-dir", str(scratch), str(model)),
        ],
        read_vela,
        "ethos-u-vela",
        f"vela --accelerator-config {NPU} --output-dir OUT MODEL",
        environment="ethos-u-vela",
    ),
    Tool(
        "MLIA",
        "the same question, answered through Vela, with advice",
        ("mlia", "mlia-ethos-u"),
        lambda programs, model, scratch: [
            *(str(programs / "mlia"), "check", str(model), "--target-profile", NPU),
            *("--output-dir", str(scratch), "--noninteractive"),
        ],
        read_mlia,
        "mlia",
        f"mlia check MODEL --target-profile {NPU} --output-dir OUT --noninteractive",
        prepare=(("mlia", "backend", "install", "vela", "--noninteractive"),),
        environment="mlia",
    ),
)
