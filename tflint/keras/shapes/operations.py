"""Functions on tensors: `keras.ops`, `keras.backend`, `tensorflow` and Python's operators.

None of them has weights, and none is said to be refused: what a function is given beside tensors
is not always seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tflint.keras.dimensions import dimension, integer, product, total
from tflint.keras.network import Dim, Shape
from tflint.keras.shapes.applied import Applied, Calculator, Calculators, Outcome, Refused
from tflint.keras.shapes.merging import broadcast
from tflint.keras.shapes.reshaping import reshaped
from tflint.keras.values import UNKNOWN, Argument, Unknown, Value

# Where functions on tensors are; Python's operators are there as `operator.add`.
HOMES = ("keras", "operator", "tensorflow")
# A value for each value.
_UNARY = [
    "abs",
    "absolute",
    "cast",
    "ceil",
    "celu",
    "clip",
    "clip_by_value",
    "cos",
    "cosh",
    "dropout",
    "elu",
    "erf",
    "exp",
    "expm1",
    "floor",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "identity",
    "invert",
    "l2_normalize",
    "leaky_relu",
    "linear",
    "log",
    "log1p",
    "log_sigmoid",
    "log_softmax",
    "logical_not",
    "mish",
    "neg",
    "negative",
    "normalize",
    "pos",
    "reciprocal",
    "relu",
    "relu6",
    "round",
    "rsqrt",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "softsign",
    "sparsemax",
    "sqrt",
    "square",
    "stop_gradient",
    "swish",
    "tan",
    "tanh",
    "tanh_shrink",
]
# A value for each pair of values.
_BINARY = [
    "add",
    "divide",
    "divide_no_nan",
    "equal",
    "floor_divide",
    "floordiv",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_or",
    "maximum",
    "minimum",
    "mod",
    "mul",
    "multiply",
    "not_equal",
    "pow",
    "power",
    "sub",
    "subtract",
    "squared_difference",
    "true_divide",
    "truediv",
]
REDUCTIONS = frozenset(
    (
        "all",
        "amax",
        "amin",
        "any",
        "logsumexp",
        "max",
        "mean",
        "median",
        "min",
        "prod",
        "std",
        "sum",
        "var",
        "reduce_all",
        "reduce_any",
        "reduce_logsumexp",
        "reduce_max",
        "reduce_mean",
        "reduce_min",
        "reduce_prod",
        "reduce_std",
        "reduce_sum",
        "reduce_variance",
    )
)

# What keeps a shape, broadcasting where there are two; and of that what looks at no neighbours.
KEEP_SHAPE = frozenset((*_UNARY, *_BINARY))
ELEMENTWISE = KEEP_SHAPE - frozenset(
    ("dropout", "l2_normalize", "log_softmax", "normalize", "softmax", "sparsemax")
)

# What stands behind the tensors, in `keras.ops`, `keras.backend` and `tensorflow` alike.
_BEHIND_TENSORS = {
    **dict.fromkeys(REDUCTIONS, ("axis", "keepdims")),
    **dict.fromkeys(("concat", "concatenate", "expand_dims", "squeeze", "stack"), ("axis",)),
    **dict.fromkeys(("permute_dimensions", "transpose"), ("axes",)),
    "reshape": ("shape",),
}


def bind_operation(
    kind: str, positional: Sequence[Argument], keywords: Mapping[str, Argument]
) -> Mapping[str, Argument]:
    """What a function on tensors is given by name, the tensors left out.

    `positional` are all arguments by position, the tensor or the list of tensors first.
    """
    names = _BEHIND_TENSORS.get(kind, ())
    return {**dict(zip(names, positional[1:], strict=False)), **keywords}


def takes_arguments(path: str) -> bool:
    """Whether a function, by its whole path, is one that is told axes or a shape."""
    return path.split(".", 1)[0] in HOMES and path.rpartition(".")[2] in _BEHIND_TENSORS


def _given(applied: Applied, *parameters: str) -> Value | None:
    """The first of an argument's names that is given; None where none is."""
    for parameter in parameters:
        argument = applied.layer.arguments.get(parameter)
        if argument is not None:
            return argument.value
    return UNKNOWN if applied.layer.has_unknown_arguments else None


def unary(applied: Applied) -> Outcome:
    """What keeps the shape, of one tensor."""
    return Outcome((applied.shape if len(applied.shapes) == 1 else UNKNOWN,))


def binary(applied: Applied) -> Outcome:
    """What is combined value by value; an operand that is no tensor may be an argument."""
    if len(applied.shapes) == 1:
        other = _given(applied, "y", "x2", "other", "b", "x", "x1", "a")
        is_number = isinstance(other, (int, float)) and not isinstance(other, bool)
        return Outcome((applied.shape if is_number else UNKNOWN,))
    if len(applied.shapes) != 2:
        return Outcome((UNKNOWN,))
    one, two = applied.shapes
    if isinstance(one, Unknown) or isinstance(two, Unknown):
        return Outcome((UNKNOWN,))
    merged = broadcast(one, two, applied)
    return Outcome((UNKNOWN if merged is None else merged,))


def reshape(applied: Applied) -> Outcome:
    """To a shape that the batch is part of."""
    target = _given(applied, "newshape", "shape", "target_shape")
    shape = applied.shape
    if not isinstance(target, tuple):
        return Outcome((UNKNOWN,))
    dims: tuple[Dim, ...] = tuple(map(dimension, target))
    if isinstance(shape, Unknown):
        return Outcome((tuple(UNKNOWN if dim == -1 else dim for dim in dims),))
    if dims.count(-1) == 1 and shape and shape[0] is None and dims[0] == -1:
        rest, given = product(dims[1:]), product(shape[1:])
        is_batch = isinstance(rest, int) and rest == given
        return Outcome(((None, *dims[1:]) if is_batch else (UNKNOWN, *dims[1:]),))
    return Outcome((reshaped(shape, dims, "reshape"),))


def transpose(applied: Applied) -> Outcome:
    """Dimensions in another order, or all of them the other way round."""
    order = _given(applied, "axes", "perm", "pattern")
    shape = applied.shape
    if isinstance(shape, Unknown) or isinstance(order, Unknown):
        return Outcome((UNKNOWN,))
    if order is None:
        return Outcome((UNKNOWN,))  # it may have been given by position, which is not seen
    places = _axes(order, len(shape))
    if places is None or sorted(places) != list(range(len(shape))):
        return Outcome((UNKNOWN,))
    return Outcome((tuple(shape[place] for place in places),))


def _axes(value: Value, rank: int) -> list[int] | None:
    """Axes counted from the front; None where they are not known."""
    items = value if isinstance(value, tuple) else (value,)
    places: list[int] = []
    for item in items:
        place = integer(item)
        if isinstance(place, Unknown) or not -rank <= place < rank:
            return None
        places.append(place % rank)
    return places


def reduction(applied: Applied) -> Outcome:
    """A sum, a mean or the like, over some axes."""
    axis = _given(applied, "axis", "axes", "reduction_indices")
    keeps = _given(applied, "keepdims", "keep_dims")
    shape = applied.shape
    if isinstance(shape, Unknown) or axis is None:
        return Outcome((UNKNOWN,))
    places = _axes(axis, len(shape))
    if places is None or not (keeps is None or isinstance(keeps, bool)):
        return Outcome((UNKNOWN,))
    if keeps:
        return Outcome((tuple(1 if k in places else dim for k, dim in enumerate(shape)),))
    return Outcome((tuple(dim for k, dim in enumerate(shape) if k not in places),))


def expand_dims(applied: Applied) -> Outcome:
    """A dimension of 1 more."""
    axis, shape = _given(applied, "axis"), applied.shape
    place = integer(axis)
    if isinstance(shape, Unknown) or isinstance(place, Unknown):
        return Outcome((UNKNOWN,))
    rank = len(shape) + 1
    if not -rank <= place < rank:
        return Outcome((UNKNOWN,))
    place %= rank
    return Outcome(((*shape[:place], 1, *shape[place:]),))


def squeeze(applied: Applied) -> Outcome:
    """Dimensions of 1 less."""
    axis, shape = _given(applied, "axis", "squeeze_dims"), applied.shape
    if isinstance(shape, Unknown) or axis is None:
        return Outcome((UNKNOWN,))
    places = _axes(axis, len(shape))
    if places is None:
        return Outcome((UNKNOWN,))
    return Outcome((tuple(dim for k, dim in enumerate(shape) if k not in places),))


def concatenate(applied: Applied) -> Outcome:
    """Tensors one behind the other."""
    axis = integer(_given(applied, "axis"))
    shapes = [shape for shape in applied.shapes if not isinstance(shape, Unknown)]
    if isinstance(axis, Unknown) or not shapes or len(shapes) < len(applied.shapes):
        return Outcome((UNKNOWN,))
    rank = len(shapes[0])
    if any(len(shape) != rank for shape in shapes) or not -rank <= axis < rank:
        return Outcome((UNKNOWN,))
    axis %= rank
    joined: list[Dim] = []
    for place in range(rank):
        dims: list[Dim] = [shape[place] for shape in shapes]
        joined.append(total(dims) if place == axis else dims[0] if len(set(dims)) == 1 else UNKNOWN)
    return Outcome((tuple(joined),))


def stack(applied: Applied) -> Outcome:
    """Tensors side by side in a new dimension."""
    axis = _given(applied, "axis")
    place = 0 if axis is None else integer(axis)
    shape = applied.shape
    if isinstance(shape, Unknown) or isinstance(place, Unknown):
        return Outcome((UNKNOWN,))
    rank = len(shape) + 1
    if any(each != shape for each in applied.shapes) or not -rank <= place < rank:
        return Outcome((UNKNOWN,))
    place %= rank
    return Outcome(((*shape[:place], len(applied.shapes), *shape[place:]),))


def matmul(applied: Applied) -> Outcome:
    """A product of matrices, the last two dimensions of each."""
    if len(applied.shapes) != 2 or applied.layer.arguments:
        return Outcome((UNKNOWN,))
    one, other = applied.shapes
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return Outcome((UNKNOWN,))
    if len(one) != len(other) or len(one) < 2 or one[:-2] != other[:-2]:
        return Outcome((UNKNOWN,))
    result: Shape = (*one[:-1], other[-1])
    return Outcome((result,))


def _lenient(calculator: Calculator) -> Calculator:
    """The same, with nothing known where it would be refused."""

    def calculate(applied: Applied) -> Outcome:
        try:
            return calculator(applied)
        except Refused:
            return Outcome((UNKNOWN,))

    return calculate


CALCULATORS: Calculators = {
    **dict.fromkeys(_UNARY, unary),
    **dict.fromkeys(_BINARY, binary),
    **dict.fromkeys(REDUCTIONS, reduction),
    **dict.fromkeys(("concat", "concatenate"), concatenate),
    **dict.fromkeys(("permute_dimensions", "transpose"), transpose),
    "expand_dims": expand_dims,
    "matmul": matmul,
    "reshape": _lenient(reshape),
    "squeeze": squeeze,
    "stack": stack,
}
