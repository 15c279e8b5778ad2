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
    moving = ("moving_mean", "moving_variance")
    renormed = ("moving_stddev", "renorm_mean", "renorm_stddev")
    return Outcome(
        (applied.shape,),
        join(
            only_if(applied.flag("scale"), Variable("gamma", sizes)),
            only_if(applied.flag("center"), Variable("beta", sizes)),
            tuple(Variable(name, sizes, is_trainable=False) for name in moving),
            only_if(
                applied.flag("renorm"),
                *(Variable(name, sizes, is_trainable=False) for name in renormed),
            ),
        ),
    )


def layer_normalization(applied: Applied) -> Outcome:
    """LayerNormalization; with `rms_scaling` of Keras 3 only a scale."""
    sizes = _sizes(applied)
    is_rms = applied.flag("rms_scaling") if "rms_scaling" in applied.layer.arguments else False
    scale, center = applied.flag("scale"), applied.flag("center")
    if isinstance(is_rms, Unknown):
        return Outcome((applied.shape,), UNKNOWN)
    if is_rms:
        scale, center = True, False
    return Outcome(
        (applied.shape,),
        join(only_if(scale, Variable("gamma", sizes)), only_if(center, Variable("beta", sizes))),
    )


def group_normalization(applied: Applied) -> Outcome:
    """GroupNormalization; -1 groups are as many as there are channels."""
    sizes = _sizes(applied)
    groups = applied.integer("groups")
    size = sizes[0]
    if isinstance(groups, int) and isinstance(size, int) and groups != -1:
        if groups <= 0:
            return Outcome((applied.shape,), UNKNOWN)
        if size % groups:
            raise Refused(f"{size:,} channels cannot be divided into {groups:,} groups")
    return Outcome(
        (applied.shape,),
        join(
            only_if(applied.flag("scale"), Variable("gamma", sizes)),
            only_if(applied.flag("center"), Variable("beta", sizes)),
        ),
    )


def rms_normalization(applied: Applied) -> Outcome:
    """RMSNormalization of Keras 3."""
    return Outcome((applied.shape,), (Variable("scale", _sizes(applied)),))


CALCULATORS: Calculators = {
    "BatchNormalization": batch_normalization,
    "GroupNormalization": group_normalization,
    "LayerNormalization": layer_normalization,
    "RMSNormalization": rms_normalization,
}
