"""TFL113."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tflint.finding import Finding, Fix, FixSafety, Location, Severity
from tflint.keras.facts import Compilation
from tflint.keras.network import Call, Tensor
from tflint.keras.values import Result, Unknown, Value
from tflint.rule import KERAS, SOURCES, Bad, Good, KerasContext, Metadata, Rule
from tflint_rules.keras.activations import IDEMPOTENT, activation, is_activation_layer
from tflint_rules.keras.connections import before, keras_calls
from tflint_rules.keras.places import always_at_its_place, worst_at_each_place
from tflint_rules.keras.wording import (
    call_is_certain,
    confidence,
    is_certain,
    layer_text,
    other_layer,
)

# What squashes what is squashed already: the second one is no mistake of taste.
_SQUASHING = {
    "softmax": "of probabilities, it makes no class more than 2.72 times as likely as another",
    "sigmoid": "the sigmoid of what lies between 0 and 1 lies between 0.50 and 0.73",
    "tanh": "the tanh of what lies between -1 and 1 lies between -0.76 and 0.76",
    "hard_sigmoid": "the hard sigmoid of what lies between 0 and 1 lies between 0.50 and 0.70",
}
_CURVES = frozenset(("elu", "selu", "softplus", "softsign", "swish", "gelu", "leaky_relu", "mish"))
_LOGITS = {
    "CategoricalCrossentropy": "softmax",
    "SparseCategoricalCrossentropy": "softmax",
    "CategoricalFocalCrossentropy": "softmax",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
    "BinaryCrossentropy": "sigmoid",
    "BinaryFocalCrossentropy": "sigmoid",
    "binary_crossentropy": "sigmoid",
}

_STACKED = """\
from tensorflow.keras import Sequential, layers

model = Sequential([
    layers.Input((16, 16, 1)),
    layers.Conv2D(8, 3, activation="relu"),
    layers.{second},
])
"""
_HEAD = """\
import keras

model = keras.Sequential([
    keras.Input((64,)),
    keras.layers.Dense({units}, activation="{activation}"),
])
model.compile(loss=keras.losses.{loss}, optimizer="adam")
"""
_ENTROPY = "SparseCategoricalCrossentropy(from_logits=True)"


class DoubleActivation(Rule):
    """An activation is applied twice, or where it says nothing.

    ## What it does
    Finds a layer whose `activation` is followed by the same activation, a softmax over a single
    unit, and a model that ends in a softmax or sigmoid while its loss says `from_logits=True`
    and applies another. Layers that do nothing at inference (Dropout) may stand between.

    ## Why it matters on a device
    A second ReLU changes nothing; the TFLite converter drops it, or fuses it into a pool, so it
    costs time in training only, and shows that something else was meant. A second softmax,
    sigmoid or tanh stays in the model and flattens what the first one says. The softmax of one
    unit is 1.0 for every input: the model says nothing. With a loss on logits the network is
    trained through an activation more than it is run with: it learns slowly, and what it gives
    out are no probabilities.

    ## Repair
    Leave the second activation out. One unit takes `sigmoid`, or two units take `softmax`. With
    `from_logits=True` the last layer has no activation; on a device the argmax of the logits is
    that of the softmax.
    """

    meta = Metadata(
        "TFL113",
        "double-activation",
        Severity.WARNING,
        fix=FixSafety.SAFE,
        applies_to=KERAS,
    )
    examples = (
        Bad("ReLU twice", lambda: _STACKED.format(second="ReLU()"), says="relu"),
        Bad(
            "Softmax over one unit",
            lambda: _HEAD.format(units=1, activation="softmax", loss="BinaryCrossentropy()"),
            says="always 1.0",
        ),
        Bad(
            "Softmax in front of a loss on logits",
            lambda: _HEAD.format(units=4, activation="softmax", loss=_ENTROPY),
            says="from_logits=True",
        ),
        Good("ReLU, then ReLU6: another function", lambda: _STACKED.format(second="ReLU(6.0)")),
        Good(
            "One unit with a sigmoid",
            lambda: _HEAD.format(units=1, activation="sigmoid", loss="BinaryCrossentropy()"),
        ),
        Good(
            "Logits for a loss on logits",
            lambda: _HEAD.format(units=4, activation="linear", loss=_ENTROPY),
        ),
    )

    def check_keras(self, context: KerasContext) -> Iterator[Finding]:
        yield from worst_at_each_place(self._in_keras(context))

    def _in_keras(self, context: KerasContext) -> Iterator[Finding]:
        for call in keras_calls(context.keras):
            if activation(call.layer) == "softmax" and _is_one_wide(call):
                yield self._over_one(call)
        for call in always_at_its_place(keras_calls(context.keras), _is_second):
            first, name = _first(call), activation(call.layer)
            if first is None or not isinstance(name, str):
                continue
            if name != "softmax" or not _is_one_wide(call):
                finding = self._twice(context, call, first, name)
                if finding is not None:
                    yield finding
        for compilation in context.keras.compilations:
            yield from self._on_logits(compilation)

    def _over_one(self, call: Call) -> Finding:
        certain = call_is_certain([call])
        return self.finding(
            f"{layer_text(call.layer)} applies softmax to a single value, which gives always 1.0, "
            f"whatever the network computes",
            location=_place(call),
            confidence=confidence(certain=certain),
            help='one unit takes activation="sigmoid"; or give softmax two units, one a class',
        )

    def _twice(self, context: KerasContext, call: Call, first: Call, name: str) -> Finding | None:
        certain = call_is_certain([call, first])
        fix = None
        if name in IDEMPOTENT:
            what = f"{name} again, which changes nothing"
            if context.kind in SOURCES:
                fix = Fix(FixSafety.SAFE, "tflint fix {path}")
        elif name in _SQUASHING:
            what = f"{name} again, which stays in the model: {_SQUASHING[name]}"
        elif name in _CURVES:
            what = f"{name} again, which bends the values twice and stays in the model"
        else:
            return None
        return self.finding(
            f"{layer_text(call.layer)} behind {other_layer(first.layer)} applies {what}",
            location=call.location,
            confidence=confidence(certain=certain),
            help="leave one of them out",
            fix=fix,
        )

    def _on_logits(self, compilation: Compilation) -> Iterator[Finding]:
        for tensor, loss in _losses(compilation):
            given = _on_logits(loss)
            last = before(tensor)
            if given is None or last is None:
                continue
            expected, name = given
            if activation(last.layer) != expected:
                continue
            certain = call_is_certain([last]) and is_certain(compilation.evidence)
            yield self.finding(
                f"the model ends in {expected} ({other_layer(last.layer)}), and its loss {name} "
                f"has from_logits=True, which applies {expected} once more in training",
                location=compilation.location,
                confidence=confidence(certain=certain),
                help=f"leave the {expected} out of the last layer, or from_logits=True out of the "
                f"loss",
            )


def _first(call: Call) -> Call | None:
    """The call that a layer of an activation stands behind."""
    if not is_activation_layer(call.layer) or len(call.inputs) != 1:
        return None
    return before(call.inputs[0])


def _is_second(call: Call) -> bool:
    """Whether a layer applies the activation once more that the one before it has applied."""
    first = _first(call)
    name = None if first is None else activation(first.layer)
    return isinstance(name, str) and activation(call.layer) == name


def _is_one_wide(call: Call) -> bool:
    """Whether the dimension that a softmax runs along is 1."""
    shape = call.output_shapes[0] if call.output_shapes else None
    if isinstance(shape, Unknown) or not shape or len(shape) < 2:
        units = call.layer.value("units" if call.layer.kind == "Dense" else "filters")
        return units == 1 and not isinstance(units, bool) and call.layer.kind == "Dense"
    return shape[-1] == 1


def _place(call: Call) -> Location:
    given = call.layer.arguments.get("activation")
    return call.location if given is None else call.layer.locate("activation")


def _losses(compilation: Compilation) -> Iterator[tuple[Tensor, Value]]:
    """The outputs of a model with the loss of each."""
    loss, tensors = compilation.loss, compilation.outputs
    if isinstance(loss, tuple):
        if len(loss) == len(tensors):
            yield from zip(tensors, loss, strict=True)
    elif isinstance(loss, Mapping):
        if len(loss) == len(tensors) == 1:
            yield tensors[0], next(iter(loss.values()))
    else:
        yield from ((tensor, loss) for tensor in tensors)


def _on_logits(loss: Value) -> tuple[str, str] | None:
    """The activation that a loss applies itself, and the loss's name, if it is on logits."""
    if isinstance(loss, Result):
        name = loss.path.rpartition(".")[2]
        if loss.path.startswith("keras.losses.") and name in _LOGITS:
            # The first argument of the classes; of the functions, the third.
            first = loss.operands[0] if loss.operands and name[:1].isupper() else False
            if loss.keywords.get("from_logits", first) is True:
                return _LOGITS[name], name
    if isinstance(loss, Mapping):
        stored, config = loss.get("class_name"), loss.get("config")
        if isinstance(stored, str) and isinstance(config, Mapping) and stored in _LOGITS:
            if config.get("from_logits") is True:
                return _LOGITS[stored], stored
    return None
