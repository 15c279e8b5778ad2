"""Build the models of `examples/models`, each with a flaw worth finding, and one without.

`make demo` runs this and then `tflint check examples`. The networks are the shapes people
really deploy; the weights are random.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder
from tflint.model.schema import ActivationFunctionType, TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint_rules.example_models import flex_options

FOLDER = Path(__file__).resolve().parent / "models"
RELU = ActivationFunctionType.RELU


def motion_network(graph: GraphBuilder, x: int, weights: TensorType | None = None) -> None:
    """Convolution, three pools, two dense layers, as for 32x32 recurrence plots."""
    x = graph.conv_2d(x, filters=32, kernel=3, weights=weights)
    for _ in range(3):
        x = graph.pool_2d(x)
    x = graph.fully_connected(graph.flatten(x), units=16, activation=RELU, weights=weights)
    graph.output(graph.softmax(graph.fully_connected(x, units=3, weights=weights)))


def select_ops() -> Model:
    """What a channels_first convolution becomes when SELECT_TF_OPS is allowed."""
    model = ModelBuilder()
    x = model.input((1, 1, 32, 32), name="recurrence_plot")
    y = model.tensor((1, 32, 30, 30), name="sequential/conv2d/Conv2D")
    attributes = {"data_format": "NCHW", "padding": "VALID"}
    kernel = model.constant((3, 3, 1, 32), name="conv2d/kernel")
    options = flex_options("Conv2D", attributes)
    model.operator("FlexConv2D", [x, kernel], [y], custom_options=options)
    x = model.unary("RELU", y)
    model.output(model.softmax(model.fully_connected(model.flatten(x), units=3)))
    return model.build()


def dynamic_range() -> Model:
    """`Optimize.DEFAULT` without a calibration set: int8 weights, float activations."""
    model = ModelBuilder()
    motion_network(model, model.input((1, 32, 32, 1)), weights=TensorType.INT8)
    return model.build()


def float32() -> Model:
    """No quantisation, and no pooling before the dense layer."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 1), name="mfcc"), filters=32, kernel=2)
    x = model.fully_connected(model.flatten(x), units=32, activation=RELU)
    model.output(model.unary("LOGISTIC", model.fully_connected(x, units=1)))
    return model.build()


def int8() -> Model:
    """Full integer, strided and depthwise separable: 9 KB that run anywhere."""
    model = ModelBuilder()
    x = model.input((1, 32, 32, 1), TensorType.INT8, name="recurrence_plot")
    x = model.conv_2d(x, filters=16, kernel=3, stride=2)
    for filters in (24, 32):
        x = model.depthwise_conv_2d(x, kernel=3, stride=2)
        x = model.conv_2d(x, filters=filters, kernel=1)
    _, height, _, _ = model.shape(x)
    x = model.flatten(model.pool_2d(x, "AVERAGE_POOL_2D", size=height))
    model.output(model.softmax(model.fully_connected(x, units=3)))
    model.signature({"recurrence_plot": model.inputs[0]}, {"activity": model.outputs[0]})
    return model.build()


MODELS = {
    "motion_select_ops": select_ops,
    "motion_dynamic_range": dynamic_range,
    "keyword_float32": float32,
    "motion_int8": int8,
}


def main() -> None:
    """Write the models."""
    FOLDER.mkdir(exist_ok=True)
    for name, build in MODELS.items():
        path = FOLDER / f"{name}.tflite"
        path.write_bytes(write_model(build()))
        print(f"{path.relative_to(FOLDER.parent.parent)}: {build.__doc__}", file=sys.stderr)


if __name__ == "__main__":
    main()
