"""TFL009."""

from __future__ import annotations

from collections.abc import Iterator

from tflint.analysis.constant_alignment import (
    ALIGNMENT,
    StoredConstant,
    misaligned_constants,
    placed_constants,
)
from tflint.finding import Finding, Fix, FixSafety, Location, Severity
from tflint.model.builder import ModelBuilder
from tflint.model.schema import TensorType
from tflint.model.tables import Model
from tflint.printable import printable, size_text
from tflint.rule import Bad, Good, Metadata, ModelContext, Rule, Stage
from tflint_rules.example_models import moved_constants

# Arm's cores with MVE move eight bytes at a time.
_MVE_BUS = 8


def _dense(weights: TensorType = TensorType.INT8) -> Model:
    model = ModelBuilder()
    x = model.input((1, 16), TensorType.FLOAT32 if weights is TensorType.FLOAT32 else weights)
    model.output(model.fully_connected(x, units=4, weights=weights))
    return model.build()


class UnalignedBuffer(Rule):
    """Constants do not start on 16-byte boundaries of the file, as the format demands.

    ## What it does
    Looks at where in the file the constants that tensors use begin, behind the flatbuffer
    too, and says what comes of it on the target's core. A warning where loads can fault or
    take longer, else for information.

    ## Why it matters on a device
    Kernels read constants where they lie in flash. The schema has them on 16-byte
    boundaries, the Python builder of flatbuffers, which older tools write with, puts them on
    4. On Cortex-M0+ to M33 and in reference kernels that costs nothing that can be measured.
    It does where loads are wider: MVE (Cortex-M55, M85) moves 8 bytes at a time, so a
    16-byte load that starts between takes three transfers in place of two; the vector units
    of Xtensa cores (ESP32-S3, HiFi) want 16. Below the size of one element, which only data
    behind the flatbuffer can be, a load faults: always on Cortex-M0+, as LDRD, LDM, VLDR or a
    vector load on the others, with an alignment exception on Xtensa and RISC-V.

    All this counts from the start of the model, so the array that holds it has to be
    declared `alignas(16)`.

    ## Repair
    Write the file again with its constants aligned, which adds up to 12 bytes for each.
    """

    meta = Metadata(
        "TFL009",
        "unaligned-buffer",
        Severity.WARNING,
        fix=FixSafety.SAFE,
        stage=Stage.TABLES,
        runtime_errors=(r"LoadStoreAlignment\w*", r"\bUNALIGNED\b.*UsageFault|unaligned access"),
    )
    examples = (
        Bad(
            "On 4-byte boundaries",
            lambda: moved_constants(_dense(), 4),
            says="2 of 2 constants",
            severity=Severity.INFO,
        ),
        Bad(
            "The same for a core with MVE",
            lambda: moved_constants(_dense(), 4),
            target="cortex-m55",
            says="two transfers of 8",
        ),
        Bad(
            "On 8, which MVE takes in its stride",
            lambda: moved_constants(_dense(), 8),
            target="cortex-m55",
            says="boundaries of 8",
            severity=Severity.INFO,
        ),
        Bad(
            "Floats at odd addresses behind the flatbuffer",
            lambda: moved_constants(_dense(TensorType.FLOAT32), 1, external=True),
            target="litert",
            says="fault",
        ),
        Good("On 16-byte boundaries", lambda: moved_constants(_dense(), 16)),
    )

    def check_model(self, context: ModelContext) -> Iterator[Finding]:
        found = misaligned_constants(context.model, context.target)
        if not found:
            return
        constants = list(placed_constants(context.model, context.target))
        worst = min(found, key=lambda constant: (not constant.may_fault, constant.alignment))
        severity, consequence = _consequence(context, found)
        many = f"{len(found):,} of {len(constants):,} constant{'s' * (len(constants) != 1)}"
        size = size_text(sum(constant.size for constant in found))
        name = f"`{printable(worst.tensor.name or '', 60)}` ({worst.tensor.type.name})"
        yield self.finding(
            f"{many}, {size} in all, {'do' if len(found) > 1 else 'does'} not start on 16-byte "
            f"boundaries of the file, such as tensor {worst.index} {name} at byte "
            f"{worst.position:,}: {consequence}",
            severity=severity,
            location=Location(subgraph=worst.subgraph, tensor=worst.index, anchor="constants"),
            help="write the file again with its constants aligned: no output changes, at most "
            f"{size_text(sum(ALIGNMENT - c.alignment for c in found))} are added",
            fix=Fix(FixSafety.SAFE, "tflint fix {path}"),
        )


def _consequence(context: ModelContext, found: list[StoredConstant]) -> tuple[Severity, str]:
    """What comes of it on the target, and how bad that is."""
    core = context.target.core
    faulty = sum(constant.may_fault for constant in found)
    if faulty:
        return Severity.WARNING, (
            f"{faulty:,} of them below the size of their elements, where loads fault on cores "
            f"that insist on alignment"
        )
    least = min(constant.alignment for constant in found)
    if context.target.mve and least < _MVE_BUS:
        slow = sum(c.size // ALIGNMENT for c in found if c.alignment < _MVE_BUS)
        return Severity.WARNING, (
            f"{core} loads 16 bytes in two transfers of 8, off that boundary in three: up to "
            f"{slow:,} more each time they are read"
        )
    what = f"boundaries of {least}" if least > 1 else "any boundary"
    whose = f"{core} reads" if core else f"{context.runtime.title}'s hosts read"
    return Severity.INFO, (
        f"{whose} them as fast from {what}; cores with wider loads, such as Xtensa's vector units, "
        "may not"
    )
