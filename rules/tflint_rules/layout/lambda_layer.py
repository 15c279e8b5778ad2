"""TFL114."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.keras.network import Layer
from tflint.printable import printable
from tflint.rule import ARCHIVES, KERAS, Bad, Good, KerasContext, Metadata, Rule
from tflint_rules.keras.places import worst_at_each_place
from tflint_rules.keras.wording import confidence, is_certain, layer_text
from tflint_rules.layout.lambda_lowering import Lowering, lowering

_SOURCE = """\
import tensorflow as tf
from tensorflow.keras import layers

model = tf.keras.Sequential([
    tf.keras.Input((16, 16, 1)),
    {layer},
    layers.Conv2D(8, 3),
])
"""


class LambdaLayer(Rule):
    """A Lambda layer: Python code in the place of a layer.

    ## What it does
    Finds Lambda layers and says which operators the TFLite converter makes of them, where the
    function is one that is known. In an archive, where the function is stored as Python
    byte code or not at all, nothing can be said.

    ## Why it matters on a device
    What the function computes becomes operators of the model, which the runtime must have; nothing
    but the conversion shows which. An archive with a Lambda loads only with `safe_mode=False`, by
    running the code that is in it, and only with the Python that wrote it.

    ## Repair
    Most Lambdas have a layer that does the same: `Rescaling(1 / 255)` for a division, `Reshape`
    for `expand_dims`, `UnitNormalization` for `l2_normalize`, `Resizing` for `resize`.
    """

    meta = Metadata("TFL114", "lambda-layer", Severity.INFO, applies_to=KERAS)
    examples = (
        Bad(
            "A function of TensorFlow",
            lambda: _SOURCE.format(layer="layers.Lambda(tf.nn.relu6)"),
            says="RELU6",
        ),
        Bad(
            "A function of the file",
            lambda: _SOURCE.format(layer="layers.Lambda(lambda x: x / 255.0)"),
            says="a division",
        ),
        Good(
            "A layer that does the same",
            lambda: _SOURCE.format(layer="layers.Rescaling(1 / 255)"),
        ),
    )

    def check_keras(self, context: KerasContext) -> Iterator[Finding]:
        yield from worst_at_each_place(
            self._layer(context, layer)
            for layer in context.keras.layers
            if layer.path == "keras.layers.Lambda"
        )

    def _layer(self, context: KerasContext, layer: Layer) -> Finding:
        known = lowering(layer.value("function"))
        loads = ""
        if context.kind in ARCHIVES:
            loads = "; it loads only with safe_mode=False, which runs what is stored in the archive"
        return self.finding(
            f"{layer_text(layer)} {_does(known)}{loads}",
            location=layer.location,
            confidence=confidence(certain=is_certain(layer.evidence)),
            help=(
                "use a layer of Keras that does the same"
                if known is None or known.layer is None
                else f"{known.layer} does the same, and can be saved and loaded"
            ),
        )


def _does(known: Lowering | None) -> str:
    if known is None:
        return (
            "computes what its function says; which operators become of it, and whether the "
            "runtime has them, only the conversion shows"
        )
    function = printable(known.function, 60)
    return f"applies {function}, of which the TFLite converter makes {known.operators}"
