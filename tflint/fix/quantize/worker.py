"""The process that runs LiteRT with all tensors kept, and ai-edge-quantizer.

Started by `tflint.execution.process.run_worker`. The request's `job` is `calibrate`, which answers
with histograms as arrays, or `quantize`, which answers with a model; the model to work on is the
first array. A head with `refused` has what the library said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tflint.execution.frames import Array, Json
from tflint.fix.quantize.histogram import Histogram

Frame = tuple[Json, Sequence[Array]]


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[Frame]:
    """Carry out the job."""
    model, rest = arrays[0].tobytes(), arrays[1:]
    job = _calibrate if request["job"] == "calibrate" else _quantize
    # Whatever the libraries raise, of which there is no list, is their refusal.
    try:
        frame = job(model, request, rest)
    except Exception as error:
        frame = {"refused": f"{type(error).__name__}: {error}"}, ()
    yield frame


def _calibrate(model: bytes, request: Json, inputs: Sequence[Array]) -> Frame:
    """Run all samples, and count what the wanted tensors hold."""
    interpreter = _interpreter(model)
    places = [detail["index"] for detail in interpreter.get_input_details()]
    histograms = {tensor: Histogram() for tensor in request["tensors"]}
    for sample in range(len(inputs[0]) if inputs else 1):
        for place, values in zip(places, inputs, strict=True):
            interpreter.set_tensor(place, values[sample])
        interpreter.reset_all_variables()
        interpreter.invoke()
        for tensor, histogram in histograms.items():
            # A view into the interpreter, gone before the next call of it.
            histogram.add(interpreter.tensor(tensor)())
    found = list(histograms.values())
    ends = np.array([[h.low, h.high, h.reach] for h in found], np.float64).reshape(-1, 3)
    seen = np.array([[h.samples, h.is_finite] for h in found], np.int64).reshape(-1, 2)
    return {}, [ends, seen, np.array([h.counts for h in found], np.int64)]


def _interpreter(model: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model,
        num_threads=1,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    return interpreter


def _quantize(model: bytes, request: Json, arrays: Sequence[Array]) -> Frame:
    """Let ai-edge-quantizer quantise, by the ranges that it is given."""
    from ai_edge_quantizer import qtyping, quantizer

    mode, every = request["mode"], qtyping.TFLOperationName.ALL_SUPPORTED
    tool = quantizer.Quantizer(bytearray(model))
    if mode == "dynamic":
        tool.add_dynamic_config(".*", every, 8)
    elif mode == "float16":
        casting = quantizer.AlgorithmName.FLOAT_CASTING
        tool.add_weight_only_config(".*", every, 16, algorithm_key=casting)
    else:
        tool.add_static_config(".*", every, 8 if mode == "int8" else 16, 8)
    ranges = {
        name: {
            "min": np.full((1,) * rank, low, np.float32),
            "max": np.full((1,) * rank, high, np.float32),
        }
        for name, (rank, low, high) in request["ranges"].items()
    }
    result = tool.quantize(ranges or None, enable_progress_bar=False, enable_progress_report=False)
    return {}, [np.frombuffer(bytes(result.quantized_model), np.uint8)]
