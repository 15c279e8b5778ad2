"""Graphs put together at random for the memory planner: what is alive when, and how large."""

from __future__ import annotations

import dataclasses
import random
import struct

from tests.memory.planned_offline import PLAN
from tflint.model.builder import ModelBuilder
from tflint.model.graph_builder import GraphBuilder, per_tensor
from tflint.model.schema import AddOptions, SVDFOptions, TensorType
from tflint.model.tables import Model

LARGEST = 200


def random_graph(seed: int) -> Model:
    """A model of one to three subgraphs; the same seed gives the same model.

    Operators read what is there already, mostly: sometimes nothing makes what they read, or
    something makes it a second time.
    """
    rng = random.Random(seed)
    model = ModelBuilder(seed=seed)
    subgraphs: list[GraphBuilder] = [model]
    if rng.random() < 0.3:
        subgraphs += [model.subgraph(f"other_{i}") for i in range(rng.randint(1, 2))]
    for graph in subgraphs:
        _fill(graph, rng)
    if rng.random() < 0.3:
        _plan(model, subgraphs, rng)
    return model.build()


def _fill(graph: GraphBuilder, rng: random.Random) -> None:
    size = rng.randint(1, LARGEST)
    known = [graph.input((1, size)) for _ in range(rng.randint(1, 3))]
    for _ in range(rng.randint(0, 12)):
        kind = rng.choice(
            ("EXP", "EXP", "ADD", "ADD", "ADD_N", "SVDF", "CONV_2D", "unused", "again")
        )
        if kind == "EXP":
            known.append(graph.unary("EXP", rng.choice(known)))
        elif kind in ("ADD", "ADD_N"):
            inputs = rng.choices(known, k=2 if kind == "ADD" else rng.randint(2, 5))
            known.append(graph.tensor((1, size)))
            options = AddOptions() if kind == "ADD" else None
            graph.operator(kind, inputs, known[-1:], options)
        elif kind == "SVDF":
            _svdf(graph, rng)
        elif kind == "CONV_2D":
            x = graph.input((1, rng.randint(1, 9), 5, 3), TensorType.INT8)
            graph.conv_2d(x, filters=rng.randint(1, 40), kernel=1)
        elif kind == "unused":
            known += [graph.tensor((1, size))] if rng.random() < 0.5 else []
            graph.tensor((rng.randint(0, LARGEST),), is_variable=rng.random() < 0.5)
        else:
            graph.operator("EXP", [rng.choice(known)], [rng.choice(known)])
    graph.output(*rng.choices(known, k=rng.randint(1, 3)))


def _svdf(graph: GraphBuilder, rng: random.Random) -> None:
    batch, rank, units, features, time = (rng.randint(1, 4) for _ in range(5))
    filters = rank * units
    is_int8 = rng.random() < 0.5
    types = (
        (TensorType.INT8, TensorType.INT16, TensorType.INT32)
        if is_int8
        else [TensorType.FLOAT32] * 3
    )
    x = graph.input((batch, features), types[0])
    weights = [
        graph.constant((filters, features), types[0]),
        graph.constant((filters, time), types[1]),
        graph.constant((units,), types[2]),
    ]
    if is_int8:
        scale = per_tensor(0.05 * 0.05)
        graph.tensors[weights[2]] = dataclasses.replace(
            graph.tensors[weights[2]], quantization=scale
        )
    state = graph.tensor((batch, filters * time), types[1], is_variable=True)
    y = graph.tensor((batch, units), types[0])
    graph.operator("SVDF", [x, *weights, state], [y], SVDFOptions(rank=rank))


def _plan(model: ModelBuilder, subgraphs: list[GraphBuilder], rng: random.Random) -> None:
    tensors = sum(len(graph.tensors) for graph in subgraphs)
    share = rng.choice((0.1, 0.5, 1))
    step = rng.choice((16, 16, 16, 4))
    offsets = [step * rng.randint(0, 100) if rng.random() < share else -1 for _ in range(tensors)]
    model.metadata(PLAN, struct.pack(f"<{3 + tensors}i", 1, 0, tensors, *offsets))
