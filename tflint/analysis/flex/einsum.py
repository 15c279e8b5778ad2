"""Einsum of two inputs: a product of matrices, its dimensions put in order before and behind."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tflint.analysis.flex.plan import (
    FLOAT32,
    Given,
    Made,
    Operand,
    Plan,
    Shape,
    Steps,
    TensorFlowOperator,
    constant,
    require,
)
from tflint.model.schema import BatchMatMulOptions, ReshapeOptions, TransposeOptions

# As many dimensions as the kernels take.
_MAX_TRANSPOSED = 5


@dataclass(slots=True)
class _Operand:
    """A value whose dimensions have letters."""

    value: Operand
    letters: str


class _Sum:
    """The steps, and how long the dimension of each letter is."""

    def __init__(self, sizes: dict[str, int], is_fixed: bool) -> None:
        self.sizes = sizes
        self.steps = Steps()
        self._is_fixed = is_fixed

    def shape(self, letters: str) -> Shape:
        return tuple(self.sizes[letter] for letter in letters)

    def ordered(self, x: _Operand, letters: str) -> _Operand:
        """The value with its dimensions in this order."""
        if x.letters == letters:
            return x
        require(len(letters) <= _MAX_TRANSPOSED)
        order = [x.letters.index(letter) for letter in letters]
        turned = self.steps.value(self.shape(letters))
        self.steps.add("TRANSPOSE", [x.value, constant(order)], turned, TransposeOptions())
        return _Operand(turned, letters)

    def reshaped(self, value: Operand, shape: Shape) -> Made:
        require(self._is_fixed)
        result = self.steps.value(shape)
        options = ReshapeOptions(new_shape=shape)
        self.steps.add("RESHAPE", [value, constant(shape)], result, options)
        return result


def einsum(op: TensorFlowOperator) -> Plan:
    """Einsum without ellipses and repeated letters, each letter in two of the three terms."""
    op.counts(2)
    op.floats(0, 1)
    terms, arrow, result = op.text("equation").replace(" ", "").partition("->")
    left, comma, right = terms.partition(",")
    require(bool(arrow) and bool(comma) and (left + right + result).isalpha())
    require(all(len(set(term)) == len(term) for term in (left, right, result)))
    sizes: dict[str, int] = {}
    for position, term in enumerate((left, right)):
        for letter, size in zip(term, op.dimensions(position, len(term)), strict=True):
            require(sizes.setdefault(letter, size) == size)
    # A shape without dimensions has no data, and would be no constant.
    require(bool(result))
    batch = "".join(x for x in result if x in left and x in right)
    rows = "".join(x for x in result if x in left and x not in right)
    columns = "".join(x for x in result if x in right and x not in left)
    inner = "".join(x for x in left if x in right and x not in result)
    require(set(left) == set(batch + rows + inner) and set(right) == set(batch + columns + inner))
    require(sorted(batch + rows + columns) == sorted(result))
    output = op.output([sizes[letter] for letter in result], FLOAT32)
    work = _Sum(sizes, op.is_fixed(0) and op.is_fixed(1))
    a, b = _Operand(Given(0), left), _Operand(Given(1), right)
    # A matrix that only has its sides exchanged is taken as it is.
    adj_x = len(rows) == len(inner) == 1 and left == batch + inner + rows
    adj_y = len(columns) == len(inner) == 1 and right == batch + columns + inner
    a = a if adj_x else work.ordered(a, batch + rows + inner)
    b = b if adj_y else work.ordered(b, batch + inner + columns)
    groups = [rows, inner, columns]
    if all(len(group) == 1 for group in groups) and len(batch) <= 3:
        x, y, made = a.value, b.value, work.shape(batch + rows + columns)
    else:
        one = (math.prod(work.shape(batch)),)
        depth, count = math.prod(work.shape(inner)), math.prod(work.shape(rows))
        width = math.prod(work.shape(columns))
        x = work.reshaped(a.value, one + ((depth, count) if adj_x else (count, depth)))
        y = work.reshaped(b.value, one + ((width, depth) if adj_y else (depth, width)))
        made = (*one, count, width)
    natural = batch + rows + columns
    is_last = result == natural and made == work.shape(result)
    product = output if is_last else work.steps.value(made)
    options = BatchMatMulOptions(adj_x, adj_y)
    work.steps.add("BATCH_MATMUL", [x, y], product, options)
    if is_last:
        return Plan(tuple(work.steps.steps))
    assert isinstance(product, Made)
    if made != work.shape(natural):
        if result == natural:
            target = work.shape(result)
            to = constant(target)
            work.steps.add("RESHAPE", [product, to], output, ReshapeOptions(new_shape=target))
            return Plan(tuple(work.steps.steps))
        product = work.reshaped(product, work.shape(natural))
    require(len(result) <= _MAX_TRANSPOSED)
    order = constant([natural.index(letter) for letter in result])
    work.steps.add("TRANSPOSE", [product, order], output, TransposeOptions())
    return Plan(tuple(work.steps.steps))
