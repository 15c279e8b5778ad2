"""Applying layers to tensors: what comes out, or why Keras refuses."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from tflint.finding import Location
from tflint.keras.network import Call, Layer, Shape, Tensor, Variable
from tflint.keras.shapes import (
    attention,
    basic,
    convolution,
    merging,
    normalization,
    operations,
    pooling,
    preprocessing,
    recurrent,
    reshaping,
    wrapping,
)
from tflint.keras.shapes.applied import (
    NOTHING_KNOWN,
    Applied,
    Calculator,
    Calculators,
    Outcome,
    Refused,
    agreed,
)
from tflint.keras.values import UNKNOWN, Evidence, Unknown

_CALCULATORS: Calculators = {
    **attention.CALCULATORS,
    **basic.CALCULATORS,
    **convolution.CALCULATORS,
    **merging.CALCULATORS,
    **normalization.CALCULATORS,
    **pooling.CALCULATORS,
    **preprocessing.CALCULATORS,
    **recurrent.CALCULATORS,
    **reshaping.CALCULATORS,
    **wrapping.CALCULATORS,
}


def apply(
    layer: Layer,
    inputs: Sequence[Tensor],
    *,
    is_first: bool = True,
    location: Location | None = None,
    evidence: Evidence = Evidence.CERTAIN,
    versions: tuple[int, ...] = (3, 2),
) -> Call:
    """The call of a layer on tensors, with the shapes of its outputs, weights and fault.

    `is_first` is False where the layer was called before: its weights are shared. `versions` are
    the Keras versions that it may be built with: what they do not agree on is not known.
    Never raises, whatever the layer was given.
    """
    outcomes: list[Outcome] = []
    faults: dict[int, str] = {}
    for version in versions:
        applied = _applied(layer, tuple(inputs), version)
        try:
            outcomes.append(_outcome(applied))
        except Refused as refusal:
            faults[version] = str(refusal)
        except RecursionError:
            outcomes.append(NOTHING_KNOWN)
        if not applied.version_reads:
            if faults:
                faults = dict.fromkeys(versions, faults[version])
            break
    outcome = functools.reduce(agreed, outcomes) if outcomes else NOTHING_KNOWN
    variables: tuple[Variable, ...] | Unknown = outcome.variables if is_first else ()
    return Call(
        layer,
        tuple(inputs),
        outcome.shapes,
        weights_of(variables),
        _told(faults, versions),
        location or layer.location,
        evidence,
        tuple(sorted(faults)) or (2, 3),
        variables,
    )


def _told(faults: dict[int, str], versions: tuple[int, ...]) -> str | None:
    """Why Keras refuses; with its version, where only one does."""
    if not faults:
        return None
    version, fault = next(iter(faults.items()))
    return fault if len(faults) == len(versions) else f"{fault} (refused by Keras {version})"


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
    if applied.layer.network is not None:
        return wrapping.network(applied, applied.layer.network)
    calculator = _calculator(applied.layer)
    return NOTHING_KNOWN if calculator is None else calculator(applied)


def _calculator(layer: Layer) -> Calculator | None:
    """What knows the layer; None for classes that only have the name of one of Keras'."""
    home = layer.path.split(".", 1)[0]
    if home == "keras" and layer.kind in _CALCULATORS:
        return _CALCULATORS[layer.kind]
    return operations.CALCULATORS.get(layer.kind) if home in operations.HOMES else None


def _applied(
    layer: Layer, inputs: tuple[Tensor, ...], version: int, reads: list[int] | None = None
) -> Applied:
    version_reads: list[int] = [] if reads is None else reads

    def derive(other: Layer, shapes: Sequence[Shape]) -> Outcome:
        tensors = tuple(Tensor(shape) for shape in shapes)
        return _outcome(_applied(other, tensors, version, version_reads))

    shapes = tuple(tensor.shape for tensor in inputs)
    return Applied(layer, shapes, inputs, version, derive, version_reads)
