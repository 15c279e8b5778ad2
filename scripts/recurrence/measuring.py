"""One network through the converter: as it is, rebuilt in float, and rebuilt in int8."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from recurrence.networks import networks
from tflint.convert.request import Origin, OriginKind, Request, Support
from tflint.errors import HostFailed, ModelRefused, TflintError
from tflint.execution.hosts import Host, execute
from tflint.memory.usage import memory_use
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.target.target import find_target

TARGET = find_target("cortex-m4")
SAMPLES = 16
_REQUEST = Request(Origin(OriginKind.ARCHIVE, Path("network"), "network"), fallback=Support.CUSTOM)


def measured(framework: str, name: str) -> dict[str, Any]:
    """What becomes of a network of `keras` or `tf_keras`."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    keras = __import__(framework)
    from tflint.convert.tensorflow.answers import answers, forget
    from tflint.convert.tensorflow.calling import inputs, outputs
    from tflint.convert.tensorflow.loaded import Loaded
    from tflint.convert.tensorflow.rebuilding import rebuild, unchanged

    found: dict[str, Any] = {}
    random = np.random.default_rng(20200706)
    title = "keras 3" if framework == "keras" else "tf-keras 2"
    for batch, key in ((1, "batch 1"), (None, "batch open")):
        if batch is None and "stateful" in name:
            continue
        model = networks(keras, batch)[name]()
        weights = [random.normal(size=w.shape) * 0.4 for w in model.get_weights()]
        model.set_weights(weights)
        loaded = Loaded(model, keras, title)
        given = [_values(port.shape, port.dtype, random) for port in inputs(loaded)]
        wanted = dataclasses.replace(_REQUEST, batch=batch)
        if batch is None:
            found[key] = _converted(loaded, wanted, None, None)
            continue
        expected = answers(loaded, given)
        forget(model)
        found[key] = _converted(loaded, wanted, given, expected)
        for mode in (None, "int8", "int16x8") if name in ("LSTM", "GRU") else (None, "int8"):
            wanted = dataclasses.replace(wanted, quantize=mode)
            subject = unchanged(loaded, inputs(loaded), outputs(loaded, 1))
            subject = rebuild(subject, wanted)
            if not subject.rebuilt:
                continue
            row = _converted(subject.loaded, wanted, given, expected)
            row["rebuilt"] = [part.what for part in subject.rebuilt]
            found["rebuilt" if mode is None else f"rebuilt for {mode}"] = row
    return found


def _values(shape: Any, dtype: str, random: Any) -> Any:
    shape = (SAMPLES, *(size or 1 for size in shape))
    if dtype.startswith("int"):
        return random.integers(1, 20, shape).astype(dtype)
    return random.normal(size=shape).astype(np.float32)


def _converted(loaded: Any, wanted: Request, given: Any, expected: Any) -> dict[str, Any]:
    from tflint.convert.tensorflow.conversion import attempts

    made, model = attempts(loaded, wanted)
    if model is None:
        return {"fails": made[-1].error}
    row: dict[str, Any] = {}
    if not made[0].is_done:
        row["allowed"] = made[-1].allowed.value
    if given is not None and wanted.quantize is not None:
        try:
            model = _quantised(loaded, wanted, given, model)
        except TflintError as error:
            return {"fails": str(error)}
    return row | _described(model, given, expected)


def _quantised(loaded: Any, wanted: Request, given: Any, model: bytes) -> bytes:
    from tflint.convert.tensorflow.calling import inputs
    from tflint.convert.tensorflow.quantizing import needs_tensorflow, quantised
    from tflint.fix.proof.samples import Samples
    from tflint.fix.quantize.requantize import requantize

    mode = wanted.quantize or "int8"
    if needs_tensorflow(parse_model(model)):
        return quantised(loaded, mode, 1, inputs(loaded), given)
    return requantize(model, mode, Samples(tuple(given)), TARGET, calibration="minmax").data


def _described(data: bytes, given: Any, expected: Any) -> dict[str, Any]:
    from tflint.fix.model.repair import repair, start

    work = start(data, TARGET)
    repair(work, TARGET)
    model = work.model
    names = [
        (node.code.custom_code if node.code.is_custom else node.name)
        for graph in graphs(model)
        for node in graph.nodes
    ]
    row: dict[str, Any] = {
        "operators": dict(sorted(Counter(names).items())),
        "subgraphs": len(model.subgraphs),
        "bytes": len(work.data),
    }
    use = memory_use(model, graphs(model), TARGET)
    row["arena"] = work.arena
    row["ram"] = use.ram_bytes if use.arena.is_planned and use.fault is None else None
    if given is not None:
        row["tflm"] = _on_tflm(work.data, given, expected)
    return row


def _on_tflm(data: bytes, given: Any, expected: Any) -> Any:
    """The largest difference to Keras, by the range of an output, or why it does not run."""
    entry = parse_model(data).subgraphs[0]
    stored = []
    for index, values in zip(entry.inputs, given, strict=True):
        tensor = entry.tensors[index]
        scale, zero = _scale(tensor)
        if scale is None:
            stored.append(values)
            continue
        kind = np.dtype(tensor.type.name.lower())
        limits = np.iinfo(kind)
        stored.append(np.clip(np.round(values / scale) + zero, limits.min, limits.max).astype(kind))
    try:
        made = execute(data, stored, Host.TFLM)
    except (ModelRefused, HostFailed) as error:
        return str(error)
    worst = 0.0
    for index, values, right in zip(entry.outputs, made, expected, strict=True):
        scale, zero = _scale(entry.tensors[index])
        real = values if scale is None else (values.astype(np.float64) - zero) * scale
        worst = max(worst, float(np.abs(real - right.reshape(real.shape)).max() / np.ptp(right)))
    return float(f"{worst:.2g}")


def _scale(tensor: Any) -> tuple[float | None, int]:
    found = tensor.quantization
    if found is None or not found.scale:
        return None, 0
    return found.scale[0], found.zero_point[0] if found.zero_point else 0
