"""TFL606."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.duplicate_constants import duplicate_constants, wasted_bytes
from tflint.finding import Finding, Fix, FixSafety, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.graph import Value
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule

_SHOWN = 3


def _lookups(*rows: int, share: bool = False) -> Model:
    """Additions of constants: one of so many elements twice over, in one buffer or in two."""
    model = ModelBuilder()
    for count in rows:
        x = model.input((1, count))
        values = [float(i) for i in range(count)]
        first = model.constant((1, count), values=values)
        if share:
            second = model.tensor((1, count), buffer=model.tensors[first].buffer)
        else:
            second = model.constant((1, count), values=values)
        for constant in (first, second):
            y = model.tensor((1, count))
            model.operator("ADD", [x, constant], [y])
            model.output(y)
    return model.build()


class DuplicateBuffer(Rule):
    """The same constant is stored more than once.

    ## What it does
    Compares the data of all constants, by length, by a sample and by hash, and adds up what
    stands in the file again. Buffers that lie at the same place of the file count once. Less
    than 64 bytes in all are not reported, nor are constants that an operator writes to.

    ## Why it matters on a device
    Flash holds each copy. Tensors may share a buffer: shape, type and quantisation belong to
    the tensor, and runtimes only read from constants.

    ## Repair
    Let the tensors refer to one buffer; outputs stay the same to the bit. A layer that the
    network uses twice is best made one layer object in the source.
    """

    meta = Metadata("TFL606", "duplicate-buffer", Severity.WARNING, fix=FixSafety.SAFE)
    examples = (
        Bad("A constant in two buffers", lambda: _lookups(32), says="128 B"),
        Bad("Two constants twice", lambda: _lookups(64, 16), says="2 constants"),
        Good("Two tensors on one buffer", lambda: _lookups(32, share=True)),
        Good("A few bytes", lambda: _lookups(4)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        sets = duplicate_constants(context.model, context.graphs, context.constants)
        if not sets:
            return
        saving = sum(map(wasted_bytes, sets))
        shown = "; ".join(map(_described, sets[:_SHOWN]))
        more = f"; and {len(sets) - _SHOWN:,} more" if len(sets) > _SHOWN else ""
        first = sets[0][1]
        yield self.finding(
            f"{len(sets):,} constant{'s are' if len(sets) > 1 else ' is'} stored more than once, "
            f"{size_text(saving)} too much: {shown}{more}",
            node=first.consumers[0] if first.consumers else None,
            value=first,
            help=f"let the tensors share a buffer: saves {size_text(saving)}",
            fix=Fix(FixSafety.SAFE, "tflint fix {path}"),
        )


def _described(equal: list[Value]) -> str:
    names = " and ".join(f"`{printable(value.name, 40)}`" for value in equal[:2])
    more = f" and {len(equal) - 2:,} more" if len(equal) > 2 else ""
    return f"{names}{more}, {size_text(equal[0].bytes)} each"
