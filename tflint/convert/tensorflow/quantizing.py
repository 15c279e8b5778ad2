"""TensorFlow's own quantiser, for networks that tflint's makes no integers of: fused LSTMs.

Its calibration crashes the process on a loop (WHILE, TensorFlow 2.21), so nothing with control
flow is given to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tflint.convert.lstm_scales import with_one_scale
from tflint.convert.request import Port
from tflint.convert.tensorflow.conversion import converter_of, trace, with_names
from tflint.convert.tensorflow.loaded import Loaded
from tflint.convert.tensorflow.missing import reason
from tflint.convert.tensorflow.naming import argument
from tflint.execution.frames import Array
from tflint.fix.quantize.known_operators import KEEPING_STATE
from tflint.fix.quantize.verification import is_integer, quantization_faults
from tflint.model.graph import graphs
from tflint.model.reader import parse_model
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model

_ACTIVATIONS = {"int8": TensorType.INT8, "int16x8": TensorType.INT16}
# Of them ranges are found; more samples take their time and move no range by much.
_MOST_SAMPLES = 500


class CannotQuantise(Exception):
    """TensorFlow makes no such integers of a network; the message says why."""


def needs_tensorflow(model: Model) -> bool:
    """Whether it takes TensorFlow's quantiser to make integers of a float model."""
    return len(model.subgraphs) == 1 and any(
        node.name in KEEPING_STATE for graph in graphs(model) for node in graph.nodes
    )


def quantised(
    loaded: Loaded,
    mode: str,
    batch: int | None,
    inputs: Sequence[Port],
    samples: Sequence[Array],
) -> bytes:
    """The network with integers throughout, inputs and outputs too.

    `mode` is `int8` or `int16x8`. `samples` are of the original's inputs, (samples, *shape of the
    input), `inputs` say in which order of dimensions this network takes them. Raises
    `CannotQuantise`.
    """
    import tensorflow as tf

    wanted = _ACTIVATIONS[mode]
    traced = trace(loaded, batch)
    converter = converter_of(traced)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "int8":
        operators, dtype = tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.int8
    else:
        operators, dtype = (
            tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
            tf.int16,
        )
    converter.target_spec.supported_ops = [operators]
    converter.inference_input_type = converter.inference_output_type = dtype
    converter.representative_dataset = lambda: _fed(inputs, samples)
    try:
        made: bytes = converter.convert()
    except MemoryError:
        raise
    except Exception as error:
        raise CannotQuantise(reason(error)) from error
    named = parse_model(with_names(made, traced))
    model = with_one_scale(named)
    faults = list(quantization_faults(model, wanted))
    if faults or not is_integer(model):
        raise CannotQuantise("; ".join(faults[:3]) or "it left everything in float")
    return write_model(model)


def _fed(inputs: Sequence[Port], samples: Sequence[Array]) -> Iterator[dict[str, Any]]:
    """One sample after the other, as the converter calls the inputs."""
    count = len(samples[0]) if samples else 0
    for index in np.linspace(0, count - 1, min(count, _MOST_SAMPLES)).astype(int):
        yield {
            argument(i): values[index]
            if port.order is None
            else values[index].transpose(port.order)
            for i, (port, values) in enumerate(zip(inputs, samples, strict=True))
        }
