"""States of trainings: held by one call, forgotten one by one, and gone when nothing is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import environment
from tflint.errors import UsageError
from tflint_reference_models.training.kept_states import (
    STATES,
    forget,
    held_by_this_call,
    is_something_kept,
    refuse_output,
)


def keep(output: Path, name: str) -> Path:
    folder = output / STATES / name
    folder.mkdir(parents=True)
    (folder / "state.npz").touch()
    return folder


def test_nothing_is_left_of_a_call_that_kept_nothing(tmp_path: Path) -> None:
    output = tmp_path / "a" / "b"
    with held_by_this_call(output):
        assert (output / STATES / ".gitignore").read_text() == "*\n"
        (output / STATES / "x-chosen-00").mkdir()
    assert not output.exists()


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    with held_by_this_call(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_stays_also_when_the_call_fails(tmp_path: Path) -> None:
    def interrupted() -> None:
        with held_by_this_call(tmp_path):
            keep(tmp_path, "subject-chosen-00")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    kept = tmp_path / STATES / "subject-chosen-00"
    assert (kept / "state.npz").exists()
    assert is_something_kept(tmp_path)
    with held_by_this_call(tmp_path):
        forget(tmp_path, ["subject-chosen"])
    assert not (tmp_path / STATES).exists()
    assert not is_something_kept(tmp_path)


def test_two_calls_do_not_train_in_one_folder(tmp_path: Path) -> None:
    with held_by_this_call(tmp_path):
        with pytest.raises(UsageError, match="another call trains in"), held_by_this_call(tmp_path):
            pytest.fail("two at once")
        assert (tmp_path / STATES / "lock").exists()
    with held_by_this_call(tmp_path):
        pass


def test_a_call_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys\n"
        "from tflint_reference_models.training.kept_states import held_by_this_call\n"
        "with held_by_this_call(pathlib.Path(sys.argv[1])):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=environment(), check=False)
    assert (tmp_path / STATES / "lock").exists()
    with held_by_this_call(tmp_path):
        pass


def test_only_what_was_asked_for_is_forgotten(tmp_path: Path) -> None:
    gone = [keep(tmp_path, "a-chosen-00"), keep(tmp_path, "a-chosen-01")]
    kept = [keep(tmp_path, "a-original-00"), keep(tmp_path, "a-chosen-chosen-00")]
    forget(tmp_path, ["a-chosen", "nothing"])
    assert not any(path.exists() for path in gone)
    assert all(path.exists() for path in kept)


def test_what_can_be_no_folder_of_results(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="it is a file"):
        refuse_output(tmp_path / "file")
    with pytest.raises(UsageError, match="is a file"):
        refuse_output(tmp_path / "file" / "below")
    refuse_output(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()


def test_a_folder_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(UsageError, match=r"no results can be written to .*: Permission denied"):
        refuse_output(tmp_path / "new")
