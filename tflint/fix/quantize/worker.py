"""The process that runs LiteRT, and ai-edge-quantizer.

Started by `tflint.execution.process.run_worker`. The request's `job` says what to do; models and
inputs are the arrays. Each job answers with one frame, whose head has `refused` with what the
library said where it did not do it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tflint.execution.frames import Array, Json
from tflint.fix.quantize.histogram import BINS, Histogram

Frame = tuple[Json, Sequence[Array]]


def answer(request: Json, arrays: Sequence[Array]) -> Iterator[Frame]:
    """Carry out the job."""
    # Whatever the libraries raise, of which there is no list, is their refusal.
    try:
        frame = _JOBS[request["job"]](request, arrays)
    except Exception as error:
        frame = {"refused": f"{type(error).__name__}: {error}"}, ()
    yield frame


def _count(request: Json, arrays: Sequence[Array]) -> Frame:
    """Histograms of tensors, how far from zero each channel of tensors gets, and the smallest
    that the largest value of a row of tensors is.
    """
    histograms = {tensor: Histogram() for tensor in request["tensors"]}
    peaks: dict[int, Array] = {tensor: np.zeros((), np.float32) for tensor in request["channels"]}
    tops: dict[int, float] = dict.fromkeys(request["rows"], np.inf)
    for interpreter in _runs(arrays[0], arrays[1:]):
        for tensor, histogram in histograms.items():
            # A view into the interpreter, gone before the next call of it.
            histogram.add(interpreter.tensor(tensor)())
        for tensor, peak in peaks.items():
            peaks[tensor] = np.maximum(peak, np.abs(_by_channel(interpreter, tensor)).max(axis=0))
        for tensor, top in tops.items():
            tops[tensor] = min(top, float(_by_channel(interpreter, tensor).max(axis=1).min()))
    found = list(histograms.values())
    ends = np.array([[h.low, h.high, h.reach] for h in found], np.float64).reshape(-1, 3)
    seen = np.array([[h.samples, h.is_finite] for h in found], np.int64).reshape(-1, 2)
    counts = np.array([h.counts for h in found], np.int64).reshape(len(found), BINS)
    return {}, [ends, seen, counts, np.array(list(tops.values()), np.float64), *peaks.values()]


def _correct(request: Json, arrays: Sequence[Array]) -> Frame:
    """A quantised model with its weights rounded anew and its biases corrected.

    The arrays are the float model, the quantised one, and inputs; both models come back, the one
    with other biases only and the one with other weights too.
    """
    from tflint.fix.quantize.bias_correction import with_corrected_biases

    original, quantized, *inputs = arrays
    pairs = dict(request["pairs"])
    found = []
    for model in (quantized.tobytes(), _rounded(original.tobytes(), quantized, pairs, inputs)):
        data = with_corrected_biases(original.tobytes(), model, pairs, inputs, _channel_means)
        found.append(np.frombuffer(data, np.uint8))
    return {}, found


def _rounded(
    original: bytes, quantized: Array, pairs: Mapping[int, int], inputs: Sequence[Array]
) -> bytes:
    from tflint.fix.quantize.agreement import quantized_inputs
    from tflint.fix.quantize.weight_rounding import Covariance, layers, with_rounded_weights
    from tflint.model.graph import graphs
    from tflint.model.reader import parse_model
    from tflint.model.writer import write_model

    model = parse_model(quantized.tobytes())
    wanted = layers(graphs(model)[0], graphs(parse_model(original))[0], pairs)
    seen = [Covariance(layer) for layer in wanted]
    places = [layer.node.operator.inputs[0] for layer in wanted]
    for interpreter in _runs(quantized, quantized_inputs(quantized.tobytes(), inputs)):
        for place, covariance in zip(places, seen, strict=True):
            covariance.add(interpreter.get_tensor(place))
    known = [(layer, c.value()) for layer, c in zip(wanted, seen, strict=True)]
    return write_model(with_rounded_weights(model, [(n, c) for n, c in known if c is not None]))


def _channel_means(
    model: bytes, ends: Mapping[int, tuple[float, float]], inputs: Sequence[Array]
) -> dict[int, Array]:
    """The mean of each channel of tensors over all samples and places, in stored values, where
    smaller and larger ones count as the ends.
    """
    sums: dict[int, Array] = {tensor: np.zeros((), np.float64) for tensor in ends}
    for interpreter in _runs(np.frombuffer(model, np.uint8), inputs):
        for tensor, total in sums.items():
            low, high = ends[tensor]
            values = np.clip(_by_channel(interpreter, tensor), low, high)
            sums[tensor] = total + values.mean(axis=0, dtype=np.float64)
    count = len(inputs[0]) if inputs else 1
    return {tensor: total / count for tensor, total in sums.items()}


def _by_channel(interpreter: Any, tensor: int) -> Array:
    values = interpreter.get_tensor(tensor)
    rows: Array = values.reshape(-1, values.shape[-1])
    return rows


def _run(request: Json, arrays: Sequence[Array]) -> Frame:
    """The outputs of several models, each for inputs of its own."""
    found: list[Array] = []
    for first, last in request["runs"]:
        model, inputs = arrays[first], arrays[first + 1 : last]
        outputs = [
            [interpreter.get_tensor(place["index"]) for place in interpreter.get_output_details()]
            for interpreter in _runs(model, inputs, keep=False)
        ]
        found += [np.stack(values) for values in zip(*outputs, strict=True)]
    return {}, found


def _runs(model: Array, inputs: Sequence[Array], *, keep: bool = True) -> Iterator[Any]:
    """The interpreter, after each sample has been run on it."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model.tobytes(),
        num_threads=1,
        experimental_preserve_all_tensors=keep,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    places = [detail["index"] for detail in interpreter.get_input_details()]
    for sample in range(len(inputs[0]) if inputs else 1):
        for place, values in zip(places, inputs, strict=True):
            interpreter.set_tensor(place, values[sample])
        interpreter.reset_all_variables()
        interpreter.invoke()
        yield interpreter


def _quantize(request: Json, arrays: Sequence[Array]) -> Frame:
    """Let ai-edge-quantizer quantise a model, once for each set of ranges."""
    from ai_edge_quantizer import qtyping, quantizer

    mode, every = request["mode"], qtyping.TFLOperationName.ALL_SUPPORTED
    model, found = arrays[0].tobytes(), []
    for named in request["ranges"]:
        tool = quantizer.Quantizer(bytearray(model))
        if mode == "dynamic":
            tool.add_dynamic_config(".*", every, 8)
        elif mode == "float16":
            casting = quantizer.AlgorithmName.FLOAT_CASTING
            tool.add_weight_only_config(".*", every, 16, algorithm_key=casting)
        else:
            tool.add_static_config(".*", every, 8 if mode == "int8" else 16, 8)
            # It wants constants to have the rank of the output; see `remaining_operators`.
            maximum = qtyping.TFLOperationName.MAXIMUM
            none = quantizer.AlgorithmName.NO_QUANTIZE
            tool.update_quantization_recipe(".*", maximum, algorithm_key=none)
        ranges = {
            name: {
                "min": np.full((1,) * rank, low, np.float32),
                "max": np.full((1,) * rank, high, np.float32),
            }
            for name, (rank, low, high) in named.items()
        }
        result = tool.quantize(
            ranges or None, enable_progress_bar=False, enable_progress_report=False
        )
        found.append(np.frombuffer(bytes(result.quantized_model), np.uint8))
    return {}, found


_JOBS = {"count": _count, "correct": _correct, "run": _run, "quantize": _quantize}
