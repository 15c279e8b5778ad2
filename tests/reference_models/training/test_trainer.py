"""The conversation with the worker: whatever becomes of it is one line, or a network."""

from __future__ import annotations

import dataclasses
import importlib.util
import time
from pathlib import Path

import pytest

from tflint.errors import HostFailed, MissingExtra, TflintError, UsageError
from tflint_reference_models.training import trainer
from tflint_reference_models.training.job import Job, TrainingFailed
from tflint_reference_models.training.trainer import check_installed, train

WORKER = "tests.reference_models.training.rigged_worker"


@pytest.fixture(autouse=True)
def _rigged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "_WORKER", WORKER)


def job(folder: Path, what: str = "works") -> Job:
    return Job("motion_sense", what, "chosen", 0, 0, None, "recordings", str(folder / "state"))


def silent(text: str) -> None:
    pass


def test_a_network_and_what_is_told_on_the_way(tmp_path: Path) -> None:
    said: list[str] = []
    found = train(job(tmp_path), 60, said.append)
    assert found.path.read_bytes() == b"a network"
    assert (found.threshold, found.parameters) == (0.25, 7)
    assert said == ["epoch 1 of 9\\x1b[2J"]


def test_what_is_trained_is_not_trained_again(tmp_path: Path) -> None:
    first = train(job(tmp_path), 60, silent)
    assert train(job(tmp_path), 60, silent) == first
    assert (tmp_path / "state" / "calls").read_text() == "x"


def test_fresh_begins_anew(tmp_path: Path) -> None:
    train(job(tmp_path), 60, silent)
    (tmp_path / "state" / "state.npz").touch()
    train(job(tmp_path), 60, silent, fresh=True)
    assert (tmp_path / "state" / "calls").read_text() == "x"
    assert not (tmp_path / "state" / "state.npz").exists()


@pytest.mark.parametrize(
    ("what", "kind", "said"),
    [
        ("refused", UsageError, "it is refused\\x1b[2J"),
        ("failed", TrainingFailed, "it is failed\\x1b[2J"),
        ("memory", HostFailed, "it is memory\\x1b[2J"),
        ("killed", HostFailed, "(epoch 1 of 9\\x1b[2J): it was killed (SIGKILL)"),
        ("crashed", HostFailed, "(epoch 1 of 9\\x1b[2J): it crashed (SIGSEGV)"),
        ("starved", HostFailed, "the training ran out of memory (epoch 1 of 9"),
        ("raises", HostFailed, "RuntimeError: not today\\x1b[2J"),
        ("leaves nothing", HostFailed, "it left no network"),
    ],
)
def test_how_it_can_end(tmp_path: Path, what: str, kind: type[TflintError], said: str) -> None:
    with pytest.raises(kind) as caught:
        train(job(tmp_path, what), 60, silent)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_training_that_hangs_is_ended_and_says_what_to_do(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(HostFailed, match="took too long") as caught:
        train(job(tmp_path, "hangs"), 3, silent)
    assert time.monotonic() - started < 30
    assert "--time-limit" in str(caught.value)


@pytest.mark.parametrize("held", ["", "[]", "{}", '{"threshold": "x", "parameters": 7}', "\xff"])
def test_a_damaged_end_is_trained_again(tmp_path: Path, held: str) -> None:
    train(job(tmp_path), 60, silent)
    (tmp_path / "state" / "trained.json").write_text(held, encoding="latin-1")
    assert train(job(tmp_path), 60, silent).parameters == 7
    assert (tmp_path / "state" / "calls").read_text() == "xx"


def test_an_end_without_its_network_is_trained_again(tmp_path: Path) -> None:
    train(job(tmp_path), 60, silent).path.unlink()
    assert train(job(tmp_path), 60, silent).path.is_file()


def test_where_no_state_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="Not a directory"):
        train(dataclasses.replace(job(tmp_path), state=str(tmp_path / "file" / "x")), 60, silent)


def test_without_tensorflow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"tflint\[convert\]"):
        check_installed()
