"""Whether `tflint fix` can make a source channels_last, or what stands in its way."""

from __future__ import annotations

from typing import cast

from tflint.finding import Fix, FixSafety, Location
from tflint.printable import printable
from tflint.rule import SOURCES, KerasContext, SourceContext
from tflint_rules.reconversion import OF_ARCHIVE

_SHOWN = 2


def relayout_advice(context: KerasContext) -> tuple[Fix | None, str]:
    """The repair, and what to add to the advice where there is none.

    An archive is built anew and converted.
    """
    if context.kind not in SOURCES:
        return OF_ARCHIVE, ""
    # It looks at the source as well, and is not needed where everything is channels_last.
    from tflint.source.relayout import plan_relayout

    plan = plan_relayout(context.keras, cast(SourceContext, context).module)
    if plan.obstacles:
        reasons = "; ".join(
            f"{printable(obstacle.reason, 200)}{_place(obstacle.location)}"
            for obstacle in plan.obstacles[:_SHOWN]
        )
        more = len(plan.obstacles) - _SHOWN
        also = f"; and {more:,} more" if more > 0 else ""
        return None, f" (tflint fix cannot do it: {reasons}{also})"
    if plan.is_possible:
        return Fix(FixSafety.UNSAFE, "tflint fix {path} --unsafe"), ""
    return None, ""


def _place(at: Location) -> str:
    if at.line is None:
        return ""
    return f", {'' if at.cell is None else f'cell {at.cell}, '}line {at.line}"
