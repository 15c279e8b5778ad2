"""The persistent section of TFLM's arena, request by request, and what preparing needs on top.

Source: tensorflow/lite/micro/micro_allocator.cc and micro_interpreter.cc; each function here
names the step of `MicroInterpreter::AllocateTensors` that it follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tflint.memory import core_structs as core
from tflint.memory.abi import Abi, Struct, align_up
from tflint.memory.builtin_params import builtin_params
from tflint.memory.core_structs import ALIGNMENT
from tflint.memory.greedy_planner import ONLINE
from tflint.memory.kernels import find_kernel
from tflint.memory.offline_plan import OfflinePlan, offsets_by_subgraph
from tflint.memory.requests import (
    Build,
    Doubt,
    Persistent,
    Requests,
    Scratch,
    Temporary,
)
from tflint.memory.resource_variables import (
    MICRO_RESOURCE_VARIABLE,
    MICRO_RESOURCE_VARIABLES,
    Variables,
    count_variables,
)
from tflint.model.graph import Graph, Node, Value

# What the tail holds, in the order in which it is filled.
KINDS = (
    "allocators",
    "resource_variables",
    "subgraphs",
    "eval_tensors",
    "operators",
    "operator_options",
    "kernel_data",
    "scratch_handles",
    "variables",
    "io_tensors",
)


@dataclass(frozen=True, slots=True)
class Tail:
    """The tail by kind, in bytes, and what came up while it was filled.

    `scratch` are the scratch requests in order, with who asked. `kernel_data` is the part of
    each operator's kernel, by subgraph and operator. `when_planning` is the tail before the
    model's inputs and outputs get their tensors, `preparing_bytes` the most that tail and
    temporaries take while a kernel prepares.
    """

    by_kind: Mapping[str, int]
    scratch: tuple[tuple[Node, int], ...]
    kernel_data: Mapping[tuple[int, int], int]
    when_planning: int
    preparing_bytes: int
    doubts: tuple[tuple[Node, Doubt], ...]


def fill_tail(graphs: Sequence[Graph], build: Build, own_plan: OfflinePlan | None = None) -> Tail:
    """Fill the tail for these subgraphs, the first of which is run."""
    stack = _Stack(build)
    stack.allocators()
    stack.resource_variables(graphs)
    stack.builtin_data_allocator()
    stack.subgraphs(graphs)
    requests = [_requests(node, build) for graph in graphs for node in graph.nodes]
    stack.options(requests)
    stack.inits(requests)
    stack.prepares(requests)
    stack.scratch_handles()
    stack.variables(graphs, own_plan)
    when_planning = stack.used
    if graphs:
        stack.io_tensors(graphs[0].inputs)
        stack.io_tensors(graphs[0].outputs)
    return Tail(
        by_kind=stack.by_kind,
        scratch=tuple(stack.scratch),
        kernel_data=stack.kernel_data,
        when_planning=when_planning,
        preparing_bytes=stack.preparing_bytes,
        doubts=tuple((ask.node, doubt) for ask in requests for doubt in ask.doubts),
    )


def _requests(node: Node, build: Build) -> Requests:
    """What the operator's kernel asks for."""
    ask = Requests(node, build)
    kernel = find_kernel(node.code, build.library)
    if kernel is None:
        ask.doubt("what its kernel allocates is not known")
    else:
        kernel(ask)
    return ask


class _Stack:
    """The tail while it grows."""

    def __init__(self, build: Build) -> None:
        self.abi = build.abi
        self.is_wheel = build.is_wheel
        self.used = 0
        self.by_kind = dict.fromkeys(KINDS, 0)
        self.kernel_data: dict[tuple[int, int], int] = {}
        self.scratch: list[tuple[Node, int]] = []
        self.preparing_bytes = 0

    def push(self, kind: str, size: int, alignment: int = ALIGNMENT) -> None:
        """Allocate persistent bytes."""
        before = self.used
        self.used = align_up(self.used + max(size, 0), alignment)
        self.by_kind[kind] += self.used - before

    def push_struct(self, kind: str, struct: Struct, count: int = 1) -> None:
        """Allocate one or several structs in a row."""
        layout = struct.layout(self.abi)
        self.push(kind, layout.size * count, layout.align)

    def allocators(self) -> None:
        """`MicroAllocator::Create`."""
        single = core.SINGLE_ARENA_BUFFER_ALLOCATOR
        micro = core.MICRO_ALLOCATOR
        if self.is_wheel:
            single = core.RECORDING_SINGLE_ARENA_BUFFER_ALLOCATOR
            micro = core.COMPRESSION_RECORDING_MICRO_ALLOCATOR
        for struct in (single, core.GREEDY_MEMORY_PLANNER, micro):
            self.push_struct("allocators", struct)

    def resource_variables(self, graphs: Sequence[Graph]) -> None:
        """`MicroResourceVariables::Create`, which a program calls for as many as there are."""
        count = count_variables(graphs)
        if count:
            self.push("resource_variables", MICRO_RESOURCE_VARIABLES.size(self.abi))
            self.push("resource_variables", MICRO_RESOURCE_VARIABLE.size(self.abi) * count)

    def builtin_data_allocator(self) -> None:
        """What operators' options are allocated by, the first thing `StartModelAllocation` does."""
        self.push_struct("allocators", core.BUILTIN_DATA_ALLOCATOR)

    def subgraphs(self, graphs: Sequence[Graph]) -> None:
        """`StartModelAllocation`."""
        allocations = core.SUBGRAPH_ALLOCATIONS
        if self.is_wheel:
            allocations = core.COMPRESSION_SUBGRAPH_ALLOCATIONS
        self.push_struct("subgraphs", allocations, len(graphs))
        for graph in graphs:
            self.push_struct("eval_tensors", core.EVAL_TENSOR, len(graph.values))
        for graph in graphs:
            self.push_struct("operators", core.NODE_AND_REGISTRATION, len(graph.nodes))

    def options(self, requests: Sequence[Requests]) -> None:
        """`PrepareNodeAndRegistrationDataFromFlatbuffer`."""
        for ask in requests:
            params = builtin_params(ask.node.code, is_wheel=self.is_wheel)
            if params is not None:
                self.push_struct("operator_options", params)

    def inits(self, requests: Sequence[Requests]) -> None:
        """`InitSubgraphs`: each kernel's `Init`."""
        for ask in requests:
            before = self.used
            for request in ask.at_init:
                self.push("kernel_data", request.bytes)
            self._of_kernel(ask, before)

    def prepares(self, requests: Sequence[Requests]) -> None:
        """`PrepareSubgraphs`: each kernel's `Prepare`.

        Temporaries lie behind the list of scratch requests, which has room for those so far
        and 12 more. They are given back together, after the operator.

        TFLM refuses a temporary that would reach into the tail, but not a persistent buffer
        that reaches into temporaries (`AllocatePersistentBuffer` compares with the head). That
        does no harm where `Prepare` leaves the buffer as it is, nor where the buffer takes the
        zero points of the last temporary, which no kernel reads by then. Any further, it
        overwrites what is read, at the latest to give it back, and whether `Prepare` fails
        depends on what is written.
        """
        allocated = Variables()
        per_request = core.SCRATCH_BUFFER_REQUEST.size(self.abi)
        for ask in requests:
            before = self.used
            start = per_request * (len(self.scratch) + core.SCRATCH_REQUESTS_PER_OPERATOR)
            in_use = end = start
            for request in ask.at_prepare:
                if isinstance(request, Temporary):
                    in_use, end = self._temporary(end, request.value)
                    self._preparing(end)
                elif isinstance(request, Persistent):
                    self.push("kernel_data", request.bytes)
                    self._preparing(in_use if request.is_filled else start)
                elif isinstance(request, Scratch):
                    self.scratch.append((ask.node, request.bytes))
                elif allocated.find(request.variable)[1]:
                    self.push("resource_variables", request.bytes)
                    self._preparing(start)
            self._of_kernel(ask, before)

    def scratch_handles(self) -> None:
        """`FinishModelAllocation`."""
        if self.scratch:
            self.push_struct("scratch_handles", core.SCRATCH_BUFFER_HANDLE, len(self.scratch))

    def variables(self, graphs: Sequence[Graph], own_plan: OfflinePlan | None) -> None:
        """`AllocateVariables`: tensors that keep their values, unless planned offline."""
        for graph, offsets in zip(graphs, offsets_by_subgraph(own_plan, graphs), strict=True):
            for value, offset in zip(graph.values, offsets, strict=True):
                if value.tensor.is_variable and offset == ONLINE:
                    self.push("variables", value.bytes)

    def io_tensors(self, values: Sequence[Value]) -> None:
        """The `TfLiteTensor`s behind `MicroInterpreter::input` and `output`."""
        self.push("io_tensors", self.abi.pointer * len(values))
        for value in values:
            for size, alignment in _tensor(value, self.abi):
                self.push("io_tensors", size, alignment)

    def _temporary(self, used: int, value: Value) -> tuple[int, int]:
        """Where the part ends that is read when it is given back, and where all of it ends."""
        (size, alignment), *quantization = _tensor(value, self.abi)
        end = read = align_up(used, alignment) + size
        if quantization:
            # The pointers to scales and zero points.
            read += 2 * self.abi.pointer
        for size, alignment in quantization:
            end = align_up(end, alignment) + size
        return read, end

    def _preparing(self, in_use: int) -> None:
        self.preparing_bytes = max(self.preparing_bytes, in_use + self.used)

    def _of_kernel(self, ask: Requests, before: int) -> None:
        key = (ask.node.subgraph, ask.node.index)
        self.kernel_data[key] = self.kernel_data.get(key, 0) + self.used - before


def _tensor(value: Value, abi: Abi) -> list[tuple[int, int]]:
    """Size and alignment of what a `TfLiteTensor` is made of.

    Quantised tensors have their parameters beside it, a 32-bit zero point for each scale.
    """
    layout = core.TENSOR.layout(abi)
    parts = [(layout.size, layout.align)]
    quantization = value.quantization
    if quantization is not None and len(quantization.zero_point):
        affine = core.AFFINE_QUANTIZATION.layout(abi)
        parts += [(affine.size, affine.align), (4 + 4 * len(quantization.scale), 4)]
    return parts
