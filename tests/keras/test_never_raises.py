"""Whatever layers are given, `apply` answers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tflint.keras.building import apply, outputs
from tflint.keras.cost import macs
from tflint.keras.declared import declared_input
from tflint.keras.network import Layer, Tensor
from tflint.keras.shapes import operations
from tflint.keras.signatures import (
    COMMON,
    bind_arguments,
    canonical,
    canonical_arguments,
    known_kinds,
    parameters,
)
from tflint.keras.values import UNKNOWN, Argument, Choice, Reference, Result, Unknown, Value

KINDS = (*known_kinds(), *operations.CALCULATORS, "Sequential", "NoSuchLayer")
NAMES = sorted(
    {name for kind in KINDS for name in parameters(kind) or () if name}
    | {"axis", "perm", "newshape", "keepdims", "layers", "nb_filter", "nb_row", "nb_col"}
    | set(COMMON)
)
ODD: tuple[Value, ...] = (
    UNKNOWN,
    None,
    True,
    2**70,
    -(2**70),
    10**400,
    0,
    -1,
    -7,
    1.5,
    float("nan"),
    float("inf"),
    1j,
    "",
    "same",
    "VALID",
    "channels_first",
    "...x,xy->...y",
    "\x1b[31m",
    b"x",
    Reference("keras.activations.relu"),
    Result("numpy.array", (1,)),
    Choice((1, 2)),
    {"class_name": "ReLU"},
)
scalars = st.one_of(st.sampled_from(ODD), st.integers(-3, 9))
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=5).map(tuple), max_leaves=8)
dims = st.one_of(st.none(), st.just(UNKNOWN), st.integers(0, 9), st.sampled_from((2**62, 10**30)))
shapes = st.one_of(st.just(UNKNOWN), st.lists(dims, max_size=6).map(tuple))
LOCATED = ("keras.layers", "keras.ops", "tensorflow", "mine")


@st.composite
def layers(draw: st.DrawFn, depth: int = 0) -> Layer:
    kind = draw(st.sampled_from(KINDS))
    own = [name for name in parameters(kind) or () if name] or ["axis"]
    names = st.one_of(st.sampled_from(own), st.sampled_from(NAMES))
    given_values: st.SearchStrategy[Value] = values
    if depth < 2:
        given_values = st.one_of(values, layers(depth + 1))
    arguments = draw(st.dictionaries(names, given_values.map(Argument), max_size=8))
    if draw(st.booleans()):
        arguments = dict(canonical_arguments(kind, arguments))
    return Layer(
        canonical(kind),
        f"{draw(st.sampled_from(LOCATED))}.{kind}",
        arguments,
        has_unknown_arguments=draw(st.booleans()),
        default_data_format=draw(st.sampled_from(("channels_last", "channels_first", UNKNOWN))),
    )


@settings(max_examples=200, deadline=None)
@given(layers(), st.lists(shapes, max_size=4), st.booleans())
def test_apply_always_answers(layer: Layer, given_shapes: list[object], is_first: bool) -> None:
    tensors = [Tensor(shape) for shape in given_shapes]  # type: ignore[arg-type]

    call = apply(layer, tensors, is_first=is_first)

    assert call.output_shapes
    for shape in call.output_shapes:
        assert isinstance(shape, Unknown) or all(
            dim is None or isinstance(dim, (int, Unknown)) for dim in shape
        )
    assert isinstance(call.weights, (int, Unknown))
    assert call.fault is None or (call.fault.isprintable() and len(call.fault) < 400)
    assert len(outputs(call)) == len(call.output_shapes)
    assert isinstance(macs(call), (int, Unknown))
    declared_input(layer)
    if not is_first:
        assert call.weights == 0


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from((*KINDS, "Convolution2D", "Deconvolution2D", "AtrousConvolution2D")),
    st.lists(values.map(Argument), max_size=12),
    st.dictionaries(st.sampled_from(NAMES), values.map(Argument), max_size=5),
)
def test_arguments_can_always_be_bound(
    kind: str, positional: list[Argument], keywords: dict[str, Argument]
) -> None:
    assert isinstance(dict(bind_arguments(kind, positional, keywords)), dict)
