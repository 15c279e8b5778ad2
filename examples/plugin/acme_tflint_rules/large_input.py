"""ACME001."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

# The DMA buffer of Acme's sensor board.
_BUFFER = 4096


def _network(samples: int) -> Model:
    model = ModelBuilder()
    model.output(model.fully_connected(model.input((1, samples)), units=2))
    return model.build()


class LargeInput(Rule):
    """A model's input is larger than what the sensor board delivers at once.

    ## What it does
    Holds each input of the first subgraph against the 4 KiB of the board's DMA buffer.

    ## Why it matters on a device
    A larger input is put together from several transfers, for which the firmware needs a
    second buffer of the same size.

    ## Repair
    Shorten the window, lower the sampling rate, or take int8 inputs.
    """

    meta = Metadata("ACME001", "large-input", Severity.WARNING, since="1.0.0")
    examples = (
        Bad("Eight KiB at once", lambda: _network(2048), says="8.0 KiB"),
        Good("As much as fits", lambda: _network(1024)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for value in context.graphs[0].inputs if context.graphs else ():
            if value.bytes > _BUFFER:
                yield self.finding(
                    f"input `{printable(value.name)}` takes {size_text(value.bytes)}, more than "
                    f"the {size_text(_BUFFER)} of the sensor board's buffer",
                    value=value,
                    help=f"a second buffer of {size_text(value.bytes - _BUFFER)} can be saved by "
                    f"a shorter window or int8 inputs",
                )
