"""Layers around other layers, and models that are used as layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tflint.keras.dimensions import calculate
from tflint.keras.network import Layer, Network, Shape, Tensor, Variable
from tflint.keras.shapes.applied import (
    NOTHING_KNOWN,
    Applied,
    Calculators,
    Outcome,
    Refused,
    WrongRank,
    join,
)
from tflint.keras.values import NO_ARGUMENTS, UNKNOWN, Argument, Unknown

# Models are gone through again wherever they are given another shape.
_MOST_CALLS = 2_000


def _inner(applied: Applied, parameter: str = "layer") -> Layer | None:
    value = applied.value(parameter)
    return value if isinstance(value, Layer) else None


def time_distributed(applied: Applied) -> Outcome:
    """TimeDistributed: a layer for each step."""
    inner = _inner(applied)
    shape = applied.shape
    if isinstance(shape, Unknown):
        known = NOTHING_KNOWN if inner is None else applied.derive(inner, [UNKNOWN])
        shapes: list[Shape] = []
        for out in known.shapes:
            shapes.append(UNKNOWN if isinstance(out, Unknown) else (UNKNOWN, UNKNOWN, *out[1:]))
        return Outcome(tuple(shapes), known.variables)
    if len(shape) < 3:
        raise Refused(applied.rank_fault("at least 3", shape))
    if inner is None:
        return NOTHING_KNOWN
    try:
        outcome = applied.derive(inner, [(shape[0], *shape[2:])])
    except WrongRank:
        if applied.version == 3:
            return NOTHING_KNOWN
        raise
    shapes = []
    for out in outcome.shapes:
        shapes.append(
            UNKNOWN if isinstance(out, Unknown) or not out else (shape[0], shape[1], *out[1:])
        )
    return Outcome(tuple(shapes), outcome.variables)


def bidirectional(applied: Applied) -> Outcome:
    """Bidirectional: a layer forwards, and one of the same form backwards."""
    forward = _inner(applied)
    if forward is None:
        return NOTHING_KNOWN
    one = applied.derive(forward, applied.shapes[:1])
    other = one
    if applied.value("backward_layer") is not None:
        backward = _inner(applied, "backward_layer")
        if backward is None:
            return Outcome((UNKNOWN,), UNKNOWN)
        other = applied.derive(backward, applied.shapes[:1])
    variables = join(_prefixed("forward_", one), _prefixed("backward_", other))
    mode = applied.value("merge_mode")
    first = one.shapes[0]
    states = (*one.shapes[1:], *other.shapes[1:])
    if mode is None:
        return Outcome((first, other.shapes[0], *states), variables)
    if not isinstance(mode, str):
        return Outcome((UNKNOWN,), variables)
    if mode not in ("concat", "sum", "ave", "mul"):
        raise Refused(f"Bidirectional has no merge mode {mode[:20]!r}")
    if mode == "concat" and not isinstance(first, Unknown) and first:
        first = (*first[:-1], calculate(lambda width: width * 2, first[-1]))
    return Outcome((first, *states), variables)


def _prefixed(prefix: str, outcome: Outcome) -> tuple[Variable, ...] | Unknown:
    if isinstance(outcome.variables, Unknown):
        return UNKNOWN
    return tuple(replace(each, name=prefix + each.name) for each in outcome.variables)


def spectral_normalization(applied: Applied) -> Outcome:
    """SpectralNormalization: the layer, and a vector for its kernel."""
    inner = _inner(applied)
    if inner is None:
        return NOTHING_KNOWN
    try:
        outcome = applied.derive(inner, applied.shapes)
    except WrongRank:
        if applied.version == 3:
            return NOTHING_KNOWN
        raise
    if isinstance(outcome.variables, Unknown):
        return outcome
    kernels = [each for each in outcome.variables if each.name in ("kernel", "embeddings")]
    if not kernels:
        return Outcome(outcome.shapes, UNKNOWN)
    vector = Variable("vector_u", (1, kernels[0].shape[-1]), is_trainable=False)
    return Outcome(outcome.shapes, (*outcome.variables, vector))


def network(applied: Applied, known: Network) -> Outcome:
    """A model as a layer: its own shapes, or those that come of another input.

    Raises `Refused` where one of its layers does not take the other input.
    """
    inputs = known.inputs or (known.calls[0].inputs[:1] if known.calls else ())
    declared = tuple(tensor.shape for tensor in inputs)
    count = max(len(known.outputs), 1)
    if not known.is_complete:
        return Outcome((UNKNOWN,) * count, UNKNOWN)
    built = join(*(call.variables for call in known.calls))
    is_too_long = len(known.calls) > _MOST_CALLS
    if applied.shapes == declared or len(declared) != len(applied.shapes) or is_too_long:
        is_same = applied.shapes == declared and bool(known.outputs)
        shapes = tuple(tensor.shape for tensor in known.outputs) if is_same else (UNKNOWN,) * count
        return Outcome(shapes, built)
    found: dict[object, Shape] = dict(zip(inputs, applied.shapes, strict=True))
    variables: tuple[Variable, ...] | Unknown = ()
    seen: set[Layer] = set()
    for call in known.calls:
        outcome = applied.derive(call.layer, [_shape(tensor, found) for tensor in call.inputs])
        for index, shape in enumerate(outcome.shapes):
            found[call, index] = shape
        if call.layer not in seen:
            variables = join(variables, outcome.variables)
            seen.add(call.layer)
    is_built = all(not isinstance(shape, Unknown) for shape in declared)
    results = tuple(_shape(tensor, found) for tensor in known.outputs)
    return Outcome(results or (UNKNOWN,), built if is_built else variables)


def _shape(tensor: Tensor, found: Mapping[object, Shape]) -> Shape:
    if tensor in found:
        return found[tensor]
    if tensor.producer is None:
        return tensor.shape
    return found.get((tensor.producer, tensor.index), UNKNOWN)


def sequential_of(layers: tuple[Layer, ...], applied: Applied) -> Outcome:
    """Layers in a row, none of them used twice."""
    shapes = applied.shapes
    variables: tuple[Variable, ...] | Unknown = ()
    for layer in layers:
        outcome = applied.derive(layer, shapes)
        shapes = outcome.shapes
        variables = join(variables, outcome.variables)
    return Outcome(shapes, variables)


def sequential(applied: Applied) -> Outcome:
    """A Sequential model that is only known by its list of layers."""
    value = applied.layer.arguments.get("layers", Argument(UNKNOWN)).value
    if applied.layer.arguments is NO_ARGUMENTS or not isinstance(value, tuple):
        return NOTHING_KNOWN
    layers = [layer for layer in value if isinstance(layer, Layer)]
    if len(layers) != len(value):
        return NOTHING_KNOWN
    return sequential_of(tuple(layers), applied)


CALCULATORS: Calculators = {
    "Bidirectional": bidirectional,
    "Sequential": sequential,
    "SpectralNormalization": spectral_normalization,
    "TimeDistributed": time_distributed,
}
