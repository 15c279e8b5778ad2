"""The fuzzer, run briefly; and that it finds what it is there to find."""

from __future__ import annotations

import collections
import importlib.util
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import fuzz_reader
from scripts.fuzz_reader import Violation, built_seeds, check_bytes, mutations, run_mutations
from tflint.errors import UnreadableModel
from tflint.model.reader import parse_model

ROOT = Path(fuzz_reader.__file__).resolve().parent.parent
SEEDS = built_seeds()

atheris = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris is not installed"
)


def test_seeds_are_models_of_every_kind() -> None:
    models = {name: parse_model(data) for name, data in SEEDS.items()}
    assert {code.name for code in models["flex"].operator_codes} >= {"FlexErf"}
    assert len(models["multi-subgraph"].subgraphs) == 3
    assert models["newer-schema"].unknown_fields
    for data in SEEDS.values():
        check_bytes(data)


# In parts, which workers share; `make fuzz` runs four times as many.
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_thousands_of_damaged_models(seed: int) -> None:
    result = run_mutations(SEEDS.values(), runs=5_000, seed=seed)
    assert result.error is None
    assert result.runs == 5_000


@pytest.mark.shared
@pytest.mark.slow
def test_damaged_shared_models(shared_models: list[Path]) -> None:
    data = [path.read_bytes() for path in shared_models if path.stat().st_size < 30_000]
    result = run_mutations(data, runs=1_000)
    assert result.error is None
    assert result.runs == 1_000


def test_mutations_are_the_same_every_time() -> None:
    def first(seed: int) -> list[bytes]:
        return list(itertools.islice(mutations(SEEDS.values(), seed), 50))

    assert first(1) == first(1)
    assert first(1) != first(2)


def test_mutations_reach_beyond_the_first_check() -> None:
    """Damage that only ever broke the head would test nothing."""
    outcomes: collections.Counter[str] = collections.Counter()
    for data in itertools.islice(mutations(SEEDS.values()), 3_000):
        try:
            parse_model(data)
            outcomes["read"] += 1
        except UnreadableModel as error:
            outcomes[str(error).partition(" (")[0]] += 1
    assert outcomes["read"] > 500
    assert sum(count >= 5 for count in outcomes.values()) >= 10


def find_an_unlucky_byte(data: bytes) -> None:
    """A check that fails for about one damaged model in a hundred."""
    if len(data) % 97 == 13:
        raise RuntimeError("an unlucky length")


def test_a_failure_ends_the_run_and_keeps_the_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz_reader, "limit_memory", lambda: None)
    arguments = ["--engine", "mutate", "--runs", "5000", "--artifacts", str(tmp_path)]
    assert fuzz_reader.main(arguments, find_an_unlucky_byte) == 1
    (kept,) = tmp_path.iterdir()
    with pytest.raises(RuntimeError, match="unlucky"):
        find_an_unlucky_byte(kept.read_bytes())
    captured = capsys.readouterr()
    assert str(kept) in captured.out
    assert "an unlucky length" in captured.err


def test_a_slow_input_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_reader, "MAX_SECONDS", 0)
    result = run_mutations(SEEDS.values(), runs=10)
    assert isinstance(result.error, Violation)
    assert result.failing is not None


def test_runs_end_when_time_is_up() -> None:
    assert run_mutations(SEEDS.values(), runs=10**9, seconds=0.2).runs < 100_000


def test_models_in_folders_are_seeds(tmp_path: Path) -> None:
    folder = tmp_path / "nested"
    folder.mkdir()
    (folder / "model.tflite").write_bytes(SEEDS["float"])
    (folder / "model.h5").write_bytes(b"no seed")
    (folder / "large.tflite").write_bytes(bytes(fuzz_reader.MAX_BYTES + 1))
    found = fuzz_reader.seeds_in([tmp_path])
    assert list(found.values()) == [SEEDS["float"]]


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "scripts" / "fuzz_reader.py")
    return subprocess.run(
        [sys.executable, script, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )


def test_the_script_runs_the_mutating_engine() -> None:
    done = run_script("--engine", "mutate", "--runs", "300")
    assert done.returncode == 0, done.stderr
    assert "300 runs over 6 models" in done.stdout


def test_the_script_replays_an_input(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(SEEDS["int8"])
    done = run_script("--replay", str(path))
    assert done.returncode == 0, done.stderr
    assert f"{path}: passes" in done.stdout


@atheris
@pytest.mark.slow
def test_the_script_runs_atheris(tmp_path: Path) -> None:
    done = run_script("--engine", "atheris", "--runs", "3000", "--artifacts", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "Done 3000 runs" in done.stderr
    assert not list(tmp_path.glob("crash-*"))
    # Coverage of the reader is what guides it: damaged models find more than the seeds do.
    assert len(list((tmp_path / "corpus").iterdir())) > len(SEEDS)


@atheris
def test_what_atheris_finds_is_kept(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, 'scripts'); import fuzz_reader\n"
        "def check(data):\n"
        "    if len(data) > 8: raise RuntimeError('found')\n"
        "sys.exit(fuzz_reader.main(sys.argv[1:], check))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--engine", "atheris", "--artifacts", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    (kept,) = tmp_path.glob("crash-*")
    assert str(kept) in done.stderr
    assert "found" in done.stdout + done.stderr
