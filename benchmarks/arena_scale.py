"""How long the arena of large graphs takes to compute, and their best order: CPU time, one run.

Graphs of int8 elementwise operators with 1,000 and 10,000 operators: a chain, residual blocks,
connections over up to 300 operators, one input read by all. Beside the seconds stands by what
factor an operator of the large graph costs more than one of the small. Prints; judges nothing.
Run with `make bench`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tflint.memory.reordering import reorder
from tflint.memory.usage import memory_use
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import AddOptions, ConcatenationOptions, TensorType
from tflint.model.tables import Model
from tflint.target.target import find_target

SMALL, LARGE = 1_000, 10_000
INT8 = TensorType.INT8


def chain(count: int) -> Model:
    """Operators one after the other, of varying sizes."""
    model, sizes = ModelBuilder(), random.Random(0)
    x = model.input((1, 64), INT8)
    for _ in range(count):
        y = model.tensor((1, 16 * sizes.randint(1, 400)), INT8)
        model.operator("RELU", [x], [y])
        x = y
    model.output(x)
    return model.build()


def residual(count: int) -> Model:
    """Blocks of two operators with the input added to their result."""
    return _connected(count, lambda choose, length: length - 2)


def dense(count: int) -> Model:
    """Each operator adds what an operator up to 300 before it made."""
    return _connected(count, lambda choose, length: choose.randrange(max(0, length - 300), length))


def wide(count: int) -> Model:
    """One input that all operators read, their results concatenated."""
    model = ModelBuilder()
    x = model.input((1, 64), INT8)
    parts = [model.unary("RELU", x) for _ in range(count - 1)]
    y = model.tensor((1, 64 * len(parts)), INT8)
    model.operator("CONCATENATION", parts, [y], ConcatenationOptions(axis=1))
    model.output(y)
    return model.build()


def _connected(count: int, earlier: Callable[[random.Random, int], int]) -> Model:
    model, choose = ModelBuilder(), random.Random(0)
    made = [model.input((1, 1024), INT8)]
    made.append(model.unary("RELU", made[0]))
    while len(made) <= count:
        y = model.tensor((1, 1024), INT8)
        other = made[max(earlier(choose, len(made)), 0)]
        model.operator("ADD", [made[-1], other], [y], AddOptions())
        made.append(y)
    model.output(made[-1])
    return model.build()


def seconds(model: Model) -> tuple[float, float]:
    """CPU seconds for the arena, and for the search for a better order."""
    subgraphs = graphs(model)
    start = time.process_time()
    arena = memory_use(model, subgraphs, find_target("tflm")).arena
    planned = time.process_time()
    reorder(model, subgraphs, arena)
    return planned - start, time.process_time() - planned


def main() -> None:
    """Print a table."""
    seconds(chain(10))  # loads what the first call has to load
    print(f"{'':10} {'arena of ' + format(LARGE, ','):>16} {'an operator':>13} {'its order':>11}")
    for build in (chain, residual, dense, wide):
        small, _ = seconds(build(SMALL))
        large, order = seconds(build(LARGE))
        factor = large * SMALL / (small * LARGE)
        print(f"{build.__name__:10} {large:14.2f} s {factor:11.2f} x {order:9.2f} s")


if __name__ == "__main__":
    main()
