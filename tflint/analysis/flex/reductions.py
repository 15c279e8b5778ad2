"""Operators that take elements together over dimensions."""

from __future__ import annotations

from tflint.analysis.flex.plan import (
    BOOL,
    FLOAT32,
    SUMMED,
    TO_CHANNELS_FIRST,
    TO_CHANNELS_LAST,
    ChannelsLast,
    ChannelsLastOutput,
    Given,
    Operand,
    Plan,
    Result,
    Steps,
    TensorFlowOperator,
    axis_of,
    constant,
    require,
)
from tflint.model.schema import (
    ReducerOptions,
)

REDUCTIONS = {
    "All": ("REDUCE_ALL", frozenset((BOOL,))),
    "Any": ("REDUCE_ANY", frozenset((BOOL,))),
    "Max": ("REDUCE_MAX", SUMMED),
    "Mean": ("MEAN", frozenset((FLOAT32,))),
    "Min": ("REDUCE_MIN", SUMMED),
    "Prod": ("REDUCE_PROD", SUMMED),
    "Sum": ("SUM", SUMMED),
}


def reduction(op: TensorFlowOperator) -> Plan:
    """Mean, Sum and their like, over known dimensions."""
    op.counts(2)
    name, types = REDUCTIONS[op.name]
    shape, type = op.dimensions(0), op.value(0).type
    require(type in types)
    axes = {axis_of(axis, len(shape)) for axis in op.integers(1)}
    require(bool(axes))
    keep = op.flag("keep_dims")
    kept = [1 if i in axes else size for i, size in enumerate(shape)]
    result = kept if keep else [size for i, size in enumerate(shape) if i not in axes]
    output: Result = op.output(result, type)
    x: Operand = Given(0)
    rest = [axis for axis in TO_CHANNELS_LAST if axis not in axes]
    if 0 in op.channels_last and len(shape) == 4 and (keep or rest == sorted(rest)):
        x, axes = ChannelsLast(0), {TO_CHANNELS_FIRST[axis] for axis in axes}
        output = ChannelsLastOutput(0) if keep else output
    steps = Steps()
    steps.add(name, [x, constant(sorted(axes))], output, ReducerOptions(keep))
    return Plan(tuple(steps.steps))
