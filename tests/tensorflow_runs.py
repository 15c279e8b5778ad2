"""Running code with TensorFlow, where there is an interpreter that has it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

import pytest

# Path of a Python that has TensorFlow, which is far too large for the tests' own environment.
VARIABLE = "TFLITE_LINT_TENSORFLOW"


def run_with_tensorflow(script: str, argument: Any, timeout: float = 300) -> Any:
    """What a script prints last, as JSON; it gets its argument as JSON on standard input.

    Skips where no TensorFlow is known.
    """
    python = os.environ.get(VARIABLE)
    if python is None:
        if importlib.util.find_spec("tensorflow") is None:
            pytest.skip(f"needs TensorFlow: set {VARIABLE} to a Python that has it")
        python = sys.executable
    done = subprocess.run(
        [python, "-c", script],
        input=json.dumps(argument),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])
