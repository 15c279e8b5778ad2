"""Models and labelled samples to count with."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tflint.bench.accuracy import measure_accuracy
from tflint.bench.datasets import LabelledData, load_dataset
from tflint.bench.inputs import entry_of
from tflint.bench.options import BenchOptions
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import per_tensor
from tflint.model.schema import (
    TensorType,
)
from tflint.model.tables import Model
from tflint.model.writer import write_model
from tflint.report.accuracy_result import Accuracy


def as_it_is(columns: int) -> Model:
    """Its output is its input."""
    build = ModelBuilder()
    x = build.input((1, columns), name="x")
    build.output(build.reshape(x, (1, columns)))
    return build.build()


def classifier(type: TensorType = TensorType.FLOAT32, classes: int = 4) -> Model:
    build = ModelBuilder()
    quantization = None if type is TensorType.FLOAT32 else per_tensor(0.02, 3)
    x = build.conv_2d(build.input((1, 6, 6, 2), type, quantization), 3, 3)
    build.output(build.fully_connected(build.flatten(x), classes))
    return build.build()


def data(folder: Path, /, **arrays: ArrayLike) -> LabelledData:
    path = folder / "data.npz"
    np.savez(path, **{name: np.asarray(array) for name, array in arrays.items()})
    return load_dataset(path, None)


def measured(model: Model, found: LabelledData, **changes: Any) -> tuple[Accuracy, tuple[str, ...]]:
    options = dataclasses.replace(BenchOptions(seconds=60), **changes)
    entry = entry_of(model, options.signature)
    return measure_accuracy(write_model(model), model, entry, found, options)
