"""Operators that take values apart and put them together."""

from __future__ import annotations

from tflint.analysis.flex.plan import (
    INT32,
    INT64,
    MOVED,
    TO_CHANNELS_FIRST,
    ChannelsLast,
    ChannelsLastOutput,
    Given,
    Operand,
    Output,
    Plan,
    Result,
    Step,
    Steps,
    TensorFlowOperator,
    axis_of,
    constant,
    require,
)
from tflint.model.schema import (
    ConcatenationOptions,
    GatherOptions,
    PackOptions,
    ReshapeOptions,
    SplitOptions,
    SplitVOptions,
    StridedSliceOptions,
    UnpackOptions,
)

_BIGGEST = 2**31 - 1
# As many dimensions as the kernels take.
_MAX_SLICED = 5


def concatenation(op: TensorFlowOperator) -> Plan:
    """ConcatV2 (the axis behind the values) and Concat (in front of them)."""
    count = len(op.node.inputs) - 1
    require(1 <= count == op.count("N", count) and len(op.node.outputs) == 1)
    last = op.name == "ConcatV2"
    positions = range(count) if last else range(1, count + 1)
    axis = op.integer(count if last else 0)
    first = op.dimensions(positions[0])
    axis, type, total = axis_of(axis, len(first)), op.value(positions[0]).type, 0
    require(type in MOVED)
    for position in positions:
        shape = op.dimensions(position)
        require(op.value(position).type is type and len(shape) == len(first))
        require(shape[:axis] + shape[axis + 1 :] == first[:axis] + first[axis + 1 :])
        total += shape[axis]
    output: Result = op.output((*first[:axis], total, *first[axis + 1 :]), type)
    inputs: list[Operand] = [Given(position) for position in positions]
    if len(first) == 4 and op.channels_last.issuperset(positions):
        inputs = [ChannelsLast(position) for position in positions]
        output, axis = ChannelsLastOutput(0), TO_CHANNELS_FIRST[axis]
    steps = Steps()
    steps.add("CONCATENATION", inputs, output, ConcatenationOptions(axis=axis))
    return Plan(tuple(steps.steps))


def pack(op: TensorFlowOperator) -> Plan:
    """Pack."""
    count = len(op.node.inputs)
    require(1 <= count == op.count("N", count) and len(op.node.outputs) == 1)
    shape, type = op.dimensions(0), op.value(0).type
    require(type in MOVED)
    for position in range(count):
        require(op.value(position).type is type and op.value(position).shape == shape)
    axis = axis_of(op.count("axis", 0), len(shape) + 1)
    output, steps = op.output((*shape[:axis], count, *shape[axis:]), type), Steps()
    inputs = [Given(position) for position in range(count)]
    steps.add("PACK", inputs, output, PackOptions(values_count=count, axis=axis))
    return Plan(tuple(steps.steps))


def unpack(op: TensorFlowOperator) -> Plan:
    """Unpack."""
    count = len(op.node.outputs)
    require(len(op.node.inputs) == 1 and count == op.count("num", count))
    shape, type = op.dimensions(0), op.value(0).type
    axis = axis_of(op.count("axis", 0), len(shape))
    require(type in MOVED and shape[axis] == count)
    rest = shape[:axis] + shape[axis + 1 :]
    outputs = tuple(op.output(rest, type, position) for position in range(count))
    options = UnpackOptions(num=count, axis=axis)
    return Plan((Step("UNPACK", (Given(0),), outputs, options),))


def split(op: TensorFlowOperator) -> Plan:
    """Split (axis, value) and SplitV (value, sizes, axis), as the builtins have them."""
    count = len(op.node.outputs)
    sized = op.name == "SplitV"
    require(len(op.node.inputs) == (3 if sized else 2) and count == op.count("num_split", count))
    whole, where = (0, 2) if sized else (1, 0)
    shape, type = op.dimensions(whole), op.value(whole).type
    axis = axis_of(op.integer(where), len(shape))
    require(type in MOVED)
    sizes = list(op.integers(1)) if sized else [shape[axis] // count] * count
    require(len(sizes) == count and sizes.count(-1) <= 1)
    if -1 in sizes:
        sizes[sizes.index(-1)] = shape[axis] - sum(sizes) - 1
    require(min(sizes) > 0 and sum(sizes) == shape[axis])
    outputs = tuple(
        op.output((*shape[:axis], size, *shape[axis + 1 :]), type, position)
        for position, size in enumerate(sizes)
    )
    along = constant((axis,), INT32, ())
    if sized:
        inputs: tuple[Operand, ...] = (Given(0), constant(sizes), along)
        return Plan((Step("SPLIT_V", inputs, outputs, SplitVOptions(count)),))
    return Plan((Step("SPLIT", (along, Given(1)), outputs, SplitOptions(count)),))


def slice_(op: TensorFlowOperator) -> Plan:
    """Slice; a size of -1 takes what is left."""
    op.counts(3)
    shape, type = op.dimensions(0), op.value(0).type
    begin, size = op.integers(1), op.integers(2)
    require(type in MOVED and len(begin) == len(size) == len(shape) <= _MAX_SLICED)
    result = []
    for whole, at, length in zip(shape, begin, size, strict=True):
        length = whole - at if length == -1 else length
        require(at >= 0 and length > 0 and at + length <= whole)
        result.append(length)
    output, steps = op.output(result, type), Steps()
    steps.add("SLICE", [Given(0), constant(begin), constant(size)], output)
    return Plan(tuple(steps.steps))


def strided_slice(op: TensorFlowOperator) -> Plan:
    """StridedSlice, its masks resolved; new dimensions by a reshape.

    Source: `ValidateStridedSliceOp` in tensorflow/core/util/strided_slice_op.cc.
    """
    op.counts(4)
    shape, type = op.dimensions(0), op.value(0).type
    require(type in MOVED and len(shape) <= _MAX_SLICED)
    spec = [op.integers(position) for position in (1, 2, 3)]
    require(len({len(numbers) for numbers in spec}) == 1)
    names = ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    masks = {name: op.count(f"{name}_mask", 0) for name in names}
    count = len(spec[0])

    def has(name: str, i: int) -> bool:
        return bool(masks[name] >> i & 1)

    ellipses = [i for i in range(count) if has("ellipsis", i)]
    require(len(ellipses) <= 1)
    consumed = sum(not has("new_axis", i) for i in range(count) if i not in ellipses)
    require(consumed <= len(shape))
    ranges: list[tuple[int, int, int, bool]] = []  # begin, end, stride, whether it has no end
    final: list[int] = []
    shrunk: list[int] = []
    whole = (0, 0, 1, True)
    for i in [*range(count), *([] if ellipses else [count])]:
        if i == count or i in ellipses:
            for size in shape[len(ranges) : len(ranges) + len(shape) - consumed]:
                ranges.append(whole)
                final.append(size)
        elif has("new_axis", i):
            final.append(1)
        else:
            size = shape[len(ranges)]
            begin, end, stride = (numbers[i] for numbers in spec)
            require(stride != 0 and abs(stride) <= _BIGGEST)
            if has("shrink_axis", i):
                require(stride > 0 and -size <= begin < size)
                shrunk.append(len(ranges))
                ranges.append((begin % size, begin % size + 1, 1, False))
                continue
            start, stop, _ = slice(
                None if has("begin", i) else begin, None if has("end", i) else end, stride
            ).indices(size)
            length = len(range(start, stop, stride))
            require(length > 0)
            ranges.append((start, stop, stride, stop < 0))
            final.append(length)
    fixed = op.is_fixed(0)
    require(fixed or (not masks["ellipsis"] and not masks["new_axis"]))
    require(all(0 <= bits <= _BIGGEST for bits in masks.values()))
    output = op.output(final, type)
    if not fixed:
        # The file's shape is not all that may come: what it is told stands as it is.
        options = StridedSliceOptions(masks["begin"], masks["end"], 0, 0, masks["shrink_axis"])
        told = [constant(numbers) for numbers in spec]
        return Plan((Step("STRIDED_SLICE", (Given(0), *told), (output,), options),))
    sliced = [
        len(range(start, size if open_ and stride > 0 else stop, stride))
        for i, ((start, stop, stride, open_), size) in enumerate(zip(ranges, shape, strict=True))
        if i not in shrunk
    ]
    shrink_mask = sum(1 << i for i in shrunk)
    open_ends = sum(1 << i for i, entry in enumerate(ranges) if entry[3])
    inputs: list[Operand] = [Given(0)]
    inputs += [
        constant([max(entry[at], 0) if at < 2 else entry[at] for entry in ranges])
        for at in range(3)
    ]
    steps = Steps()
    kept = final == sliced
    between = output if kept else steps.value(sliced, type)
    steps.add(
        "STRIDED_SLICE", inputs, between, StridedSliceOptions(0, open_ends, 0, 0, shrink_mask)
    )
    if not kept:
        assert not isinstance(between, Output)
        options_ = ReshapeOptions(new_shape=tuple(final))
        steps.add("RESHAPE", [between, constant(final)], output, options_)
    return Plan(tuple(steps.steps))


def gather(op: TensorFlowOperator) -> Plan:
    """Gather and GatherV2 (with an axis)."""
    op.counts(3 if op.name == "GatherV2" else 2)
    shape, index, type = op.dimensions(0), op.dimensions(1), op.value(0).type
    require(type in MOVED and op.value(1).type in (INT32, INT64) and bool(shape))
    axis = axis_of(op.integer(2), len(shape)) if op.name == "GatherV2" else 0
    batch = op.count("batch_dims", 0)
    require(-len(index) <= batch <= len(index))
    batch = batch % len(index) if batch < 0 else batch
    require(batch <= axis and shape[:batch] == index[:batch])
    output = op.output((*shape[:axis], *index[batch:], *shape[axis + 1 :]), type)
    steps = Steps()
    steps.add("GATHER", [Given(0), Given(1)], output, GatherOptions(axis, batch))
    return Plan(tuple(steps.steps))


def gather_nd(op: TensorFlowOperator) -> Plan:
    """GatherNd."""
    op.counts(2)
    shape, index, type = op.dimensions(0), op.dimensions(1), op.value(0).type
    require(type in MOVED and op.value(1).type in (INT32, INT64))
    require(bool(index) and index[-1] <= len(shape))
    steps = Steps()
    output = op.output((*index[:-1], *shape[index[-1] :]), type)
    steps.add("GATHER_ND", [Given(0), Given(1)], output)
    return Plan(tuple(steps.steps))
