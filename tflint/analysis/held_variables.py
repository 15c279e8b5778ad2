"""Variables that hold what is known before the first inference, or what nobody asks for.

Source for TFLM: micro_allocator.cc (variable tensors are allocated and set to zero, whatever the
file stores for them), micro_resource_variable.cc.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tflint.analysis.dataflow import Dataflow
from tflint.model.graph import Graph, Node, Value
from tflint.model.schema import CallOnceOptions, VarHandleOptions
from tflint.model.tables import Model


@dataclass(frozen=True, slots=True)
class VariableTensor:
    """A variable tensor that nothing reads, or that the file stores `stored` bytes for."""

    value: Value
    is_read: bool
    stored: int


@dataclass(slots=True)
class ResourceVariable:
    """All there is to one resource variable, found by its name.

    `handles` make its handle, `writes` assign to it and `reads` read it.
    """

    name: str
    handles: list[Node] = field(default_factory=list)
    writes: list[Node] = field(default_factory=list)
    reads: list[Node] = field(default_factory=list)
    is_lost: bool = False

    @property
    def assigned(self) -> Value | None:
        """What a variable always holds that is assigned one constant only, or is never read.

        None for others: what is read may differ, or a handle got out of sight.
        """
        values = [node.input(1) for node in self.writes]
        first = values[0] if values else None
        if self.is_lost or first is None:
            return None
        if self.reads and not all(_is_same(first, value) for value in values):
            return None
        return first


def variable_tensors(model: Model, graphs: Sequence[Graph]) -> Iterator[VariableTensor]:
    """The variable tensors that keep RAM or flash for nothing."""
    for graph in graphs:
        kept = {i for o in model.subgraphs[graph.index].operators for i in o.intermediates}
        for value in graph.values:
            index = value.tensor.buffer
            if not value.tensor.is_variable or not value.bytes or value.index in kept:
                continue
            stored = model.buffers[index].data if index < len(model.buffers) else None
            is_read = bool(value.consumers) or value.is_output
            if stored or not is_read:
                yield VariableTensor(value, is_read, len(stored or b""))


def resource_variables(graphs: Sequence[Graph]) -> Iterator[ResourceVariable]:
    """The resource variables of all subgraphs. A handle that anything else gets hold of may lead
    to further uses.
    """
    nodes = [node for graph in graphs for node in graph.nodes]
    found: dict[str, ResourceVariable] = {}
    names: dict[tuple[int, int], str] = {}
    for node in nodes:
        if node.name == "VAR_HANDLE" and node.outputs:
            options = node.options
            name = options.shared_name if isinstance(options, VarHandleOptions) else None
            variable = found.setdefault(name or "", ResourceVariable(name or ""))
            variable.handles.append(node)
            handle = node.outputs[0]
            known = names.setdefault((handle.subgraph, handle.index), name or "")
            if handle.is_output or known != variable.name:
                variable.is_lost = found[known].is_lost = True
    for node in nodes:
        for position, value in enumerate(node.inputs):
            if value is None or (value.subgraph, value.index) not in names:
                continue
            variable = found[names[value.subgraph, value.index]]
            if node.name == "READ_VARIABLE":
                variable.reads.append(node)
            elif node.name == "ASSIGN_VARIABLE" and position == 0 and node.input(1) is not None:
                variable.writes.append(node)
            else:
                variable.is_lost = True
    yield from found.values()


class Replacements:
    """The constants that readers of resource variables can read in their place."""

    def __init__(self, graphs: Sequence[Graph]) -> None:
        self._graphs = graphs
        self._flows: dict[int, Dataflow] = {}
        # Where each subgraph first lets another run once, and which one.
        self._calls: dict[int, dict[int, int]] = {}
        for graph in graphs:
            calls = self._calls.setdefault(graph.index, {})
            for node in graph.nodes:
                if node.name == "CALL_ONCE" and isinstance(node.options, CallOnceOptions):
                    calls.setdefault(node.options.init_subgraph_index, node.index)

    def of(self, variable: ResourceVariable) -> Value | None:
        """What every reader of a variable can read in its place, unnoticed; None if not all can.

        Every read comes behind an assignment: of the same subgraph, or of one that is run once
        before. What is read is no output of its subgraph, and of the constant's type and size.
        """
        constant = variable.assigned
        if constant is None or constant.data is None or constant.tensor.sparsity is not None:
            return None
        settled = self._settled(variable.writes)
        for node in variable.reads:
            result = node.outputs[0] if len(node.outputs) == 1 else None
            if node.index < settled.get(node.subgraph, node.index + 1) or result is None:
                return None
            if result.is_output or result.type is not constant.type:
                return None
            if result.bytes != len(constant.data) or not self._is_stable(result):
                return None
        return constant

    def _settled(self, writes: Iterable[Node]) -> dict[int, int]:
        """From which operator on the variable is assigned for sure, by subgraph."""
        written: dict[int, int] = {}
        for write in writes:
            written[write.subgraph] = min(write.index, written.get(write.subgraph, write.index))
        settled = dict(written)
        for graph, calls in self._calls.items():
            for called in calls.keys() & written.keys():
                settled[graph] = min(calls[called], settled.get(graph, calls[called]))
        return settled

    def _is_stable(self, value: Value) -> bool:
        flow = self._flows.get(value.subgraph)
        if flow is None:
            flow = self._flows[value.subgraph] = Dataflow(self._graphs[value.subgraph])
        return flow.is_stable(value)


def _is_same(a: Value, b: Value | None) -> bool:
    """Whether two values are the same stored bytes, which are not looked at."""
    return (
        b is not None
        and a.data is not None
        and a.tensor.buffer == b.tensor.buffer
        and a.type == b.type
    )
