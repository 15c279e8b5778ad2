"""The measuring of other processes."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from benchmarks.process import measure

MIB = 2**20

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs os.wait4")


def python(code: str) -> list[str]:
    return [sys.executable, "-ISc", code]


def test_the_memory_of_the_benchmark_is_not_that_of_the_command() -> None:
    ballast = bytearray(b"x" * (200 * MIB))

    run = measure(python("pass"))

    assert 4 * MIB < run.peak < 60 * MIB
    assert len(ballast) == 200 * MIB


def test_memory_and_time_of_children_count() -> None:
    work = "x = b'x' * 150_000_000; sum(range(6_000_000))"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-ISc', {work!r}])"

    run = measure(python(code))

    assert 140 * MIB < run.peak < 220 * MIB
    assert run.cpu > 0.03


def test_sleeping_takes_wall_time_only() -> None:
    run = measure(python("import time; time.sleep(0.5)"))

    assert run.wall >= 0.5
    assert run.cpu < 0.5


def test_what_was_printed_comes_as_one_text() -> None:
    run = measure(python("import sys; print('out', flush=True); print('err', file=sys.stderr)"))

    assert run.output == "out\nerr\n"


@pytest.mark.parametrize("code", [0, 1, 7])
def test_the_exit_code(code: int) -> None:
    assert measure(python(f"raise SystemExit({code})")).code == code


def test_a_crash_is_minus_the_signal() -> None:
    run = measure(python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))

    assert run.code == -signal.SIGSEGV
    assert not run.timed_out


def test_a_command_that_hangs_ends_with_all_it_started() -> None:
    child = "import time; time.sleep(30)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-ISc', {child!r}])"
    start = time.monotonic()

    run = measure(python(code), timeout=1)

    assert run.timed_out
    assert run.code == -signal.SIGKILL
    assert time.monotonic() - start < 20


def test_a_command_that_is_not_there() -> None:
    run = measure(["no-such-program"])

    assert run.code == 127
    assert "no-such-program" in run.output


def test_only_the_given_variables_and_folder(tmp_path: Path) -> None:
    code = "import os; print(os.getcwd(), os.environ.get('A'), 'HOME' in os.environ)"

    run = measure(python(code), variables={"A": "b"}, folder=tmp_path)

    assert run.output.split() == [str(tmp_path.resolve()), "b", "False"]
