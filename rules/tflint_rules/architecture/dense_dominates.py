"""TFL303."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.keras.values import Unknown
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.printable import percent_text, size_text
from tflint.rule import KERAS, Bad, Good, KerasContext, Kind, Metadata, ModelContext, Rule
from tflint_rules.architecture.dense import flattened_dense
from tflint_rules.architecture.keras_dense import keras_dense
from tflint_rules.example_archives import saved_sequential
from tflint_rules.keras.connections import outer_networks
from tflint_rules.keras.places import worst_at_each_place
from tflint_rules.keras.wording import (
    bytes_text,
    call_is_certain,
    confidence,
    is_certain,
    layer_text,
    other_layer,
)

_LEAST_SHARE = 0.5
_LEAST_SAVING = 1024


def _network(*, pool: bool) -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 1)), filters=8, kernel=3)
    x = model.pool_2d(x, size=14 if pool else 2)
    model.output(model.fully_connected(model.flatten(x), units=16))
    return model.build()


_SOURCE = """\
from tensorflow.keras import Input, Sequential
from tensorflow.keras.layers import Conv2D, Dense, Flatten, GlobalAveragePooling2D, MaxPooling2D

model = Sequential([
    Input((32, 32, 1)),
    Conv2D(32, 3, activation="relu"),
    MaxPooling2D(2),
    {head}(),
    Dense(64, activation="relu"),
    Dense(3, activation="softmax"),
])
"""


class DenseDominates(Rule):
    """One dense layer behind a Flatten holds most of the model's weights.

    ## What it does
    Finds a dense layer over a flattened map that holds more than half of all weight bytes,
    and says what global pooling in its place would save. In Keras code weights are counted, and
    only in models of which every layer is known.

    ## Why it matters on a device
    Such a layer learns a weight for every position of every channel, where the positions
    seldom matter by then. It decides the flash the model takes while adding little.

    ## Repair
    Replace Flatten by `GlobalAveragePooling2D` (or `GlobalMaxPooling2D`) and train again;
    where accuracy falls, a pool to 2x2 or 3x3 in front of the Flatten is the way between.
    """

    meta = Metadata(
        "TFL303", "dense-dominates", Severity.WARNING, applies_to=frozenset((Kind.TFLITE,)) | KERAS
    )
    examples = (
        Bad("Flatten before dense", lambda: _network(pool=False), says="98 % of all weights"),
        Bad(
            "Flatten before dense, in Keras",
            lambda: _SOURCE.format(head="Flatten"),
            says="460,800 of all 461,379 weights",
        ),
        Bad(
            "Flatten before dense, in an archive",
            lambda: saved_sequential(
                (None, 16, 16, 1),
                ("Conv2D", {"filters": 8, "kernel_size": 3, "strides": 2}),
                ("Flatten", {}),
                ("Dense", {"units": 16}),
            ),
            says="6,272 of all 6,368 weights",
        ),
        Good(
            "Pooled to one position, in Keras",
            lambda: _SOURCE.format(head="GlobalAveragePooling2D"),
        ),
        Good("Pooled to one position", lambda: _network(pool=True)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        total = context.weights.bytes
        for graph in context.graphs:
            for dense in flattened_dense(graph):
                share = dense.weights.bytes / total
                saving = dense.saved_by_pooling(1, 1)
                if share < _LEAST_SHARE or saving < _LEAST_SAVING:
                    continue
                yield self.finding(
                    f"the dense layer over the flattened {dense.height} x {dense.width} x "
                    f"{dense.channels} map holds {size_text(dense.weights.bytes)}, "
                    f"{percent_text(share)} of all weights",
                    node=dense.node,
                    value=dense.weights,
                    help=f"global pooling instead of Flatten saves {size_text(saving)}",
                )

    def check_keras(self, context: KerasContext) -> Iterator[Finding]:
        yield from worst_at_each_place(self._in_keras(context))

    def _in_keras(self, context: KerasContext) -> Iterator[Finding]:
        for network in outer_networks(context.keras):
            total = network.weights
            if isinstance(total, Unknown) or not total:
                continue
            for dense in keras_dense(network.calls):
                # Of a layer that is called twice, the weights count once.
                if not dense.call.weights:
                    continue
                share = dense.weights / total
                saving = dense.saved_by_pooling((1,))
                if share < _LEAST_SHARE or saving < _LEAST_SAVING:
                    continue
                certain = call_is_certain([dense.call]) and is_certain(network.evidence)
                yield self.finding(
                    f"{layer_text(dense.call.layer)} over the flattened {dense.map_text} map of "
                    f"{other_layer(dense.maker.layer)} holds {dense.weights:,} of all {total:,} "
                    f"weights, {percent_text(share)}: {bytes_text(dense.weights)}",
                    location=dense.call.location,
                    confidence=confidence(certain=certain),
                    help=f"`{dense.layer('GlobalAveragePooling')}()` instead of Flatten saves "
                    f"{saving:,} weights, {bytes_text(saving)}",
                )
