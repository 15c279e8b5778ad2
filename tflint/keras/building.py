"""Applying layers to tensors: what comes out, or why Keras refuses."""

from __future__ import annotations

from collections.abc import Sequence

from tflint.finding import Location
from tflint.keras.network import Call, Layer, Shape, Tensor, Variable
from tflint.keras.shapes import basic, convolution, merging, normalization, pooling, reshaping
from tflint.keras.shapes.applied import NOTHING_KNOWN, Applied, Calculators, Outcome, Refused
from tflint.keras.values import UNKNOWN, Evidence, Unknown

_CALCULATORS: Calculators = {
    **basic.CALCULATORS,
    **convolution.CALCULATORS,
    **merging.CALCULATORS,
    **normalization.CALCULATORS,
    **pooling.CALCULATORS,
    **reshaping.CALCULATORS,
}


def apply(
    layer: Layer,
    inputs: Sequence[Tensor],
    *,
    is_first: bool = True,
    location: Location | None = None,
    evidence: Evidence = Evidence.CERTAIN,
) -> Call:
    """The call of a layer on tensors, with the shapes of its outputs, weights and fault.

    `is_first` is False where the layer was called before: its weights are shared.
    Never raises, whatever the layer was given.
    """
    applied = Applied(
        layer, tuple(tensor.shape for tensor in inputs), tuple(inputs), _derive_from_shapes
    )
    fault: str | None = None
    versions: tuple[int, ...] = (2, 3)
    try:
        outcome = _outcome(applied)
    except Refused as refusal:
        outcome, fault = NOTHING_KNOWN, str(refusal)
    except RecursionError:
        outcome = NOTHING_KNOWN
    if fault is None and applied.refusals:
        versions = tuple(applied.refusals)
        fault = applied.refusals[versions[0]]
    variables: tuple[Variable, ...] | Unknown = outcome.variables if is_first else ()
    return Call(
        layer,
        tuple(inputs),
        outcome.shapes,
        weights_of(variables),
        fault,
        location or layer.location,
        evidence,
        versions,
        variables,
    )


def outputs(call: Call) -> tuple[Tensor, ...]:
    """The tensors that a call gives, one for each of its output shapes."""
    return tuple(
        Tensor(shape, call, index, location=call.location)
        for index, shape in enumerate(call.output_shapes)
    )


def weights_of(variables: Sequence[Variable] | Unknown) -> int | Unknown:
    """The scalars in the variables; UNKNOWN where one of them is."""
    if isinstance(variables, Unknown):
        return UNKNOWN
    total = 0
    for variable in variables:
        size = variable.size
        if isinstance(size, Unknown):
            return UNKNOWN
        total += size
    return total


def _outcome(applied: Applied) -> Outcome:
    calculator = _CALCULATORS.get(applied.layer.kind)
    return NOTHING_KNOWN if calculator is None else calculator(applied)


def _derive_from_shapes(layer: Layer, shapes: Sequence[Shape]) -> Outcome:
    """The outcome of another layer, for wrappers; raises `Refused`."""
    tensors = tuple(Tensor(shape) for shape in shapes)
    return _outcome(Applied(layer, tuple(shapes), tensors, _derive_from_shapes))
