"""Arithmetic of one element at a time, comparisons, and activations.

Source of the types: the kernels of tensorflow/lite/kernels/, which take fewer than TensorFlow's.
"""

from __future__ import annotations

from collections.abc import Callable

from tflint.analysis.flex.plan import (
    BOOL,
    FLOAT32,
    INT32,
    INT64,
    Given,
    Made,
    Operand,
    Plan,
    Result,
    Steps,
    TensorFlowOperator,
    broadcast,
    require,
    scalar,
)
from tflint.model.record import Record
from tflint.model.schema import (
    AddOptions,
    CastOptions,
    DivOptions,
    LeakyReluOptions,
    MulOptions,
    SubOptions,
    TensorType,
)

# Kernels broadcast over as many dimensions; of equal shapes they take any.
_MAX_BROADCAST = 4

_FLOAT = frozenset((FLOAT32,))
_NUMBERS = frozenset((FLOAT32, INT32))
_WIDE_NUMBERS = frozenset((FLOAT32, INT32, INT64))

# TensorFlow's name: the builtin, and the types that both kernels take.
UNARY = {
    "Abs": ("ABS", _FLOAT),
    "Ceil": ("CEIL", _FLOAT),
    "Cos": ("COS", _FLOAT),
    "Elu": ("ELU", _FLOAT),
    "Exp": ("EXP", _FLOAT),
    "Floor": ("FLOOR", _FLOAT),
    "Log": ("LOG", _FLOAT),
    "LogicalNot": ("LOGICAL_NOT", frozenset((BOOL,))),
    "Neg": ("NEG", _WIDE_NUMBERS),
    "Relu": ("RELU", _FLOAT),
    "Relu6": ("RELU6", _FLOAT),
    "Rint": ("ROUND", _FLOAT),
    "Round": ("ROUND", _FLOAT),
    "Rsqrt": ("RSQRT", _FLOAT),
    "Sigmoid": ("LOGISTIC", _FLOAT),
    "Sign": ("SIGN", _FLOAT),
    "Sin": ("SIN", _FLOAT),
    "Sqrt": ("SQRT", _FLOAT),
    "Square": ("SQUARE", _FLOAT),
    "Tanh": ("TANH", _FLOAT),
}
BINARY: dict[str, tuple[str, frozenset[TensorType]]] = {
    "Add": ("ADD", _WIDE_NUMBERS),
    "AddV2": ("ADD", _WIDE_NUMBERS),
    "Sub": ("SUB", _WIDE_NUMBERS),
    "Mul": ("MUL", _WIDE_NUMBERS),
    "RealDiv": ("DIV", _FLOAT),
    # Of integers, `Div` and `TruncateDiv` round towards zero, as C does.
    "Div": ("DIV", _NUMBERS),
    "TruncateDiv": ("DIV", frozenset((INT32,))),
    "Maximum": ("MAXIMUM", _WIDE_NUMBERS),
    "Minimum": ("MINIMUM", _WIDE_NUMBERS),
    "Pow": ("POW", _FLOAT),
    "SquaredDifference": ("SQUARED_DIFFERENCE", _NUMBERS),
    "FloorDiv": ("FLOOR_DIV", _NUMBERS),
    "FloorMod": ("FLOOR_MOD", _WIDE_NUMBERS),
    "Atan2": ("ATAN2", _FLOAT),
    "LogicalAnd": ("LOGICAL_AND", frozenset((BOOL,))),
    "LogicalOr": ("LOGICAL_OR", frozenset((BOOL,))),
}
_COMPARABLE = frozenset((FLOAT32, INT32, INT64))
COMPARISONS = {
    "Equal": ("EQUAL", _COMPARABLE | {BOOL}),
    "NotEqual": ("NOT_EQUAL", _COMPARABLE | {BOOL}),
    "Less": ("LESS", _COMPARABLE),
    "LessEqual": ("LESS_EQUAL", _COMPARABLE),
    "Greater": ("GREATER", _COMPARABLE),
    "GreaterEqual": ("GREATER_EQUAL", _COMPARABLE),
}
_OPTIONS: dict[str, Callable[[], Record]] = {
    "ADD": AddOptions,
    "SUB": SubOptions,
    "MUL": MulOptions,
    "DIV": DivOptions,
}
_CASTS = frozenset((FLOAT32, INT32, INT64, BOOL, TensorType.UINT8, TensorType.INT8))


def unary(op: TensorFlowOperator) -> Plan:
    """An operator of one input whose builtin takes no options."""
    op.counts(1)
    name, types = UNARY[op.name]
    x = op.value(0)
    require(x.type in types)
    steps = Steps()
    steps.add(name, [Given(0)], op.output(op.dimensions(0), x.type))
    return Plan(tuple(steps.steps), is_elementwise=True)


def binary(op: TensorFlowOperator) -> Plan:
    """An operator of two inputs that broadcast."""
    op.counts(2)
    is_comparison = op.name in COMPARISONS
    name, types = COMPARISONS[op.name] if is_comparison else BINARY[op.name]
    a, b = op.value(0), op.value(1)
    require(a.type is b.type and a.type in types)
    shape = _together(op, 0, 1)
    # That kernel does not broadcast.
    require(name != "ATAN2" or a.shape == b.shape)
    options = _OPTIONS[name]() if name in _OPTIONS else None
    steps = Steps()
    output = op.output(shape, BOOL if is_comparison else a.type)
    steps.add(name, [Given(0), Given(1)], output, options)
    return Plan(tuple(steps.steps), is_elementwise=True)


def _together(op: TensorFlowOperator, *positions: int) -> tuple[int, ...]:
    """The shape that inputs broadcast to."""
    shapes = [op.dimensions(position) for position in positions]
    shape = broadcast(*shapes)
    require(len(shape) <= _MAX_BROADCAST or all(other == shape for other in shapes))
    return shape


def sum_of_all(op: TensorFlowOperator) -> Plan:
    """AddN: inputs of one shape."""
    count = len(op.node.inputs)
    require(1 <= count == op.count("N", count))
    x = op.value(0)
    shape = op.dimensions(0)
    require(x.type in _NUMBERS)
    for position in range(1, count):
        other = op.value(position)
        require(other.type is x.type and other.shape == shape)
    output, steps = op.output(shape, x.type), Steps()
    inputs = [Given(position) for position in range(count)]
    if count > 1:
        name, options = ("ADD", AddOptions()) if count == 2 else ("ADD_N", None)
        steps.add(name, inputs, output, options)
    return Plan(tuple(steps.steps), is_elementwise=count > 1)


def leaky_relu(op: TensorFlowOperator) -> Plan:
    """LeakyRelu."""
    op.counts(1)
    op.floats(0)
    options = LeakyReluOptions(op.number("alpha", 0.2))
    steps = Steps()
    steps.add("LEAKY_RELU", [Given(0)], op.output(op.dimensions(0), FLOAT32), options)
    return Plan(tuple(steps.steps), is_elementwise=True)


def choice(op: TensorFlowOperator) -> Plan:
    """Select and SelectV2: of the latter all three inputs broadcast."""
    op.counts(3)
    condition, a, b = op.value(0), op.value(1), op.value(2)
    require(condition.type is BOOL and a.type is b.type and a.type in _WIDE_NUMBERS)
    steps = Steps()
    if op.name == "SelectV2":
        output = op.output(_together(op, 0, 1, 2), a.type)
        steps.add("SELECT_V2", [Given(0), Given(1), Given(2)], output)
        return Plan(tuple(steps.steps), is_elementwise=True)
    shape = op.dimensions(1)
    require(b.shape == shape and condition.shape in (shape, shape[:1], ()))
    # One condition for all elements of a row is what the later version has not.
    alike = condition.shape in (shape, ())
    name = "SELECT_V2" if alike else "SELECT"
    steps.add(name, [Given(0), Given(1), Given(2)], op.output(shape, a.type))
    return Plan(tuple(steps.steps), is_elementwise=alike)


def cast(op: TensorFlowOperator) -> Plan:
    """Cast."""
    op.counts(1)
    old, new = op.value(0).type, op.node.outputs[0].type
    require(old in _CASTS and new in _CASTS and not op.flag("Truncate"))
    output, steps = op.output(op.dimensions(0), new), Steps()
    steps.add("CAST", [Given(0)], output, CastOptions(old, new))
    return Plan(tuple(steps.steps), is_elementwise=True)


def power(op: TensorFlowOperator) -> Plan:
    """Pow; to the powers that are most used, by operators that more runtimes have."""
    op.counts(2)
    exponent = op.value(1)
    if not (exponent.is_constant and exponent.shape == () and exponent.type is FLOAT32):
        return binary(op)
    f = _Formula(op, 2)
    (value,) = op.reals(1)()
    if value == 2:
        return f.ends("SQUARE", X)
    if value == 3:
        return f.ends("MUL", f("SQUARE", X), X)
    if value == 4:
        return f.ends("SQUARE", f("SQUARE", X))
    if value in (0.5, -0.5):
        return f.ends("SQRT" if value > 0 else "RSQRT", X)
    return binary(op)


def zeros_like(op: TensorFlowOperator) -> Plan:
    """ZerosLike."""
    op.counts(1)
    type = op.value(0).type
    require(type in _WIDE_NUMBERS)
    steps = Steps()
    steps.add("ZEROS_LIKE", [Given(0)], op.output(op.dimensions(0), type))
    return Plan(tuple(steps.steps), is_elementwise=True)


# Functions that no builtin is, but a few builtins are.


class _Formula:
    """Steps over values of one shape, the last of which makes the output."""

    def __init__(self, op: TensorFlowOperator, inputs: int = 1) -> None:
        op.counts(inputs)
        op.floats(0)
        self._shape = op.dimensions(0)
        self._output = op.output(self._shape, FLOAT32)
        # Next to a scalar, kernels may broadcast.
        require(len(self._shape) <= _MAX_BROADCAST)
        self.steps = Steps()

    def __call__(self, name: str, *operands: Given | Result | float) -> Made:
        made = self.steps.value(self._shape)
        self._add(name, operands, made)
        return made

    def ends(self, name: str, *operands: Given | Result | float) -> Plan:
        self._add(name, operands, self._output)
        return Plan(tuple(self.steps.steps), is_elementwise=True)

    def _add(self, name: str, operands: tuple[Given | Result | float, ...], to: Result) -> None:
        inputs: list[Operand] = []
        for operand in operands:
            if isinstance(operand, float):
                inputs.append(scalar(operand))
            else:
                assert isinstance(operand, Given | Made)
                inputs.append(operand)
        options = _OPTIONS[name]() if name in _OPTIONS else None
        self.steps.add(name, inputs, to, options)


X = Given(0)
_SELU_SCALE = 1.0507009873554805
_SELU_ALPHA = 1.6732632423543772


def division_without_nan(op: TensorFlowOperator) -> Plan:
    """X / y, and 0 where y is 0."""
    op.counts(2)
    op.floats(0, 1)
    shape = _together(op, 0, 1)
    output, steps = op.output(shape, FLOAT32), Steps()
    is_zero = steps.value(op.dimensions(1), BOOL)
    quotient = steps.value(shape)
    steps.add("EQUAL", [Given(1), scalar(0.0)], is_zero)
    steps.add("DIV", [Given(0), Given(1)], quotient, DivOptions())
    steps.add("SELECT_V2", [is_zero, scalar(0.0), quotient], output)
    require(len(shape) <= _MAX_BROADCAST)
    return Plan(tuple(steps.steps), is_elementwise=op.dimensions(1) == shape)


def is_nan(op: TensorFlowOperator) -> Plan:
    """IsNan: what is no number differs from itself."""
    op.counts(1)
    op.floats(0)
    steps = Steps()
    steps.add("NOT_EQUAL", [X, X], op.output(op.dimensions(0), BOOL))
    return Plan(tuple(steps.steps), is_elementwise=True)


def softplus(op: TensorFlowOperator) -> Plan:
    """log(1 + e^x), as max(x, 0) + log(1 + e^-|x|), which cannot overflow."""
    f = _Formula(op)
    small = f("EXP", f("NEG", f("ABS", X)))
    return f.ends("ADD", f("RELU", X), f("LOG", f("ADD", small, 1.0)))


def softsign(op: TensorFlowOperator) -> Plan:
    """X / (1 + |x|)."""
    f = _Formula(op)
    return f.ends("DIV", X, f("ADD", f("ABS", X), 1.0))


def selu(op: TensorFlowOperator) -> Plan:
    """Scaled ELU: the two sides of ELU with a factor each."""
    f = _Formula(op)
    above = f("MUL", f("RELU", X), _SELU_SCALE)
    below = f("MUL", f("ELU", f("MINIMUM", X, 0.0)), _SELU_SCALE * _SELU_ALPHA)
    return f.ends("ADD", above, below)


def reciprocal(op: TensorFlowOperator) -> Plan:
    """1 / x."""
    f = _Formula(op)
    return f.ends("DIV", 1.0, X)


def tangent(op: TensorFlowOperator) -> Plan:
    """Sin x / cos x."""
    f = _Formula(op)
    return f.ends("DIV", f("SIN", X), f("COS", X))


def log1p(op: TensorFlowOperator) -> Plan:
    """log(1 + x)."""
    f = _Formula(op)
    return f.ends("LOG", f("ADD", X, 1.0))


def expm1(op: TensorFlowOperator) -> Plan:
    """e^x - 1."""
    f = _Formula(op)
    return f.ends("SUB", f("EXP", X), 1.0)
