"""TFL004."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model, Operator, SubGraph, Tensor
from tflint.model.types import MAX_ELEMENTS, MAX_RANK, elements, packed_bytes, unpacked_bytes
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage


def _constant(shape: tuple[int, ...], data: bytes) -> Model:
    model = ModelBuilder()
    x = model.input((1, 4))
    y = model.tensor((1, 4))
    model.operator("ADD", [x, model.constant(shape, values=data)], [y])
    model.output(y)
    return model.build()


def _activation(shape: tuple[int, ...]) -> Model:
    model = ModelBuilder()
    model.output(model.unary("RELU", model.input(shape)))
    return model.build()


def _reshape(shape: tuple[int, ...]) -> Model:
    model = ModelBuilder()
    model.output(model.reshape(model.input((1, 4)), shape))
    return model.build()


class BadShape(Rule):
    """A shape is impossible, or a constant's data do not fill it exactly.

    ## What it does
    Rejects negative dimensions, shapes of more elements or bytes than a 32-bit runtime can
    count, absurd ranks, and constants whose byte length differs from shape times type.
    String, resource, variant and sparse tensors have no such length and are left alone.
    Data longer than the shape needs are a warning: no runtime looks at the rest. A RESHAPE
    has to keep the number of elements.

    ## Why it matters on a device
    TFLM takes the shape's word for a constant's length. Data that are too short are read
    past their end: other constants, or whatever follows the model in flash.

    ## Repair
    None in the file: convert the model again.
    """

    meta = Metadata("TFL004", "bad-shape", Severity.ERROR, stage=Stage.TABLES)
    examples = (
        Bad("Too few bytes", lambda: _constant((1, 4), bytes(12)), says="12 bytes"),
        Bad("A negative dimension", lambda: _activation((1, -4)), says="negative", findings=2),
        Bad("Too large to count", lambda: _activation((65536, 65536)), says="32-bit", findings=2),
        Bad(
            "Bytes that no one reads",
            lambda: _constant((1, 4), bytes(20)),
            says="20 bytes",
            severity=Severity.WARNING,
        ),
        Bad("A reshape that loses elements", lambda: _reshape((1, 3)), says="cannot become 3"),
        Good("One that keeps them", lambda: _reshape((2, 2))),
        Good("Exactly filled", lambda: _constant((1, 4), bytes(16))),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        model = context.model
        for g, subgraph in enumerate(model.subgraphs):
            for t, tensor in enumerate(subgraph.tensors):
                problem = _shape_problem(tensor)
                severity, help = Severity.ERROR, "convert the model again"
                if problem is None:
                    needed, found = _constant_bytes(model, tensor)
                    if needed == found:
                        continue
                    problem = (
                        f"its constant data are {found:,} bytes, "
                        f"but {_shape(tensor)} {tensor.type.name} takes {needed:,}"
                    )
                    if found > needed:
                        severity = Severity.WARNING
                        help += f" without them: saves {size_text(found - needed)} of flash"
                name = printable(tensor.name or "")
                yield self.finding(
                    f"tensor {t} `{name}`: {problem}",
                    severity=severity,
                    location=Location(subgraph=g, tensor=t, anchor=tensor.name),
                    help=help,
                )
            for o, before, after in _broken_reshapes(model, subgraph, context.runtime.is_mcu):
                yield self.finding(
                    f"RESHAPE of {_shape(before)} to {_shape(after)}: {elements(before.shape):,} "
                    f"elements cannot become {elements(after.shape):,}",
                    location=Location(
                        subgraph=g, operator=o, operator_name="RESHAPE", anchor=after.name
                    ),
                    help="convert the model again",
                )


def _broken_reshapes(
    model: Model, subgraph: SubGraph, is_mcu: bool
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """The RESHAPE operators that change the number of elements: index, input, output.

    TFLM goes by the output's shape in the file. LiteRT goes by the argument, so there it has
    to be a constant for the file to tell.
    """
    reshapes = {i for i, code in enumerate(model.operator_codes) if code.name == "RESHAPE"}
    for o, operator in enumerate(subgraph.operators):
        ends = (*operator.inputs[:1], *operator.outputs[:1])
        if operator.opcode_index not in reshapes or len(ends) != 2:
            continue
        if not all(0 <= i < len(subgraph.tensors) for i in ends):
            continue
        before, after = (subgraph.tensors[i] for i in ends)
        # A dimension that is unknown until run time may make up for the difference; and a
        # tensor of unknown rank looks like a scalar.
        known = all(t.shape and -1 not in (*t.shape, *t.shape_signature) for t in (before, after))
        if not is_mcu and not _has_constant_shape(model, subgraph, operator):
            continue
        if known and elements(before.shape) != elements(after.shape):
            yield o, before, after


def _has_constant_shape(model: Model, subgraph: SubGraph, operator: Operator) -> bool:
    """Whether the shape argument of a RESHAPE is in the file."""
    if len(operator.inputs) < 2 or not 0 <= operator.inputs[1] < len(subgraph.tensors):
        return False
    buffer = subgraph.tensors[operator.inputs[1]].buffer
    return 0 < buffer < len(model.buffers) and bool(model.buffers[buffer].data)


def _shape(tensor: Tensor) -> str:
    dimensions = " x ".join(map(str, tensor.shape[:8]))
    return f"[{dimensions}{' x ...' if len(tensor.shape) > 8 else ''}]"


def _shape_problem(tensor: Tensor) -> str | None:
    """What is impossible about the shape alone."""
    shape = tensor.shape
    if len(shape) > MAX_RANK:
        return f"it has {len(shape):,} dimensions; no runtime takes more than a few"
    if shape and min(shape) < 0:
        return f"its shape {_shape(tensor)} has a negative dimension"
    size = unpacked_bytes(shape, tensor.type) or elements(shape)
    if size > MAX_ELEMENTS:
        return f"its shape {_shape(tensor)} takes {size_text(size)}: more than a 32-bit int counts"
    return None


def _constant_bytes(model: Model, tensor: Tensor) -> tuple[int, int]:
    """Bytes that the shape needs and bytes that are there; equal where there is no saying."""
    if not 0 < tensor.buffer < len(model.buffers) or tensor.sparsity or tensor.is_variable:
        return 0, 0
    data = model.buffers[tensor.buffer].data
    needed = packed_bytes(tensor.shape, tensor.type)
    if not data or needed is None or tensor.type is TensorType.RESOURCE:
        return 0, 0
    return needed, len(data)
