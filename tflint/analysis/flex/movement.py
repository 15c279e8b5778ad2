"""Operators that move elements, and those that take them together over dimensions."""

from __future__ import annotations

import math

from tflint.analysis.flex.plan import (
    FLOAT32,
    INT32,
    INT64,
    MOVED,
    SUMMED,
    Given,
    Operand,
    Output,
    Plan,
    Steps,
    TensorFlowOperator,
    axis_of,
    constant,
    require,
)
from tflint.model.record import Record
from tflint.model.schema import (
    ExpandDimsOptions,
    MirrorPadMode,
    MirrorPadOptions,
    OneHotOptions,
    PadOptions,
    PadV2Options,
    ReshapeOptions,
    ShapeOptions,
    SqueezeOptions,
    TransposeOptions,
)
from tflint.model.types import elements

_BIGGEST = 2**31 - 1
# As many dimensions as the kernels take.
_MAX_TRANSPOSED = 5
_MAX_PADDED = 5


def pass_on(op: TensorFlowOperator) -> Plan:
    """Operators that give what they are given: Identity, StopGradient, ..."""
    require(len(op.node.inputs) == len(op.node.outputs) > 0)
    for position, result in enumerate(op.node.outputs):
        given = op.value(position)
        require(given.shape == result.shape and given.type is result.type in MOVED)
    return Plan(())


def reshape(op: TensorFlowOperator) -> Plan:
    """Reshape to a known shape, or to one of int32 that is computed."""
    op.counts(2)
    x = op.value(0)
    shape, wanted = op.dimensions(0), op.node.outputs[0]
    require(x.type in MOVED and x.type is wanted.type)
    require(elements(shape) == elements(wanted.shape) and min(wanted.shape, default=1) > 0)
    steps = Steps()
    to: Operand = Given(1)
    options = None
    if op.value(1).is_constant:
        sizes = op.integers(1)
        require(len(sizes) == len(wanted.shape) and sum(size == -1 for size in sizes) <= 1)
        require(all(a in (-1, b) for a, b in zip(sizes, wanted.shape, strict=True)))
        to, options = constant(sizes), ReshapeOptions(new_shape=sizes)
    else:
        require(op.value(1).type is INT32)
    steps.add("RESHAPE", [Given(0), to], Output(0), options)
    return Plan(tuple(steps.steps))


def squeeze(op: TensorFlowOperator) -> Plan:
    """Squeeze; without dimensions, all of size 1."""
    op.counts(1)
    shape, type = op.dimensions(0), op.value(0).type
    named = op.counts_of("squeeze_dims", ())
    axes = {axis_of(axis, len(shape)) for axis in named}
    require(type in MOVED and (bool(axes) or op.is_fixed(0)))
    axes = axes or {i for i, size in enumerate(shape) if size == 1}
    require(all(shape[axis] == 1 for axis in axes))
    output = op.output([size for i, size in enumerate(shape) if i not in axes], type)
    if not axes:
        return Plan(())
    steps = Steps()
    options = SqueezeOptions(squeeze_dims=tuple(sorted(axes)))
    steps.add("SQUEEZE", [Given(0)], output, options)
    return Plan(tuple(steps.steps))


def expand(op: TensorFlowOperator) -> Plan:
    """ExpandDims."""
    op.counts(2)
    shape, type = op.dimensions(0), op.value(0).type
    require(type in MOVED)
    axis = axis_of(op.integer(1), len(shape) + 1)
    output, steps = op.output((*shape[:axis], 1, *shape[axis:]), type), Steps()
    inputs: list[Operand] = [Given(0), constant((axis,), INT32, ())]
    steps.add("EXPAND_DIMS", inputs, output, ExpandDimsOptions())
    return Plan(tuple(steps.steps))


def transpose(op: TensorFlowOperator) -> Plan:
    """Transpose."""
    op.counts(2)
    shape, type = op.dimensions(0), op.value(0).type
    order = op.integers(1)
    require(type in MOVED and len(shape) <= _MAX_TRANSPOSED)
    order = tuple(axis_of(axis, len(shape)) for axis in order)
    require(sorted(order) == list(range(len(shape))))
    output, steps = op.output([shape[axis] for axis in order], type), Steps()
    steps.add("TRANSPOSE", [Given(0), constant(order)], output, TransposeOptions())
    return Plan(tuple(steps.steps))


def tile(op: TensorFlowOperator) -> Plan:
    """Tile."""
    op.counts(2)
    shape, type = op.dimensions(0), op.value(0).type
    times = op.integers(1)
    require(type in MOVED and len(times) == len(shape) and min(times, default=1) > 0)
    output, steps = op.output([a * b for a, b in zip(shape, times, strict=True)], type), Steps()
    steps.add("TILE", [Given(0), constant(times)], output)
    return Plan(tuple(steps.steps))


def broadcast_to(op: TensorFlowOperator) -> Plan:
    """BroadcastTo."""
    op.counts(2)
    shape, type = op.dimensions(0), op.value(0).type
    wanted = op.integers(1)
    require(type in MOVED and len(wanted) >= len(shape) and len(wanted) <= 8)
    pairs = zip(shape[::-1], wanted[::-1], strict=False)
    require(all(a in (1, b) for a, b in pairs) and min(wanted, default=1) > 0)
    output, steps = op.output(wanted, type), Steps()
    # There is no version 1.
    steps.add("BROADCAST_TO", [Given(0), constant(wanted)], output, version=2)
    return Plan(tuple(steps.steps))


def pad(op: TensorFlowOperator) -> Plan:
    """Pad, PadV2 (with a value) and MirrorPad."""
    op.counts(3 if op.name == "PadV2" else 2)
    shape, type = op.dimensions(0), op.value(0).type
    numbers = op.integers(1)
    require(op.value(1).shape == (len(shape), 2) and 1 <= len(shape) <= _MAX_PADDED)
    require(type in SUMMED and min(numbers) >= 0)
    before, behind = numbers[::2], numbers[1::2]
    result = [a + b + c for a, b, c in zip(shape, before, behind, strict=True)]
    output, steps = op.output(result, type), Steps()
    inputs: list[Operand] = [Given(0), constant(numbers, INT32, (len(shape), 2))]
    options: Record
    if op.name == "MirrorPad":
        mode = op.text("mode")
        require(mode in ("REFLECT", "SYMMETRIC") and op.is_fixed(0))
        room = 1 if mode == "REFLECT" else 0
        require(all(max(b, c) <= a - room for a, b, c in zip(shape, before, behind, strict=True)))
        name, options = "MIRROR_PAD", MirrorPadOptions(MirrorPadMode[mode])
    elif op.name == "PadV2":
        value = op.value(2)
        require(value.type is type and value.shape == ())
        inputs.append(Given(2))
        name, options = "PADV2", PadV2Options()
    else:
        name, options = "PAD", PadOptions()
    steps.add(name, inputs, output, options)
    return Plan(tuple(steps.steps))


def one_hot(op: TensorFlowOperator) -> Plan:
    """OneHot."""
    op.counts(4)
    index, depth = op.dimensions(0), op.integer(1)
    on, off = op.value(2), op.value(3)
    require(op.value(0).type in (INT32, INT64) and 0 < depth <= _BIGGEST)
    require(on.type is off.type and on.type in SUMMED and on.shape == off.shape == ())
    axis = op.count("axis", -1)
    place = axis_of(axis, len(index) + 1)
    output = op.output((*index[:place], depth, *index[place:]), on.type)
    inputs: list[Operand] = [Given(0), constant((depth,), INT32, ()), Given(2), Given(3)]
    steps = Steps()
    steps.add("ONE_HOT", inputs, output, OneHotOptions(axis))
    return Plan(tuple(steps.steps))


def reverse(op: TensorFlowOperator) -> Plan:
    """ReverseV2, of one dimension or of neighbouring ones, as the kernel wants."""
    op.counts(2)
    shape, type = op.dimensions(0), op.value(0).type
    axes = sorted({axis_of(axis, len(shape)) for axis in op.integers(1)})
    require(type in SUMMED and bool(axes) and axes == list(range(axes[0], axes[-1] + 1)))
    steps = Steps()
    steps.add("REVERSE_V2", [Given(0), constant(axes)], op.output(shape, type))
    return Plan(tuple(steps.steps))


def blocks(op: TensorFlowOperator) -> Plan:
    """SpaceToBatchND and BatchToSpaceND of maps or sequences."""
    op.counts(3)
    op.floats(0)
    shape = op.dimensions(0)
    require(len(shape) in (3, 4))
    sides = len(shape) - 2
    block, edges = op.integers(1), op.integers(2)
    require(len(block) == sides and op.value(2).shape == (sides, 2))
    require(min(block) > 0 and min(edges) >= 0)
    trims = [edges[at] + edges[at + 1] for at in range(0, 2 * sides, 2)]
    room = math.prod(block)
    middle = shape[1:-1]
    if op.name == "SpaceToBatchND":
        name = "SPACE_TO_BATCH_ND"
        padded = [a + b for a, b in zip(middle, trims, strict=True)]
        require(all(a % b == 0 for a, b in zip(padded, block, strict=True)))
        sizes, batch = [a // b for a, b in zip(padded, block, strict=True)], shape[0] * room
    else:
        name = "BATCH_TO_SPACE_ND"
        require(shape[0] % room == 0)
        sizes = [a * b - c for a, b, c in zip(middle, block, trims, strict=True)]
        batch = shape[0] // room
    require(min(sizes) > 0)
    output, steps = op.output((batch, *sizes, shape[-1]), FLOAT32), Steps()
    inputs: list[Operand] = [Given(0), constant(block), constant(edges, INT32, (sides, 2))]
    steps.add(name, inputs, output)
    return Plan(tuple(steps.steps))


def shape_of(op: TensorFlowOperator) -> Plan:
    """Shape."""
    op.counts(1)
    type = op.node.outputs[0].type
    require(type in (INT32, INT64) and op.value(0).type in MOVED)
    steps = Steps()
    output = op.output((len(op.dimensions(0)),), type)
    steps.add("SHAPE", [Given(0)], output, ShapeOptions(type))
    return Plan(tuple(steps.steps))


def fill(op: TensorFlowOperator) -> Plan:
    """Fill."""
    op.counts(2)
    sizes, value = op.value(0), op.value(1)
    require(sizes.type in (INT32, INT64) and value.type in SUMMED and value.shape == ())
    wanted = op.node.outputs[0]
    require(wanted.type is value.type and sizes.shape == (len(wanted.shape),))
    require(sizes.integers() in (None, wanted.shape))
    steps = Steps()
    steps.add("FILL", [Given(0), Given(1)], Output(0))
    return Plan(tuple(steps.steps))


def range_(op: TensorFlowOperator) -> Plan:
    """Range."""
    op.counts(3)
    type = op.value(0).type
    require(type in (FLOAT32, INT32) and all(op.value(i).type is type for i in range(3)))
    require(all(op.value(i).shape == () for i in range(3)))
    wanted = op.node.outputs[0]
    require(wanted.type is type and len(wanted.shape) == 1)
    steps = Steps()
    steps.add("RANGE", [Given(0), Given(1), Given(2)], Output(0))
    return Plan(tuple(steps.steps))
