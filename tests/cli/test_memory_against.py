"""`tflint memory A --against B` as it is called: arguments, exit codes, files."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.test_check import HEAVY, run_python
from tests.model.hostile import HOSTILE
from tflint.cli.memory_against import FORMATS
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model


def network(units: int = 16, weights: TensorType | None = None) -> Model:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 32), name="x"), units, weights=weights)
    model.output(model.unary("RELU", x))
    return model.build()


def broken() -> Model:
    model = network()
    graph = dataclasses.replace(model.subgraphs[0], outputs=(99,))
    return dataclasses.replace(model, subgraphs=(graph,))


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A folder with models of two sizes, one that TFLM refuses, and files that are none."""
    for name, model in (
        ("small", network()),
        ("large", network(64)),
        ("hybrid", network(weights=TensorType.INT8)),
        ("broken", broken()),
    ):
        (tmp_path / f"{name}.tflite").write_bytes(write_model(model))
    (tmp_path / "empty.tflite").write_bytes(b"")
    (tmp_path / "text.tflite").write_text("version https://git-lfs.github.com/spec/v1\n", "utf-8")
    return tmp_path


def figures(call: Call, folder: Path, name: str) -> dict[str, int]:
    """RAM and flash of one model, as `tflint memory` says by itself."""
    result = call("memory", f"{name}.tflite", "--format", "json", cwd=folder)
    found = json.loads(result.stdout)
    return {key: found[f"{key}_bytes"]["total"] for key in ("ram", "flash")}


def file(name: str) -> str:
    return name if name.startswith("/") else f"{name}.tflite"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("model", "against", "options", "code"),
    [
        ("large", "small", [], 0),
        ("large", "small", ["--max-growth", "5%"], 1),
        ("large", "small", ["--max-growth", "0%"], 1),
        ("large", "small", ["--max-growth", "1M"], 0),
        ("small", "large", ["--max-growth", "0%"], 0),
        ("small", "small", ["--max-growth", "0%"], 0),
        ("small", "small", ["--max-ram", "1K"], 1),
        ("large", "small", ["--max-ram", "1M", "--max-flash", "1K"], 1),
        ("large", "small", ["--target", "cortex-m4:ram=1K"], 1),
        ("large", "small", ["--config", "max-ram=1K"], 1),
        # What the runtime refuses, by what it was before.
        ("hybrid", "small", [], 1),
        ("hybrid", "hybrid", [], 0),
        ("hybrid", "/dev/null", [], 0),
        ("small", "hybrid", [], 0),
        # Nothing to hold it against.
        ("large", "/dev/null", ["--max-growth", "0%"], 0),
        ("large", "empty", ["--max-growth", "0%"], 0),
        ("large", "broken", ["--max-growth", "0%"], 0),
        ("large", "/dev/null", ["--max-ram", "1K"], 1),
        ("/dev/null", "small", ["--max-growth", "0%", "--max-ram", "1"], 0),
    ],
)
def test_the_exit_code_is_about_limits(
    call: Call, pair: Path, model: str, against: str, options: list[str], code: int, format: str
) -> None:
    arguments = [file(model), "--against", file(against), *options, "--format", format]
    result = call("memory", *arguments, cwd=pair)

    assert (result.code, result.stderr) == (code, "")
    if format == "json":
        assert bool(json.loads(result.stdout)["failures"]) is bool(code)
    else:
        assert ("fails:" in result.stdout) is bool(code)


def test_a_limit_of_exactly_the_growth_holds(call: Call, pair: Path) -> None:
    before, after = (figures(call, pair, name) for name in ("small", "large"))
    most = max(after[key] - before[key] for key in after)
    arguments = ("large.tflite", "--against", "small.tflite", "--max-growth")

    assert most > 0
    assert call("memory", *arguments, str(most), cwd=pair).code == 0
    result = call("memory", *arguments, str(most - 1), cwd=pair)
    assert result.code == 1
    assert len(re.findall("fails: .* 1 B more than --max-growth", result.stdout)) == 1


def test_figures_are_those_of_each_model_alone(call: Call, pair: Path) -> None:
    arguments = ("large.tflite", "--against", "small.tflite", "--format", "json")
    found = json.loads(call("memory", *arguments, cwd=pair).stdout)

    assert (found["path"], found["against"]) == ("large.tflite", "small.tflite")
    for side, name in (("before", "small"), ("after", "large")):
        alone = figures(call, pair, name)
        assert {key: found[side][f"{key}_bytes"]["total"] for key in alone} == alone


def test_kernels_and_target_are_those_of_the_options(call: Call, pair: Path) -> None:
    arguments = ("large.tflite", "--against", "small.tflite", "--format", "json")
    options = ("--target", "cortex-m55", "--runtime", "tflm-cmsis-nn")
    found = json.loads(call("memory", *arguments, *options, cwd=pair).stdout)

    assert (found["target"], found["runtime"]) == ("cortex-m55", "tflm-cmsis-nn")


def test_budgets_are_those_of_the_later_model_in_the_configuration(call: Call, pair: Path) -> None:
    (pair / "tflint.toml").write_text(
        '[[models]]\npath = "large.tflite"\nmax-ram = "1K"\n', encoding="utf-8"
    )
    assert call("memory", "large.tflite", "--against", "small.tflite", cwd=pair).code == 1
    assert call("memory", "small.tflite", "--against", "large.tflite", cwd=pair).code == 0


def test_files_beside_the_output(call: Call, pair: Path) -> None:
    arguments = ["large.tflite", "--against", "small.tflite", "--max-growth", "0%"]
    for format in FORMATS:
        arguments += ["--output", f"{format}={format}.out"]
    result = call("memory", *arguments, cwd=pair)

    assert result.code == 1
    assert (pair / "text.out").read_text("utf-8") == result.stdout
    assert (pair / "markdown.out").read_text("utf-8").startswith("### Memory: `small.tflite` →")
    assert json.loads((pair / "json.out").read_text("utf-8"))["schema"] == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["small.tflite", "--max-growth", "5%"], "--max-growth needs --against"),
        (["small.tflite", "--format", "markdown"], "markdown needs --against"),
        (["small.tflite", "--against", "not-there.tflite"], "`not-there.tflite` does not exist"),
        (["not-there.tflite", "--against", "small.tflite"], "`not-there.tflite` does not exist"),
        (["small.tflite", "--against", "."], "is a folder; two model files are compared"),
        (["/dev/null", "--against", "/dev/null"], "neither is there"),
        (["/dev/null", "--against", "empty.tflite"], "neither is there"),
        (["empty.tflite", "--against", "small.tflite"], "the file is empty"),
        (["small.tflite", "--against", "text.tflite"], "`text.tflite` cannot be read"),
        (["broken.tflite", "--against", "small.tflite"], "`broken.tflite` has a broken graph"),
        (["small.tflite", "--against", "small.tflite", "--format", "csv"], "has no format csv"),
        (["small.tflite", "--against", "small.tflite", "--format", "sarif"], "unknown format"),
        (["small.tflite", "--against", "small.tflite", "--measure"], "contradict"),
        (["small.tflite", "--against", "small.tflite", "--max-growth", "-5%"], "no limit"),
        (["small.tflite", "--against", "small.tflite", "--max-growth", "lots"], "no limit"),
        (["small.tflite", "--against", "small.tflite", "--max-ram", "lots"], "not a size"),
        (["small.tflite", "--against", "small.tflite", "--target", "litert"], "has no arena"),
        (["small.tflite", "--against", "small.tflite", "--output", "csv=x"], "has no format csv"),
        (["small.tflite", "--against", "small.tflite", "--output", "text"], "is not FORMAT=FILE"),
        (
            ["small.tflite", "--against", "large.tflite", "--output", "text=large.tflite"],
            "would overwrite `large.tflite`",
        ),
        (
            ["small.tflite", "--against", "small.tflite", "--format", "json", "--color", "always"],
            "contradict",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    call: Call, pair: Path, arguments: list[str], says: str
) -> None:
    result = call("memory", *arguments, cwd=pair)

    assert (result.code, result.stdout) == (2, "")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("build", HOSTILE, ids=lambda build: build.__name__)
def test_a_hostile_file_is_one_message_or_a_report(call: Call, pair: Path, build: object) -> None:
    (pair / "hostile.tflite").write_bytes(bytes(build(5_000)))  # type: ignore[operator]
    for model, against in (("small", "hostile"), ("hostile", "small"), ("hostile", "hostile")):
        arguments = (file(model), "--against", file(against), "--max-growth", "5%")
        result = call("memory", *arguments, cwd=pair)
        assert result.code in (0, 1, 2)
        assert len(result.stderr.splitlines()) == (result.code == 2)
        assert "internal error" not in result.stderr


def test_any_damage_is_one_message_or_a_report(call: Call, pair: Path) -> None:
    import random

    rng = random.Random(0)
    data = (pair / "small.tflite").read_bytes()
    for _ in range(100):
        damaged = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(200, len(data))] = rng.randrange(256)
        (pair / "damaged.tflite").write_bytes(damaged)
        for pair_of in (("small", "damaged"), ("damaged", "small")):
            arguments = (file(pair_of[0]), "--against", file(pair_of[1]), "--format", "json")
            result = call("memory", *arguments, "--max-growth", "5%", cwd=pair)
            assert result.code in (0, 1, 2)
            assert "internal error" not in result.stderr
            assert bool(result.stdout) is (result.code != 2)


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_heavy_is_loaded(pair: Path, format: str) -> None:
    code = (
        "import sys\n"
        "from tflint.cli.main import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
    )
    (pair / "run.py").write_text(code, encoding="utf-8")
    arguments = ("memory", "large.tflite", "--against", "small.tflite", "--max-growth", "0%")
    done = run_python("run.py", *arguments, "--format", format, cwd=pair)

    assert done[0] == 1
    assert done[2].splitlines()[-1] == "[]"


@pytest.mark.shared
def test_every_model_against_itself_and_the_next(call: Call, shared_models: list[Path]) -> None:
    def compared(model: Path, against: Path) -> dict[str, object]:
        arguments = (str(model), "--against", str(against), "--format", "json")
        return dict(json.loads(call("memory", *arguments).stdout))

    for before, after in zip(shared_models, shared_models[1:] + shared_models[:1], strict=True):
        same = compared(before, before)
        assert same["growth"] == {"ram": 0, "flash": 0}
        there, back = compared(after, before), compared(before, after)
        assert (there["before"], there["after"]) == (back["after"], back["before"])
        for line in call("memory", str(after), "--against", str(before)).stdout.splitlines():
            assert len(line) <= 100
