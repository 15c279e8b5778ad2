"""TFL301."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import KERAS, Bad, Good, KerasContext, Kind, Metadata, ModelContext, Rule
from tflint_rules.architecture.dense import FlattenedDense, flattened_dense, reduced_maps
from tflint_rules.architecture.keras_dense import keras_dense
from tflint_rules.keras.places import worst_at_each_place
from tflint_rules.keras.wording import (
    bytes_text,
    call_is_certain,
    confidence,
    layer_text,
    other_layer,
)

# Below this there is nothing to win that a microcontroller would notice.
_LEAST_SAVING = 1024


def _network(*, pool: bool = False, stride: int = 1) -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 1)), filters=8, kernel=3, stride=stride)
    if pool:
        x = model.pool_2d(x)
    model.output(model.fully_connected(model.flatten(x), units=16))
    return model.build()


_SOURCE = """\
from tensorflow.keras import Input, Sequential
from tensorflow.keras.layers import Conv2D, Dense, Flatten, MaxPooling2D

model = Sequential()
model.add(Input(({size}, {size}, 1)))
model.add(Conv2D(32, 3, activation="relu"))
{pool}
model.add(Flatten())
model.add(Dense(64, activation="relu"))
model.add(Dense(3, activation="softmax"))
"""


class MissingPooling(Rule):
    """A large map goes into a dense layer with no pooling or striding in front.

    ## What it does
    Finds dense layers that read a flattened map when nothing between it and the model's
    input pools or strides, and says how many weight bytes one 2x2 pool would save: in models, and
    in Keras code, where the saving counts one byte a weight, as in int8.

    ## Why it matters on a device
    A dense layer has a weight for every position of the map. Its size falls by four with
    each 2x2 pool, and so does the largest map in RAM behind the pool. Without one, the
    dense layer alone is often larger than the flash.

    ## Repair
    Put `MaxPooling2D(2)` behind the convolution, or give the convolution a stride of 2,
    and train again.
    """

    meta = Metadata(
        "TFL301", "missing-pooling", Severity.WARNING, applies_to=frozenset((Kind.TFLITE,)) | KERAS
    )
    examples = (
        Bad("Straight from convolution to dense", _network, says="14 x 14 x 8"),
        Bad(
            "Straight from convolution to dense, in Keras",
            lambda: _SOURCE.format(size=32, pool=""),
            says="1,843,200 weights",
        ),
        Good(
            "A pool, in Keras",
            lambda: _SOURCE.format(size=32, pool="model.add(MaxPooling2D(2))"),
        ),
        Good("A pool", lambda: _network(pool=True)),
        Good("A stride", lambda: _network(stride=2)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for graph in context.graphs:
            reduced = reduced_maps(graph)
            for dense in flattened_dense(graph):
                saving = dense.saved_by_pooling(_halved(dense.height), _halved(dense.width))
                if dense.map.index in reduced or saving < _LEAST_SAVING:
                    continue
                yield self.finding(
                    f"a {dense.height} x {dense.width} x {dense.channels} map goes into a dense "
                    f"layer without any pooling or stride before it: its weights take "
                    f"{size_text(dense.weights.bytes)}",
                    node=dense.node,
                    value=dense.weights,
                    help=f"{_pool(dense)} in front of it saves {size_text(saving)}",
                )

    def check_keras(self, context: KerasContext) -> Iterator[Finding]:
        yield from worst_at_each_place(self._in_keras(context))

    def _in_keras(self, context: KerasContext) -> Iterator[Finding]:
        for dense in keras_dense(context.keras.calls):
            saving = dense.saved_by_pooling(dense.halved)
            if dense.is_reduced is not False or saving < _LEAST_SAVING:
                continue
            certain = call_is_certain([dense.call, dense.maker])
            yield self.finding(
                f"the {dense.map_text} map of {other_layer(dense.maker.layer)} goes into "
                f"{layer_text(dense.call.layer)} without any pooling or stride before it: that "
                f"takes {dense.weights:,} weights, {bytes_text(dense.weights)}",
                location=dense.call.location,
                confidence=confidence(certain=certain),
                help=f"`{dense.layer('MaxPooling')}(2)` in front of it saves {saving:,} weights, "
                f"{bytes_text(saving)}",
            )


def _halved(size: int) -> int:
    return max(size // 2, 1)


def _pool(dense: FlattenedDense) -> str:
    rows, columns = (2 if size > 1 else 1 for size in (dense.height, dense.width))
    return f"a {rows}x{columns} pool"
