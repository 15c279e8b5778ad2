"""Dense, inputs, and layers whose output has the shape of their input."""

from __future__ import annotations

from tflint.keras.declared import declared_input
from tflint.keras.dimensions import dimension, integer, text
from tflint.keras.network import Dim, Shape, Variable
from tflint.keras.shapes.applied import (
    Applied,
    Calculators,
    Outcome,
    Refused,
    WrongRank,
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
    units = applied.positive("units", zero_in=2)
    shape = applied.shape
    if isinstance(shape, Unknown):
        features: Dim = UNKNOWN
        result: Shape = UNKNOWN
    else:
        if len(shape) < 2:
            raise WrongRank(applied.rank_fault("at least 2", shape))
        features = shape[-1]
        result = (*shape[:-1], units)
        if features is None:
            raise Refused(f"Dense needs the last dimension of its input, gets {text(shape)}")
    variables = (Variable("kernel", (features, units)),)
    bias = only_if(applied.flag("use_bias"), Variable("bias", (units,)))
    return Outcome((result,), join(variables, bias))


def embedding(applied: Applied) -> Outcome:
    """Embedding and ReversibleEmbedding: a vector for each integer."""
    rows, width = applied.integer("input_dim"), applied.integer("output_dim")
    for parameter, size in (("input_dim", rows), ("output_dim", width)):
        if isinstance(size, int) and size <= 0:
            raise Refused(f"Embedding needs {parameter} above 0, gets {size:,}")
    variables: tuple[Variable, ...] | Unknown = (Variable("embeddings", (rows, width)),)
    if applied.layer.kind == "ReversibleEmbedding":
        is_tied = applied.flag("tie_weights")
        untied = UNKNOWN if isinstance(is_tied, Unknown) else not is_tied
        variables = join(variables, only_if(untied, Variable("reverse_embeddings", (width, rows))))
    shape = applied.shape
    return Outcome((UNKNOWN if isinstance(shape, Unknown) else (*shape, width),), variables)


def prelu(applied: Applied) -> Outcome:
    """PReLU: a slope for each value of the input, but along shared axes."""
    shape = applied.shape
    shared = applied.value("shared_axes")
    if shared is None:
        axes: tuple[int | Unknown, ...] = ()
    else:
        axes = tuple(map(integer, shared)) if isinstance(shared, tuple) else (integer(shared),)
    if isinstance(shape, Unknown) or any(isinstance(axis, Unknown) for axis in axes):
        return Outcome((shape,), UNKNOWN)
    slopes: list[Dim] = list(shape[1:])
    for axis in axes:
        if not isinstance(axis, int) or not -len(slopes) < axis <= len(slopes):
            raise Refused(f"PReLU shares axis {axis}, but its input has {len(shape)} dimensions")
        slopes[axis - 1] = 1
    if None in slopes:
        raise Refused(f"PReLU needs all dimensions that it does not share, gets {text(shape)}")
    return Outcome((shape,), (Variable("alpha", tuple(slopes)),))


def spatial_dropout(applied: Applied) -> Outcome:
    """SpatialDropout1D to 3D, which need their number of dimensions."""
    rank = next(int(letter) for letter in applied.layer.kind if letter in "123")
    return Outcome((applied.needs_rank(rank + 2),))


def softmax(applied: Applied) -> Outcome:
    """Softmax, which Keras 2 refuses for vectors without a batch."""
    shape = applied.shape
    if not isinstance(shape, Unknown) and len(shape) == 1:
        applied.refuse_in(2, f"Softmax takes at least 2 dimensions, gets 1 {text(shape)}")
    return Outcome((shape,))


def activation(applied: Applied) -> Outcome:
    """Activation."""
    return softmax(applied) if applied.value("activation") == "softmax" else same(applied)


def function(applied: Applied) -> Outcome:
    """Lambda: of the shape that it says it has, without weights."""
    said = applied.value("output_shape")
    shape = applied.shape
    if not isinstance(said, tuple) or isinstance(shape, Unknown) or not shape:
        return Outcome((UNKNOWN,))
    return Outcome(((shape[0], *map(dimension, said)),))


def highway(applied: Applied) -> Outcome:
    """Highway of Keras 1: two square kernels."""
    _, width = applied.needs_rank(2)
    bias = only_if(
        applied.flag("use_bias"), Variable("bias", (width,)), Variable("bias_carry", (width,))
    )
    kernels = (Variable("kernel", (width, width)), Variable("kernel_carry", (width, width)))
    return Outcome((applied.shape,), join(kernels, bias))


def maxout(applied: Applied) -> Outcome:
    """MaxoutDense of Keras 1: the largest of several Dense."""
    batch, features = applied.needs_rank(2)
    units, count = applied.positive("units"), applied.positive("nb_feature")
    bias = only_if(applied.flag("use_bias"), Variable("bias", (count, units)))
    kernel = (Variable("kernel", (count, features, units)),)
    return Outcome(((batch, units),), join(kernel, bias))


# None of them has weights, and none refuses anything.
UNCHANGED = (
    "ActivityRegularization",
    "AlphaDropout",
    "AugMix",
    "AutoContrast",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Dropout",
    "ELU",
    "Equalization",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "LeakyReLU",
    "Masking",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "Rescaling",
    "Solarization",
    "ThresholdedReLU",
    "UnitNormalization",
)

CALCULATORS: Calculators = {
    **dict.fromkeys(UNCHANGED, same),
    **dict.fromkeys(("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"), spatial_dropout),
    "Activation": activation,
    "Dense": dense,
    "Embedding": embedding,
    "Highway": highway,
    "Input": input_layer,
    "InputLayer": input_layer,
    "Lambda": function,
    "MaxoutDense": maxout,
    "PReLU": prelu,
    "ReversibleEmbedding": embedding,
    "Softmax": softmax,
}
