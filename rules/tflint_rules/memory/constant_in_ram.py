"""TFL507."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Node, Value
from tflint.model.schema import TensorType, VarHandleOptions
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

_FIX = Fix(FixSafety.SAFE, "tflint fix {path}")


def _variable(*, stored: bool) -> Model:
    model = ModelBuilder()
    x = model.input((1, 64), TensorType.FLOAT32)
    buffer = model.buffer(bytes(256)) if stored else 0
    state = model.tensor((1, 64), name="state", buffer=buffer, is_variable=True)
    y = model.tensor((1, 64))
    model.operator("ADD", [x, state], [y])
    model.output(y)
    return model.build()


def _resource(*, updated: bool) -> Model:
    model = ModelBuilder()
    x = model.input((1, 64))
    handle = model.tensor((), TensorType.RESOURCE)
    model.operator("VAR_HANDLE", [], [handle], VarHandleOptions(shared_name="table"))
    value = x if updated else model.constant((1, 64))
    model.operator("ASSIGN_VARIABLE", [handle, value], [])
    read, y = model.tensor((1, 64)), model.tensor((1, 64))
    model.operator("READ_VARIABLE", [handle], [read])
    model.operator("ADD", [x, read], [y])
    model.output(y)
    return model.build()


class ConstantInRam(Rule):
    """What the file holds, or nobody changes, takes RAM as a variable.

    ## What it does
    Finds variable tensors that the file stores values for, which TFLM sets to zero instead of
    loading them; variables that no operator reads; and resource variables that are only ever
    assigned the same constant.

    ## Why it matters on a device
    Variables lie in the persistent part of the arena from the first inference to the last,
    also where a constant in flash would do. Values stored for a variable tensor take flash and
    are never used: the model starts from zeros, whatever it was trained with.

    ## Repair
    Read the constant where the variable is read, and drop variables that nobody reads.
    """

    meta = Metadata("TFL507", "constant-in-ram", Severity.WARNING, fix=FixSafety.SAFE)
    examples = (
        Bad("Values for a variable", lambda: _variable(stored=True), says="never loaded"),
        Bad("A table in a variable", lambda: _resource(updated=False), says="`table`"),
        Good("State that starts from zero", lambda: _variable(stored=False)),
        Good("A variable that changes", lambda: _resource(updated=True)),
        Good("LiteRT", lambda: _variable(stored=True), target="litert"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        if context.memory is None:
            return
        yield from self._variable_tensors(context)
        yield from self._resources(context)

    def _variable_tensors(self, context: ModelContext) -> Iterator[Finding]:
        buffers = context.model.buffers
        for graph in context.graphs:
            for value in graph.values:
                if not value.tensor.is_variable or not value.bytes:
                    continue
                name = printable(value.name, 60)
                index = value.tensor.buffer
                stored = buffers[index].data if index < len(buffers) else None
                if not value.consumers and not value.is_output:
                    yield self.finding(
                        f"no operator reads the variable `{name}`, which keeps "
                        f"{size_text(value.bytes)} of RAM",
                        value=value,
                        help=f"drop it: saves {size_text(value.bytes)} of RAM",
                        fix=_FIX,
                    )
                elif stored:
                    yield self.finding(
                        f"the file stores {size_text(len(stored))} for the variable `{name}`, "
                        f"which are never loaded: TFLM starts from zero in "
                        f"{size_text(value.bytes)} of RAM",
                        value=value,
                        help="if it never changes make it a constant: saves "
                        f"{size_text(value.bytes)} of RAM; else drop the values: saves "
                        f"{size_text(len(stored))} of flash",
                        fix=_FIX,
                    )

    def _resources(self, context: ModelContext) -> Iterator[Finding]:
        for name, uses in _resources(context).items():
            held = uses.held
            if held is None or uses.handle is None:
                continue
            if uses.reads:
                what, repair = "is only ever assigned one constant", "read the constant in place"
            else:
                what, repair = "is never read", "drop it"
            yield self.finding(
                f"the resource variable `{printable(name, 60)}` {what}, and keeps "
                f"{size_text(held)} of RAM",
                node=uses.handle,
                help=f"{repair}: saves {size_text(held)} of RAM",
                fix=_FIX,
            )


@dataclass
class _Uses:
    """How one resource variable is used."""

    handle: Node | None = None
    reads: int = 0
    assigned: list[Value] = field(default_factory=list)
    is_lost: bool = False

    @property
    def held(self) -> int | None:
        """Bytes of RAM that a constant would save, None when it may hold different values."""
        if self.is_lost or not self.assigned:
            return None
        first, *others = self.assigned
        if self.reads and not all(_same(first, other) for other in others):
            return None
        if self.reads and first.data is None:
            return None
        return first.bytes


def _same(a: Value, b: Value) -> bool:
    """Whether two values are the same stored bytes, which are not looked at."""
    return a.data is not None and a.tensor.buffer == b.tensor.buffer and a.type == b.type


def _resources(context: ModelContext) -> dict[str, _Uses]:
    """The resource variables of all subgraphs by name.

    A handle that anything else gets hold of may lead to further uses.
    """
    found: dict[str, _Uses] = {}
    names: dict[tuple[int, int], str] = {}
    for node in context.nodes:
        if node.name == "VAR_HANDLE" and node.outputs:
            options = node.options
            name = options.shared_name if isinstance(options, VarHandleOptions) else None
            handle = node.outputs[0]
            names[handle.subgraph, handle.index] = name or ""
            uses = found.setdefault(name or "", _Uses())
            uses.handle = uses.handle or node
            uses.is_lost |= handle.is_output
    for node in context.nodes:
        for position, value in enumerate(node.inputs):
            if value is None or (value.subgraph, value.index) not in names:
                continue
            uses = found[names[value.subgraph, value.index]]
            assigned = node.input(1)
            if node.name == "READ_VARIABLE":
                uses.reads += 1
            elif node.name == "ASSIGN_VARIABLE" and position == 0 and assigned is not None:
                uses.assigned.append(assigned)
            else:
                uses.is_lost = True
    return found
