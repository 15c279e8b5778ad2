"""TFL303."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.printable import percent_text, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule
from tflint_rules.architecture.dense import flattened_dense

_LEAST_SHARE = 0.5
_LEAST_SAVING = 1024


def _network(*, pool: bool) -> Model:
    model = ModelBuilder()
    x = model.conv_2d(model.input((1, 16, 16, 1)), filters=8, kernel=3)
    x = model.pool_2d(x, size=14 if pool else 2)
    model.output(model.fully_connected(model.flatten(x), units=16))
    return model.build()


class DenseDominates(Rule):
    """One dense layer behind a Flatten holds most of the model's weights.

    ## What it does
    Finds a dense layer over a flattened map that holds more than half of all weight bytes,
    and says what global pooling in its place would save.

    ## Why it matters on a device
    Such a layer learns a weight for every position of every channel, where the positions
    seldom matter by then. It decides the flash the model takes while adding little.

    ## Repair
    Replace Flatten by `GlobalAveragePooling2D` (or `GlobalMaxPooling2D`) and train again;
    where accuracy falls, a pool to 2x2 or 3x3 in front of the Flatten is the way between.
    """

    meta = Metadata("TFL303", "dense-dominates", Severity.WARNING)
    examples = (
        Bad("Flatten before dense", lambda: _network(pool=False), says="98 % of all weights"),
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
