"""Dense, inputs, and layers whose output has the shape of their input."""

from __future__ import annotations

from tflint.keras.declared import declared_input
from tflint.keras.dimensions import text
from tflint.keras.network import Dim, Shape, Variable
from tflint.keras.shapes.applied import (
    Applied,
    Calculators,
    Outcome,
    Refused,
    join,
    only_if,
)
from tflint.keras.values import UNKNOWN, Unknown


def same(applied: Applied) -> Outcome:
    """Activations, dropout, noise: nothing changes but the values."""
    return Outcome((applied.shape,))


def input_layer(applied: Applied) -> Outcome:
    """InputLayer: what it declares, or what it is applied to."""
    if applied.shapes:
        return Outcome((applied.shape,))
    declared = declared_input(applied.layer)
    return Outcome((UNKNOWN if declared is None else declared,))


def dense(applied: Applied) -> Outcome:
    """Dense, over the last dimension."""
    units = applied.positive("units")
    shape = applied.shape
    if isinstance(shape, Unknown):
        features: Dim = UNKNOWN
        result: Shape = UNKNOWN
    else:
        if len(shape) < 2:
            raise Refused(applied.rank_fault("at least 2", shape))
        features = shape[-1]
        result = (*shape[:-1], units)
        if features is None:
            raise Refused(f"Dense needs the last dimension of its input, gets {text(shape)}")
    variables = (Variable("kernel", (features, units)),)
    bias = only_if(applied.flag("use_bias"), Variable("bias", (units,)))
    return Outcome((result,), join(variables, bias))


# None of them has weights, and none refuses anything.
UNCHANGED = (
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "ELU",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "LeakyReLU",
    "Masking",
    "ReLU",
    "Rescaling",
    "Softmax",
    "ThresholdedReLU",
    "UnitNormalization",
)

CALCULATORS: Calculators = {
    **dict.fromkeys(UNCHANGED, same),
    "Dense": dense,
    "InputLayer": input_layer,
    "Input": input_layer,
}
