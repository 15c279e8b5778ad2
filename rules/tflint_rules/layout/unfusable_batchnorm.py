"""TFL111."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.affine_folding import Fold, norm_folds
from tflint.analysis.batch_norm import LeftNorm
from tflint.analysis.constant_ranges import ConstantRanges
from tflint.analysis.dataflow import Dataflow
from tflint.finding import Confidence, Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import ActivationFunctionType, AddOptions, MulOptions, TensorType
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import KERAS, Bad, Good, KerasContext, Kind, Metadata, ModelContext, Rule
from tflint_rules.example_archives import saved_sequential
from tflint_rules.keras.connections import Connections, keras_calls
from tflint_rules.keras.places import worst_at_each_place
from tflint_rules.keras.sizes import elements, output_shape
from tflint_rules.keras.wording import (
    bytes_text,
    call_is_certain,
    confidence,
    layer_text,
    map_text,
)
from tflint_rules.layout.keras_batch_norm import kept_norm
from tflint_rules.reconversion import FROM_SOURCE
from tflint_rules.wording import operator

_NONE = ActivationFunctionType.NONE
# Under this, as behind a dense layer, the pair costs little but its two operators.
_SMALL = 1024


def _network(
    *,
    activation: ActivationFunctionType = ActivationFunctionType.RELU,
    pool: bool = False,
    type: TensorType = TensorType.FLOAT32,
    axis: int = 3,
) -> Model:
    """A convolution, perhaps a pool, a batch normalisation, and what follows."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 18, 18, 1), type), filters=8, kernel=3, activation=activation)
    if pool:
        x = model.pool_2d(x)
    constant = [1, 1, 1, 1]
    constant[axis] = model.shape(x)[axis]
    for name, options in (("MUL", MulOptions()), ("ADD", AddOptions())):
        y = model.tensor(model.shape(x), type)
        model.operator(name, [x, model.constant(constant, type)], [y], options)
        x = y
    model.output(model.conv_2d(x, filters=4, kernel=3))
    return model.build()


def _residual() -> Model:
    """What a block with pre-activation begins with."""
    model = ModelBuilder()
    x = model.input((1, 16, 16, 8))
    branches = [model.conv_2d(x, filters=8, kernel=3, activation=_NONE) for _ in range(2)]
    for name, options in (("ADD", AddOptions()), ("MUL", MulOptions()), ("ADD", AddOptions())):
        y = model.tensor((1, 14, 14, 8))
        model.operator(name, branches, [y], options)
        branches = [y, model.constant((8,))]
    model.output(model.unary("RELU", branches[0]))
    return model.build()


def _gate() -> Model:
    """A map scaled by what a branch computes, as squeeze-and-excite does."""
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 18, 18, 1)), filters=8, kernel=3)
    gate = model.pool_2d(x, "AVERAGE_POOL_2D", size=16)
    gate = model.unary("LOGISTIC", model.conv_2d(gate, filters=8, kernel=1))
    y = model.tensor(model.shape(x))
    model.operator("MUL", [x, gate], [y], MulOptions())
    model.output(model.conv_2d(y, filters=4, kernel=3))
    return model.build()


_SOURCE = """\
from tensorflow import keras
from tensorflow.keras import layers

model = keras.Sequential([
    keras.Input((16, 16, 1)),
    layers.Conv2D(32, 3{activation}),
    {layers},
    layers.Conv2D(16, 3),
])
"""
_DENSE = """\
from tensorflow.keras import Input, Sequential, layers

model = Sequential([
    Input((1024,)),
    layers.Dense(512, activation="relu"),
    layers.BatchNormalization(),
    layers.Dropout(0.5),
    layers.Dense(10),
])
"""


def _sequential(layers: str, activation: str = "") -> str:
    return _SOURCE.format(layers=layers, activation=activation)


class UnfusableBatchnorm(Rule):
    """Batch normalisation stands where it could not fold into a layer.

    ## What it does
    Finds MUL and ADD by a constant for each channel of a map that an activation or a pool
    made, or in which branches meet, or whose layer has other readers as well: that is what a
    converter leaves of such a BatchNormalization. Finds it as well where the constants run
    along another dimension than the last, which is what `axis=1` does to a channels_last
    network. Behind a linear layer that nothing else reads, the pair is TFL604's.
    In Keras code: finds BatchNormalization layers of which that will be left, before anything
    is trained. One directly behind a linear layer folds into it, past Dropout and the like,
    and one in front of a dense layer folds into that: nothing is said of these.

    ## Why it matters on a device
    A BatchNormalization directly behind a convolution disappears into its weights. This one
    stays: two operators that read and write the whole map at each inference, each with its
    input and its output in RAM at once, often the two largest tensors of the model.

    ## Repair
    Put the BatchNormalization between the layer and its activation (`Conv2D(...)`,
    `BatchNormalization()`, `ReLU()`), over the last axis, train again and convert again. In
    residual blocks that means the original form, with the sum last, in place of
    pre-activation.
    Where the next layer is the only reader and pads nothing, a trained pair can also be
    folded forward into its weights; behind a RELU, factors that are not negative can at least
    be folded back. The outputs then differ by rounding.
    """

    meta = Metadata(
        "TFL111",
        "unfusable-batchnorm",
        Severity.WARNING,
        fix=FixSafety.RECONVERT,
        applies_to=frozenset((Kind.TFLITE,)) | KERAS,
    )
    examples = (
        Bad("Behind an activation", _network, says="8,192 bytes a tensor"),
        Bad(
            "Behind a pool",
            lambda: _network(activation=ActivationFunctionType.NONE, pool=True),
            says="behind MAX_POOL_2D #1",
        ),
        Bad("In int8", lambda: _network(type=TensorType.INT8), says="2,048 bytes a tensor"),
        Bad(
            "Along rows",
            lambda: _network(activation=ActivationFunctionType.NONE, axis=1),
            says="along dimension 1",
        ),
        Bad("Behind a sum of branches", _residual, says="where branches meet"),
        Good(
            "Behind a linear layer, where it can fold",
            lambda: _network(activation=ActivationFunctionType.NONE),
        ),
        Good("A gate that the model computes", _gate),
        Bad(
            "Behind an activation, in Keras",
            lambda: _sequential("layers.BatchNormalization()", ', activation="relu"'),
            says="24.5 KiB in float32",
        ),
        Bad(
            "Behind a pool, in Keras",
            lambda: _sequential("layers.MaxPooling2D(2), layers.BatchNormalization()"),
            says="behind MaxPooling2D",
        ),
        Bad(
            "Behind an activation, in an archive",
            lambda: saved_sequential(
                (None, 16, 16, 1),
                ("Conv2D", {"filters": 32, "kernel_size": 3, "activation": "relu"}),
                ("BatchNormalization", {"axis": [3]}),
            ),
            says="behind the relu of Conv2D `conv2d_0`",
        ),
        Good(
            "Behind a linear layer, in Keras",
            lambda: _sequential("layers.Dropout(0.2), layers.BatchNormalization(), layers.ReLU()"),
        ),
        Good("In front of a dense layer, in Keras", lambda: _DENSE),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        ranges = ConstantRanges()
        for graph in context.graphs:
            for norm, fold in norm_folds(graph, Dataflow(graph), ranges):
                size, elements = norm.map.bytes, norm.map.elements
                shape = " x ".join(map(str, norm.map.shape[1:8]))
                # Over the channels of channels_first; the others have to be trained again.
                fix = None if norm.is_per_channel else FROM_SOURCE
                if fold is not None:
                    fix = Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe")
                yield self.finding(
                    f"{operator(norm.mul)} and {operator(norm.add)} {_why(norm)} are batch "
                    f"normalisation that could not fold: two passes over a {shape} map, "
                    f"{size:,} bytes a tensor, two of them in RAM at once",
                    node=norm.mul,
                    severity=Severity.INFO if size < _SMALL else None,
                    confidence=None if norm.is_per_channel else Confidence.MEDIUM,
                    help=f"{_fold(fold)}{_repair(norm)}, train again and convert again: "
                    f"that saves 2 operators, one of the two {size_text(size)} tensors in RAM, and "
                    f"{elements:,} multiplications and additions",
                    fix=fix,
                )

    def check_keras(self, context: KerasContext) -> Iterator[Finding]:
        yield from worst_at_each_place(self._in_keras(context))

    def _in_keras(self, context: KerasContext) -> Iterator[Finding]:
        connections = Connections(context.keras)
        for call in keras_calls(context.keras):
            kept = kept_norm(call, connections)
            if kept is None:
                continue
            size, channels = elements(output_shape(call)), kept.scales
            cost = ""
            saved = ""
            if size is not None:
                constants = (
                    "" if channels is None else f", and {size_text(8 * channels)} of constants"
                )
                cost = (
                    f": two passes over a {map_text(output_shape(call))} map, "
                    f"{bytes_text(size)}, two of them in RAM at once{constants}"
                )
                saved = f", and {size:,} multiplications and additions"
            certain = call_is_certain([call])
            yield self.finding(
                f"{layer_text(call.layer)} {kept.why} cannot fold; it stays as MUL and ADD{cost}",
                location=call.location,
                severity=Severity.INFO if size is not None and 4 * size < _SMALL else None,
                confidence=confidence(certain=certain),
                help=f"{kept.repair}, and train again: that saves 2 operators{saved}",
            )


def _why(norm: LeftNorm) -> str:
    if not norm.is_per_channel:
        return f"along dimension {norm.axis} instead of the channels"
    if norm.is_behind_join:
        return f"behind {operator(norm.behind)}, where branches meet,"
    if norm.is_behind_shared_layer:
        return f"behind {operator(norm.behind)}, whose result others read too,"
    fused = getattr(norm.behind.options, "fused_activation_function", ActivationFunctionType.NONE)
    if norm.is_behind_pool or fused is ActivationFunctionType.NONE:
        return f"behind {operator(norm.behind)}"
    return f"behind the {fused.name} of {operator(norm.behind)}"


def _repair(norm: LeftNorm) -> str:
    if not norm.is_per_channel:
        return "give BatchNormalization `axis=-1`, directly behind the layer"
    if norm.is_behind_join:
        return "put BatchNormalization on the branches, behind their layers and before they meet"
    if norm.is_behind_shared_layer:
        return "put BatchNormalization behind a layer whose result nothing else reads"
    if norm.is_behind_pool:
        return "put BatchNormalization directly behind the layer, before activation and pool"
    return "put BatchNormalization before the activation"


def _fold(fold: Fold | None) -> str:
    if fold is None:
        return ""
    at = operator(fold.layer)
    if fold.is_past_activation:
        return f"fold the factors back into {at}, which leaves one operator of two, or "
    return f"fold the trained pair forward into {at}, or "
