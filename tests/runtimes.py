"""Outputs of models of one input and one output, on LiteRT and TFLM themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

# TFLM may bring the process down, so it gets one of its own.
_ON_TFLM = """
import sys
import numpy as np
from tflite_micro.python.tflite_micro import runtime
interpreter = runtime.Interpreter.from_file(sys.argv[1], arena_size=1 << 24)
interpreter.set_input(np.load(sys.argv[2]), 0)
interpreter.invoke()
np.save(sys.argv[3], interpreter.get_output(0))
"""


def on_tflm(model: bytes, x: np.ndarray, folder: Path) -> np.ndarray | None:
    """The output on TFLM, None when it refuses the model."""
    pytest.importorskip("tflite_micro", reason="needs the extra `tflm`")
    paths = [folder / name for name in ("model.tflite", "x.npy", "y.npy")]
    paths[0].write_bytes(model)
    np.save(paths[1], x)
    done = subprocess.run(
        [sys.executable, "-c", _ON_TFLM, *map(str, paths)],
        capture_output=True,
        timeout=120,
        check=False,
    )
    return np.load(paths[2]) if done.returncode == 0 else None


def on_litert(model: bytes, x: np.ndarray) -> np.ndarray:
    """The output of LiteRT's reference kernels."""
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="needs the extra `quantize`")
    interpreter = litert.Interpreter(
        model_content=model,
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    found: np.ndarray = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    return found
