"""A call beside another one: its result, its error, and no waiting for it when interrupted."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from tests.cli.program import environment
from tflint.execution.beside import Beside


def test_the_result_is_that_of_the_call() -> None:
    assert Beside(lambda: 42).result() == 42


def test_the_call_runs_while_the_caller_goes_on() -> None:
    is_over = threading.Event()
    beside = Beside(lambda: is_over.wait(30))
    is_over.set()
    assert beside.result()


def test_what_the_call_raises_is_raised() -> None:
    def fail() -> None:
        raise ValueError("no")

    beside = Beside(fail)
    with pytest.raises(ValueError, match="no"):
        beside.result()


def test_an_end_of_the_process_does_not_wait() -> None:
    code = (
        "import time\n"
        "from tflint.execution.beside import Beside\n"
        "Beside(lambda: time.sleep(60))\n"
        "raise SystemExit(3)"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], env=environment(), timeout=50, check=False)
    assert done.returncode == 3
    assert time.monotonic() - began < 50
