"""Attention, Dot and EinsumDense: sums over products."""

from __future__ import annotations

import re

from tflint.keras.dimensions import integer, text
from tflint.keras.network import Dim, Shape, Variable
from tflint.keras.shapes.applied import (
    NOTHING_KNOWN,
    Applied,
    Calculators,
    Outcome,
    Refused,
    join,
    only_if,
)
from tflint.keras.values import UNKNOWN, Unknown


def attention(applied: Applied) -> Outcome:
    """Attention and AdditiveAttention, over query, value and, where it differs, key."""
    kind = applied.layer.kind
    applied.needs_tensors(2, 3)
    if len(applied.shapes) not in (2, 3):
        return NOTHING_KNOWN
    query, value = applied.shapes[0], applied.shapes[1]
    width = _last(query)
    if kind == "AdditiveAttention":
        if width != _last(value) and applied.version == 2:
            widths = (width, _last(value))
            if applied.flag("use_scale") is True and 1 not in widths and UNKNOWN not in widths:
                applied.refuse_in(
                    2, f"{kind} takes tensors of one width, gets {text(query)} and {text(value)}"
                )
            width = _last(value)
        variables = only_if(applied.flag("use_scale"), Variable("scale", (width,)))
    else:
        mode = applied.value("score_mode")
        is_joined = mode == "concat" if isinstance(mode, str) else UNKNOWN
        variables = join(
            only_if(applied.flag("use_scale"), Variable("scale", ())),
            only_if(is_joined, Variable("concat_score_weight", ())),
        )
    if isinstance(query, Unknown) or isinstance(value, Unknown):
        return Outcome((UNKNOWN,), variables)
    if len(query) != 3 or len(value) != 3:
        return Outcome((UNKNOWN,), variables)
    return Outcome(((query[0], query[1], value[-1]),), variables)


def multi_head_attention(applied: Applied) -> Outcome:
    """MultiHeadAttention, over query, value and, where it differs, key."""
    if not applied.shapes:
        return NOTHING_KNOWN
    query = applied.shapes[0]
    value = applied.shapes[1] if len(applied.shapes) > 1 else UNKNOWN
    key = applied.shapes[2] if len(applied.shapes) > 2 else value
    heads, width = applied.positive("num_heads", zero_in=2), applied.positive("key_dim")
    value_width = width if applied.value("value_dim") is None else applied.positive("value_dim")
    asked = applied.value("output_shape")
    last = _last(query)
    if asked is None:
        result: tuple[Dim, ...] = (last,)
    elif isinstance(asked, tuple):
        result = tuple(map(integer, asked))
    else:
        result = (integer(asked),)
    projections: tuple[tuple[str, tuple[Dim, ...]], ...] = (
        ("query", (last, heads, width)),
        ("key", (_last(key), heads, width)),
        ("value", (_last(value), heads, value_width)),
        ("attention_output", (heads, value_width, *result)),
    )
    biases: tuple[tuple[str, tuple[Dim, ...]], ...] = (
        ("query", (heads, width)),
        ("key", (heads, width)),
        ("value", (heads, value_width)),
        ("attention_output", result),
    )
    has_bias = applied.flag("use_bias")
    if applied.flag("use_gate") is True:
        projections = (*projections, ("gate", (last, heads, value_width)))
        biases = (*biases, ("gate", (heads, value_width)))
    variables = join(
        tuple(Variable(f"{name}_kernel", size) for name, size in projections),
        only_if(has_bias, *(Variable(f"{name}_bias", size) for name, size in biases)),
    )
    if isinstance(query, Unknown) or not query:
        return Outcome((UNKNOWN,), variables)
    return Outcome(((*query[:-1], *result),), variables)


def grouped_query_attention(applied: Applied) -> Outcome:
    """GroupQueryAttention of Keras 3."""
    if not applied.shapes:
        return NOTHING_KNOWN
    query = applied.shapes[0]
    value = applied.shapes[1] if len(applied.shapes) > 1 else UNKNOWN
    key = applied.shapes[2] if len(applied.shapes) > 2 else value
    width = applied.positive("head_dim")
    heads, groups = applied.positive("num_query_heads"), applied.positive("num_key_value_heads")
    if isinstance(heads, int) and isinstance(groups, int) and heads % groups:
        raise Refused(f"{heads:,} query heads cannot be divided into {groups:,} groups")
    last = _last(query)
    if UNKNOWN not in (last, _last(value)) and last != _last(value):
        raise Refused(
            f"GroupQueryAttention takes a query and a value of one width, "
            f"gets {text(query)} and {text(value)}"
        )
    kernels: tuple[tuple[str, tuple[Dim, ...]], ...] = (
        ("query", (last, heads, width)),
        ("key", (_last(key), groups, width)),
        ("value", (_last(value), groups, width)),
        ("attention_output", (heads, width, last)),
    )
    biases: tuple[tuple[str, tuple[Dim, ...]], ...] = (
        ("query", (heads, width)),
        ("key", (groups, width)),
        ("value", (groups, width)),
        ("attention_output", (last,)),
    )
    if applied.flag("use_gate") is True:
        kernels = (*kernels, ("gate", (last, heads, width)))
        biases = (*biases, ("gate", (heads, width)))
    variables = join(
        tuple(Variable(f"{name}_kernel", size) for name, size in kernels),
        only_if(
            applied.flag("use_bias"), *(Variable(f"{name}_bias", size) for name, size in biases)
        ),
    )
    return Outcome((query,), variables)


def _last(shape: Shape) -> Dim:
    return UNKNOWN if isinstance(shape, Unknown) or not shape else shape[-1]


def dot(applied: Applied) -> Outcome:
    """Dot: the sum over one axis of each of two tensors."""
    applied.needs_tensors(2)
    if len(applied.shapes) != 2:
        return Outcome((UNKNOWN,))
    one, other = applied.shapes
    axes = _dot_axes(applied)
    if axes is None or isinstance(one, Unknown) or isinstance(other, Unknown):
        return Outcome((UNKNOWN,))
    places: list[int] = []
    for shape, axis in zip((one, other), axes, strict=True):
        if not -len(shape) <= axis < len(shape):
            raise Refused(f"Dot along axis {axis}, but its input has {len(shape)} dimensions")
        places.append(axis % len(shape))
    first, second = one[places[0]], other[places[1]]
    is_unlike = (
        first != second and not isinstance(first, Unknown) and not isinstance(second, Unknown)
    )
    if is_unlike:
        raise Refused(
            f"Dot along sizes that differ, {first} of {text(one)} and {second} of {text(other)}"
        )
    if 0 in places or len(one) < 2 or len(other) < 2:
        return Outcome((UNKNOWN,))
    if isinstance(one[0], int) and isinstance(other[0], int) and one[0] != other[0]:
        message = f"Dot takes tensors of one batch size, gets {text(one)} and {text(other)}"
        applied.refuse_in(2, message)
    rest: tuple[Dim, ...] = (
        *(dim for axis, dim in enumerate(one) if axis not in (0, places[0])),
        *(dim for axis, dim in enumerate(other) if axis not in (0, places[1])),
    )
    batch = one[0]
    if batch != other[0] and applied.version == 2:
        sizes = [size for size in (one[0], other[0]) if isinstance(size, int)]
        batch = UNKNOWN if UNKNOWN in (one[0], other[0]) or not sizes else max(sizes)
        batch = None if batch == 1 else batch
    return Outcome(((batch, *(rest or (1,))),))


def _dot_axes(applied: Applied) -> tuple[int, int] | None:
    value = applied.value("axes")
    if isinstance(value, tuple):
        if len(value) != 2:
            raise Refused(f"Dot needs 2 axes, gets {len(value)}")
        first, second = integer(value[0]), integer(value[1])
    else:
        first = second = integer(value)
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        return None
    return first, second


_EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


def einsum_dense(applied: Applied) -> Outcome:
    """EinsumDense: the kernel has the dimensions that the equation gives it."""
    equation, asked = applied.value("equation"), applied.value("output_shape")
    match = _EQUATION.fullmatch(equation.replace(" ", "")) if isinstance(equation, str) else None
    shape = applied.shape
    if match is None or isinstance(shape, Unknown) or not shape:
        return NOTHING_KNOWN
    left, inner, right, kernel, out_left, outer, out_right = match.groups()
    if bool(left) != bool(out_left) or bool(right) != bool(out_right) or (left and right):
        return NOTHING_KNOWN
    elided = len(shape) - len(inner)
    if elided < 0 or (elided and not left and not right):
        return NOTHING_KNOWN
    if not isinstance(asked, tuple):
        asked = (asked,)
    dims: list[Dim] = [None if size is None else integer(size) for size in asked]
    dims.insert(0, shape[0])
    if left:
        # Keras 3 says these in reverse; what comes out has them in order.
        dims[1:1] = shape[1:elided] if applied.version == 2 else reversed(shape[1:elided])
    elif right and elided:
        dims += shape[-elided:]
    start = elided if left else 0
    if len(dims) < start + len(outer):
        return NOTHING_KNOWN
    sizes = {letter: shape[start + place] for place, letter in enumerate(inner)}
    results = {letter: dims[start + place] for place, letter in enumerate(outer)}
    for place, letter in enumerate(outer):
        size = dims[start + place]
        if size is None and letter in sizes and applied.version == 2:
            dims[start + place] = sizes[letter]
        elif letter in sizes and isinstance(size, int) and size != sizes[letter]:
            if not isinstance(sizes[letter], Unknown):
                raise Refused(
                    f"EinsumDense is to give {size:,} in dimension {letter}, "
                    f"where its input has {sizes[letter]}"
                )
    weights: list[Dim] = [results.get(each, sizes.get(each, UNKNOWN)) for each in kernel]
    if None in weights:
        raise Refused(f"EinsumDense needs all dimensions of its kernel, gets {text(shape)}")
    variables: tuple[Variable, ...] | Unknown = (Variable("kernel", tuple(weights)),)
    return Outcome((tuple(dims),), join(variables, _bias(applied, outer, results, left, elided)))


def _bias(
    applied: Applied, outer: str, results: dict[str, Dim], left: str | None, elided: int
) -> tuple[Variable, ...] | Unknown:
    axes = applied.value("bias_axes")
    if axes is None:
        return ()
    if not isinstance(axes, str) or not axes or any(letter not in outer for letter in axes):
        return UNKNOWN
    first = min(outer.find(letter) for letter in axes)
    size = [results[letter] if letter in axes else 1 for letter in outer[first:]]
    if None in size:
        raise Refused(f"EinsumDense needs all dimensions of its bias, gets {text(size)}")
    if not left:
        size += [1] * elided
    return (Variable("bias", tuple(size)),)


CALCULATORS: Calculators = {
    "AdditiveAttention": attention,
    "Attention": attention,
    "Dot": dot,
    "EinsumDense": einsum_dense,
    "GroupQueryAttention": grouped_query_attention,
    "MultiHeadAttention": multi_head_attention,
}
