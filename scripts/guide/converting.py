"""The forms of a network, converted in one process that has TensorFlow started once."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from guide.figures import TARGET, figures
from guide.networks import (
    DYNAMIC,
    FIXED,
    FLOAT,
    FLOAT16,
    FLOAT_IO,
    INT8,
    INT16,
    RECONVERTED,
    SELECT,
    TENSORFLOW,
    TENSORFLOW_FLOAT,
    cases,
)
from tflint.api import run_convert, run_fix, run_reconvert
from tflint.config.load import load_settings
from tflint.convert.jobs import Reading, reconvert_jobs
from tflint.convert.options import ConvertOptions, ReconvertOptions
from tflint.convert.origin import parse_origin
from tflint.convert.request import Support
from tflint.execution.frames import Array, Json
from tflint.execution.process import Ended
from tflint.fix.options import FixOptions

# By `tflint convert --quantize`.
_MODES = {FLOAT: "none", FLOAT16: "float16", DYNAMIC: "dynamic", INT8: "int8", INT16: "int16x8"}
# Networks of random weights decide by next to nothing: they are measured, not used.
_TOLERANCE = 1.0


class NotConverted(Exception):
    """A form that there is not; the message says why."""


def answer_here(
    module: str,
    request: Mapping[str, Any],
    arrays: Sequence[Array] = (),
    limits: object = None,
    on_frame: Callable[[Json], None] = lambda head: None,
) -> Ended:
    """In place of `tflint.execution.process.run_worker`: what the worker does, in this process."""
    from tflint.convert.tensorflow.worker import answer

    frames = []
    for head, sent in answer(dict(request), arrays):
        on_frame(head)
        frames.append((head, list(sent)))
    return Ended(tuple(frames))


def form_of(model: Any, form: str, folder: Path) -> bytes:
    """A Keras model in one form. Raises `NotConverted`."""
    if form in (TENSORFLOW, TENSORFLOW_FLOAT, FLOAT_IO, FIXED):
        data = by_tensorflow(
            model, is_float=form == TENSORFLOW_FLOAT, has_float_ends=form in (FLOAT_IO, FIXED)
        )
        return fixed(data, folder) if form == FIXED else data
    path = folder / "network.keras"
    model.save(path)
    settings = load_settings({"target": TARGET}, isolated=True)
    if form == RECONVERTED:
        jobs = reconvert_jobs([str(path)], Reading(), settings.plan)
        options = FixOptions(quantize="int8", is_random=True, tolerance=_TOLERANCE)
        run = run_reconvert(settings, jobs, options, ReconvertOptions())
        (repaired,) = run.files
        if repaired.fix.failure:
            raise NotConverted(repaired.fix.failure)
        return repaired.after
    mode = _MODES.get(form, "none")
    asked = ConvertOptions(
        parse_origin(str(path)),
        quantize=mode,
        is_random=mode in ("int8", "int16x8"),
        tolerance=_TOLERANCE,
        fallback=Support.SELECT if form == SELECT else Support.BUILTIN,
    )
    done = run_convert(settings, asked, path.with_suffix(".tflite"))
    if done.data is None:
        conversion = done.report.conversion
        wrong = [attempt.error for attempt in conversion.attempts if attempt.error]
        raise NotConverted(conversion.refusal or (wrong[0] if wrong else "no proof"))
    return done.data


def by_tensorflow(model: Any, *, is_float: bool, has_float_ends: bool) -> bytes:
    """What TensorFlow's converter makes, with a batch of 1 and random data to calibrate with."""
    import keras
    import numpy as np
    import tensorflow as tf

    entry = keras.Input(batch_shape=(1, *model.input_shape[1:]))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(entry, model(entry)))
    if not is_float:
        random = np.random.default_rng(0)

        def samples() -> Iterator[list[Any]]:
            for _ in range(20):
                yield [random.normal(size=entry.shape).astype(np.float32)]

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if not has_float_ends:
            converter.inference_input_type = converter.inference_output_type = tf.int8
    try:
        data: bytes = converter.convert()
    except Exception as error:
        raise NotConverted(str(error).splitlines()[0]) from error
    return data


def fixed(data: bytes, folder: Path) -> bytes:
    """What `tflint fix --unsafe` makes of a model."""
    path = folder / "network.tflite"
    path.write_bytes(data)
    settings = load_settings({"target": TARGET}, isolated=True)
    run = run_fix(settings, [str(path)], FixOptions(unsafe=True, tolerance=_TOLERANCE))
    (repaired,) = run.files
    if repaired.fix.failure:
        raise NotConverted(repaired.fix.failure)
    return repaired.after


def as_if_trained(model: Any) -> None:
    """Give all that Keras begins with zeros or ones, such as biases, values of its own.

    Converters and repairs drop what does nothing.
    """
    import numpy as np

    random = np.random.default_rng(0)
    for variable in model.weights:
        values = variable.numpy()
        if values.size and np.all(values == values.flat[0]):
            variable.assign(random.uniform(0.5, 1.5, values.shape))


def measured(name: str) -> dict[str, Any]:
    """The figures of a network in each of its forms."""
    import keras

    case = cases()[name]
    keras.utils.set_random_seed(1)
    model = case.build()
    as_if_trained(model)
    found: dict[str, Any] = {"parameters": model.count_params()}
    for form in case.forms:
        with tempfile.TemporaryDirectory() as folder:
            try:
                found[form] = figures(form_of(model, form, Path(folder)))
            except NotConverted as error:
                found[form] = {"fails": str(error)[:300]}
    keras.backend.clear_session()
    return found


def stay_in_this_process() -> None:
    """From here on let conversions use the TensorFlow of this process."""
    import tflint.convert.worker_process as conversation

    conversation.run_worker = answer_here  # type: ignore[attr-defined]


def main(names: Sequence[str]) -> None:
    """Print a line of JSON for each of the networks."""
    stay_in_this_process()
    for name in names:
        print("@" + json.dumps({"name": name, "found": measured(name)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
