"""Run models on the real TFLM in a process of its own, which a bad one may take down.

As a program: prints a JSON line for each path, whether it allocates and runs, and the log.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ARENA_BYTES = 1 << 20


def runs_on_tflm(paths: Sequence[Path]) -> list[tuple[bool, str]]:
    """For each model whether TFLM allocates and runs it, and what it printed if not.

    Skips when it is not installed.
    """
    import pytest

    pytest.importorskip("tflite_micro", reason="needs the extra `tflm`")
    results: list[tuple[bool, str]] = []
    while len(results) < len(paths):
        command = [sys.executable, __file__, *map(str, paths[len(results) :])]
        done = subprocess.run(
            command, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        results += [(line[0], line[1]) for line in map(json.loads, done.stdout.splitlines())]
        if len(results) < len(paths):
            results.append((False, f"crashed with {done.returncode}"))
    return results


def _main(paths: Sequence[str]) -> None:
    from tflite_micro import runtime

    with tempfile.TemporaryFile() as log:
        # TFLM logs from C++, straight to the descriptor.
        os.dup2(log.fileno(), 2)
        for path in paths:
            log.seek(0)
            log.truncate()
            try:
                model = Path(path).read_bytes()
                runtime.Interpreter.from_bytes(model, arena_size=ARENA_BYTES).invoke()
                ran = True
            except RuntimeError:
                ran = False
            log.seek(0)
            print(json.dumps((ran, log.read().decode(errors="replace"))), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1:])
