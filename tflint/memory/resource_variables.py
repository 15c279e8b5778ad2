"""Resource variables: memory that a model keeps from one run to the next, found by name.

A program creates a `MicroResourceVariables` with room for as many variables as its model has,
and hands it to the interpreter. Source: tensorflow/lite/micro/micro_resource_variable.h.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tflint.memory.abi import Struct
from tflint.model.graph import Graph, Value

# Variables, how many there are and how many there is room for.
MICRO_RESOURCE_VARIABLES = Struct("ptr", "i32*2")
# Container, name, memory, its size and what it is set to at first.
MICRO_RESOURCE_VARIABLE = Struct("ptr*3", "size", "i8")

# Container and name; a container that the file leaves out is None.
Variable = tuple["str | None", str]


def variable_of(handle: Value | None) -> Variable | None:
    """The variable that a handle stands for, None when no VAR_HANDLE made it."""
    node = handle.producer if handle is not None else None
    if node is None or node.name != "VAR_HANDLE" or node.outputs[0] is not handle:
        return None
    container = getattr(node.options, "container", None)
    name = getattr(node.options, "shared_name", None)
    return container, name or ""


def is_handle(value: Value) -> bool:
    """Whether VAR_HANDLE makes this value, which points to the kernel's own data."""
    return value.producer is not None and variable_of(value) is not None


class Variables:
    """The variables that have been asked for, told apart as TFLM does.

    A handle without a container means the first variable of its name.
    """

    def __init__(self) -> None:
        self._known: dict[str, list[str | None]] = {}
        self._pairs: set[Variable] = set()

    def __len__(self) -> int:
        return len(self._pairs)

    def find(self, variable: Variable) -> tuple[Variable, bool]:
        """The variable that is meant, and whether it is a new one."""
        container, name = variable
        there = self._known.setdefault(name, [])
        if container is None and there:
            return (there[0], name), False
        if variable in self._pairs:
            return variable, False
        there.append(container)
        self._pairs.add(variable)
        return variable, True


def count_variables(graphs: Sequence[Graph]) -> int:
    """How many variables a model has."""
    variables = Variables()
    for variable in _handles(graphs):
        variables.find(variable)
    return len(variables)


def _handles(graphs: Sequence[Graph]) -> Iterator[Variable]:
    for graph in graphs:
        for node in graph.nodes:
            if node.name == "VAR_HANDLE" and node.outputs:
                variable = variable_of(node.outputs[0])
                if variable is not None:
                    yield variable
