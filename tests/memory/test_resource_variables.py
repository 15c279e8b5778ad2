"""Which variables a model has."""

from __future__ import annotations

from tflint.memory.abi import CORTEX_M
from tflint.memory.resource_variables import (
    MICRO_RESOURCE_VARIABLE,
    MICRO_RESOURCE_VARIABLES,
    Variables,
    count_variables,
)
from tflint.model.builder import ModelBuilder
from tflint.model.graph import graphs
from tflint.model.schema import TensorType, VarHandleOptions


def test_containers_tell_variables_apart() -> None:
    variables = Variables()
    assert variables.find(("x", "a")) == (("x", "a"), True)
    assert variables.find(("y", "a")) == (("y", "a"), True)
    assert variables.find(("x", "a")) == (("x", "a"), False)
    # Without a container, the first of the name.
    assert variables.find((None, "a")) == (("x", "a"), False)
    assert variables.find((None, "b")) == ((None, "b"), True)
    assert len(variables) == 3


def test_handles_of_all_subgraphs_are_counted() -> None:
    model = ModelBuilder()
    for graph, name in ((model, "a"), (model.subgraph("second"), "b"), (model, "a")):
        handle = graph.tensor((1,), TensorType.RESOURCE)
        options = VarHandleOptions(container="", shared_name=name)
        graph.operator("VAR_HANDLE", [], [handle], options)
    # A handle whose options are missing has no name; one without an output makes nothing.
    model.operator("VAR_HANDLE", [], [model.tensor((1,), TensorType.RESOURCE)])
    model.operator("VAR_HANDLE", [], [])
    assert count_variables(graphs(model.build())) == 3


def test_sizes_on_a_cortex_m() -> None:
    assert MICRO_RESOURCE_VARIABLES.size(CORTEX_M) == 12
    assert MICRO_RESOURCE_VARIABLE.size(CORTEX_M) == 20
