"""The other commands, and what all have in common."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.program import environment, tflint
from tflint import __version__
from tflint.lint.registry import all_rules
from tflint.target.target import named_targets


def test_version() -> None:
    result = tflint("--version")

    assert (result.code, result.stdout, result.stderr) == (0, f"tflint {__version__}\n", "")


def test_help_names_every_command(call: Call) -> None:
    result = call("--help")

    assert result.code == 0
    for command in ("check", "rule", "explain", "targets"):
        assert f"  {command} " in result.stdout


def test_without_a_command_help_goes_to_stderr(call: Call) -> None:
    result = call()

    assert (result.code, result.stdout) == (2, "")
    assert "Commands:" in result.stderr
    assert not result.stderr.startswith("tflint: Usage")


@pytest.mark.parametrize("script", ["tflint", "tflite-lint"])
def test_both_scripts_are_the_program(script: str) -> None:
    path = shutil.which(script, path=str(Path(sys.executable).parent))
    if path is None:
        pytest.skip(f"the script `{script}` is not installed beside {sys.executable}")
    done = subprocess.run(
        [path, "--version"], capture_output=True, text=True, env=environment(), check=False
    )

    assert (done.returncode, done.stdout) == (0, f"tflint {__version__}\n")


# rule


def test_rule_lists_all(call: Call) -> None:
    result = call("rule")

    assert result.code == 0
    for rule in all_rules():
        assert f"{rule.meta.code} {rule.meta.name}" in result.stdout


@pytest.mark.parametrize("name", ["TFL204", "tfl204", "hybrid-kernel"])
def test_rule_shows_one(call: Call, name: str) -> None:
    result = call("rule", name)

    assert result.code == 0
    assert result.stdout.startswith("TFL204 hybrid-kernel")


def test_rule_as_json(call: Call) -> None:
    every = json.loads(call("rule", "--format", "json").stdout)
    one = json.loads(call("rule", "TFL204", "--format", "json").stdout)

    assert [rule["code"] for rule in every["rules"]] == [rule.meta.code for rule in all_rules()]
    assert one["schema"] == every["schema"] == 1
    assert one["rules"] == [rule for rule in every["rules"] if rule["code"] == "TFL204"]
    assert set(one["rules"][0]) >= {"code", "name", "severity", "fix", "summary", "documentation"}


# explain


def explained(call: Call, text: str) -> list[str]:
    """The codes of the rules whose pages come out."""
    result = call("explain", text)
    assert (result.code, result.stderr) == (0, "")
    heads = {f"{rule.meta.code} {rule.meta.name} ": rule.meta.code for rule in all_rules()}
    return [
        code
        for line in result.stdout.splitlines()
        for head, code in heads.items()
        if line.startswith(head)
    ]


@pytest.mark.parametrize("text", ["TFL204", "tfl204", "hybrid-kernel", " TFL204 "])
def test_explain_a_rule(call: Call, text: str) -> None:
    assert explained(call, text) == ["TFL204"]


@pytest.mark.parametrize("text", ["CONV_2D", "conv_2d", "conv2d", "Conv2D", "conv 2d"])
def test_explain_an_operator(call: Call, text: str) -> None:
    result = call("explain", text)

    assert result.code == 0
    assert result.stdout.startswith("CONV_2D  builtin operator 3\n")
    for runtime in ("TFLM", "TFLM with CMSIS-NN", "LiteRT"):
        assert f"\n{runtime}\n" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_explain_an_operator_without_a_kernel(call: Call) -> None:
    assert "no kernel" in call("explain", "GELU").stdout


# As runtimes print them: tflite-micro of 2026-08-20, LiteRT 2.
@pytest.mark.parametrize(
    ("printed", "codes"),
    [
        ("Hybrid models are not supported on TFLite Micro.", ["TFL204"]),
        ("Input type: FLOAT32 with filter type: INT8 not supported.", ["TFL204", "TFL205"]),
        ("Failed to get registration from op code CUSTOM", ["TFL201", "TFL202"]),
        ("Failed to get registration from op code GELU", ["TFL203"]),
        ("Didn't find op for builtin opcode 'GELU' version '1'", ["TFL203", "TFL206"]),
        (
            "tensorflow/lite/micro/kernels/dequantize_common.cc:43 input->type == kTfLiteInt8 || "
            "input->type == kTfLiteInt16 || input->type == kTfLiteUInt8 was not true.",
            ["TFL108"],
        ),
        ("Node DEQUANTIZE (number 1) failed to prepare with status 1", ["TFL108"]),
        (
            "tensorflow/lite/micro/kernels/conv_common.cc Hybrid models are not supported on "
            "TFLite Micro.\nNode CONV_2D (number 9) failed to prepare with status 1",
            ["TFL204"],
        ),
        ("Encountered unresolved custom op: MyWindow.", ["TFL202"]),
        ("FlexConv2D", ["TFL201"]),
        (
            "Regular TensorFlow ops are not supported by this interpreter. Make sure you invoke "
            "the Flex delegate before inference.",
            ["TFL201"],
        ),
        ("Model provided has model identifier 'ARCF', should be 'TFL3'", ["TFL002"]),
        ("The model is not a valid Flatbuffer buffer", ["TFL001"]),
        (
            "tensorflow/lite/micro/kernels/split.cc Non-constant >axis< tensor is not supported",
            ["TFL207"],
        ),
        (
            "tensorflow/lite/micro/kernels/pad_common.cc:52 IsConstantTensor(paddings) was not "
            "true.",
            ["TFL207"],
        ),
        ("Type INT64 (4) not supported.", ["TFL205"]),
        (
            "QuantizationParam has 1 zero_point values and 4 scale values. Must have same number."
            "Tensor 1 has invalid quantization parameters.",
            ["TFL006"],
        ),
        ("quantized_dimension must be in range [0, 4). Was 9.", ["TFL006"]),
        (
            "num_scales must be 1 for per-layer quantization, or 4 for per-axis quantization, "
            "but got 3.",
            ["TFL006"],
        ),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else "",
)
def test_explain_what_a_runtime_printed(call: Call, printed: str, codes: list[str]) -> None:
    assert explained(call, printed) == codes


def test_explain_takes_a_log_of_megabytes_in_its_stride(call: Call) -> None:
    noise = "I tensorflow: Nonconstant " * 4000

    assert explained(call, "Hybrid models are not supported on TFLite Micro.\n" + noise) == [
        "TFL204"
    ]


# targets


def test_targets_as_text(call: Call) -> None:
    result = call("targets")

    assert result.code == 0
    for name in named_targets():
        assert f"\n{name} " in result.stdout


def test_targets_as_json(call: Call) -> None:
    document = json.loads(call("targets", "--format", "json").stdout)

    assert document["schema"] == 1
    assert [target["name"] for target in document["targets"]] == list(named_targets())
    assert document["default"] in named_targets()
    fields = "name aliases description vendor part runtime core clock_hz fpu dsp mve flash_bytes "
    fields += "ram_bytes source note"
    assert set(document["targets"][0]) == set(fields.split())
    (board,) = json.loads(call("targets", "nrf52840-dk", "--format", "json").stdout)["targets"]
    assert (board["flash_bytes"], board["ram_bytes"]) == (1048576, 262144)
    assert (board["clock_hz"], board["fpu"], board["dsp"]) == (64_000_000, "single", True)


def test_one_target_is_shown_with_its_source(call: Call) -> None:
    result = call("targets", "stm32f746g-disco")

    assert result.code == 0
    assert result.stdout.startswith("stm32f746-disco  STMicroelectronics Discovery kit")
    assert "320.0 KiB (327,680 bytes)" in result.stdout
    assert "https://www.st.com/" in result.stdout
    assert "ITCM" in result.stdout


def test_targets_can_be_filtered(call: Call) -> None:
    result = call("targets", "espressif")

    assert result.code == 0
    assert "\nesp32-s3-devkitc " in result.stdout
    assert "nrf52840" not in result.stdout


def test_a_target_that_is_not_there(call: Call) -> None:
    result = call("targets", "nrf52841-dk")

    assert (result.code, result.stdout) == (2, "")
    assert "did you mean `nrf52840-dk`?" in result.stderr


# Output


def coloured(models: Path, *options: str, **variables: str) -> bool:
    return "\x1b[" in tflint("check", "error.tflite", *options, cwd=models, **variables).stdout


@pytest.mark.parametrize(
    ("options", "variables", "expected"),
    [
        ([], {}, False),
        (["--color", "auto"], {"FORCE_COLOR": "1"}, False),
        (["--color", "never"], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "always"], {"TERM": "dumb"}, True),
    ],
)
def test_colour_into_a_pipe(
    models: Path, options: list[str], variables: dict[str, str], expected: bool
) -> None:
    assert coloured(models, *options, **variables) is expected


def test_an_explicit_choice_has_real_colours_in_spite_of_no_color(models: Path) -> None:
    arguments = ("check", "error.tflite", "--color", "always")

    plain, despite = (
        tflint(*arguments, cwd=models, **variables).stdout for variables in ({}, {"NO_COLOR": "1"})
    )
    assert plain == despite
    assert "\x1b[1;31m" in plain


@pytest.mark.skipif(sys.platform == "win32", reason="needs pseudo-terminals")
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colour_on_a_terminal(models: Path, variables: dict[str, str], expected: bool) -> None:
    import pty

    controller, terminal = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "tflint", "check", "error.tflite"],
            cwd=models,
            env=environment(**variables),
            stdout=terminal,
            stderr=subprocess.PIPE,
        )
        os.close(terminal)
        output = b""
        try:
            while chunk := os.read(controller, 4096):
                output += chunk
        except OSError:
            pass  # Linux says so when the other end is closed.
        _, errors = process.communicate(timeout=60)
    finally:
        os.close(controller)

    assert (process.returncode, errors) == (1, b"")
    assert b"TFL202" in output
    assert (b"\x1b[" in output) is expected


def test_colour_changes_nothing_but_colour(call: Call, models: Path) -> None:
    import re

    plain = call("check", ".", cwd=models).stdout
    styled = call("check", ".", "--color", "always", cwd=models).stdout

    assert re.sub(r"\x1b\[[0-9;]*m", "", styled) == plain


def test_names_print_on_an_ascii_terminal(models: Path) -> None:
    (models / "modèle.tflite").write_bytes((models / "clean.tflite").read_bytes())
    result = tflint("check", "modèle.tflite", cwd=models, PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert result.code == 0
    assert "mod\\xe8le.tflite" in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end differently there")
@pytest.mark.parametrize("arguments", [["rule", "--format", "json"], ["--version"]], ids=" ".join)
def test_a_reader_that_has_seen_enough_is_no_error(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tflint", *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)

    assert done.stderr == b""
    assert done.returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_an_error_of_the_call() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tflint", "targets"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
