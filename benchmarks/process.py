"""One command, measured: CPU time, wall time, memory, exit code and what it printed.

For Unix: the figures are the kernel's own, from `wait4`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 120.0
MOST_OUTPUT = 1 << 20
# A process starts with the peak of the one that forked it, and keeps it over `exec`. So the command
# is forked by an interpreter that has loaded next to nothing (about 9 MiB), not by the benchmark.
LAUNCHER = """
import json, os, signal, sys, time
pipe, seconds, *command = sys.argv[1:]
os.set_inheritable(int(pipe), False)
start = time.perf_counter()
child = os.fork()
if child == 0:
    os.setsid()
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
    os._exit(127)
late = []
def stop(*_):
    late.append(True)
    os.killpg(child, signal.SIGKILL)
signal.signal(signal.SIGALRM, stop)
signal.setitimer(signal.ITIMER_REAL, float(seconds))
_, status, usage = os.wait4(child, 0)
wall = time.perf_counter() - start
code = os.waitstatus_to_exitcode(status)
cpu = usage.ru_utime + usage.ru_stime
os.write(int(pipe), json.dumps([cpu, wall, usage.ru_maxrss, code, bool(late)]).encode())
"""


@dataclass(frozen=True)
class Run:
    """What a command cost and said.

    `cpu`: seconds, user and system, of the process and all it waited for. `wall`: seconds. `peak`:
    bytes of resident memory, of the largest process among them. `code`: the exit code, or minus the
    number of the signal that ended it. `output`: stdout and stderr as one, at most 1 MiB.
    """

    cpu: float
    wall: float
    peak: int
    code: int
    timed_out: bool
    output: str


def measure(
    command: Sequence[str],
    *,
    variables: Mapping[str, str] | None = None,
    folder: Path | None = None,
    timeout: float = TIMEOUT,
) -> Run:
    """Run a command in `folder` with only these environment variables, and measure it.

    After `timeout` seconds it is killed, with all that it started.
    """
    read, write = os.pipe()
    with tempfile.TemporaryFile() as output, os.fdopen(read, "rb") as answer:
        try:
            subprocess.run(
                [sys.executable, "-ISc", LAUNCHER, str(write), str(timeout), *command],
                env=None if variables is None else dict(variables),
                cwd=folder,
                pass_fds=(write,),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=True,
            )
        finally:
            os.close(write)
        cpu, wall, peak, code, timed_out = json.loads(answer.read())
        output.seek(0)
        text = output.read(MOST_OUTPUT).decode(errors="replace")
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(cpu, wall, peak * unit, code, timed_out, text)
