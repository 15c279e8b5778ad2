"""TFL504."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tflint.finding import Finding, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.cost import macs
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import percent_text, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

# What is left of a budget, as a share of it, for the finding to come.
_THIN = 0.1


def _network() -> Model:
    model = ModelBuilder()
    x = model.input((1, 32, 32, 1), TensorType.INT8)
    model.output(model.pool_2d(model.conv_2d(x, filters=8, kernel=3), size=2))
    return model.build()


@dataclass(frozen=True, slots=True)
class _Need:
    """What is needed of something that there is a budget for."""

    what: str
    needed: int
    budget: int

    @property
    def is_thin(self) -> bool:
        """Whether it fits with less than a tenth of the budget to spare."""
        return self.needed > 0 and 0 <= self.budget - self.needed < _THIN * self.budget


class ThinHeadroom(Rule):
    """The model fits its budget with less than a tenth to spare.

    ## What it does
    Holds RAM, flash and multiply-accumulates against their budgets as TFL501, TFL502 and
    TFL503 do, and says how much is left where that is under 10 % of the budget.

    ## Why it matters on a device
    The next version of the model, the runtime or the compiler takes it. Application code,
    interrupt handlers' stack and a debugger need room as well, and flash figures include an
    estimate of the runtime's code.

    ## Repair
    Make room while it is cheap, or raise the budget if the rest of the device is known not to
    need it.
    """

    meta = Metadata("TFL504", "thin-headroom", Severity.WARNING)
    examples = (
        Bad("RAM", _network, target="cortex-m4:ram=11K", says="of RAM"),
        Bad("MACs", _network, target="cortex-m4:macs=65K", says="MACs"),
        Good("Room enough", _network, target="cortex-m4:ram=64K,macs=1M"),
        Good("No budget", _network),
        Good("It does not fit at all (TFL501)", _network, target="cortex-m4:ram=8K"),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        for need in _needs(context):
            if need.is_thin:
                left = need.budget - need.needed
                share = percent_text(left / need.budget)
                if need.what == "MACs":
                    text = f"one inference takes {need.needed:,} MACs of {need.budget:,}"
                    rest = f"{left:,} MACs"
                else:
                    text = f"it takes {size_text(need.needed)} of {need.what}"
                    text += f" out of {size_text(need.budget)}"
                    rest = size_text(left)
                yield self.finding(
                    f"{text}: {rest}, {share} of the budget, are left",
                    help="make room now, the next change may not fit",
                )


def _needs(context: ModelContext) -> Iterator[_Need]:
    target, use = context.target, context.memory
    if use is not None and target.ram_bytes is not None:
        yield _Need("RAM", use.ram_bytes, target.ram_bytes)
    if use is not None and target.flash_bytes is not None:
        yield _Need("flash", use.flash_bytes, target.flash_bytes)
    if target.max_macs is not None and context.graphs:
        total = sum(macs(node) for node in context.graphs[0].nodes)
        yield _Need("MACs", total, target.max_macs)
