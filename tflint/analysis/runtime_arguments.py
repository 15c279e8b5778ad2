"""Arguments that are computed at run time where a runtime's kernel needs a constant."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.operand_types import node_signature
from tflint.model.graph import Node, Value
from tflint.target.runtime import Runtime


def runtime_arguments(node: Node, runtime: Runtime) -> Iterator[tuple[int, Value]]:
    """The positions at which the operator's kernel needs a constant, with what is there."""
    kernel = runtime.kernel(node.name)
    if kernel is None or not (kernel.constant_inputs or kernel.constant_inputs_for):
        return
    for position in kernel.constants(node_signature(kernel, node)):
        value = node.input(position)
        if value is not None and not value.is_constant:
            yield position, value
