"""Products of matrices and what goes over the last dimension."""

from __future__ import annotations

from tflint.analysis.flex.plan import (
    FLOAT32,
    INT32,
    INT64,
    Given,
    Operand,
    Plan,
    Rearranged,
    Step,
    Steps,
    TensorFlowOperator,
    axis_of,
    broadcast,
    constant,
    is_whole,
    require,
    zeros,
)
from tflint.model.schema import (
    ArgMaxOptions,
    ArgMinOptions,
    BatchMatMulOptions,
    CumsumOptions,
    FullyConnectedOptions,
    SoftmaxOptions,
)


def matrix_product(op: TensorFlowOperator) -> Plan:
    """MatMul: with known weights a fully connected layer, else a product of two matrices."""
    op.counts(2)
    op.floats(0, 1)
    a, b = op.dimensions(0, 2), op.weights(1, 2)
    adjoint_a, adjoint_b = op.flag("transpose_a"), op.flag("transpose_b")
    rows, depth = a[::-1] if adjoint_a else a
    inner, columns = b[::-1] if adjoint_b else b
    require(depth == inner)
    output, steps = op.output((rows, columns), FLOAT32), Steps()
    if not _is_stored(op):
        options = BatchMatMulOptions(adj_x=adjoint_a, adj_y=adjoint_b)
        steps.add("BATCH_MATMUL", [Given(0), Given(1)], output, options)
        return Plan(tuple(steps.steps))
    x: Operand = Given(0)
    if adjoint_a:
        turned = steps.value((rows, depth))
        steps.add("TRANSPOSE", [x, constant((1, 0))], turned)
        x = turned
    weights = Rearranged(1, (0, 1) if adjoint_b else (1, 0), (columns, depth))
    steps.add("FULLY_CONNECTED", [x, weights, zeros(columns)], output, FullyConnectedOptions())
    return Plan(tuple(steps.steps))


def _is_stored(op: TensorFlowOperator) -> bool:
    """Whether the second input is a constant, or one of integers that is dequantised."""
    value = op.value(1)
    maker = value.producer
    if maker is not None and maker.name == "DEQUANTIZE" and maker.inputs:
        stored = maker.inputs[0]
        return stored is not None and is_whole(stored)
    return is_whole(value)


def batch_product(op: TensorFlowOperator) -> Plan:
    """BatchMatMul and its later versions, the first of which does not broadcast."""
    op.counts(2)
    op.floats(0, 1)
    a, b = op.dimensions(0), op.dimensions(1)
    require(2 <= min(len(a), len(b)) <= max(len(a), len(b)) <= 5)
    require(op.name != "BatchMatMul" or a[:-2] == b[:-2])
    adj_x, adj_y = op.flag("adj_x"), op.flag("adj_y")
    rows, depth = a[-2:][::-1] if adj_x else a[-2:]
    inner, columns = b[-2:][::-1] if adj_y else b[-2:]
    require(depth == inner)
    batch = broadcast(a[:-2], b[:-2])
    output, steps = op.output((*batch, rows, columns), FLOAT32), Steps()
    steps.add("BATCH_MATMUL", [Given(0), Given(1)], output, BatchMatMulOptions(adj_x, adj_y))
    return Plan(tuple(steps.steps))


def softmax(op: TensorFlowOperator) -> Plan:
    """Softmax and LogSoftmax over the last dimension."""
    op.counts(1)
    op.floats(0)
    shape = op.dimensions(0)
    require(1 <= len(shape) <= 4)
    output, steps = op.output(shape, FLOAT32), Steps()
    if op.name == "Softmax":
        steps.add("SOFTMAX", [Given(0)], output, SoftmaxOptions(beta=1.0))
    else:
        steps.add("LOG_SOFTMAX", [Given(0)], output)
    return Plan(tuple(steps.steps))


def extreme(op: TensorFlowOperator) -> Plan:
    """ArgMax and ArgMin: the first of equal ones."""
    op.counts(2)
    op.floats(0)
    shape = op.dimensions(0)
    axis = axis_of(op.integer(1), len(shape))
    type = op.node.outputs[0].type
    require(type in (INT32, INT64))
    output, steps = op.output(shape[:axis] + shape[axis + 1 :], type), Steps()
    inputs: list[Operand] = [Given(0), constant((axis,), INT32, ())]
    if op.name == "ArgMax":
        steps.add("ARG_MAX", inputs, output, ArgMaxOptions(type))
    else:
        steps.add("ARG_MIN", inputs, output, ArgMinOptions(type))
    return Plan(tuple(steps.steps))


def largest(op: TensorFlowOperator) -> Plan:
    """TopKV2: of the last dimension, the lower index first among equals."""
    op.counts(2, 2)
    op.floats(0)
    shape, count = op.dimensions(0), op.integer(1)
    require(op.flag("sorted", True) and bool(shape) and 0 < count <= shape[-1])
    result = (*shape[:-1], count)
    outputs = (op.output(result, FLOAT32), op.output(result, INT32, 1))
    step = Step("TOPK_V2", (Given(0), constant((count,), INT32, ())), outputs)
    return Plan((step,))


def running_sum(op: TensorFlowOperator) -> Plan:
    """Cumsum."""
    op.counts(2)
    shape, type = op.dimensions(0), op.value(0).type
    require(type in (FLOAT32, INT32, INT64))
    axis = axis_of(op.integer(1), len(shape))
    options = CumsumOptions(exclusive=op.flag("exclusive"), reverse=op.flag("reverse"))
    steps = Steps()
    steps.add("CUMSUM", [Given(0), constant((axis,))], op.output(shape, type), options)
    return Plan(tuple(steps.steps))
