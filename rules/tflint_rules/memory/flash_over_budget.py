"""TFL502."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.finding import Confidence, Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.tables import Model
from tflint.printable import counted, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule


def _dense(*, name: str = "dense") -> Model:
    model = ModelBuilder()
    x = model.fully_connected(model.input((1, 16)), units=16)
    out = model.tensor((1, 16), name=name)
    model.operator("RELU", [x], [out])
    model.output(out)
    return model.build()


class FlashOverBudget(Rule):
    """The model and the runtime's code for it take more flash than there is.

    ## What it does
    Adds up the file, which is linked into the program as it is, and TFLM's code: its core and
    the kernels that the model needs, from sizes measured for a Cortex-M4. The code is an
    estimate; where the budget is passed by less than its error, the finding says medium
    confidence.
    The application's own code is not counted: set `max-flash` to what is left for the model.

    ## Why it matters on a device
    The program does not link.

    ## Repair
    Strip what no runtime needs (TFL609, TFL607, TFL606), shrink the layers that hold the
    weights (TFL302, TFL303), quantise to int8. Fewer kinds of operators mean fewer kernels;
    with CMSIS-NN, registering a kernel for int8 alone saves as much as 20 KB.
    """

    meta = Metadata("TFL502", "flash-over-budget", Severity.ERROR)
    examples = (
        Bad(
            "The kernels do not fit",
            _dense,
            target="cortex-m4:flash=16K",
            says="2 kernels",
        ),
        Bad(
            "Names that make the difference",
            lambda: _dense(name="x" * 20_000),
            target="cortex-m4:flash=36K",
            says="budget of 36.0 KiB",
        ),
        Good("It fits", lambda: _dense(name="x" * 2000), target="cortex-m4:flash=64K"),
        Good("No budget", _dense),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        use, budget = context.memory, context.target.flash_bytes
        if budget is None:
            return
        if use is None:
            if context.model.file_bytes > budget:
                over = context.model.file_bytes - budget
                yield self.finding(
                    f"the file takes {size_text(context.model.file_bytes)}, more than the flash "
                    f"budget of {size_text(budget)}",
                    help=f"take {size_text(over)} or more off",
                )
            return
        if use.flash_bytes <= budget:
            return
        over = use.flash_bytes - budget
        provable = use.model_bytes + use.code.low > budget
        kernels = counted(len(use.code.kernels), "kernel")
        code = list(dict.fromkeys((size_text(use.code.low), size_text(use.code.high))))
        about = "" if use.code.is_measured and use.code.note is None else "about "
        yield self.finding(
            f"it takes {about}{size_text(use.flash_bytes)} of flash (the file "
            f"{size_text(use.model_bytes)}, {size_text(context.weights.stored_bytes)} of it "
            f"weights; {context.runtime.title}'s code for {kernels} "
            f"{' to '.join(code)}), more than the budget of {size_text(budget)}",
            confidence=Confidence.HIGH if provable else Confidence.MEDIUM,
            help=f"take {size_text(over)} or more off: names and notes that no runtime needs, "
            f"weights, kinds of operators",
        )
