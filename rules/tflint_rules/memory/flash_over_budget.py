"""TFL502."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.printable import size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule


def _dense(*, name: str = "dense") -> Model:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 16)), units=16)
    out = model.tensor((1, 16), name=name)
    model.operator("RELU", [x], [out])
    model.output(out)
    return model.build()


class FlashOverBudget(Rule):
    """The model's file is larger than the flash there is.

    ## What it does
    Holds the size of the file, which is linked into the program as it is, against the
    target's flash. Where the weights alone are too large, TFL302 says so and this rule does
    not. The runtime's code, 20 to 90 KB, comes on top and is not counted here.

    ## Why it matters on a device
    The program does not link.

    ## Repair
    Strip what no runtime needs (TFL609, TFL607, TFL606), then shrink the layers that hold the
    weights (TFL302, TFL303) or quantise to int8.
    """

    meta = Metadata("TFL502", "flash-over-budget", Severity.ERROR)
    examples = (
        Bad(
            "Names that make the difference",
            lambda: _dense(name="x" * 2000),
            target="cortex-m4:flash=2K",
            says="budget of 2.0 KiB",
        ),
        Good("It fits", lambda: _dense(name="x" * 2000), target="cortex-m4:flash=64K"),
        Good("The weights alone are too large (TFL302)", _dense, target="cortex-m4:flash=1K"),
        Good("No budget", _dense),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        size, flash = context.model.file_bytes, context.target.flash_bytes
        if flash is None or size <= flash or context.weights.stored_bytes > flash:
            return
        yield self.finding(
            f"the file takes {size_text(size)}, more than the flash budget of "
            f"{size_text(flash)}; {size_text(context.weights.stored_bytes)} of it are weights",
            help=f"take {size_text(size - flash)} or more off: names and notes that no runtime "
            f"needs first",
        )
