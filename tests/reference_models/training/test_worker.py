"""The worker with TensorFlow: killed at any moment, the same call ends with the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.program import environment
from tests.reference_models.motion_sense.recorded import write_recordings
from tests.tensorflow_runs import VARIABLE
from tflint_reference_models.applications import application
from tflint_reference_models.training.job import NETWORK

# Enough that it is not over before it is killed.
EPOCHS = 12
SCRIPT = f"""
import sys
from pathlib import Path
from tflint_reference_models.training.job import Job
from tflint_reference_models.training.trainer import train
job = Job("motion_sense", "{application("motion_sense").experiments[0].name}", "chosen", 0, 3,
          {EPOCHS}, sys.argv[1], sys.argv[2], threads=1)
print("trained", train(job, 300, lambda text: print(text, flush=True)).parameters)
"""


def start(recordings: Path, state: Path) -> subprocess.Popen[str]:
    python = os.environ.get(VARIABLE, sys.executable)
    return subprocess.Popen(
        [python, "-c", SCRIPT, str(recordings), str(state)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def finished(recordings: Path, state: Path) -> bytes:
    said, _ = start(recordings, state).communicate(timeout=280)
    assert said.splitlines()[-1].startswith("trained ")
    return (state / NETWORK).read_bytes()


def worker_of(parent: int) -> int:
    """The process that a process has started."""
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    (worker,) = map(int, text.split())
    return worker


def killed(recordings: Path, state: Path, epoch: int, *, is_worker: bool) -> None:
    """A training whose worker, or whoever has started it, is killed after an epoch."""
    process = start(recordings, state)
    assert process.stdout is not None
    for text in process.stdout:
        if f"epoch {epoch} of" in text:
            break
    worker = worker_of(process.pid)
    os.kill(worker if is_worker else process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode != 0
    deadline = time.monotonic() + 30
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{worker}").exists()
    assert (state / "state.npz").exists()
    assert not (state / NETWORK).exists()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the worker in /proc")
def test_killed_it_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    if VARIABLE not in os.environ:
        pytest.importorskip("tensorflow", reason="needs TensorFlow (the extra `convert`)")
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    write_recordings(recordings, readings=600)
    state = tmp_path / "state"
    killed(recordings, state, 2, is_worker=False)
    killed(recordings, state, 5, is_worker=True)
    assert finished(recordings, state) == finished(recordings, tmp_path / "whole")
