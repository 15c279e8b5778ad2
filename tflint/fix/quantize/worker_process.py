"""Jobs of quantising, each in a process of its own: ranges of tensors, and ai-edge-quantizer.

Both libraries are native code that a model can take down, and they print what they like.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.errors import MissingExtra, TflintError
from tflint.fix.quantize.histogram import Histogram
from tflint.fix.quantize.worker import PROGRESS
from tflint.printable import printable

Progress = Callable[[int, int], None]
_EXTRA = ("ai_edge_litert", "ai_edge_quantizer")
_SECONDS = 3600.0
_MOST_OF_A_MESSAGE = 400


class QuantizerRefused(TflintError):
    """LiteRT or ai-edge-quantizer does not take the model; its words follow."""


class WorkerFailed(TflintError):
    """The process came to an end that was not its own: a crash, a time-out, no memory."""


def histograms(
    model: bytes,
    tensors: Sequence[int],
    inputs: Sequence[NDArray[Any]],
    *,
    seconds: float = _SECONDS,
    progress: Progress | None = None,
) -> list[Histogram]:
    """What float tensors of the first subgraph hold over all samples, on LiteRT, in their order.

    `inputs[i].shape` is (samples, *the shape of input i). Raises `MissingExtra`,
    `QuantizerRefused` or `WorkerFailed`.
    """
    with tempfile.TemporaryDirectory(prefix="tflint-") as name:
        folder = Path(name)
        names = []
        for index, values in enumerate(inputs):
            names.append(f"input{index}.npy")
            np.save(folder / names[-1], values, allow_pickle=False)
        request = {"job": "calibrate", "tensors": list(tensors), "inputs": names}
        _run(folder, model, request, seconds, progress)
        with np.load(folder / "result.npz", allow_pickle=False) as found:
            return [
                Histogram(
                    float(found["low"][n]),
                    float(found["high"][n]),
                    float(found["reach"][n]),
                    int(found["samples"][n]),
                    bool(found["is_finite"][n]),
                    found["counts"][n],
                )
                for n in range(len(tensors))
            ]


def quantized(
    model: bytes,
    mode: str,
    ranges: Mapping[str, tuple[int, float, float]] | None,
    *,
    operators: Sequence[str] = (),
    seconds: float = _SECONDS,
) -> bytes:
    """What ai-edge-quantizer makes of a model. It returns what it does not understand unchanged.

    `ranges` has rank, low and high end by tensor name; `operators` are what float16 is for.
    Raises as `histograms` does.
    """
    with tempfile.TemporaryDirectory(prefix="tflint-") as name:
        folder = Path(name)
        request = {
            "job": "quantize",
            "mode": mode,
            "operators": list(operators),
            "ranges": None if ranges is None else {key: list(r) for key, r in ranges.items()},
        }
        _run(folder, model, request, seconds, None)
        return (folder / "result.tflite").read_bytes()


def _run(
    folder: Path,
    model: bytes,
    request: Mapping[str, object],
    seconds: float,
    progress: Progress | None,
) -> None:
    if any(importlib.util.find_spec(package) is None for package in _EXTRA):
        raise MissingExtra("quantising", "quantize")
    (folder / "model.tflite").write_bytes(model)
    (folder / "request.json").write_text(json.dumps(request))
    command = [sys.executable, "-m", "tflint.fix.quantize.worker", str(folder)]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
        )
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith(PROGRESS) and progress is not None:
                    done, total = line.removeprefix(PROGRESS).split()
                    progress(int(done), int(total))
            code = process.wait()
        finally:
            is_late = not timer.is_alive()
            timer.cancel()
            process.kill()
            process.wait()
    refusal = folder / "refusal.txt"
    if refusal.exists():
        raise QuantizerRefused(printable(refusal.read_text(), _MOST_OF_A_MESSAGE))
    if code:
        said = (folder / "log.txt").read_text(errors="replace").strip().splitlines()[-1:]
        why = f"took more than {seconds:,.0f} s" if is_late else f"ended with {code}"
        tail = f": {printable(said[0], _MOST_OF_A_MESSAGE)}" if said and not is_late else ""
        raise WorkerFailed(f"the process that quantises {why}{tail}")
