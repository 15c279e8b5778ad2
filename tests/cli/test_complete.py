"""What a shell offers after TAB, asked as the shells' scripts ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.program import tflint
from tflint.cli.complete import complete_rules, complete_targets
from tflint.lint.registry import all_rules
from tflint.target.target import named_targets


def offered(*words: str) -> list[str]:
    """What bash is offered for the last of the words."""
    result = tflint(
        _TFLINT_COMPLETE="complete_bash",
        COMP_WORDS=" ".join(("tflint", *words)),
        COMP_CWORD=str(len(words)),
    )
    assert result.stderr == ""
    return result.stdout.splitlines()


@pytest.mark.parametrize(
    ("words", "among"),
    [
        (("che",), "check"),
        (("check", "--target", "arduino-nano-33"), "arduino-nano-33-ble"),
        (("check", "--select", "hyb"), "hybrid-kernel"),
        (("check", "--select", "TFL1,TFL20"), "TFL1,TFL204"),
        (("check", "--format", "sa"), "sarif"),
        (("check", "--output", "sa"), "sarif="),
        (("check", "--fail-on", "n"), "never"),
        (("check", "--color", "al"), "always"),
        (("diff", "--format", "m"), "markdown"),
        (("diff", "--ignore", "TFL7"), "TFL701"),
        (("rule", "TFL20"), "TFL204"),
        (("explain", "hyb"), "hybrid-kernel"),
        (("targets", "esp"), "esp32-s3-devkitc"),
        (("baseline", "--target", "cortex-m5"), "cortex-m55"),
        (("config", "--format", "j"), "json"),
    ],
)
def test_what_is_offered(words: tuple[str, ...], among: str) -> None:
    found = offered(*words)

    assert among in found
    assert all(word.lower().startswith(words[-1].lower()) for word in found)


def test_in_fish_a_line_is_an_offer() -> None:
    """Typer breaks long descriptions, and the rest of one is no rule."""
    result = tflint(
        _TFLINT_COMPLETE="complete_fish",
        _TYPER_COMPLETE_ARGS="tflint check --select ",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    )
    words = {line.partition("\t")[0] for line in result.stdout.splitlines()}

    assert words == {word for rule in all_rules() for word in (rule.meta.code, rule.meta.name)}


def test_descriptions_fit_a_line() -> None:
    for _, description in (*complete_rules(""), *complete_targets("")):
        assert 0 < len(description) <= 60
    assert len(list(complete_targets(""))) == len(named_targets())


@pytest.mark.parametrize(
    ("shell", "mark"),
    [("bash", "complete -o default"), ("zsh", "#compdef"), ("fish", "complete --command")],
)
@pytest.mark.parametrize("program", ["tflint", "tflite-lint"])
def test_the_script_for_a_shell(
    call: Call, monkeypatch: pytest.MonkeyPatch, program: str, shell: str, mark: str
) -> None:
    """Of the shell that is named, not the one that the call comes from, and for either name."""
    monkeypatch.setattr("tflint.cli.main._program", lambda: program)
    result = call("--show-completion", shell)

    assert result.code == 0
    assert mark in result.stdout
    assert f"_{program.replace('-', '_').upper()}_COMPLETE=complete_{shell}" in result.stdout
    assert call(f"--show-completion={shell}").stdout == result.stdout


def test_completion_is_installed_where_the_shell_looks(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    result = call("--install-completion", "fish")
    script = tmp_path / ".config" / "fish" / "completions" / "tflint.fish"

    assert (result.code, result.stderr) == (0, "")
    assert str(script) in result.stdout
    assert "_TFLINT_COMPLETE=complete_fish" in script.read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
def test_a_shell_that_is_not_known(call: Call, option: str) -> None:
    result = call(option, "zhs")

    assert (result.code, result.stdout) == (2, "")
    assert result.stderr == "tflint: unknown shell `zhs`; did you mean `zsh`?\n"


def test_the_other_name_is_the_one_in_usage_lines(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tflint.cli.main._program", lambda: "tflite-lint")

    assert "Usage: tflite-lint check" in call("check", "--help").stdout
