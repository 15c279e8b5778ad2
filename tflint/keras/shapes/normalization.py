"""Normalisation layers, which keep the shape and have weights along some axes."""

from __future__ import annotations

from tflint.keras.dimensions import integer, text
from tflint.keras.network import Dim, Variable
from tflint.keras.shapes.applied import Applied, Calculators, Outcome, Refused, join, only_if
from tflint.keras.values import UNKNOWN, Unknown


def axes_of(applied: Applied, parameter: str = "axis") -> tuple[int | Unknown, ...]:
    """The axes that are given, as they are given."""
    value = applied.value(parameter)
    if isinstance(value, tuple):
        return tuple(map(integer, value))
    return (integer(value),)


def _sizes(applied: Applied) -> tuple[Dim, ...]:
    """The input's dimensions along the layer's axes; raises `Refused`."""
    kind, shape = applied.layer.kind, applied.shape
    sizes: list[Dim] = []
    for axis in axes_of(applied):
        if isinstance(shape, Unknown) or isinstance(axis, Unknown):
            sizes.append(UNKNOWN)
            continue
        if not -len(shape) <= axis < len(shape):
            raise Refused(
                f"{kind} along axis {axis}, but its input has {len(shape)} dimensions {text(shape)}"
            )
        if shape[axis] is None:
            raise Refused(f"{kind} needs dimension {axis} of its input, gets {text(shape)}")
        sizes.append(shape[axis])
    return tuple(sizes)


def batch_normalization(applied: Applied) -> Outcome:
    """BatchNormalization."""
    sizes = _sizes(applied)
    return Outcome(
        (applied.shape,),
        join(
            only_if(applied.flag("scale"), Variable("gamma", sizes)),
            only_if(applied.flag("center"), Variable("beta", sizes)),
            (
                Variable("moving_mean", sizes, is_trainable=False),
                Variable("moving_variance", sizes, is_trainable=False),
            ),
        ),
    )


CALCULATORS: Calculators = {"BatchNormalization": batch_normalization}
