"""Reports of `tflint memory` on models made by the builder, one for each kind of outcome."""

from __future__ import annotations

from collections.abc import Callable

from tests.model.sample_models import multi_subgraph_model
from tflint.lint.memory_report import report_on
from tflint.memory.arena import plan_arena
from tflint.memory.requests import WHEEL
from tflint.memory.wheel import Measurement
from tflint.model.builder import ModelBuilder
from tflint.model.reader import parse_model
from tflint.model.schema import AddOptions, TensorType
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.report.memory_result import MemoryReport, OnHost
from tflint.target.target import find_target


def classifier(type: TensorType = TensorType.INT8, weights: TensorType | None = None) -> Model:
    """Convolutions with a connection around one, pooling and a dense layer."""
    model = ModelBuilder()
    x = model.conv_2d(
        model.input((1, 24, 24, 1), type, name="image"), filters=8, kernel=3, weights=weights
    )
    y = model.depthwise_conv_2d(x, kernel=1)
    z = model.tensor(model.shape(x), type, name="sum")
    model.operator("ADD", [x, y], [z], AddOptions())
    z = model.pool_2d(model.conv_2d(z, filters=4, kernel=3))
    model.output(model.softmax(model.fully_connected(model.flatten(z), units=4)))
    return model.build()


def chain(operators: int, type: TensorType = TensorType.INT8, name: str | None = None) -> Model:
    """Operators one after the other, on shapes that grow and shrink."""
    model = ModelBuilder()
    x = model.input((1, 64), type, name=name)
    for i in range(operators):
        x = model.fully_connected(x, units=16 + 48 * (i % 3)) if i % 2 else model.unary("RELU", x)
    model.output(x)
    return model.build()


def reported(model: Model, target: str = "tflm", path: str = "model.tflite") -> MemoryReport:
    """The report on a model as it is read from a file."""
    return report_on(parse_model(write_model(model)), find_target(target), path)


def on_host(measured: Measurement | None = None) -> MemoryReport:
    """A report with a measurement, which agrees with what is computed unless given."""
    import dataclasses

    report = reported(classifier())
    model = parse_model(write_model(classifier()))
    computed = plan_arena(model, report.graphs, WHEEL)
    found = measured or Measurement(
        ran=True,
        nonpersistent_bytes=computed.nonpersistent_bytes,
        persistent_bytes=computed.persistent_bytes,
        min_arena_bytes=computed.min_arena_bytes,
    )
    return dataclasses.replace(report, host=OnHost(computed, found))


REPORTS: dict[str, Callable[[], MemoryReport]] = {
    "int8": lambda: reported(classifier()),
    "float": lambda: reported(classifier(TensorType.FLOAT32)),
    "unrunnable": lambda: reported(classifier(TensorType.FLOAT32, TensorType.INT8)),
    "over-budget": lambda: reported(classifier(), "cortex-m55:ram=8K,flash=1M"),
    "two-operators": lambda: reported(chain(2)),
    "no-operators": lambda: reported(chain(0)),
    "nothing": lambda: reported(ModelBuilder().build()),
    "long": lambda: reported(chain(500)),
    "subgraphs": lambda: reported(multi_subgraph_model()),
    "measured": on_host,
}
