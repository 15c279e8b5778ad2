"""The process that runs LiteRT and ai-edge-quantizer: one job, in a folder that the caller made.

`request.json` says what to do; models and arrays lie beside it, and results are put there. What
the libraries print goes to standard error. A refusal is written to `refusal.txt`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tflint.fix.quantize.histogram import Histogram
from tflint.fix.quantize.identities import SIGNATURE

# Lines that tell the caller how far it is, on the standard output that was there at the start.
PROGRESS = "progress "


class Refusal(Exception):
    """What the runtime or the tool says no to, in its own words."""


def main() -> None:
    """Carry out the job in the folder that is the first argument."""
    folder = Path(sys.argv[1])
    request = json.loads((folder / "request.json").read_text())
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        _JOBS[request["job"]](folder, request, report)
    except Refusal as refusal:
        (folder / "refusal.txt").write_text(str(refusal), errors="backslashreplace")


def _calibrate(folder: Path, request: dict[str, Any], report: Any) -> None:
    """Run all samples with every tensor kept, and count what the wanted tensors hold."""
    inputs = [np.load(folder / name, mmap_mode="r") for name in request["inputs"]]
    tensors: list[int] = request["tensors"]
    interpreter = _interpreter(folder / "model.tflite", keep=True)
    places = [detail["index"] for detail in interpreter.get_input_details()]
    histograms = {tensor: Histogram() for tensor in tensors}
    total = len(inputs[0]) if inputs else 1
    for sample in range(total):
        for place, values in zip(places, inputs, strict=True):
            interpreter.set_tensor(place, np.ascontiguousarray(values[sample]))
        interpreter.reset_all_variables()
        _asked(interpreter.invoke)
        for tensor, histogram in histograms.items():
            # A view into the interpreter, gone before the next call of it.
            histogram.add(interpreter.tensor(tensor)())
        if sample % 16 == 15 or sample + 1 == total:
            report.write(f"{PROGRESS}{sample + 1} {total}\n")
            report.flush()
    found = list(histograms.values())
    np.savez(
        folder / "result.npz",
        low=[h.low for h in found],
        high=[h.high for h in found],
        reach=[h.reach for h in found],
        samples=[h.samples for h in found],
        is_finite=[h.is_finite for h in found],
        counts=np.array([h.counts for h in found], np.int64).reshape(len(found), -1),
    )


def _quantize(folder: Path, request: dict[str, Any], report: Any) -> None:
    """Let ai-edge-quantizer quantise, by ranges that were found before."""
    from ai_edge_quantizer import qtyping, quantizer

    model = (folder / "model.tflite").read_bytes()
    mode = request["mode"]
    every = qtyping.TFLOperationName.ALL_SUPPORTED
    tool = quantizer.Quantizer(bytearray(model))
    if mode in ("int8", "int16x8"):
        bits = 8 if mode == "int8" else 16
        tool.add_static_config(".*", every, bits, 8)
    elif mode == "dynamic":
        tool.add_dynamic_config(".*", every, 8)
    elif mode == "float16":
        casting = quantizer.AlgorithmName.FLOAT_CASTING
        for name in request["operators"]:
            tool.add_weight_only_config(
                ".*", qtyping.TFLOperationName(name), 16, algorithm_key=casting
            )
    ranges = None
    if request["ranges"] is not None:
        ranges = {
            name: {
                "min": np.full((1,) * rank, low, np.float32),
                "max": np.full((1,) * rank, high, np.float32),
            }
            for name, (rank, low, high) in request["ranges"].items()
        }
    result = _asked(
        lambda: tool.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    )
    (folder / "result.tflite").write_bytes(bytes(result.quantized_model))


def _interpreter(path: Path, *, keep: bool) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    made = _asked(
        lambda: Interpreter(
            model_path=str(path),
            num_threads=1,
            experimental_preserve_all_tensors=keep,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    )
    _asked(made.allocate_tensors)
    return made


def _asked(call: Any) -> Any:
    """What a library's function returns; what it raises is its refusal."""
    try:
        return call()
    except Exception as error:
        raise Refusal(f"{type(error).__name__}: {error}") from error


_JOBS = {"calibrate": _calibrate, "quantize": _quantize}


if __name__ == "__main__":
    main()
